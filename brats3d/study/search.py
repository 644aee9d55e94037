"""The search for rules on held-out predictions: temperature, thresholds, islands, the smallest enhancing volume.

What wins is the mildest rule within one standard error of the best, patient by patient (Breiman 1984, Classification
and Regression Trees, 3.4.3): the best itself, found on 50 patients, gave 12 others less Dice than no rule at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brats3d.study.calibration import EDGES
from brats3d.study.parts import PartTable

PLATEAU = 0.001
"""Mean Dice that a milder rule may lack of the best however sure that is."""
THRESHOLDS = tuple(round(0.2 + 0.05 * step, 2) for step in range(13))
"""0.2 to 0.8."""
SMALLEST_ML = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of an island."""
LEAST_PROBABILITY = (0.0, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
"""Of an island."""
SMALLEST_ENHANCING_ML = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """What drops parts of a region; all 0 drops none."""

    smallest_ml: float = 0.0
    least_probability: float = 0.0
    smallest_in_all_ml: float = 0.0

    @property
    def strength(self) -> tuple[int, float, float, float]:
        """What milder rules have less of: how many of the three are on, then how much."""
        values = (self.smallest_in_all_ml, self.smallest_ml, self.least_probability)
        return (sum(value > 0 for value in values), *values)


def rules_of(with_all: bool) -> list[Rule]:
    """Return the rules that are tried; `with_all` tries the smallest volume in all too (of ET)."""
    in_all = SMALLEST_ENHANCING_ML if with_all else (0.0,)
    return [Rule(*values) for values in product(SMALLEST_ML, LEAST_PROBABILITY, in_all)]


def mildest(values: NDArray[np.float64], strengths: Sequence[Any]) -> int:
    """Return the number of the choice of least strength that is hardly worse than the best, if at all.

    Args:
        values: (choices, N), of each case.
        strengths: of the choices.
    """
    lost = values[values.mean(axis=1).argmax()] - values
    error = lost.std(axis=1, ddof=1) / np.sqrt(lost.shape[1]) if lost.shape[1] > 1 else np.zeros(len(lost))
    near = np.flatnonzero(lost.mean(axis=1) <= np.maximum(error, PLATEAU))
    return int(min(near, key=lambda number: strengths[int(number)]))


def threshold_dice(counts: NDArray[np.int64], outside: int, temperature: float) -> NDArray[np.float64]:
    """Return the Dice of a region of a case at each of `THRESHOLDS`.

    Args:
        counts: (2, BINS) of the case.
        outside: voxels of the reference that no threshold reaches.
        temperature: of the region.
    """
    cuts = np.log(np.array(THRESHOLDS) / (1 - np.array(THRESHOLDS))) * temperature
    first = np.searchsorted(EDGES[:-1], cuts)
    false, true = (np.append(np.cumsum(each[::-1])[::-1], 0)[first] for each in counts)
    both = false + true + counts[1].sum() + outside
    return np.where(both == 0, 1.0, 2 * true / np.maximum(both, 1))


def best_threshold(dice: NDArray[np.float64]) -> float:
    """Return the threshold nearest to 0.5 that is hardly worse than the best, if at all.

    Args:
        dice: (N, thresholds), of each case.
    """
    return THRESHOLDS[mildest(dice.T, [abs(cut - 0.5) for cut in THRESHOLDS])]


@dataclass(frozen=True, slots=True, eq=False)
class RuleScores:
    """Every rule on every case, of one region."""

    rules: Sequence[Rule]
    dice: NDArray[np.float64]
    """(rules, N), whole regions."""
    lesion_dice: NDArray[np.float64]
    """(rules, N), lesion-wise."""

    @property
    def best(self) -> Rule:
        """The rule that the cases choose, by the mean of both scores."""
        return self.rules[mildest((self.dice + self.lesion_dice) / 2, [rule.strength for rule in self.rules])]


def score_rules(tables: Sequence[PartTable], rules: Sequence[Rule]) -> RuleScores:
    """Score every rule on every case."""
    dice, lesion_dice = np.empty((2, len(rules), len(tables)))
    for place, table in enumerate(tables):
        known: dict[bytes, tuple[float, float]] = {}
        for number, rule in enumerate(rules):
            keeps = table.kept(rule.smallest_ml, rule.least_probability, rule.smallest_in_all_ml)
            key = keeps.tobytes()
            if key not in known:
                known[key] = (table.dice(keeps), table.lesion_dice(keeps))
            dice[number, place], lesion_dice[number, place] = known[key]
    return RuleScores(rules, dice, lesion_dice)
