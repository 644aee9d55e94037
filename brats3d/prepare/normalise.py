"""The z-score of a modality over its own foreground, with outliers bent back to its percentiles."""

import numpy as np
from numpy.typing import NDArray


def percentile_limits(values: NDArray[np.float32], percentiles: tuple[float, float]) -> tuple[float, float]:
    """Return the values at two percentiles, taken as the nearest value that occurs.

    Args:
        values: (N,), at least one.
        percentiles: low and high, 0 to 100.

    Returns:
        The two values; a partition finds them without sorting everything.
    """
    last = values.size - 1
    low, high = (round(last * percentile / 100) for percentile in percentiles)
    parted = np.partition(values, (low, high))
    return float(parted[low]), float(parted[high])


def z_score(volume: NDArray[np.float32], percentiles: tuple[float, float]) -> NDArray[np.float32]:
    """Return one modality with mean 0 and deviation 1 over its non-zero voxels; zeros stay 0.

    Values are first bent back to the percentiles given, so that one hot voxel cannot flatten a whole brain.
    Statistics are taken in float64: squares of large values overflow float32.

    Args:
        volume: (X, Y, Z).
        percentiles: low and high, 0 to 100, of the non-zero voxels.

    Returns:
        (X, Y, Z); all 0 where the modality holds a single value.
    """
    inside = volume != 0
    values = volume[inside]
    result = np.zeros(volume.shape, np.float32)
    if values.size:
        clipped = np.clip(values, *percentile_limits(values, percentiles)).astype(np.float64)
        deviation = clipped.std()
        if deviation > 0:
            result[inside] = (clipped - clipped.mean()) / deviation
    return result
