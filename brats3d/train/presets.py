"""Presets: where the keys of a group start, by the name chosen within that group."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

from brats3d.errors import RequestError, nearest_name

OWN = {("augmentation", "set"): "base", ("optimizer", "name"): "adamw"}
"""Group and key that choose a preset, and the name whose values are those of `base.yaml` itself.

The others lie in `configs/GROUP/NAME.yaml`.
"""


def preset_files(group: str) -> dict[str, bytes]:
    """Return the texts of a group's presets by name."""
    folder = resources.files("brats3d.configs").joinpath(group)
    return {each.name.removesuffix(".yaml"): each.read_bytes() for each in folder.iterdir()}


def preset_of(recipe: Mapping[str, Any], group: str, key: str) -> bytes | None:
    """Return the text of the preset that a recipe chooses in a group; None where it is the base's own.

    Raises:
        RequestError: there is no such preset.
    """
    name, own = recipe[group][key], OWN[group, key]
    if name == own:
        return None
    files = preset_files(group)
    if str(name) not in files:
        raise RequestError(f"unknown {group}.{key} {name!r}{nearest_name(str(name), [own, *sorted(files)])}")
    return files[str(name)]
