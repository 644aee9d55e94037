"""Lesion-wise scores of BraTS 2023: each lesion of the reference counts once, and so does each false one.

After `rachitsaluja/BraTS-2023-Metrics`, `metrics.py`, at commit 43c9052, with one labelled pass in place of one pass
over the whole grid for each lesion. Dilations use the 18 nearest neighbours, lesions hang together by 26. BraTS 2024
numbers lesions another way (`merged.py`) and then scores them by the same steps, `score_numbered`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from brats3d.grid import Box, Spacing, box_of
from brats3d.scoring.overlap import BoolMap, overlap
from brats3d.scoring.surface import hd95_google, nsd

NEAR = ndimage.generate_binary_structure(3, 2)
TOUCHING = ndimage.generate_binary_structure(3, 3)
Numbered = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class LesionRules:
    """What makes a lesion, and what a missed or false one costs."""

    dilations: int
    """Parts of the reference that meet after so many dilations are one lesion; a lesion is found within them."""
    smallest_mm3: float
    """Reference lesions of this volume or less are left out."""
    penalty_mm: float
    """The HD95 of a missed or false lesion."""
    smallest_prediction: int | None = None
    """Predicted lesions of so many voxels or fewer are deleted before scoring; None where all of them count."""
    tolerances_mm: tuple[float, ...] = ()
    """The tolerances of NSD; empty in a protocol without it."""


@dataclass(frozen=True, slots=True)
class LesionScores:
    """What one region of one case comes to, lesion by lesion."""

    dice: float
    """Mean over kept and false lesions, 0 to 1; 1 where there are none."""
    hd95_mm: float
    """Mean over kept and false lesions; 0 where there are none."""
    found: int
    """Kept lesions that a predicted part reaches (true positives)."""
    false: int
    """Predicted parts that reach no lesion, of any size (false positives)."""
    missed: int
    """Kept lesions that no predicted part reaches (false negatives)."""
    nsd: tuple[float, ...] = ()
    """For each tolerance of the rules the mean NSD over kept and false lesions, 0 to 1; 1 where there are none."""


def score_lesions(prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing, rules: LesionRules) -> LesionScores:
    """Score one region lesion by lesion.

    Args:
        prediction: (X, Y, Z).
        reference: (X, Y, Z) on the same grid.
        spacing_mm: voxel size along X, Y, Z in millimetres.
        rules: the protocol's figures.
    """
    # No margin: where dilated parts meet outside the box that holds them all, they also meet inside.
    box = box_of(prediction | reference)
    if box is None:
        return averaged([], 0, 0, rules)
    parts, _ = label(prediction[box])
    return score_numbered(parts, number_lesions(reference[box], rules.dilations), spacing_mm, rules)


def score_numbered(parts: Numbered, lesions: Numbered, spacing_mm: Spacing, rules: LesionRules) -> LesionScores:
    """Score lesions against predicted parts, both numbered from 1 without gaps.

    Args:
        parts: (X, Y, Z), the number of the predicted part, or 0.
        lesions: (X, Y, Z), the number of the reference's lesion, or 0.
        spacing_mm: voxel size along X, Y, Z in millimetres.
        rules: the protocol's figures.
    """
    part_boxes = ndimage.find_objects(parts)
    voxel_mm3 = float(np.prod(spacing_mm))
    reached: set[int] = set()
    found: list[tuple[float, ...]] = []
    missed = 0
    for number, lesion_box in enumerate(ndimage.find_objects(lesions), start=1):
        hits = parts_near(lesions, number, lesion_box, parts, rules.dilations)
        # Parts that reach a lesion too small to count are not false either.
        reached.update(hits)
        if np.count_nonzero(lesions[lesion_box] == number) * voxel_mm3 <= rules.smallest_mm3:
            continue
        if hits:
            around = union_box([lesion_box, *(part_boxes[hit - 1] for hit in hits)])
            found.append(score_lesion(np.isin(parts[around], hits), lesions[around] == number, spacing_mm, rules))
        else:
            missed += 1
    return averaged(found, missed, len(part_boxes) - len(reached), rules)


def averaged(found: list[tuple[float, ...]], missed: int, false: int, rules: LesionRules) -> LesionScores:
    """Return the means over found, missed and false lesions; the latter two score 0 and the penalty."""
    count = len(found) + missed + false
    if count == 0:
        return LesionScores(1.0, 0.0, 0, 0, 0, (1.0,) * len(rules.tolerances_mm))
    dice, hd95_mm, *shares = map(sum, zip(*found, strict=True)) if found else (0.0,) * (2 + len(rules.tolerances_mm))
    return LesionScores(
        dice / count,
        (hd95_mm + rules.penalty_mm * (missed + false)) / count,
        len(found),
        false,
        missed,
        tuple(share / count for share in shares),
    )


def score_lesion(prediction: BoolMap, lesion: BoolMap, spacing_mm: Spacing, rules: LesionRules) -> tuple[float, ...]:
    """Return Dice, HD95 in mm and each NSD of one lesion and all the predicted parts that reach it."""
    shares = (nsd(prediction, lesion, spacing_mm, tolerance_mm) for tolerance_mm in rules.tolerances_mm)
    return (overlap(prediction, lesion).dice, hd95_google(prediction, lesion, spacing_mm), *shares)


def number_lesions(reference: BoolMap, dilations: int) -> Numbered:
    """Return the lesions of a reference, numbered from 1: its voxels only, parts that meet when dilated as one."""
    numbered, _ = label(dilated(reference, dilations))
    return np.where(reference, numbered, np.int32(0))


def parts_near(lesions: Numbered, number: int, lesion_box: Box, parts: Numbered, dilations: int) -> list[int]:
    """Return the numbers of the predicted parts with a voxel in the dilated lesion, ascending."""
    around = widened(lesion_box, dilations, lesions.shape)
    near = dilated(lesions[around] == number, dilations)
    return [int(part) for part in np.unique(parts[around][near]) if part]


def label(mask: BoolMap) -> tuple[Numbered, int]:
    """Return a map's parts, numbered from 1 by 26 neighbours, and their count."""
    numbered, count = ndimage.label(mask, TOUCHING)
    return numbered, int(count)


def dilated(mask: BoolMap, dilations: int) -> BoolMap:
    """Return a map dilated so many times by the 18 nearest neighbours."""
    if dilations == 0:  # SciPy would repeat until nothing changes, and flood the grid
        return mask
    grown: BoolMap = ndimage.binary_dilation(mask, NEAR, iterations=dilations)
    return grown


def widened(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """Return a box with so many voxels more on every side, cut at the grid's edge."""
    x, y, z = (
        slice(max(side.start - margin, 0), min(side.stop + margin, length))
        for side, length in zip(box, shape, strict=True)
    )
    return (x, y, z)


def union_box(boxes: list[Box]) -> Box:
    """Return the smallest box that holds all of these."""
    x, y, z = (slice(min(s.start for s in sides), max(s.stop for s in sides)) for sides in zip(*boxes, strict=True))
    return (x, y, z)
