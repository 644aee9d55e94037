"""Which masks to look at first: limits of the review found on held-out masks, and how often they are right."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import Limits
from brats3d.predict.review import DEFAULT_LIMITS
from brats3d.vocabulary import Measure

BAD, GOOD = 0.6, 0.8
"""Mean Dice of the three regions below which a mask is bad, and above which it is good."""
SOUGHT = (Measure.SCATTERED, Measure.UNSURE_WT, Measure.UNSURE_TC, Measure.UNSURE_ET)
"""Measures whose upper limit is sought; the others keep their defaults."""
ERRORS = 2.0
"""Standard errors by which limits must be worth more than those that hold."""
FEWEST = 5
"""Masks of each class, bad and good, without which nothing can be said of limits."""
QUANTILES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
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

    return np.array([is_beyond(case) for case in measures], np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Reviewed:
    """N held-out masks: what the review measures of them, and how good they are."""

    measures: Sequence[Mapping[Measure, float]]
    dice: NDArray[np.float64]
    """(N,), mean of the three regions."""

    def of(self, cases: NDArray[np.intp]) -> "Reviewed":
        """Return some of them."""
        return Reviewed([self.measures[case] for case in cases], self.dice[cases])

    def candidates(self) -> list[list[float]]:
        """Return the upper limits tried of each sought measure, widest first: none, then quantiles of the good."""
        choices: list[list[float]] = []
        for measure in SOUGHT:
            both = zip(self.measures, self.dice, strict=True)
            values = [case[measure] for case, value in both if value > GOOD and measure in case]
            found = [float(each) for each in np.quantile(values, QUANTILES)] if values else []
            choices.append([math.inf, *(math.ceil(each * 1000) / 1000 for each in found)])
        return choices

    def choose(self, fixed: Mapping[Measure, Limits]) -> dict[Measure, Limits]:
        """Return the limits worth most beside those of the measures that are not sought."""
        by_fixed = beyond(self.measures, fixed)
        tried = [
            [((measure, (0.0, high)), beyond(self.measures, {measure: (0.0, high)})) for high in highs]
            for measure, highs in zip(SOUGHT, self.candidates(), strict=True)
        ]

        def worth(choice: tuple[tuple[tuple[Measure, Limits], NDArray[np.bool_]], ...]) -> float:
            return rates(np.logical_or.reduce([by_fixed, *(flags for _, flags in choice)]), self.dice).worth

        return dict(limit for limit, _ in max(product(*tried), key=worth))


def choose_limits(
    measures: Sequence[Mapping[Measure, float]],
    dice: NDArray[np.float64],
    groups: NDArray[np.intp],
    own: Mapping[Measure, Limits],
) -> tuple[dict[Measure, Limits], FlagRates, FlagRates]:
    """Return the limits worth most, how often they are right on all, and how often when found on the other groups.

    No limit is returned unless those found on the other groups are worth more than what holds already, by two
    standard errors of that: the larger of two noisy figures is not the better rule.

    Args:
        measures: of each case.
        dice: (N,), mean of the three regions.
        groups: (N,), of each case.
        own: limits of the bundle that are not the default.
    """
    holding = {**DEFAULT_LIMITS, **own}
    fixed = {measure: limits for measure, limits in holding.items() if measure not in SOUGHT}
    everyone, fair = Reviewed(measures, dice), np.zeros(len(dice), np.bool_)
    for group in np.unique(groups):
        held, others = np.flatnonzero(groups == group), np.flatnonzero(groups != group)
        found = everyone.of(others).choose(fixed) if len(others) else {}
        fair[held] = beyond(everyone.of(held).measures, {**holding, **found})
    usual = beyond(measures, holding)
    gain, error = gain_of(fair, usual, dice)
    if gain <= ERRORS * error:
        return {}, rates(usual, dice), rates(usual, dice)
    limits = everyone.choose(fixed)
    return limits, rates(beyond(measures, {**holding, **limits}), dice), rates(fair, dice)


def gain_of(flags: NDArray[np.bool_], others: NDArray[np.bool_], dice: NDArray[np.float64]) -> tuple[float, float]:
    """Return how much more flags (N,) are worth than others on the same masks, and the standard error of that.

    Nothing, and no end of doubt, where there are too few bad or good masks.
    """
    change = flags.astype(float) - others
    parts = [change[dice < BAD], -change[dice > GOOD]]
    if min(part.size for part in parts) < FEWEST:
        return 0.0, math.inf
    # Where all masks of a class agree, the next might not: no surer than if one of them had not.
    errors = [max(float(part.var(ddof=1)), 1 / part.size) / part.size for part in parts]
    return float(sum(part.mean() for part in parts)), math.sqrt(sum(errors))
