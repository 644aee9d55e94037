"""What the values of a recipe may be: judged before anything is read or begun."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from brats3d.errors import RequestError
from brats3d.labels import LAYOUT, SCHEMES
from brats3d.networks import check_network_def, divisor
from brats3d.settings import is_number
from brats3d.train.augmentation import Augmentation
from brats3d.train.residence import RESIDENCES
from brats3d.vocabulary import MODALITIES

LIMITS: dict[str, tuple[float, float]] = {
    "optimizer.rate": (0, math.inf),
    "optimizer.weight_decay": (0, math.inf),
    "schedule.power": (0, math.inf),
    "clip_norm": (1e-6, math.inf),
    "average_decay": (0, 0.999999),
    "sampling.tumour_share": (0, 1),
    "optimizer.momentum": (0, 0.9999),
    "loss.focal_gamma": (0, 10),
    "augmentation.elastic_spacing": (4, 512),
}
"""Numbers, with both ends in."""
WHOLE_LIMITS: dict[str, tuple[int, int]] = {
    "batch": (1, 4096),
    "epochs": (1, 10**6),
    "steps": (1, 10**6),
    "validation_interval": (1, 10**6),
    "patience": (0, 10**6),
    "seed": (0, 2**63 - 1),
    "sampling.reach": (0, 512),
    "sampling.rare_times": (1, 100),
    "schedule.warmup_steps": (0, 10**9),
}
"""Whole numbers, with both ends in."""
MOST_AHEAD = 64
"""Batches."""
LEAST_MAP = {2: 2, 3: 3}
"""Voxels a side that a patch must leave at the bottom of a network, by its dimensions.

Instance norm refuses one. Two are not enough in 3D: where the first axis has two, torch 2.13 computes the bfloat16
gradient of a 3x3x3 convolution's weights on a CPU from memory that it never wrote: another one each time, at times NaN.
"""
CHOICES: dict[str, tuple[Any, ...]] = {
    "label_scheme": (LAYOUT, *SCHEMES),
    "augmentation.rotation_axes": (1, 3),
    "precision": ("auto", "float32", "bfloat16"),
    "weights": ("float32", "float16"),
    "residence": RESIDENCES,
    "compile": ("auto", "on", "off"),
    "loss.entropy": ("bce", "focal"),
    "optimizer.name": ("adamw", "sgd"),
    "schedule.shape": ("polynomial", "cosine"),
}
STRENGTHS = {
    "rotation_degrees": 180.0,
    "rotation_axes": 3.0,
    "scale_axes": 0.5,
    "elastic_voxels": 16.0,
    "elastic_spacing": 512.0,
    "noise_deviation": 100.0,
    "added_brightness_deviation": 100.0,
    "shading_strength": 0.9,
}
"""Numbers of the augmentation that are no probabilities, and the most they may be; the least is 0."""
MOST_PATCH_VOXELS = 512
"""Along one axis."""


def check_recipe(recipe: Mapping[str, Any]) -> None:
    """Check the values that training alone uses; those of `common.yaml` are judged as a bundle's.

    Raises:
        RequestError: the first value that is not in its range, named.
    """
    for key, (low, high) in LIMITS.items():
        value = value_at(recipe, key)
        if not is_number(value) or not low <= value <= high:
            raise RequestError(f"{key} is {value!r}: it must be a number {between(low, high)}")
    for key, (least, most) in WHOLE_LIMITS.items():
        value = value_at(recipe, key)
        if type(value) is not int or not least <= value <= most:
            raise RequestError(f"{key} is {value!r}: it must be a whole number {between(least, most)}")
    for key, words in CHOICES.items():
        if value_at(recipe, key) not in words:
            raise RequestError(f"{key} is {value_at(recipe, key)!r}: it must be one of {', '.join(map(str, words))}")
    ahead = recipe["ahead"]
    if ahead != "auto" and (type(ahead) is not int or not 0 <= ahead <= MOST_AHEAD):
        raise RequestError(f"ahead is {ahead!r}: it must be auto, or a whole number {between(0, MOST_AHEAD)}")
    names = recipe["modalities"]
    if not isinstance(names, list) or not names or names != [str(each) for each in MODALITIES if each in names]:
        raise RequestError(f"modalities is {names!r}: choose from {', '.join(MODALITIES)}, in this order")


def between(low: float, high: float) -> str:
    """Say a range in words."""
    return f"of {low} or more" if math.isinf(high) else f"from {low} to {high}"


def value_at(recipe: Mapping[str, Any], key: str) -> Any:
    """Return the value at a dotted key."""
    value: Any = recipe
    for part in key.split("."):
        value = value[part]
    return value


def check_augmentation(augmentation: Augmentation) -> None:
    """Check probabilities, strengths and ranges.

    Raises:
        RequestError: the first that is not in its range, named.
    """
    for name, value in asdict(augmentation).items():
        if isinstance(value, tuple):
            most = 1.0 if name == "low_resolution_range" else 10.0
            if not 0 < value[0] <= value[1] <= most:
                raise RequestError(f"augmentation.{name} is {list(value)}: it must be low and high, above 0 to {most}")
        elif not 0 <= value <= STRENGTHS.get(name, 1.0):
            raise RequestError(f"augmentation.{name} is {value}: it must lie between 0 and {STRENGTHS.get(name, 1.0)}")


def check_network(patch: Any, network_def: Mapping[str, Any]) -> None:
    """Check a network's definition, and that it can be trained on patches of this size.

    Raises:
        RequestError: the definition is refused, or the patch does not fit.
    """
    try:
        check_network_def(network_def)
    except RequestError as error:  # a bundle calls so what a recipe changes under another name
        raise RequestError(str(error).replace("'network_def.", "'network_arguments.")) from error
    sound = isinstance(patch, list) and len(patch) == 3 and all(type(n) is int for n in patch)
    if not sound or not all(0 < n <= MOST_PATCH_VOXELS for n in patch):
        raise RequestError(f"patch is {patch!r}: it must be three whole numbers from 1 to {MOST_PATCH_VOXELS}")
    steps = divisor(network_def)
    if len(steps) == 2 and patch[2] != 1:
        raise RequestError(f"patch is {patch}: a network of slices needs [x, y, 1]")
    least = LEAST_MAP[len(steps)]
    for voxels, step in zip(patch, steps, strict=False):
        if voxels % step or voxels < least * step:
            words = f"multiples of {list(steps)}, at least {least} times that"
            raise RequestError(f"patch is {patch}: the network needs {words}")
