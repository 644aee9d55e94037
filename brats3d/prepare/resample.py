"""Linear resampling between spacings, there and back, over the same extent in millimetres."""

import numpy as np
from numpy.typing import NDArray

from brats3d.grid import Shape, Spacing

NEAR_TARGET = (0.9, 1.1)
"""A spacing within this range of the target (as a ratio, ends in) is left as it is."""


def needs_resampling(spacing_mm: Spacing, target_mm: float) -> bool:
    """Return whether any axis is too far from the target spacing.

    >>> needs_resampling((1.0, 1.0, 1.05), 1.0), needs_resampling((1.0, 1.0, 5.0), 1.0)
    (False, True)
    """
    return any(not NEAR_TARGET[0] <= spacing / target_mm <= NEAR_TARGET[1] for spacing in spacing_mm)


def resampled_shape(shape: Shape, spacing_mm: Spacing, target_mm: float) -> Shape:
    """Return how many voxels of the target spacing cover the same extent, at least one an axis."""
    x, y, z = (max(1, round(n * spacing / target_mm)) for n, spacing in zip(shape, spacing_mm, strict=True))
    return (x, y, z)


def resample(volume: NDArray[np.float32], shape: Shape) -> NDArray[np.float32]:
    """Return a volume interpolated linearly onto another number of voxels over the same extent.

    Args:
        volume: (X, Y, Z).
        shape: voxels wanted along X, Y, Z.

    Returns:
        (X, Y, Z) of `shape`. Voxel edges, not centres, of the first and last voxels coincide.
    """
    import SimpleITK as sitk  # takes a moment to import, and most patients are at 1 mm

    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.T))
    step = [old / new for old, new in zip(volume.shape, shape, strict=True)]
    origin = [(each - 1) / 2 for each in step]
    identity = sitk.Transform()  # type: ignore[no-untyped-call]
    moved = sitk.Resample(image, list(shape), identity, sitk.sitkLinear, origin, step)
    return np.ascontiguousarray(sitk.GetArrayFromImage(moved).T)
