"""Islands: connected parts of a region that are too small, or that the network is too unsure of."""

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import Islands
from brats3d.predict.parts import parts_of
from brats3d.vocabulary import REGIONS


def drop_islands(
    regions: NDArray[np.bool_], probabilities: NDArray[np.float32], islands: Islands, voxel_ml: float
) -> None:
    """Clear in place the parts of each region that a bundle's rule drops, from the outermost region inwards.

    What is cleared in a region is cleared in those inside it; of what is cleared in an inner one the outer keeps the
    voxels, so that a dropped part of ET is necrosis and a dropped part of TC is oedema.

    Args:
        regions: (3, X, Y, Z), each inside the one before; changed in place, and so they stay.
        probabilities: (3, X, Y, Z), 0 to 1.
        islands: the rule.
        voxel_ml: millilitres a voxel.
    """
    for index, region in enumerate(REGIONS):
        if index:
            regions[index] &= regions[index - 1]
        smallest, least = islands.smallest_ml[region], islands.least_probability[region]
        if smallest or least:
            keep_parts(regions[index], probabilities[index], smallest, least, voxel_ml)


def keep_parts(
    region_map: NDArray[np.bool_], probability: NDArray[np.float32], smallest_ml: float, least: float, voxel_ml: float
) -> None:
    """Clear in place the parts of one region that are smaller, or whose mean probability is lower.

    Args:
        region_map: (X, Y, Z), changed in place.
        probability: (X, Y, Z), 0 to 1.
        smallest_ml: millilitres; a part of exactly this much stays.
        least: a part of exactly this mean stays; the largest part of the region stays whatever its mean. Of several
            equally large it is the one that begins first in memory.
        voxel_ml: millilitres a voxel.
    """
    parts = parts_of(region_map)
    if parts is None:
        return
    is_sure = parts.sums(probability) / parts.voxels >= least
    is_sure[parts.voxels.argmax()] = True
    stays = np.concatenate([[False], is_sure & (parts.voxels * voxel_ml >= smallest_ml)])
    if not stays[1:].all():
        region_map[parts.box] = stays[parts.labels]
