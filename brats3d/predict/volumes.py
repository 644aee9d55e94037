"""Volumes of the regions."""

import numpy as np
from numpy.typing import NDArray

from brats3d.grid import Grid
from brats3d.labels import LabelScheme, to_region_maps
from brats3d.vocabulary import REGIONS, Region


def volumes_ml(label_map: NDArray[np.uint8], grid: Grid, scheme: LabelScheme) -> dict[Region, float]:
    """Return each region's volume in millilitres.

    Args:
        label_map: (X, Y, Z), labels of `scheme`.
        grid: where it lies.
        scheme: what the labels mean.
    """
    maps = to_region_maps(label_map, scheme)
    return {region: int(np.count_nonzero(each)) * grid.voxel_ml for region, each in zip(REGIONS, maps, strict=True)}
