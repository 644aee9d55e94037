"""Where the brain is: every voxel that differs from 0 in any modality, and the smallest box around it."""

import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, slice, slice]
"""Half-open voxel ranges along X, Y, Z."""


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
    plane = np.asarray(inside.any(axis=2))
    filled = [np.flatnonzero(profile) for profile in (plane.any(axis=1), plane.any(axis=0), inside.any(axis=(0, 1)))]
    if any(indices.size == 0 for indices in filled):
        raise ValueError("no voxel of any modality differs from 0")
    low_high = [slice(int(indices[0]), int(indices[-1]) + 1) for indices in filled]
    return (low_high[0], low_high[1], low_high[2])
