"""A label map as the bytes of a NIfTI file: a fresh header that holds the grid and nothing else of the input."""

import gzip
import io
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from brats3d.grid import Grid, Placement

NIFTI1_LONGEST_AXIS = 32767
COMPRESSION = 6
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
    header = fresh_header(grid)
    packed = io.BytesIO()
    # GzipFile writes one and the same header on every platform; gzip.compress leaves a byte of it to the system.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=COMPRESSION, fileobj=packed, mtime=0) as file:
        file.write(header.binaryblock)
        file.write(bytes(4))  # no extensions
        file.write(label_map.tobytes(order="F"))
    return packed.getvalue()


def fresh_header(grid: Grid) -> Any:
    """Return the nibabel header of a mask on this grid."""
    make: Any = nib.Nifti2Header if max(grid.shape) > NIFTI1_LONGEST_AXIS else nib.Nifti1Header
    header = make(endianness="<")
    header.set_data_dtype(np.uint8)
    header.set_data_shape(grid.shape)
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
