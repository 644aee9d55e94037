"""Checks that all parts of a bundle's plain data share: known keys, numbers in range, one number a region."""

from collections.abc import Mapping
from typing import Any

from brats3d.errors import BundleError, nearest_name
from brats3d.settings import is_number
from brats3d.vocabulary import REGIONS, Region

REGION_NAMES = tuple(str(region) for region in REGIONS)


def require_keys(settings: Any, known: tuple[str, ...], prefix: str, optional: tuple[str, ...] = ()) -> None:
    """Raise BundleError unless a mapping has all the known keys, and no others but optional ones.

    Args:
        settings: anything.
        known: the keys it must have.
        prefix: the dotted path of the mapping with its dot, for messages.
        optional: further keys that it may have.
    """
    if not isinstance(settings, Mapping):
        names = ", ".join((*known, *optional))
        raise BundleError(f"'{prefix.rstrip('.')}' is {settings!r}, not a mapping with {names}")
    for key in settings:
        if key not in (*known, *optional):
            raise BundleError(f"unknown key '{prefix}{key}'{nearest_name(str(key), (*known, *optional))}")
    for key in known:
        if key not in settings:
            raise BundleError(f"key '{prefix}{key}' is missing")


def in_range(value: Any, key: str, low: float, high: float) -> float:
    """Return a number from `low` to `high`, both in."""
    if not is_number(value) or not low <= value <= high:
        raise BundleError(f"{key!r} is {value!r}, not a number from {low:g} to {high:g}")
    return float(value)


def by_region(settings: Any, key: str, low: float, high: float) -> Mapping[Region, float]:
    """Return the number of every region of a mapping WT, TC, ET, from `low` to `high`, both in."""
    require_keys(settings, REGION_NAMES, f"{key}.")
    return {region: in_range(settings[region], f"{key}.{region}", low, high) for region in REGIONS}
