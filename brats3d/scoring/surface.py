"""HD95, the distance that 95 % of a surface keep to the other, and NSD, the share of it that is near enough.

Three definitions of HD95 are in use, and they differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from brats3d.grid import Spacing, box_of
from brats3d.scoring.overlap import BoolMap
from brats3d.scoring.surfels import filling_codes, surfel_areas

SHARE = 0.95
Distances = NDArray[np.float64]


def hd95_google(prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> float:
    """Return HD95 in mm as DeepMind's surface-distance and the BraTS 2023 metrics define it.

    Surface elements between the voxels, each weighted by its area; in each direction the distance within which 95 % of
    the area lie, and then the larger of the two.

    Args:
        prediction: (X, Y, Z).
        reference: (X, Y, Z) on the same grid.
        spacing_mm: voxel size along X, Y, Z in millimetres.

    Returns:
        Millimetres; 0 where both are empty, infinity where one is.
    """
    return measured(surface_pair, weighted_maximum, prediction, reference, spacing_mm)


def hd95_medpy(prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> float:
    """Return HD95 in mm as MedPy and panoptica define it: one percentile of both directions' border voxels together.

    Arguments and empty maps as in `hd95_google`.
    """
    return measured(border_pair, pooled_percentile, prediction, reference, spacing_mm)


def hd95_monai(prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> float:
    """Return HD95 in mm as MONAI defines it: a percentile of each direction's border voxels, then the larger.

    Arguments and empty maps as in `hd95_google`; MONAI itself gives NaN where either is empty.
    """
    return measured(border_pair, larger_percentile, prediction, reference, spacing_mm)


HD95: dict[str, Callable[[BoolMap, BoolMap, Spacing], float]] = {
    "google": hd95_google,
    "medpy": hd95_medpy,
    "monai": hd95_monai,
}
"""Every definition by its name."""


def nsd(prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing, tolerance_mm: float) -> float:
    """Return the normalised surface Dice: the share of each border within a tolerance of the other, and their mean.

    As nnU-Net (`surface_dice.py`), the BraTS 2024 metrics and panoptica define it, by border voxels; DeepMind's figure
    of the same name weighs surface elements by area.

    Args:
        prediction: (X, Y, Z).
        reference: (X, Y, Z) on the same grid.
        spacing_mm: voxel size along X, Y, Z in millimetres.
        tolerance_mm: the largest distance that counts as none, itself included.

    Returns:
        0 to 1; 1 where both are empty, 0 where one is.
    """
    box = box_of(prediction | reference)
    if box is None:
        return 1.0
    one, other = border(prediction[box]), border(reference[box])
    if not one.any() or not other.any():
        return 0.0
    # No distances are measured: whether any voxel of the other border is near takes a tenth of the time.
    near = ball(spacing_mm, tolerance_mm)
    shares = [
        np.count_nonzero(here & ndimage.binary_dilation(there, near)) / np.count_nonzero(here)
        for here, there in ((one, other), (other, one))
    ]
    return float(sum(shares) / 2)


def ball(spacing_mm: Spacing, radius_mm: float) -> BoolMap:
    """Return which voxels around one lie within a radius of it, by their centres; each side has an odd length."""
    reach = [int(radius_mm / side_mm) + 1 for side_mm in spacing_mm]
    steps = np.array(list(product(*(range(-count, count + 1) for count in reach))))
    within = np.sqrt(((steps * spacing_mm) ** 2).sum(axis=1)) <= radius_mm
    return np.asarray(within.reshape([2 * count + 1 for count in reach]))


@dataclass(frozen=True, slots=True, eq=False)
class Directed:
    """One surface's elements and how far each is from the other surface."""

    distances_mm: Distances
    """(N,)."""
    weights: Distances
    """(N,), mm² for surface elements and 1 for voxels."""


Pair = tuple[Directed, Directed]


def measured(
    surfaces: Callable[[BoolMap, BoolMap, Spacing], Pair],
    reduce: Callable[[Pair], float],
    prediction: BoolMap,
    reference: BoolMap,
    spacing_mm: Spacing,
) -> float:
    """Return `reduce` of the surfaces within the joint box; 0 where both maps are empty, infinity where one is."""
    box = box_of(prediction | reference)
    if box is None:
        return 0.0
    near_prediction, near_reference = prediction[box], reference[box]
    if not near_prediction.any() or not near_reference.any():
        return float("inf")
    return reduce(surfaces(near_prediction, near_reference, spacing_mm))


def surface_pair(prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> Pair:
    """Return the surface elements of both maps, on the grid of voxel corners, weighted by area."""
    codes = [filling_codes(mask) for mask in (prediction, reference)]
    areas = surfel_areas(spacing_mm)
    surfaces = [(code != 0) & (code != 255) for code in codes]
    one, other = (areas[code[surface]] for code, surface in zip(codes, surfaces, strict=True))
    return (
        Directed(distances(surfaces[0], surfaces[1], spacing_mm), one),
        Directed(distances(surfaces[1], surfaces[0], spacing_mm), other),
    )


def border_pair(prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> Pair:
    """Return the border voxels of both maps."""
    one, other = border(prediction), border(reference)
    there, back = distances(one, other, spacing_mm), distances(other, one, spacing_mm)
    return (Directed(there, np.ones_like(there)), Directed(back, np.ones_like(back)))


def border(mask: BoolMap) -> BoolMap:
    """Return the voxels of a map (X, Y, Z) that have one of their six neighbours outside it."""
    return np.asarray(mask & ~ndimage.binary_erosion(mask))


def distances(surface: BoolMap, other: BoolMap, spacing_mm: Spacing) -> Distances:
    """Return the distance in mm from each point of a surface to the nearest of another, neither empty."""
    nearest: Distances = ndimage.distance_transform_edt(~other, sampling=spacing_mm)
    return nearest[surface]


def weighted_maximum(pair: Pair) -> float:
    """Return the larger of both directions' distances within which 95 % of the weight lies."""
    return max(weighted_percentile(directed) for directed in pair)


def weighted_percentile(directed: Directed) -> float:
    """Return the first distance at which the share of the weight, summed by distance, reaches 95 %."""
    # Equal distances stand by weight, as in surface-distance, so that the sums round alike.
    order = np.lexsort((directed.weights, directed.distances_mm))
    weights = directed.weights[order]
    shares = np.cumsum(weights) / np.sum(weights)
    place = min(int(np.searchsorted(shares, SHARE)), len(shares) - 1)
    return float(directed.distances_mm[order[place]])


def pooled_percentile(pair: Pair) -> float:
    """Return the 95th percentile of both directions' distances together, interpolated linearly."""
    return float(np.percentile(np.concatenate([directed.distances_mm for directed in pair]), 100 * SHARE))


def larger_percentile(pair: Pair) -> float:
    """Return the larger of both directions' 95th percentiles, interpolated linearly."""
    return max(float(np.percentile(directed.distances_mm, 100 * SHARE)) for directed in pair)
