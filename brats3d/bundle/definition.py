"""What `common.yaml` says: every key known, every value in range, nothing executed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from brats3d.bundle.checks import in_range, require_keys
from brats3d.bundle.rules import MOST_ML, Islands, Limits, islands_of, limits_of, temperature_of, thresholds_of
from brats3d.bundle.serves import Subset, modalities_of, serves_of
from brats3d.errors import BundleError, RequestError
from brats3d.networks import check_network_def, divisor
from brats3d.prepare import Preparation
from brats3d.vocabulary import Measure, Region

FORMAT = 1
"""The `brats3d_format` that this program reads."""
KEYS = (
    "brats3d_format",
    "name",
    "modalities",
    "preparation",
    "network_def",
    "windows",
    "thresholds",
    "smallest_enhancing_ml",
)
OPTIONAL: Mapping[str, Any] = {"serves": [], "temperature": 1.0, "islands": {}, "review": {}}
"""Keys that may be absent, and what then stands in their place: bundles made before them open as they did."""
MAX_OVERLAP = 0.9
MAX_WINDOW_VOXELS = 256**3
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Windows:
    """How the brain box is covered."""

    size: tuple[int, int, int]
    """Voxels along X, Y, Z, each a multiple of the network's divisor; Z is 1 for a network of slices."""
    overlap: float
    """Share its neighbour covers, 0 to 0.9."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything that decides a mask but the weights."""

    name: str
    modalities: Subset
    """What the network takes, in its channel order."""
    serves: tuple[Subset, ...]
    """The subsets of them that it was trained to do with, the full one first."""
    preparation: Preparation
    network_def: Mapping[str, Any]
    windows: Windows
    temperature: Mapping[Region, float]
    """The logits of a region are divided by this before the sigmoid."""
    thresholds: Mapping[Region, float]
    """A voxel is in a region where its probability, temperature counted, is above this."""
    islands: Islands
    """Which connected parts of a region are dropped."""
    smallest_enhancing_ml: float
    """Enhancing tumour of less than this in all becomes necrosis; 0 keeps it."""
    review: Mapping[Measure, Limits]
    """Limits of the review that are not the default."""


def check_definition(settings: Mapping[str, Any]) -> Definition:
    """Return the definition that the plain data of `common.yaml` describes.

    Raises:
        BundleError: an unknown key (with its nearest name), a missing one, or a value out of range.
    """
    require_keys(settings, KEYS, "", optional=tuple(OPTIONAL))
    settings = {**OPTIONAL, **settings}
    if settings["brats3d_format"] != FORMAT or type(settings["brats3d_format"]) is not int:
        raise BundleError(f"'brats3d_format' is {settings['brats3d_format']!r}; this brats3d reads {FORMAT}: update it")
    name = settings["name"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise BundleError(f"'name' is {name!r}, not up to 64 letters, digits, dots, dashes")
    modalities = modalities_of(settings["modalities"])
    network_def = network_of(settings["network_def"], len(modalities))
    return Definition(
        name=name,
        modalities=modalities,
        serves=serves_of(settings["serves"], modalities),
        preparation=preparation_of(settings["preparation"]),
        network_def=network_def,
        windows=windows_of(settings["windows"], network_def),
        temperature=temperature_of(settings["temperature"]),
        thresholds=thresholds_of(settings["thresholds"]),
        islands=islands_of(settings["islands"]),
        smallest_enhancing_ml=in_range(settings["smallest_enhancing_ml"], "smallest_enhancing_ml", 0, MOST_ML),
        review=limits_of(settings["review"]),
    )


def network_of(network_def: Any, channels: int) -> Mapping[str, Any]:
    """Return a checked network definition that takes `channels` modalities."""
    if not isinstance(network_def, Mapping):
        raise BundleError(f"'network_def' is {network_def!r}, not a mapping")
    try:
        check_network_def(network_def)
    except RequestError as error:
        raise BundleError(str(error)) from error
    found = network_def["in_channels"]
    if found != channels:
        raise BundleError(f"'network_def.in_channels' is {found} where 'modalities' names {channels}")
    return dict(network_def)


def preparation_of(settings: Any) -> Preparation:
    """Return the preparation of its settings."""
    if not isinstance(settings, Mapping):
        raise BundleError(f"'preparation' is {settings!r}, not a mapping")
    try:
        return Preparation.from_settings(dict(settings))
    except (RequestError, TypeError, ValueError) as error:
        raise BundleError(f"'preparation': {error}") from error


def windows_of(settings: Any, network_def: Mapping[str, Any]) -> Windows:
    """Return windows that fit the network: multiples of its divisor, at least twice it."""
    require_keys(settings, ("size", "overlap"), "windows.")
    size = settings["size"]
    fits = isinstance(size, list) and len(size) == 3 and all(type(each) is int and each > 0 for each in size)
    if not fits or prod(size) > MAX_WINDOW_VOXELS:
        raise BundleError(f"'windows.size' is {size!r}, not three whole numbers of at most 256 x 256 x 256 in all")
    divisors = divisor(network_def)
    if len(divisors) == 2 and size[2] != 1:
        raise BundleError(f"'windows.size' is {size}; a network of slices needs [x, y, 1]")
    for voxels, step in zip(size, divisors, strict=False):
        # One step alone leaves a single voxel at the bottom, which instance norm refuses.
        if voxels % step or voxels < 2 * step:
            raise BundleError(f"'windows.size' is {size}; multiples of {divisors} are needed, at least twice that")
    return Windows((size[0], size[1], size[2]), in_range(settings["overlap"], "windows.overlap", 0, MAX_OVERLAP))
