"""Label maps and probabilities as the bytes of NIfTI files: a fresh header that holds the grid and nothing else."""

import gzip
import io
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from brats3d.grid import Grid, Placement
from brats3d.vocabulary import REGIONS

NIFTI1_LONGEST_AXIS = 32767
COMPRESSION = 6
MAP_COMPRESSION = 1
"""Of maps, which are larger than masks: level 6 takes two and a half times as long for files a third smaller."""
MILLIMETRES = 2
"""The units byte of a grid that no file holds."""


def mask_bytes(label_map: NDArray[np.uint8], grid: Grid) -> bytes:
    """Return a mask as gzip-compressed NIfTI: equal label maps on equal grids give equal bytes.

    The header is NIfTI-1, or NIfTI-2 where an axis is too long for it. It is new: of the input it carries the fields
    that place it in space, as they stood there, so that a viewer lays one on the other; no text, no scaling.

    Args:
        label_map: (X, Y, Z) on `grid`.
        grid: the patient's own; without a placement, sform and qform are both written with code 1.

    Raises:
        ValueError: the shapes differ, or the array is not uint8.
    """
    if label_map.dtype != np.uint8 or label_map.shape != grid.shape:
        raise ValueError(f"a mask is uint8 {grid.shape}, not {label_map.dtype} {label_map.shape}")
    return packed_nifti(label_map, fresh_header(grid), COMPRESSION)


def map_bytes(values: NDArray[np.uint8], grid: Grid) -> bytes:
    """Return a map of all regions as gzip-compressed NIfTI, placed in space as `mask_bytes` places a mask.

    Args:
        values: (X, Y, Z, 3) on `grid`, 0 to 255.
        grid: the patient's own.

    Raises:
        ValueError: the shapes differ, or the array is not uint8.
    """
    shape = (*grid.shape, len(REGIONS))
    if values.dtype != np.uint8 or values.shape != shape:
        raise ValueError(f"a map is uint8 {shape}, not {values.dtype} {values.shape}")
    return packed_nifti(values, fresh_header(grid, shape), MAP_COMPRESSION)


def packed_nifti(voxels: NDArray[np.uint8], header: Any, level: int) -> bytes:
    """Return header and voxels as one gzip stream; equal input gives equal bytes."""
    packed = io.BytesIO()
    # GzipFile writes one and the same header on every platform; gzip.compress leaves a byte of it to the system.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=packed, mtime=0) as file:
        file.write(header.binaryblock)
        file.write(bytes(4))  # no extensions
        file.write(voxels.tobytes(order="F"))
    return packed.getvalue()


def fresh_header(grid: Grid, shape: tuple[int, ...] | None = None) -> Any:
    """Return the nibabel header of uint8 voxels on this grid, (X, Y, Z), or of a shape with a fourth axis."""
    make: Any = nib.Nifti2Header if max(grid.shape) > NIFTI1_LONGEST_AXIS else nib.Nifti1Header
    header = make(endianness="<")
    header.set_data_dtype(np.uint8)
    header.set_data_shape(shape or grid.shape)
    header["vox_offset"] = len(header.binaryblock) + 4
    # 1 and 0, not NaN: every reader takes this as "no scaling".
    header["scl_slope"], header["scl_inter"] = 1, 0
    if grid.placement is None:
        header.set_sform(grid.affine, code=1)
        header.set_qform(grid.affine, code=1)
        header["xyzt_units"] = MILLIMETRES
    else:
        place(header, grid.placement)
    return header


def place(header: Any, placement: Placement) -> None:
    """Write the fields that place a file in space, as they were read."""
    header["sform_code"], header["qform_code"] = placement.sform_code, placement.qform_code
    header["srow_x"], header["srow_y"], header["srow_z"] = (placement.srow[row : row + 4] for row in (0, 4, 8))
    header["quatern_b"], header["quatern_c"], header["quatern_d"] = placement.quaternion
    header["qoffset_x"], header["qoffset_y"], header["qoffset_z"] = placement.offset
    header["pixdim"][:4] = placement.pixdim
    header["xyzt_units"] = placement.xyzt_units
