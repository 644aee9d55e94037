"""Where a NIfTI header places its voxels: sform, qform, spacing, units."""

import math

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.remarks import warning
from brats3d.errors import BadInput, Finding, bad_input
from brats3d.grid import Grid, Placement, Shape, corner_shift_mm

Affine = NDArray[np.float64]

SFORM_QFORM_MM = 0.5
"""Both set: the largest corner shift that passes in silence. A float32 qform near a half turn is off by 0.32 mm."""
PIXDIM_SHARE = 0.01
LEAST_VOLUME_SHARE = 1e-3
"""Below this share of a cuboid's volume, an affine has lost an axis."""
MOST_SHEAR = 0.02
"""Cosine between two axes up to which they count as square (1.1 degrees)."""
FARTHEST_MM = 1e6
QUATERNION_SLACK = 1e-5
HALF_TURN = 3 * float(np.finfo(np.float32).eps)
"""A quaternion this near length 1 is a half turn, as nibabel (`quaternions.fillpositive`) has it."""
FORM_CODES = range(6)
SINGLE = np.finfo(np.float32)
MILLIMETRE, UNITS = 2, {1: "metres", 3: "micrometres"}


def judge_placement(header: np.void, shape: Shape, name: str, findings: list[Finding]) -> Grid:
    """Return the grid a header describes; warnings go into `findings`.

    The sform wins over the qform. Where both codes are 0 the affine is diagonal, LPS, from the spacing alone (as ITK
    takes it and BraTS stores it); `is_placed` tells such grids apart.

    Raises:
        BadInput: left and right, the spacing or the position are in doubt.
    """
    placement = _placement(header)
    spacing = _judge_spacing(placement, name)
    _judge_units(placement, name, findings)
    for form, code in (("sform_code", placement.sform_code), ("qform_code", placement.qform_code)):
        if code not in FORM_CODES:
            raise _bad_place(name, f"{form} is {code}, which does not exist")
    sform = _sform(placement, name) if placement.sform_code else None
    qform = _qform(placement, name) if placement.qform_code else None
    if sform is not None and qform is not None:
        _judge_both(Grid(shape, sform), Grid(shape, qform), name, findings)
    elif sform is not None:
        _judge_lengths(Grid(shape, sform), spacing, name, findings)
    affine = sform if sform is not None else qform
    if affine is None:
        affine = np.diag([-spacing[0], -spacing[1], spacing[2], 1.0])
    grid = Grid(shape, affine, placement)
    _judge_shear(grid, name, findings)
    return grid


def is_placed(grid: Grid) -> bool:
    """Return whether a grid's file says where it lies; False where both form codes are 0."""
    return grid.placement is None or bool(grid.placement.sform_code or grid.placement.qform_code)


def _placement(header: np.void) -> Placement:
    pixdim = [float(each) for each in header["pixdim"]]
    quaternion, offset = ([float(each) for each in header[field]] for field in ("quatern", "qoffset"))
    return Placement(
        sform_code=int(header["sform_code"]),
        qform_code=int(header["qform_code"]),
        srow=tuple(float(each) for each in header["srow"]),
        quaternion=(quaternion[0], quaternion[1], quaternion[2]),
        offset=(offset[0], offset[1], offset[2]),
        pixdim=(pixdim[0], pixdim[1], pixdim[2], pixdim[3]),
        xyzt_units=int(header["xyzt_units"]),
    )


def _bad_place(name: str, fault: str) -> BadInput:
    return bad_input("placement", name, f"its affine cannot be trusted: {fault}", "convert it again from the source")


def _judge_spacing(placement: Placement, name: str) -> tuple[float, float, float]:
    for axis, length in enumerate(placement.pixdim[1:], start=1):
        if not SINGLE.tiny <= length <= SINGLE.max:  # else a mask, which is NIfTI-1, could not say it
            fault = f"its voxel size is impossible: pixdim[{axis}] is {length:g}"
            remedy = "correct the header from the source: left and right may be in doubt"
            raise bad_input("spacing", name, fault, remedy)
    return placement.pixdim[1:]


