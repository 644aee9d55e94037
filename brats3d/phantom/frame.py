"""Where the head lies in a volume: the way between voxel indices and head millimetres.

Head millimetres are those of a standard head: origin at its centre, X across (0 is the midline), Y towards the back,
Z upwards. The voxel axes of BraTS run the same way (to the patient's left, back and top).
"""

from dataclasses import dataclass

import numpy as np

from brats3d.grid import Grid, Placement, Shape, Spacing
from brats3d.phantom.fields import Field, Lines

STANDARD_SHAPE: Shape = (240, 240, 155)
"""Voxels of 1 mm: the grid of the BraTS challenges (SRI24)."""
STANDARD_ORIGIN = (118.5, 128.0, 75.0)
"""The voxel of the head's centre there: middle of the mean brain outline of 62 BraTS patients."""
HEAD_BOX = ((-72.0, 72.0), (-90.0, 90.0), (-75.0, 68.0))
"""What a head needs along X, Y, Z in head millimetres, with room for one that is larger than the mean."""
COARSE_MM = 2.0
"""Anatomy is smooth enough to be computed on planes this far apart and refined linearly."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The part of a volume that the head needs, and its head coordinates."""

    box: tuple[slice, slice, slice]
    """The voxels of that part."""
    fine: Lines
    """Head millimetres of its voxel planes."""
    coarse: Lines
    """Planes over the same range, at most about `COARSE_MM` apart unless the voxels are."""
    voxel_mm: Spacing
    """Head millimetres from voxel to voxel; more than the spacing where the head is scaled down."""

    @property
    def widest_mm(self) -> float:
        """The largest of the voxel's edges in head millimetres."""
        return max(self.voxel_mm)


def frame_of(shape: Shape, spacing_mm: Spacing) -> Frame:
    """Return where the head lies: as in BraTS where there is room, scaled down along each axis where there is not."""
    axes = [axis_of(axis, shape[axis], spacing_mm[axis]) for axis in range(3)]
    boxes, fine, coarse, steps = zip(*axes, strict=True)
    return Frame(tuple(boxes), tuple(fine), tuple(coarse), tuple(steps))


def axis_of(axis: int, count: int, spacing_mm: float) -> tuple[slice, Field, Field, float]:
    """Return the box, the fine and coarse lines and the voxel's head millimetres along one axis."""
    low, high = HEAD_BOX[axis]
    view_mm = count * spacing_mm
    scale = min(1.0, view_mm / (high - low))
    wanted = (STANDARD_ORIGIN[axis] + 0.5) / STANDARD_SHAPE[axis] * view_mm
    origin = min(max(wanted, -low * scale), view_mm - high * scale)
    places = ((np.arange(count) + 0.5) * spacing_mm - origin) / scale
    chosen = np.flatnonzero((places >= low) & (places <= high))
    fine = places[chosen].astype(np.float32)
    step = spacing_mm / scale
    planes = len(fine) if step >= COARSE_MM else max(2, int(np.ceil((fine[-1] - fine[0]) / COARSE_MM)) + 1)
    coarse = fine if planes == len(fine) else np.linspace(fine[0], fine[-1], planes, dtype=np.float32)
    return slice(int(chosen[0]), int(chosen[-1]) + 1), fine, coarse, step


def phantom_grid(shape: Shape, spacing_mm: Spacing) -> Grid:
    """Return the grid of a made-up patient, placed as BraTS places its own.

    BraTS: affine diag(-1, -1, 1), origin (0, 239, 0) in RAS, both form codes 1, units millimetres.
    """
    origin = (0.0, (shape[1] - 1) * spacing_mm[1], 0.0)
    affine = np.diag([-spacing_mm[0], -spacing_mm[1], spacing_mm[2], 1.0])
    affine[:3, 3] = origin
    placement = Placement(
        sform_code=1,
        qform_code=1,
        srow=tuple(float(number) for number in affine[:3].ravel()),
        quaternion=(0.0, 0.0, 1.0),
        offset=origin,
        pixdim=(1.0, *spacing_mm),
        xyzt_units=2,
    )
    return Grid(shape, affine, placement)
