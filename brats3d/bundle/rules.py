"""The part of `common.yaml` that turns logits into a label map: temperature, thresholds, islands, limits of the review.

All of it but the thresholds may be absent; the defaults change nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brats3d.bundle.checks import by_region, in_range, require_keys
from brats3d.errors import BundleError, nearest_name
from brats3d.settings import is_number
from brats3d.vocabulary import REGIONS, Measure, Region

Limits = tuple[float, float]
"""The lowest and the highest value of a measure that is nothing to look at, both in; infinite where open."""

TEMPERATURES = (0.05, 20.0)
MOST_ML = 1000.0
UNCHANGED: Mapping[Region, float] = dict.fromkeys(REGIONS, 1.0)
"""The temperature of a network whose probabilities are taken as they are."""
NONE: Mapping[Region, float] = dict.fromkeys(REGIONS, 0.0)


@dataclass(frozen=True, slots=True)
class Islands:
    """Which connected parts of a region are dropped; 0 drops none."""

    smallest_ml: Mapping[Region, float]
    """A part of less than this is dropped."""
    least_probability: Mapping[Region, float]
    """A part whose mean probability is below this is dropped, unless it is the region's largest."""

    @property
    def is_on(self) -> bool:
        """Whether any part could be dropped."""
        return any(self.smallest_ml.values()) or any(self.least_probability.values())


NO_ISLANDS = Islands(NONE, NONE)


def thresholds_of(settings: Any) -> Mapping[Region, float]:
    """Return the threshold of every region."""
    return by_region(settings, "thresholds", 0.01, 0.99)


def temperature_of(settings: Any) -> Mapping[Region, float]:
    """Return what the logits of each region are divided by: one number for all, or one a region."""
    if isinstance(settings, Mapping):
        return by_region(settings, "temperature", *TEMPERATURES)
    return dict.fromkeys(REGIONS, in_range(settings, "temperature", *TEMPERATURES))


def islands_of(settings: Any) -> Islands:
    """Return which connected parts are dropped; of the two rules either may be absent."""
    require_keys(settings, (), "islands.", optional=("smallest_ml", "least_probability"))
    return Islands(
        by_region(settings.get("smallest_ml", NONE), "islands.smallest_ml", 0, MOST_ML),
        by_region(settings.get("least_probability", NONE), "islands.least_probability", 0, 0.99),
    )


def limits_of(settings: Any) -> Mapping[Measure, Limits]:
    """Return the limits of the measures named, each `[low, high]` with null where it is open."""
    if not isinstance(settings, Mapping):
        raise BundleError(f"'review' is {settings!r}, not a mapping of measures to [low, high]")
    for name in settings:
        if name not in tuple(Measure):
            raise BundleError(f"unknown key 'review.{name}'{nearest_name(str(name), Measure)}")
    return {measure: one_limit(settings[measure], f"review.{measure}") for measure in Measure if measure in settings}


def one_limit(value: Any, key: str) -> Limits:
    """Return the limits of one measure."""
    if not isinstance(value, list) or len(value) != 2 or not all(each is None or is_number(each) for each in value):
        raise BundleError(f"{key!r} is {value!r}, not [low, high] of two numbers or null")
    low, high = (-math.inf if value[0] is None else value[0]), (math.inf if value[1] is None else value[1])
    if low > high:
        raise BundleError(f"{key!r} is {value!r}: the first is the lowest, the second the highest")
    return float(low), float(high)
