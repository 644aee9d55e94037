"""A recipe: `base.yaml`, an overlay and `--set` joined to plain data whose every key is known and in range."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from brats3d.errors import RequestError, nearest_name
from brats3d.networks import RECIPES, check_network_def
from brats3d.prepare import Preparation
from brats3d.settings import Settings, overlay
from brats3d.train.augment import Augmentation
from brats3d.vocabulary import MODALITIES, REGIONS

BASE = "base"
FREE_KEYS = frozenset({"network_arguments"})
"""Keys whose inner keys the network's own table checks."""


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
    base = parse_yaml(resources.files("brats3d.configs").joinpath(f"{BASE}.yaml").read_text(encoding="utf-8"), BASE)
    recipe = overlay(base, read_config(config), FREE_KEYS)
    for change in changes:
        recipe = overlay(recipe, parse_change(change), FREE_KEYS)
    check_recipe(recipe)
    return recipe


def read_config(config: str) -> Settings:
    """Return the overlay that a path or a shipped name means."""
    path = Path(config)
    if path.is_file():
        return parse_yaml(path.read_text(encoding="utf-8"), config)
    if config in shipped_configs():
        return parse_yaml(
            resources.files("brats3d.configs").joinpath(f"{config}.yaml").read_text(encoding="utf-8"), config
        )
    raise RequestError(f"config {config!r} is neither a file nor a shipped recipe{nearest_name(config, shipped_configs())}")


def parse_yaml(text: str, name: str) -> Settings:
    """Return the mapping that a YAML text holds.

    Raises:
        RequestError: it is no YAML, or no mapping.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RequestError(f"config {name}: not readable as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise RequestError(f"config {name}: holds no keys")
    return data


def parse_change(change: str) -> Settings:
    """Return the nested mapping that `a.b=value` means.

    >>> parse_change("windows.overlap=0.25")
    {'windows': {'overlap': 0.25}}
    """
    key, equals, value = change.partition("=")
    if not equals or not key.strip():
        raise RequestError(f"--set {change!r}: write it as key=value")
    try:
        nested: Any = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise RequestError(f"--set {change!r}: the value is no YAML") from error
    for part in reversed(key.strip().split(".")):
        nested = {part: nested}
    return dict(nested)


def network_def_of(recipe: Mapping[str, Any]) -> Settings:
    """Return the network's definition: the row of the table with the recipe's arguments put over it."""
    if recipe["network"] not in RECIPES:
        raise RequestError(f"unknown network {recipe['network']!r}{nearest_name(str(recipe['network']), RECIPES)}")
    arguments = recipe["network_arguments"] or {}
    return {**RECIPES[recipe["network"]], "in_channels": len(recipe["modalities"]), **arguments}


AT_LEAST: dict[str, float] = {
    "batch": 1,
    "epochs": 1,
    "steps": 1,
    "clip_norm": 1e-6,
    "validation_interval": 1,
    "patience": 0,
    "workers": 0,
    "seed": 0,
    "smallest_enhancing_ml": 0,
    "sampling.reach": 0,
    "optimizer.rate": 0,
    "optimizer.weight_decay": 0,
    "schedule.warmup_steps": 0,
    "schedule.power": 0,
}
SHARES = ("average_decay", "sampling.tumour_share", *(f"thresholds.{region}" for region in REGIONS))
WHOLE = ("batch", "epochs", "steps", "validation_interval", "patience", "workers", "seed", "sampling.reach")
CHOICES = {"precision": ("auto", "float32", "bfloat16"), "weights": ("float32", "float16")}


def check_recipe(recipe: Mapping[str, Any]) -> None:
    """Check every value of a recipe.

    Raises:
        RequestError: the first value that is not in its range, named.
    """
    for key, least in AT_LEAST.items():
        value = number_at(recipe, key)
        if value < least or (key in WHOLE and value != int(value)):
            raise RequestError(f"{key} is {value}: it must be {'a whole number ' if key in WHOLE else ''}of {least} or more")
    for key in SHARES:
        if not 0 <= number_at(recipe, key) <= 1:
            raise RequestError(f"{key} is {number_at(recipe, key)}: it must lie between 0 and 1")
    for key, words in CHOICES.items():
        if recipe[key] not in words:
            raise RequestError(f"{key} is {recipe[key]!r}: it must be one of {', '.join(words)}")
    check_sizes(recipe)
    Preparation.from_settings(recipe["preparation"])
    augmentation_of(recipe)
    check_network_def(network_def_of(recipe))


def check_sizes(recipe: Mapping[str, Any]) -> None:
    """Check patch, windows and modalities.

    Raises:
        RequestError: one of them is malformed.
    """
    for key, size in (("patch", recipe["patch"]), ("windows.size", recipe["windows"]["size"])):
        if not (isinstance(size, list) and len(size) == 3 and all(isinstance(n, int) and 0 < n <= 512 for n in size)):
            raise RequestError(f"{key} is {size}: it must be three whole numbers of 1 to 512")
    if not 0 <= number_at(recipe, "windows.overlap") <= 0.9:
        raise RequestError("windows.overlap must lie between 0 and 0.9")
    if list(recipe["modalities"]) != [m for m in MODALITIES if m in recipe["modalities"]] or not recipe["modalities"]:
        raise RequestError(f"modalities {recipe['modalities']}: choose from {', '.join(MODALITIES)}, in this order")


def number_at(recipe: Mapping[str, Any], key: str) -> float:
    """Return the number at a dotted key.

    Raises:
        RequestError: it is no number.
    """
    value: Any = recipe
    for part in key.split("."):
        value = value[part]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(f"{key} is {value!r}: it must be a number")
    return value


def augmentation_of(recipe: Mapping[str, Any]) -> Augmentation:
    """Return the augmentation of a recipe.

    Raises:
        RequestError: a value is of the wrong form.
    """
    values = dict(recipe["augmentation"])
    for field in fields(Augmentation):
        value = values[field.name]
        pair = isinstance(value, list) and len(value) == 2 and all(isinstance(v, int | float) for v in value)
        if isinstance(field.default, tuple) != pair or (not pair and not isinstance(value, int | float)):
            raise RequestError(f"augmentation.{field.name} is {value!r}: it must be like {field.default!r}")
        values[field.name] = tuple(value) if pair else value
    return Augmentation(**values)


def as_plain(augmentation: Augmentation) -> Settings:
    """Return an augmentation as plain data."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(augmentation).items()}
