"""Judge a NIfTI header before anything is allocated for what it claims."""

import math
from dataclasses import dataclass

import numpy as np

from brats3d.cases.content import no_nifti
from brats3d.cases.placement import judge_placement
from brats3d.cases.remarks import warning
from brats3d.errors import Finding, bad_input
from brats3d.grid import Grid

HEADER_BYTES = 544
"""Enough for either version with its extension flag."""
MAX_VOXELS = 512**3
MAX_EXTENSION_BYTES = 16 << 20

DATA_TYPES: dict[int, str] = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
"""NIfTI datatype codes that are read, and their numpy names."""

OTHER_TYPES: dict[int, str] = {
    0: "none", 1: "one bit a voxel", 32: "complex numbers", 128: "RGB colour", 1536: "16-byte floats",
    1792: "complex numbers", 2048: "complex numbers", 2304: "RGBA colour",
}  # fmt: skip
"""Datatype codes that exist and are refused: no one number a voxel, or one that depends on the machine."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the format: where its fields stand."""

    number: int
    sizeof_hdr: int
    magic: bytes
    pair_magic: bytes
    fields: tuple[tuple[str, str, int], ...]
    """Name, numpy format with `{}` for the byte order, offset."""

    @property
    def first_voxel(self) -> int:
        """The smallest `vox_offset`: the header and its extension flag."""
        return self.sizeof_hdr + 4

    def dtype(self, order: str) -> np.dtype[np.void]:
        """Return where the fields stand in one byte order, `<` or `>`."""
        return np.dtype(
            {
                "names": [name for name, _, _ in self.fields],
                "formats": [form.format(order) for _, form, _ in self.fields],
                "offsets": [offset for _, _, offset in self.fields],
                "itemsize": self.sizeof_hdr,
            }
        )

    def parse(self, start: bytes, order: str) -> np.void:
        """Return the header's fields in one byte order, `<` or `>`."""
        header: np.void = np.frombuffer(start[: self.sizeof_hdr], DTYPES[self.number, order])[0]
        return header


NIFTI_1 = Version(1, 348, b"n+1", b"ni1", (
    ("dim", "(8,){}i2", 40), ("datatype", "{}i2", 70), ("bitpix", "{}i2", 72), ("pixdim", "(8,){}f4", 76),
    ("vox_offset", "{}f4", 108), ("scl_slope", "{}f4", 112), ("scl_inter", "{}f4", 116), ("xyzt_units", "{}u1", 123),
    ("qform_code", "{}i2", 252), ("sform_code", "{}i2", 254), ("quatern", "(3,){}f4", 256),
    ("qoffset", "(3,){}f4", 268),
    ("srow", "(12,){}f4", 280), ("magic", "S4", 344),
))  # fmt: skip
NIFTI_2 = Version(2, 540, b"n+2\0\r\n\x1a\n", b"ni2\0\r\n\x1a\n", (
    ("magic", "S8", 4), ("datatype", "{}i2", 12), ("bitpix", "{}i2", 14), ("dim", "(8,){}i8", 16),
    ("pixdim", "(8,){}f8", 104),
    ("vox_offset", "{}i8", 168), ("scl_slope", "{}f8", 176), ("scl_inter", "{}f8", 184), ("qform_code", "{}i4", 344),
    ("sform_code", "{}i4", 348), ("quatern", "(3,){}f8", 352), ("qoffset", "(3,){}f8", 376), ("srow", "(12,){}f8", 400),
    ("xyzt_units", "{}i4", 500),
))  # fmt: skip
# Made once, here: numpy reads "(8,)" with Python's own parser, and that of Python 3.11 fails at random (SystemError)
# where two threads are in it.
DTYPES = {(version.number, order): version.dtype(order) for version in (NIFTI_1, NIFTI_2) for order in "<>"}


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a header says, once it has been believed."""

    version: Version
    order: str
    """Byte order: `<` or `>`."""
    shape: tuple[int, ...]
    """(X, Y, Z), or (X, Y, Z, C) where channels were asked for."""
    dtype: np.dtype[np.generic]
    """As stored, in the file's byte order."""
    vox_offset: int
    need: int
    """The exact length of the decoded file in bytes."""
    slope: float
    intercept: float
    grid: Grid
    findings: tuple[Finding, ...]


def judge_header(start: bytes, name: str, *, is_inflated: bool = False, channels: int | None = None) -> Judged:
    """Return what a header says, or refuse it.

    Args:
        start: the first bytes of the decoded file, 544 of them where there are so many.
        name: what messages call the file.
        is_inflated: whether the bytes came out of a gzip stream.
        channels: how many entries the fourth axis must have; None for one volume.

    Raises:
        BadInput: no NIfTI header, or one that is damaged, in doubt or claims too much.
    """
    version, order = _recognise(start, name, is_inflated=is_inflated)
    if len(start) < version.first_voxel:
        raise bad_input("truncated", name, f"ends early, within its header ({len(start)} bytes)", "fetch it again")
    header = version.parse(start, order)
    _judge_magic(header, version, name)
    dtype = _judge_type(header, order, name)
    shape = _judge_shape(header, name, channels)
    vox_offset = _judge_offset(header, version, name)
    findings: list[Finding] = []
    if int(header["bitpix"]) != dtype.itemsize * 8:
        fault = f"bitpix says {int(header['bitpix'])} bits per voxel where the data type has {dtype.itemsize * 8}"
        findings.append(warning("bitpix", name, fault, "the data type is used"))
    slope, intercept = _judge_scaling(header, name, findings)
    grid = judge_placement(header, (shape[0], shape[1], shape[2]), name, findings)
    need = vox_offset + math.prod(shape) * dtype.itemsize
    return Judged(version, order, shape, dtype, vox_offset, need, slope, intercept, grid, tuple(findings))


