"""Small true patients on disk: 24 x 22 x 20 voxels as real NIfTI files, written by nibabel."""

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

SHAPE = (24, 22, 20)
BRATS_AFFINE = np.array([[-1.0, 0, 0, 0], [0, -1, 0, 21], [0, 0, 1, 0], [0, 0, 0, 1]])
KINDS = ("t1", "t1ce", "t2", "flair")


def brain(seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> NDArray[np.int16]:
    """Return (X, Y, Z): grey values within an ellipsoid, 0 outside."""
    axes = np.meshgrid(*(np.linspace(-1, 1, count) for count in shape), indexing="ij")
    inside = sum(axis**2 for axis in axes) < 0.8
    values = np.random.default_rng(seed).integers(100, 1000, shape)
    return np.where(inside, values, 0).astype(np.int16)


def nifti_bytes(
    array: NDArray[Any], affine: Any = BRATS_AFFINE, *, form: Any = nib.Nifti1Image, order: str = "<"
) -> bytes:
    """Return an uncompressed NIfTI file with equal sform and qform in millimetres."""
    header = form.header_class(endianness=order)
    image = form(array, affine, header, dtype=array.dtype)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    image.header.set_xyzt_units("mm")
    return bytes(image.to_bytes())


def edited(raw: bytes, **fields: Any) -> bytes:
    """Return a NIfTI-1 file with other header fields: `field=value` or `field={index: value}`."""
    header = np.frombuffer(raw[:348], nib.nifti1.header_dtype).copy()
    for field, value in fields.items():
        for index, item in value.items() if isinstance(value, dict) else [(..., value)]:
            header[field][0, index] = item
    return bytes(header.tobytes()) + raw[348:]


def write_image(path: Path, array: NDArray[Any], affine: Any = BRATS_AFFINE) -> None:
    """Write an image, compressed where the name says so."""
    raw = nifti_bytes(array, affine)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(raw, 1, mtime=0) if path.name.lower().endswith("gz") else raw)


def reference_labels(enhancing: int = 4) -> NDArray[np.uint8]:
    """Return (X, Y, Z): a small tumour in the middle of the brain."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[8:16, 8:16, 8:14] = 2
    labels[10:14, 10:14, 9:12] = enhancing
    labels[11:13, 11:13, 10:11] = 1
    return labels


def write_patient(folder: Path, names: str = "{id}_{kind}.nii.gz", kinds: tuple[str, ...] = KINDS) -> Path:
    """Write a sound patient whose modalities are called by `kinds`, in our order, and return the folder."""
    for seed, kind in enumerate(kinds):
        write_image(folder / names.format(id=folder.name, kind=kind), brain(seed))
    return folder
