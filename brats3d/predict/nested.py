"""Region maps of probabilities: thresholds, and each region inside the one before."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from brats3d.vocabulary import REGIONS, Region


def nested(probabilities: NDArray[np.float32], thresholds: Mapping[Region, float]) -> NDArray[np.bool_]:
    """Return region maps in which each region lies inside the one before.

    An inner region draws the outer ones with it: where enhancing tumour is found outside the core, it is core too.

    Args:
        probabilities: (3, X, Y, Z).
        thresholds: one for each region.

    Returns:
        (3, X, Y, Z).
    """
    whole, core, enhancing = (
        probability > np.float32(thresholds[region]) for region, probability in zip(REGIONS, probabilities, strict=True)
    )
    core |= enhancing
    whole |= core
    return np.stack([whole, core, enhancing])