def _recognise(start: bytes, name: str, *, is_inflated: bool) -> tuple[Version, str]:
    for version in (NIFTI_1, NIFTI_2):
        if start[:4] == version.sizeof_hdr.to_bytes(4, "little"):
            return version, "<"
        if start[:4] == version.sizeof_hdr.to_bytes(4, "big"):
            return version, ">"
    if start[344:347] in (b"n+1", b"ni1") or start[4:7] in (b"n+2", b"ni2"):
        size = int.from_bytes(start[:4], "little", signed=True)
        fault = f"its header is damaged: sizeof_hdr is {size} where 348 or 540 belongs"
        raise bad_input("header-damaged", name, fault, "fetch or convert it again")
    raise no_nifti(start, name, is_inflated=is_inflated)


def _judge_magic(header: np.void, version: Version, name: str) -> None:
    magic = bytes(header["magic"])
    if magic == version.magic:
        return
    if magic == version.pair_magic:
        fault = "its magic says that the voxels are in another file (a .hdr/.img pair)"
        raise bad_input("pair", name, fault, "convert the pair to one .nii.gz")
    fault = "is not a NIfTI image: the magic in its header is wrong (damaged, sent as text, or Analyze 7.5)"
    raise bad_input("not-nifti", name, fault, "fetch or convert it again")


def _judge_type(header: np.void, order: str, name: str) -> np.dtype[np.generic]:
    code = int(header["datatype"])
    if code not in DATA_TYPES:
        what = OTHER_TYPES.get(code, "unknown")
        fault = f"data type {code} ({what}) cannot be used"
        raise bad_input("data-type", name, fault, "convert it to integers or 32-bit floats")
    return np.dtype(order + DATA_TYPES[code])


def _judge_shape(header: np.void, name: str, channels: int | None) -> tuple[int, ...]:
    dim = [int(each) for each in header["dim"]]
    if not 1 <= dim[0] <= 7:
        fault = f"its header is damaged: dim[0] is {dim[0]} where 1 to 7 dimensions are possible"
        raise bad_input("dimensions", name, fault, "fetch it again")
    for axis in range(1, dim[0] + 1):
        if dim[axis] < 1:
            raise bad_input(
                "dimensions", name, f"its shape is impossible: dim[{axis}] is {dim[axis]}", "fetch it again"
            )
    shape = tuple(dim[1 : dim[0] + 1])
    if math.prod(shape) > MAX_VOXELS:
        fault = f"claims {' x '.join(map(str, shape))} voxels, which is too large (the limit is 512 x 512 x 512)"
        raise bad_input("too-large", name, fault, "check the header, or crop the image")
    if len(shape) < 3:
        raise bad_input(
            "dimensions", name, f"is {len(shape)}-D (one picture, no volume)", "give a volume of three dimensions"
        )
    return _squeezed(shape, name, channels)


def _squeezed(shape: tuple[int, ...], name: str, channels: int | None) -> tuple[int, ...]:
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if channels is None:
        if len(shape) > 3:
            fault = f"is {len(shape)}-D with {' x '.join(map(str, shape))} values: several volumes or time points"
            raise bad_input("dimensions", name, fault, "give one volume of three dimensions")
        return shape
    full = (*shape, 1) if len(shape) == 3 else shape
    if len(full) != 4 or full[3] != channels:
        fault = f"has shape {full} where dataset.json names {channels} volumes along a fourth dimension"
        raise bad_input("dimensions", name, fault, "check dataset.json, or fetch the image again")
    return full


def _judge_offset(header: np.void, version: Version, name: str) -> int:
    claimed = float(header["vox_offset"])
    least = version.first_voxel
    if not math.isfinite(claimed) or claimed != math.floor(claimed) or claimed < least:
        fault = f"its header is damaged: vox_offset is {claimed:g} where a whole number from {least} belongs"
        raise bad_input("vox-offset", name, fault, "fetch or convert it again")
    if claimed > least + MAX_EXTENSION_BYTES:
        fault = f"vox_offset is {claimed:.0f}: the header extension is too large (the limit is 16 MiB)"
        raise bad_input("vox-offset", name, fault, "save it again without the extension")
    return int(header["vox_offset"])


def _judge_scaling(header: np.void, name: str, findings: list[Finding]) -> tuple[float, float]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not math.isfinite(slope):
        fault = f"scl_slope is {slope} (a scaling that is no number)"
        findings.append(warning("slope", name, fault, "the stored values are used as they are"))
        return 1.0, 0.0
    if slope == 0:
        return 1.0, 0.0
    if not math.isfinite(intercept):
        fault = f"scl_inter is {intercept}: the scaling has no meaning"
        raise bad_input("intercept", name, fault, "correct the header, or convert it again")
    return slope, intercept


def judge_extensions(raw: bytes | bytearray, judged: Judged, name: str) -> None:
    """Refuse header extensions that do not fit between header and voxels.

    Args:
        raw: the decoded file, at least up to `vox_offset`.
        judged: its header.
        name: what messages call the file.

    Raises:
        BadInput: an extension says a length that cannot be.
    """
    at = judged.version.first_voxel
    if not raw[at - 4]:
        return
    while judged.vox_offset - at >= 8:
        size = int.from_bytes(raw[at : at + 4], "little" if judged.order == "<" else "big", signed=True)
        if size == 0 and not any(raw[at : judged.vox_offset]):
            return
        if size < 8 or at + size > judged.vox_offset:
            fault = f"its header is damaged: an extension of {size} bytes does not fit before the voxels"
            raise bad_input("extension", name, fault, "fetch it again, or save it without the extension")
        at += size
