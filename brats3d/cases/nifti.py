"""Read a NIfTI file and prove that the read is whole; libraries accept damaged ones without a word."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.file_bytes import read_bytes, read_start
from brats3d.cases.gzip_stream import GZIP_MAGIC, EndsEarly, GzipStream, StreamFault
from brats3d.cases.header import HEADER_BYTES, Judged, judge_extensions, judge_header
from brats3d.cases.remarks import warning
from brats3d.errors import BadInput, Finding, bad_input
from brats3d.grid import Grid

LOG = logging.getLogger(__name__)
LOOK_AHEAD_BYTES = 64 << 20
"""How far a stream with an impossible image in it is searched for the damage that would explain it."""
START_BYTES = 1 << 16
"""Bytes of a file that hold its header, compressed or not, unless its gzip fields are absurd."""


@dataclass(frozen=True, slots=True, eq=False)
class ProvenImage:
    """An image built from bytes that were proven whole."""

    stored: NDArray[Any]
    """(X, Y, Z), or (X, Y, Z, C) where channels were asked for; as stored, native byte order, read-only."""
    slope: float
    """Real value = slope * stored + intercept."""
    intercept: float
    grid: Grid
    """With the placement of the file."""
    sha256: str
    """Of the file's bytes, as they lie on the disk."""
    size_bytes: int
    """Of the file."""
    findings: tuple[Finding, ...]
    """Warnings."""

    def voxels(self) -> NDArray[np.float32]:
        """Return the real values in the shape of `stored`, in the file's axis order (the first runs fastest)."""
        values = np.empty(self.stored.shape[::-1], np.float32).T
        write_real_values(self.stored, self.slope, self.intercept, values)
        return values


def write_real_values(stored: NDArray[Any], slope: float, intercept: float, values: NDArray[np.float32]) -> None:
    """Write `slope * stored + intercept` into `values` of the same shape; computed in float64, slice by slice.

    What float32 cannot hold becomes infinite, which the checks of the values find.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if slope == 1 and intercept == 0:
            np.copyto(values, stored, casting="unsafe")
            return
        for index in range(stored.shape[-1]):
            values[..., index] = stored[..., index].astype(np.float64) * slope + intercept


def read_nifti(path: Path, name: str, *, channels: int | None = None) -> ProvenImage:
    """Return the image in a file, proven whole.

    Args:
        path: a `.nii` or `.nii.gz` file, or a folder of such a name that holds exactly one.
        name: how messages call the file.
        channels: how many entries the fourth axis must have; None for one volume.

    Raises:
        BadInput: the file cannot be read, or its image is damaged, in doubt or too large.
    """
    image = decode_nifti(read_bytes(path, name), name, channels=channels)
    LOG.info("%s: read whole, %d bytes, SHA-256 %s", name, image.size_bytes, image.sha256)
    return image


def decode_nifti(data: bytes, name: str, *, channels: int | None = None) -> ProvenImage:
    """Return the image that a file's bytes hold, proven whole; errors and arguments as `read_nifti`."""
    if not data:
        raise bad_input("empty-file", name, "is empty (0 bytes)", "fetch it again")
    is_gzip = data[:2] == GZIP_MAGIC
    raw: bytes | bytearray
    findings = _judge_name(name, is_gzip=is_gzip)
    if is_gzip:
        raw, judged, more = _inflate(data, name, channels)
        findings += more
    else:
        raw, judged = data, judge_header(data[:HEADER_BYTES], name, channels=channels)
        _judge_length(len(raw), judged, name)
    judge_extensions(raw, judged, name)
    count = int(np.prod(judged.shape))
    stored = np.frombuffer(raw, judged.dtype, count, judged.vox_offset).reshape(judged.shape, order="F")
    stored = stored.astype(judged.dtype.newbyteorder("="), copy=False)
    stored.flags.writeable = False
    return ProvenImage(
        stored=stored,
        slope=judged.slope,
        intercept=judged.intercept,
        grid=judged.grid,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        findings=(*findings, *judged.findings),
    )


