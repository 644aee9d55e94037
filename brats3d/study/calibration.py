"""How true probabilities are: counts of logits by truth, the temperature that fits best, the error left."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from brats3d.output.whole import write_whole
from brats3d.study.kept import MOST_LOGIT, KeptCase
from brats3d.vocabulary import REGION_COLOURS, REGIONS, Region

BINS = 1024
EDGES = np.linspace(-MOST_LOGIT, MOST_LOGIT, BINS + 1)
MIDDLES = (EDGES[:-1] + EDGES[1:]) / 2
RELIABILITY_BINS = 15
"""Of the expected calibration error (Guo 2017, arXiv 1706.04599)."""
LIMITS = (0.25, 4.0)
"""Within which a temperature is sought."""
Counts = NDArray[np.int64]
"""(2, BINS): voxels of the brain by logit, outside the region and inside it."""


def counts_of(case: KeptCase) -> NDArray[np.int64]:
    """Return how many voxels of a case's brain have which logit, (3, 2, BINS): region, truth, logit."""
    logits, levels = case.logits, np.asarray(case.levels)
    brain = levels > 0
    counts = np.zeros((len(REGIONS), 2, BINS), np.int64)
    for index in range(len(REGIONS)):
        values, truth = logits[index][brain].astype(np.float32), case.truth(index)[brain]
        for inside in (0, 1):
            counts[index, inside] = np.histogram(values[truth == inside], EDGES)[0]
    return counts


def entropy(counts: Counts, temperature: float) -> float:
    """Return the mean cross-entropy of voxels in nats, their logits divided by a temperature."""
    logits = MIDDLES / temperature
    losses = np.stack([np.logaddexp(0, logits), np.logaddexp(0, -logits)])
    return float((counts * losses).sum() / max(1, counts.sum()))


def best_temperature(counts: Counts) -> float:
    """Return the temperature of least cross-entropy, to one place; 1 where there is nothing of the region.

    A second place changes no error that can be seen, and would make every search for rules start anew.
    """
    if not counts[1].any():
        return 1.0
    found = minimize_scalar(lambda log: entropy(counts, float(np.exp(log))), bounds=np.log(LIMITS), method="bounded")
    return round(float(np.exp(found.x)), 1)


def bins_of(counts: Counts, temperature: float) -> NDArray[np.float64]:
    """Return the voxels of each of 15 bins of probability, and the sums of what they say and of what is true, (3, 15).

    Bins of several cases, each with a temperature of its own, may be added.
    """
    probabilities = 1 / (1 + np.exp(-MIDDLES / temperature))
    bins = np.minimum((probabilities * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    voxels = counts.sum(axis=0)
    rows = [np.bincount(bins, weights, RELIABILITY_BINS) for weights in (voxels, voxels * probabilities, counts[1])]
    return np.stack(rows)


def calibration_error(bins: NDArray[np.float64]) -> float:
    """Return the expected calibration error: the mean distance of a bin's probability from its share, by voxels.

    Args:
        bins: (3, 15), see `bins_of`.
    """
    voxels, said, true = bins
    return float(np.abs(said - true).sum() / max(1.0, voxels.sum()))


def draw_reliability(counts: NDArray[np.int64], temperature: Mapping[Region, float], path: Path) -> None:
    """Draw how often a probability came true, before and after the temperature.

    Args:
        counts: (3, 2, BINS), of all cases together.
        temperature: of each region.
        path: a PNG.

    Raises:
        OutputError: it cannot be written.
    """
    from matplotlib.figure import Figure  # slow to import

    figure = Figure(figsize=(8, 4.2), layout="constrained")
    for axes, title, is_after in zip(figure.subplots(1, 2), ("as trained", "with temperature"), (0, 1), strict=True):
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        for region, each in zip(REGIONS, counts, strict=True):
            by = temperature[region] if is_after else 1.0
            bins = bins_of(each, by)
            voxels, said, true = bins[:, bins[0] > 0]
            label = f"{region}, error {calibration_error(bins):.4f}"
            axes.plot(said / voxels, true / voxels, "o-", markersize=3, color=REGION_COLOURS[region], label=label)
        axes.set(xlabel="probability", ylabel="share that is tumour", title=title, xlim=(0, 1), ylim=(0, 1))
        axes.legend()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    write_whole(path, picture.getvalue())


def total(counts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the counts of all cases together."""
    return np.asarray(np.sum(counts, axis=0))
