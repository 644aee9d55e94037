"""Where the brain is: every voxel that differs from 0 in any modality, and the smallest box around it."""

import numpy as np
from numpy.typing import NDArray

from brats3d.grid import Box, box_of


def foreground(volumes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where any modality differs from 0.

    Args:
        volumes: (M, X, Y, Z), 0 outside the brain.

    Returns:
        (X, Y, Z).
    """
    inside = np.zeros(volumes.shape[1:], np.bool_)
    for volume in volumes:
        inside |= volume != 0
    return inside


def brain_box(inside: NDArray[np.bool_]) -> Box:
    """Return the smallest box that holds the foreground.

    Args:
        inside: the foreground, (X, Y, Z).

    Returns:
        Half-open voxel ranges along X, Y, Z.

    Raises:
        ValueError: no voxel is foreground.
    """
    box = box_of(inside)
    if box is None:
        raise ValueError("no voxel of any modality differs from 0")
    return box
