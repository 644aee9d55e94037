"""Every `_target_` of every bundle and template can be built: the thing exists and takes the arguments it is given."""

import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pydoc import locate
from typing import Any

import pytest
import yaml
from monai.bundle import ComponentLocator

from brats3d.bundle import load_network, open_bundle, shipped_bundles
from brats3d.networks import outline
from brats3d.train.recipe import network_def_of, read_recipe, shipped_configs
from brats3d.train.splits import Split
from brats3d.train.write_bundle import config_files


@cache
def locator() -> ComponentLocator:
    """Return MONAI's table of its own names."""
    return ComponentLocator()


def items(value: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping with a `_target_`, and its place."""
    if isinstance(value, dict):
        if "_target_" in value:
            yield where, value
        for key, inner in value.items():
            yield from items(inner, f"{where}#{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from items(inner, f"{where}#{index}")


def fault_of(item: dict[str, Any]) -> str | None:
    """Return why a `_target_` cannot be built as MONAI would; None where it can."""
    target = item["_target_"]
    module = None if "." in target else locator().get_component_module_name(target)
    if isinstance(module, list):
        return f"MONAI knows several {target}"
    component = locate(f"{module}.{target}" if module else target)
    if not callable(component):
        return f"there is no {target}"
    try:
        inspect.signature(component).bind(**{key: value for key, value in item.items() if not key.startswith("_")})
    except TypeError as error:
        return f"{target}: {error}"
    return None


def faults(files: dict[str, bytes]) -> list[str]:
    """Return what is wrong with the targets of configs."""
    found = [pair for name, text in files.items() for pair in items(yaml.safe_load(text), name)]
    assert len(found) > 20
    return [f"{where}: {fault}" for where, item in found if (fault := fault_of(item))]


def bundle_files(folder: Path) -> dict[str, bytes]:
    """Return the YAML configs of a bundle on disk."""
    return {path.name: path.read_bytes() for path in sorted((folder / "configs").glob("*.yaml"))}


@pytest.mark.parametrize("name", shipped_configs())
def test_every_target_of_a_bundle_to_be_written_can_be_built(name):
    recipe = read_recipe(name)
    assert faults(config_files(recipe, Split(("a",), ("b",)))) == []
    outline(network_def_of(recipe))


@pytest.mark.parametrize("name", shipped_bundles())
def test_every_target_of_a_shipped_bundle_can_be_built(name):
    bundle = open_bundle(name)
    assert faults(bundle_files(bundle.folder)) == []
    load_network(bundle)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"_target_": "SegResNett"}, "there is no SegResNett"),
        ({"_target_": "brats3d.train.loss.RegionLos"}, "there is no"),
        ({"_target_": "brats3d.train.handlers.RateSchedule"}, "missing"),
        ({"_target_": "brats3d.predict.windows.WindowInferer", "size": 1, "overlapp": 2}, "overlap"),
    ],
)
def test_a_wrong_target_is_seen(item, words):
    assert words in fault_of(item)


def test_components_of_ours_take_no_arguments_that_they_do_not_name():
    files = config_files(read_recipe("unet"), Split(("a",), ("b",)))
    targets = {item["_target_"] for text in files.values() for _, item in items(yaml.safe_load(text), "")}
    for target in sorted(each for each in targets if each.startswith("brats3d.")):
        for parameter in inspect.signature(locate(target)).parameters.values():
            kinds = (parameter.KEYWORD_ONLY,) if target != "brats3d.train.augment.Augmentation" else (1,)
            assert parameter.kind in kinds, f"{target}: {parameter}"
