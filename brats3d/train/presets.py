"""Presets: where the keys of a group start, by the name chosen within that group."""

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from brats3d.errors import RequestError, nearest_name
from brats3d.settings import Settings

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


def is_chosen(layers: Sequence[Mapping[str, Any]], group: str, key: str) -> bool:
    """Return whether any of these layers chooses a preset."""
    return any(isinstance(layer.get(group), Mapping) and key in layer[group] for layer in layers)


def with_presets(
    config: Settings, changes: Sequence[Settings], presets: Mapping[tuple[str, str], Settings]
) -> list[Settings]:
    """Return the layers of a recipe in order; each lies over those before it.

    A preset lies under whoever chose it: one that a change chose lies over the config, whose values were meant for
    another.

    Args:
        config: the overlay.
        changes: what was asked besides.
        presets: the chosen ones by what chose them.
    """
    over = {choice: is_chosen(changes, *choice) for choice in presets}
    return [
        *(preset for choice, preset in presets.items() if not over[choice]),
        config,
        *(preset for choice, preset in presets.items() if over[choice]),
        *changes,
    ]