def _judge_units(placement: Placement, name: str, findings: list[Finding]) -> None:
    if not 0 <= placement.xyzt_units <= 255:
        fault = f"its header is damaged: xyzt_units is {placement.xyzt_units} where one byte belongs"
        raise bad_input("units", name, fault, "fetch or convert it again")
    unit = placement.xyzt_units & 7
    if unit in UNITS:
        fault = f"its header gives lengths in {UNITS[unit]}, which readers understand differently"
        raise bad_input("units", name, fault, "save it with a spacing in millimetres")
    if unit not in (0, MILLIMETRE):
        findings.append(warning("units", name, f"unit code {unit} does not exist", "lengths are taken as millimetres"))


def _sform(placement: Placement, name: str) -> Affine:
    affine = np.vstack([np.reshape(placement.srow, (3, 4)), [0.0, 0.0, 0.0, 1.0]])
    return _sound(affine, "sform", name)


def _qform(placement: Placement, name: str) -> Affine:
    """Return the affine of the quaternion (b, c, d), as the NIfTI-1 standard (nifti1.h, method 2) has it."""
    b, c, d = placement.quaternion
    if not all(map(math.isfinite, (b, c, d, placement.pixdim[0]))):
        raise _bad_place(name, "the quaternion of its qform is no number")
    square = b * b + c * c + d * d
    if square > 1 + QUATERNION_SLACK:
        raise _bad_place(name, f"the quaternion of its qform is longer than 1 ({math.sqrt(square):g})")
    if 1 - square < HALF_TURN:
        a, (b, c, d) = 0.0, (part / math.sqrt(square) for part in (b, c, d))
    else:
        a = math.sqrt(1 - square)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    side = -1.0 if placement.pixdim[0] < 0 else 1.0
    affine = np.eye(4)
    affine[:3, :3] = rotation * (np.array(placement.pixdim[1:]) * (1.0, 1.0, side))
    affine[:3, 3] = placement.offset
    return _sound(affine, "qform", name)


def _sound(affine: Affine, form: str, name: str) -> Affine:
    if not np.isfinite(affine).all():
        raise _bad_place(name, f"its {form} holds a value that is no number")
    if np.abs(affine).max() > FARTHEST_MM:
        raise _bad_place(name, f"its {form} places it more than a kilometre away")
    lengths = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    if lengths.min() < 1e-6 or abs(np.linalg.det(affine[:3, :3] / lengths)) < LEAST_VOLUME_SHARE:
        raise _bad_place(name, f"its {form} is singular: a whole axis falls on one point or line")
    return affine


def _judge_both(sform: Grid, qform: Grid, name: str, findings: list[Finding]) -> None:
    if np.linalg.det(sform.affine[:3, :3]) * np.linalg.det(qform.affine[:3, :3]) < 0:
        raise _bad_place(name, "sform and qform are mirror images of each other, so left and right are in doubt")
    shift = corner_shift_mm(sform, qform)
    if shift > SFORM_QFORM_MM:
        fault = f"its sform and qform lie {shift:.2f} mm apart"
        findings.append(warning("forms-differ", name, fault, "the sform is used"))


def _judge_lengths(sform: Grid, spacing: tuple[float, float, float], name: str, findings: list[Finding]) -> None:
    lengths = sform.spacing_mm
    if any(abs(said - found) > PIXDIM_SHARE * found for said, found in zip(spacing, lengths, strict=True)):
        said, found = (" x ".join(f"{each:.4g}" for each in sizes) for sizes in (spacing, lengths))
        fault = f"pixdim says a voxel size of {said} mm, its sform {found} mm"
        findings.append(warning("spacing-differs", name, fault, "the sform is used"))


def _judge_shear(grid: Grid, name: str, findings: list[Finding]) -> None:
    axes = grid.affine[:3, :3] / np.array(grid.spacing_mm)
    cosines = np.abs(axes.T @ axes - np.eye(3))
    if cosines.max() > MOST_SHEAR:
        fault = f"the axes of its affine are not square (cosine {cosines.max():.2f})"
        findings.append(warning("sheared", name, fault, "lengths are measured along each axis"))
