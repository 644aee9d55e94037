"""Which masks to look at first: limits of the review found on held-out masks, and how often they are right."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import Limits
from brats3d.predict.review import DEFAULT_LIMITS
from brats3d.study.search import nested
from brats3d.vocabulary import Measure

BAD, GOOD = 0.6, 0.8
"""Mean Dice of the three regions below which a mask is bad, and above which it is good."""
SOUGHT = (Measure.SCATTERED, Measure.UNSURE_WT, Measure.UNSURE_TC, Measure.UNSURE_ET)
"""Measures whose upper limit is sought; the others keep their defaults."""
QUANTILES = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Of a measure among the good masks: where a limit may lie."""


@dataclass(frozen=True, slots=True)
class FlagRates:
    """How often the flag is right."""

    bad: int
    """Masks of a mean Dice under 0.6."""
    caught: int
    """Of these, flagged."""
    good: int
    """Masks of a mean Dice over 0.8."""
    flagged: int
    """Of these, flagged all the same."""

    @property
    def worth(self) -> float:
        """The share of bad masks caught less that of good ones flagged."""
        return self.caught / max(1, self.bad) - self.flagged / max(1, self.good)

    def in_words(self) -> str:
        """Return the rates in a line."""
        return f"{self.caught} of {self.bad} bad masks caught, {self.flagged} of {self.good} good ones flagged"


def rates(flags: NDArray[np.bool_], dice: NDArray[np.float64]) -> FlagRates:
    """Return how often flags (N,) are right on masks of a mean Dice (N,)."""
    bad, good = dice < BAD, dice > GOOD
    return FlagRates(int(bad.sum()), int((flags & bad).sum()), int(good.sum()), int((flags & good).sum()))


def beyond(measures: Sequence[Mapping[Measure, float]], limits: Mapping[Measure, Limits]) -> NDArray[np.bool_]:
    """Return whether any measure of a case leaves its limits, (N,)."""

    def is_beyond(case: Mapping[Measure, float]) -> bool:
        known = ((value, limits[measure]) for measure, value in case.items() if measure in limits)
        return any(not low <= value <= high for value, (low, high) in known)

    return np.array([is_beyond(case) for case in measures])


def candidates(measures: Sequence[Mapping[Measure, float]], dice: NDArray[np.float64]) -> list[dict[Measure, Limits]]:
    """Return the limits that are tried: each sought measure up to a quantile of the good masks, or open."""
    choices: list[list[float]] = []
    for measure in SOUGHT:
        values = [case[measure] for case, value in zip(measures, dice, strict=True) if value > GOOD and measure in case]
        found = [float(each) for each in np.quantile(values, QUANTILES)] if values else []
        choices.append([*(math.ceil(each * 1000) / 1000 for each in found), math.inf])
    return [{measure: (0.0, high) for measure, high in zip(SOUGHT, highs, strict=True)} for highs in product(*choices)]


def choose_limits(
    measures: Sequence[Mapping[Measure, float]], dice: NDArray[np.float64], folds: NDArray[np.intp]
) -> tuple[dict[Measure, Limits], FlagRates, FlagRates]:
    """Return the limits worth most, how often they are right on all, and how often when found on the other folds.

    Args:
        measures: of each case.
        dice: (N,), mean of the three regions.
        folds: (N,), of each case.
    """
    fixed = {measure: limits for measure, limits in DEFAULT_LIMITS.items() if measure not in SOUGHT}
    tried = candidates(measures, dice)
    by_fixed = beyond(measures, fixed)
    flags = np.stack([by_fixed | beyond(measures, limits) for limits in tried])

    def choose(cases: NDArray[np.intp]) -> int:
        return int(np.argmax([rates(row[cases], dice[cases]).worth for row in flags]))

    everyone = np.arange(len(dice))
    best = choose(everyone)
    fair = flags[nested(folds, choose), everyone]
    limits = {measure: limit for measure, limit in tried[best].items() if math.isfinite(limit[1])}
    return limits, rates(flags[best], dice), rates(fair, dice)
