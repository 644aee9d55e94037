"""Scores of BraTS 2025 and 2026: parts of prediction and reference matched one to one.

After `BraTS/BraTS_evaluation`, configuration `gli`, at commit 791134c, which calls `BrainLesion/panoptica`. Computed
here by SciPy alone: panoptica 2.1.7 needs NumPy below 2.3 and brings nearly 400 MB of packages.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from brats3d.grid import Spacing, box_of
from brats3d.scoring.lesions import Numbered, label, union_box
from brats3d.scoring.overlap import BoolMap, overlap
from brats3d.scoring.surface import hd95_medpy, nsd

LEAST_DICE = 1e-6
"""Parts of less Dice are no pair; any common voxel is more."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well two maps agree; all NaN where both are empty, which is neither right nor wrong."""

    dice: float
    """0 to 1."""
    hd95_mm: float
    """As MedPy defines it; infinite where the maps have no voxel in common."""
    nsd: float
    """0 to 1; 0 where the maps have no voxel in common."""


@dataclass(frozen=True, slots=True)
class InstanceScores:
    """What one region of one case comes to, part by part."""

    matched: Agreement
    """The means over matched pairs alone: what is missed or false lowers F1, not these."""
    f1: float
    """Pairs over pairs and half of what is missed or false, 0 to 1; NaN where there is nothing at all."""
    found: int
    """Pairs (true positives)."""
    false: int
    """Predicted parts without a partner (false positives)."""
    missed: int
    """Parts of the reference without a partner (false negatives)."""


def score_instances(prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> InstanceScores:
    """Score one region part by part; parts hang together by 26 neighbours, and none is too small.

    Args:
        prediction: (X, Y, Z).
        reference: (X, Y, Z) on the same grid.
        spacing_mm: voxel size along X, Y, Z in millimetres; its smallest is the tolerance of NSD.
    """
    box = box_of(prediction | reference)
    if box is None:
        return InstanceScores(Agreement(math.nan, math.nan, math.nan), math.nan, 0, 0, 0)
    (predicted, predicted_count), (parts, count) = label(prediction[box]), label(reference[box])
    predicted_boxes, boxes = ndimage.find_objects(predicted), ndimage.find_objects(parts)
    pairs = []
    for mine, theirs in match(predicted, parts):
        around = union_box([predicted_boxes[mine - 1], boxes[theirs - 1]])
        pairs.append(agreement(predicted[around] == mine, parts[around] == theirs, spacing_mm, min(spacing_mm)))
    found = len(pairs)
    f1 = 2 * found / (predicted_count + count)
    return InstanceScores(mean_of(pairs), f1, found, predicted_count - found, count - found)


def mean_of(pairs: list[Agreement]) -> Agreement:
    """Return the mean of matched pairs; without any it is none at all, infinitely far."""
    if not pairs:
        return Agreement(0.0, math.inf, 0.0)
    return Agreement(
        float(np.mean([pair.dice for pair in pairs])),
        float(np.mean([pair.hd95_mm for pair in pairs])),
        float(np.mean([pair.nsd for pair in pairs])),
    )


def agreement(prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing, tolerance_mm: float) -> Agreement:
    """Return how well two maps (X, Y, Z) agree.

    Args:
        prediction: one pair's part, or a whole region.
        reference: likewise, on the same grid.
        spacing_mm: voxel size along X, Y, Z in millimetres.
        tolerance_mm: of NSD.
    """
    counts = overlap(prediction, reference)
    if counts.both:
        hd95_mm = hd95_medpy(prediction, reference, spacing_mm)
        return Agreement(counts.dice, hd95_mm, nsd(prediction, reference, spacing_mm, tolerance_mm))
    is_empty = counts.only_prediction + counts.only_reference == 0
    return Agreement(math.nan, math.nan, math.nan) if is_empty else Agreement(0.0, math.inf, 0.0)


def match(predicted: Numbered, parts: Numbered) -> list[tuple[int, int]]:
    """Return the pairs of predicted part and part of the reference whose Dice together is the greatest.

    Each part is in one pair at most.

    Args:
        predicted: (X, Y, Z), numbered from 1.
        parts: (X, Y, Z), numbered from 1.
    """
    common = (predicted > 0) & (parts > 0)
    base = int(parts.max()) + 1
    met, voxels = np.unique(predicted[common].astype(np.int64) * base + parts[common], return_counts=True)
    mine, theirs = np.divmod(met, base)
    sizes = np.bincount(predicted.ravel())[mine] + np.bincount(parts.ravel())[theirs]
    dice: NDArray[np.float64] = 2 * voxels / sizes
    (rows, row), (columns, column) = (np.unique(numbers, return_inverse=True) for numbers in (mine, theirs))
    # Of equal sums the one with more pairs wins: no pair costs a little more than a pair that shares nothing.
    costs = np.full((len(rows), len(columns)), 1 + LEAST_DICE)
    real = dice >= LEAST_DICE
    costs[row[real], column[real]] = 1 - dice[real]
    chosen = zip(*linear_sum_assignment(costs), strict=True)
    return [(int(rows[one]), int(columns[other])) for one, other in chosen if costs[one, other] < 1]
