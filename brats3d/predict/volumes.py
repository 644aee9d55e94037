"""Volumes of the regions, and how far they would move if the thresholds did."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from brats3d.grid import Grid
from brats3d.labels import LabelScheme, to_region_maps
from brats3d.predict.nested import nested
from brats3d.vocabulary import REGIONS, Region

DECIMALS = 6
"""Of millilitres; what follows is an error of binary fractions."""
ODDS = 3.0
"""How much stricter and laxer the thresholds of an interval are; 0.5 becomes 0.75 and 0.25."""


def volumes_ml(label_map: NDArray[np.uint8], grid: Grid, scheme: LabelScheme) -> dict[Region, float]:
    """Return each region's volume in millilitres.

    Args:
        label_map: (X, Y, Z), labels of `scheme`.
        grid: where it lies.
        scheme: what the labels mean.
    """
    maps = to_region_maps(label_map, scheme)
    return {region: in_ml(each, grid.voxel_ml) for region, each in zip(REGIONS, maps, strict=True)}


def in_ml(voxels: NDArray[np.bool_], voxel_ml: float) -> float:
    """Return the volume of marked voxels in millilitres.

    >>> in_ml(np.ones(4318, bool), 0.001)
    4.318
    """
    return round(int(np.count_nonzero(voxels)) * voxel_ml, DECIMALS)


def volume_intervals_ml(
    probabilities: NDArray[np.float32],
    thresholds: Mapping[Region, float],
    volumes: Mapping[Region, float],
    voxel_ml: float,
) -> dict[Region, tuple[float, float]]:
    """Return how small and how large each region is between a stricter and a laxer threshold, in millilitres.

    The low end counts the voxels whose odds, p / (1 - p), are three times those of the threshold, the high end those
    with a third of them: 0.75 and 0.25 where the threshold is 0.5. Regions are nested as in the mask; islands and the
    small-ET rule are left out, and an end is moved where the mask's own volume lies beyond it. It is no confidence
    interval: errors of neighbouring voxels go together, and how often a reference lies inside was not set but measured.

    Args:
        probabilities: (3, X, Y, Z), 0 to 1, temperature counted, on the patient's voxels.
        thresholds: those of the mask.
        volumes: of the mask.
        voxel_ml: millilitres a voxel.

    Returns:
        The low and the high end of each region.
    """
    strict, lax = (
        [in_ml(each, voxel_ml) for each in nested(probabilities, shifted(thresholds, odds))]
        for odds in (ODDS, 1 / ODDS)
    )
    return {
        region: (min(strict[index], volumes[region]), max(lax[index], volumes[region]))
        for index, region in enumerate(REGIONS)
    }


def shifted(thresholds: Mapping[Region, float], factor: float) -> dict[Region, float]:
    """Return thresholds whose odds are multiplied.

    >>> shifted({Region.WT: 0.5}, 3)[Region.WT]
    0.75
    """
    odds = {region: factor * value / (1 - value) for region, value in thresholds.items()}
    return {region: value / (1 + value) for region, value in odds.items()}