def read_grid(path: Path, name: str, *, channels: int | None = None) -> tuple[Grid, tuple[Finding, ...]]:
    """Return the grid that a file's header describes, and warnings; the voxels are neither read nor proven.

    Raises:
        BadInput: the file cannot be opened, or its header is refused.
    """
    data = read_start(path, name, START_BYTES)
    is_gzip = data[:2] == GZIP_MAGIC
    start = _first_bytes(data, name) if is_gzip else data[:HEADER_BYTES]
    judged = judge_header(start, name, is_inflated=is_gzip, channels=channels)
    return judged.grid, (*_judge_name(name, is_gzip=is_gzip), *judged.findings)


def _first_bytes(data: bytes, name: str) -> bytes:
    start = bytearray()
    try:
        for piece in GzipStream(data).pieces():
            start += piece
            if len(start) >= HEADER_BYTES:
                break
    except StreamFault as fault:
        if len(start) < HEADER_BYTES:
            raise _refusal(fault, name, len(start), None) from fault
    if not start:
        raise _empty(name)
    return bytes(start[:HEADER_BYTES])


def _judge_name(name: str, *, is_gzip: bool) -> list[Finding]:
    if is_gzip and not name.lower().endswith("gz"):
        return [warning("name-lies", name, "holds gzip data though its name does not end in .gz", "content decides")]
    if not is_gzip and name.lower().endswith("gz"):
        return [warning("name-lies", name, "is not gzip: an uncompressed image under a .gz name", "content decides")]
    return []


def _inflate(data: bytes, name: str, channels: int | None) -> tuple[bytearray, Judged, list[Finding]]:
    """Return the decoded bytes, their header, and what is remarked on the stream.

    The stream is judged before the image in it: a damaged stream is the better reason where both are wrong.
    """
    stream = GzipStream(data)
    raw = bytearray()
    judged: Judged | None = None
    try:
        for piece in stream.pieces():
            raw += piece
            if judged is None and len(raw) >= HEADER_BYTES:
                judged = judge_header(bytes(raw[:HEADER_BYTES]), name, is_inflated=True, channels=channels)
            if judged is not None and len(raw) > judged.need:
                break
        if not raw:
            raise _empty(name)
        if judged is None:
            judged = judge_header(bytes(raw), name, is_inflated=True, channels=channels)
        _judge_length(len(raw), judged, name)
    except StreamFault as fault:
        raise _refusal(fault, name, len(raw), judged) from fault
    except BadInput as refusal:
        fault_ahead = stream.fault_ahead(LOOK_AHEAD_BYTES)
        if fault_ahead is None:
            raise
        raise _refusal(fault_ahead, name, len(raw), judged) from refusal
    findings = []
    if stream.trailing_bytes:
        fault_text = f"{stream.trailing_bytes} extra bytes stand after the end of its gzip stream"
        findings.append(warning("trailing-bytes", name, fault_text, "the image before them is whole"))
    return raw, judged, findings


def _empty(name: str) -> BadInput:
    return bad_input("empty-file", name, "is empty: 0 bytes of image within a whole gzip file", "fetch it again")


def _refusal(fault: StreamFault, name: str, count: int, judged: Judged | None) -> BadInput:
    if isinstance(fault, EndsEarly):
        amount = f" ({_megabytes(count)} of {_megabytes(judged.need)} MB decoded)" if judged else ""
        return bad_input("truncated", name, f"ends early{amount}", "the download was cut short: fetch it again")
    return bad_input("damaged", name, f"is damaged: the gzip data do not decode ({fault})", "fetch it again")


def _judge_length(length: int, judged: Judged, name: str) -> None:
    if length < judged.need:
        fault = f"ends early ({_megabytes(length)} of {_megabytes(judged.need)} MB are there)"
        raise bad_input("truncated", name, fault, "fetch it again, or check the shape in its header")
    if length > judged.need:
        fault = f"holds more data than its header says: it is longer than {_megabytes(judged.need)} MB"
        raise bad_input("too-long", name, fault, "its shape or data type is wrong: fetch or convert it again")


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.3g}" if count < 1e9 else f"{count / 1e6:.0f}"
