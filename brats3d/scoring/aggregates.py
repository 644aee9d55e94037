"""Many cases in few figures: means, spread, quartiles, and an interval that says how sure the mean is."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.case import patient_of
from brats3d.scoring.protocol import Protocol
from brats3d.scoring.protocols import FIGURES
from brats3d.scoring.scores import CaseScores, RegionScores

Values = NDArray[np.float64]
Figures = dict[str, dict[str, float | None]]
"""Region, then figure."""
Intervals = dict[str, dict[str, list[float] | None]]

RESAMPLES = 2000
LEVEL = 0.95

STATISTICS: dict[str, Callable[[Values], float]] = {
    "mean": lambda values: float(np.mean(values)),
    "std": lambda values: float(np.std(values, ddof=1)) if values.size > 1 else math.nan,
    "quartile_25": lambda values: float(np.quantile(values, 0.25)),
    "median": lambda values: float(np.median(values)),
    "quartile_75": lambda values: float(np.quantile(values, 0.75)),
}
"""Each figure of many cases; `std` is that of a sample, as in the challenge's own tables."""


def figure(scores: RegionScores | None, name: str) -> float | None:
    """Return one figure of a region by its name in `FIGURES`; None where there is none or it is no number."""
    value = None if scores is None else FIGURES[name](scores)
    return value if value is not None and math.isfinite(value) else None


def statistic(cases: Sequence[CaseScores], protocol: Protocol, name: str) -> Figures:
    """Return one of `STATISTICS` over all cases that have the figure."""
    return {
        region: {each: known(STATISTICS[name], values_of(cases, region, each)) for each in protocol.figures}
        for region in protocol.regions
    }


def mean_where_present(cases: Sequence[CaseScores], protocol: Protocol) -> Figures:
    """Return the mean over the cases whose reference holds the region.

    An empty reference swings Dice between 0 and 1 on a single voxel, so this mean is given beside that of all cases.
    """
    return {
        region: {
            each: known(STATISTICS["mean"], values_of(with_region(cases, region), region, each))
            for each in protocol.figures
        }
        for region in protocol.regions
    }


def with_region(cases: Sequence[CaseScores], region: str) -> list[CaseScores]:
    """Return the cases whose reference holds a region."""
    return [case for case in cases if region in case.regions and case.regions[region].reference_ml > 0]


def intervals(cases: Sequence[CaseScores], protocol: Protocol, generator: np.random.Generator) -> Intervals:
    """Return the 95 % interval of each mean, by drawing patients again and again.

    All visits of a patient are drawn together: they are no independent evidence.

    Args:
        cases: scores under this protocol.
        protocol: names the figures.
        generator: what draws; equal generators give equal intervals.

    Returns:
        Region, figure, [low, high]; None where fewer than two patients have the figure.
    """
    patients = sorted({patient_of(case.id) for case in cases})
    draws = generator.multinomial(len(patients), [1 / len(patients)] * len(patients), RESAMPLES) if patients else None
    return {
        region: {
            each: None if draws is None else interval(cases, patients, draws, region, each) for each in protocol.figures
        }
        for region in protocol.regions
    }


def interval(
    cases: Sequence[CaseScores], patients: Sequence[str], draws: NDArray[np.int64], region: str, name: str
) -> list[float] | None:
    """Return the interval of one mean; `draws` (resamples, patients) says how often each patient is drawn."""
    place = {patient: index for index, patient in enumerate(patients)}
    sums, counts = np.zeros(len(patients)), np.zeros(len(patients))
    for case in cases:
        value = figure(case.regions.get(region), name)
        if value is not None:
            sums[place[patient_of(case.id)]] += value
            counts[place[patient_of(case.id)]] += 1
    if np.count_nonzero(counts) < 2:
        return None
    drawn = draws @ counts
    means = (draws @ sums)[drawn > 0] / drawn[drawn > 0]
    return [float(end) for end in np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])]


def values_of(cases: Sequence[CaseScores], region: str, name: str) -> Values:
    """Return one figure of one region of the cases that have it."""
    found = (figure(case.regions.get(region), name) for case in cases)
    return np.array([value for value in found if value is not None], dtype=np.float64)


def known(reduce: Callable[[Values], float], values: Values) -> float | None:
    """Return `reduce(values)`, or None where there is nothing to reduce or the result is no number."""
    value = reduce(values) if values.size else math.nan
    return value if math.isfinite(value) else None
