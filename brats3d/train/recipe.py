"""A recipe: `base.yaml`, an overlay and `--set` joined to plain data whose every key is known."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from importlib import resources
from itertools import combinations
from pathlib import Path
from typing import Any

from brats3d.bundle import FORMAT, check_definition, read_plain_yaml
from brats3d.errors import BundleError, RequestError, nearest_name
from brats3d.networks import RECIPES
from brats3d.settings import Settings, is_number, is_pair, overlay
from brats3d.train.augmentation import Augmentation
from brats3d.train.presets import OWN, preset_of
from brats3d.train.ranges import check_augmentation, check_network, check_recipe

BASE = "base"
FREE_KEYS = frozenset({"network_arguments", "review"})
"""Keys whose inner keys the network's own table checks, and the bundle's."""
EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
"""Numbers that YAML 1.1 takes for words, such as 1e-3."""


def shipped_configs() -> list[str]:
    """Return the names of the recipes that ship, without `base`."""
    folder = resources.files("brats3d.configs")
    return sorted(
        each.name.removesuffix(".yaml")
        for each in folder.iterdir()
        if each.name.endswith(".yaml") and each.name != f"{BASE}.yaml"
    )


def read_recipe(config: str, changes: Sequence[str] = ()) -> Settings:
    """Return a recipe with every key filled.

    Args:
        config: a file, or the name of a shipped recipe.
        changes: `key=value` each, dotted keys, values as YAML; put over the config in order.

    Raises:
        RequestError: no such config, an unknown key (its nearest is named), or a value out of range.
    """
    base = parse_yaml(shipped_bytes(BASE), f"config {BASE}")
    own, asked = read_config(config), [parse_change(change) for change in changes]
    configured, wanted = put_over(base, [own]), put_over(base, [own, *asked])
    under: list[Settings] = []
    over: list[Settings] = []
    for group, key in OWN:
        changed = wanted[group][key] != configured[group][key]
        # What a config says beside its own choice was meant for that; a change chooses anew.
        (over if changed else under).append(preset_layer(base, wanted, group, key))
    recipe = put_over(base, [*under, own, *over, *asked])
    check_recipe(recipe)
    check_augmentation(augmentation_of(recipe))
    check_network(recipe["patch"], network_def_of(recipe))
    try:
        # What no bundle may say must not be found out after hours of training.
        check_definition(common_of(recipe))
    except BundleError as error:
        raise RequestError(f"config {config}: {error}") from error
    return recipe


def put_over(base: Settings, layers: Sequence[Settings]) -> Settings:
    """Return a config with layers put over it in order."""
    for layer in layers:
        base = overlay(base, layer, FREE_KEYS)
    return base


def preset_layer(base: Settings, recipe: Settings, group: str, key: str) -> Settings:
    """Return the values of the preset that a recipe chooses in a group, as a layer.

    Raises:
        RequestError: there is no such preset.
    """
    text = preset_of(recipe, group, key)
    return {group: base[group] if text is None else parse_yaml(text, f"{group} {recipe[group][key]}")}


def read_config(config: str) -> Settings:
    """Return the overlay that a path or a shipped name means."""
    path = Path(config)
    if path.is_file():
        try:
            return parse_yaml(path.read_bytes(), f"config {config}")
        except OSError as error:
            raise RequestError(f"config {config}: {error.strerror}") from error
    if config not in shipped_configs():
        near = nearest_name(config, shipped_configs())
        raise RequestError(f"config {config!r} is neither a file nor a shipped recipe{near}")
    return parse_yaml(shipped_bytes(config), f"config {config}")


def shipped_bytes(name: str) -> bytes:
    """Return the text of a shipped config."""
    return resources.files("brats3d.configs").joinpath(f"{name}.yaml").read_bytes()


def parse_yaml(data: bytes, name: str) -> Settings:
    """Return the mapping that a YAML text holds.

    Raises:
        RequestError: it is no YAML, no mapping, or more than plain data.
    """
    try:
        settings = read_plain_yaml(data)
    except BundleError as error:
        raise RequestError(f"{name}: {error}") from error
    return {str(key): with_exponents(value) for key, value in settings.items()}


def with_exponents(value: Any) -> Any:
    """Return plain data in which words such as 1e-3 are the numbers they mean."""
    if isinstance(value, dict):
        return {str(key): with_exponents(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_exponents(inner) for inner in value]
    return float(value) if isinstance(value, str) and EXPONENT.fullmatch(value) else value


def parse_change(change: str) -> Settings:
    """Return the nested mapping that `a.b=value` means.

    >>> parse_change("windows.overlap=0.25")
    {'windows': {'overlap': 0.25}}

    Raises:
        RequestError: it is not of that form, or the value is no YAML.
    """
    key, equals, value = change.partition("=")
    if not equals or not key.strip():
        raise RequestError(f"--set {change!r}: write it as key=value")
    document = parse_yaml(f"value: {value}".encode("utf-8", "surrogateescape"), f"--set {change!r}")
    nested: Any = document.pop("value")
    if document:
        raise RequestError(f"--set {change!r}: one key and one value a time")
    for part in reversed(key.strip().split(".")):
        nested = {part: nested}
    return dict(nested)


def network_def_of(recipe: Mapping[str, Any]) -> Settings:
    """Return the network's definition: the row of the table with the recipe's arguments put over it.

    Raises:
        RequestError: there is no such row.
    """
    name = str(recipe["network"])
    if name not in RECIPES:
        raise RequestError(f"unknown network {name!r}{nearest_name(name, RECIPES)}")
    return {**RECIPES[name], "in_channels": len(recipe["modalities"]), **recipe["network_arguments"]}


def common_of(recipe: Mapping[str, Any]) -> Settings:
    """Return what `common.yaml` holds: everything that decides a mask but the weights.

    A network that was trained on patches without some of their modalities serves every subset of them.
    """
    names = list(recipe["modalities"])
    every = [list(each) for count in range(len(names), 0, -1) for each in combinations(names, count)]
    return {
        "brats3d_format": FORMAT,
        "name": recipe["name"],
        "modalities": names,
        **({"serves": every} if recipe["augmentation"]["modality_dropout"] else {}),
        "preparation": dict(recipe["preparation"]),
        "network_def": network_def_of(recipe),
        "windows": dict(recipe["windows"]),
        "thresholds": dict(recipe["thresholds"]),
        "smallest_enhancing_ml": recipe["smallest_enhancing_ml"],
        **({"review": dict(recipe["review"])} if recipe["review"] else {}),
    }


def augmentation_of(recipe: Mapping[str, Any]) -> Augmentation:
    """Return the augmentation of a recipe.

    Raises:
        RequestError: a value is of the wrong form.
    """
    values = {key: value for key, value in recipe["augmentation"].items() if key != "set"}
    for field in fields(Augmentation):
        value = values[field.name]
        pair = is_pair(value)
        if isinstance(field.default, tuple) != pair or (not pair and not is_number(value)):
            raise RequestError(f"augmentation.{field.name} is {value!r}: it must be like {field.default!r}")
        values[field.name] = tuple(value) if pair else value
    return Augmentation(**values)


def as_plain(augmentation: Augmentation) -> Settings:
    """Return an augmentation as plain data."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(augmentation).items()}
