"""The grid of a volume: shape and affine together, and how a file writes them down."""

from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]
Box = tuple[slice, slice, slice]
"""Half-open voxel ranges along X, Y, Z."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The raw NIfTI header fields that place a file in space, kept so that a mask can carry the very same."""

    sform_code: int
    """0 where the file has no sform."""
    qform_code: int
    """0 where the file has no qform."""
    srow: tuple[float, ...]
    """The 12 numbers of srow_x, srow_y, srow_z."""
    quaternion: tuple[float, float, float]
    """quatern_b, quatern_c, quatern_d."""
    offset: tuple[float, float, float]
    """qoffset_x, qoffset_y, qoffset_z in millimetres."""
    pixdim: tuple[float, float, float, float]
    """qfac and the spacing in millimetres along X, Y, Z."""
    xyzt_units: int
    """The units byte."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """What two files must share to lie voxel on voxel."""

    shape: Shape
    """Voxels along X, Y, Z."""
    affine: NDArray[np.float64]
    """(4, 4), voxel index to RAS millimetres."""
    placement: Placement | None = field(default=None)
    """The header fields it came from; None for a grid that no file holds."""

    @property
    def spacing_mm(self) -> Spacing:
        """Voxel size along X, Y, Z in millimetres."""
        lengths = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        return (float(lengths[0]), float(lengths[1]), float(lengths[2]))

    @property
    def voxel_ml(self) -> float:
        """The volume of one voxel in millilitres."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    def corners_mm(self) -> NDArray[np.float64]:
        """Return the RAS millimetres (8, 3) of the centres of the corner voxels."""
        indices = np.array(list(product(*((0, n - 1) for n in self.shape))), dtype=np.float64)
        return np.asarray(indices @ self.affine[:3, :3].T + self.affine[:3, 3])


def corner_shift_mm(one: Grid, other: Grid) -> float:
    """Return the largest distance in millimetres between equal corner voxels of two grids of one shape.

    Corners are compared, not affine entries: an entry off by 0.001 is 0.24 mm at the far corner of a BraTS volume.

    Raises:
        ValueError: the shapes differ.
    """
    if one.shape != other.shape:
        raise ValueError(f"grids of shape {one.shape} and {other.shape} have no common corners")
    return float(np.sqrt(((one.corners_mm() - other.corners_mm()) ** 2).sum(axis=1)).max())


def box_of(inside: NDArray[np.bool_]) -> Box | None:
    """Return the smallest box that holds all true voxels of a map (X, Y, Z); None where there are none."""
    plane = np.asarray(inside.any(axis=2))
    if not plane.any():
        return None
    filled = [np.flatnonzero(profile) for profile in (plane.any(axis=1), plane.any(axis=0), inside.any(axis=(0, 1)))]
    x, y, z = (slice(int(places[0]), int(places[-1]) + 1) for places in filled)
    return (x, y, z)
