"""Say in plain words what a file is that is no NIfTI image."""

from collections.abc import Callable
from dataclasses import dataclass

from brats3d.cases.gzip_stream import GZIP_MAGIC
from brats3d.errors import BadInput, bad_input


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of content that turns up under the name of an image."""

    words: str
    """How it reads after the file's name: `is ...`."""
    remedy: str
    """What to do."""
    fits: Callable[[bytes], bool]
    """Whether the first bytes are of this kind."""


def _text(start: bytes) -> str:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").decode("latin-1").lower()


def _is_text(start: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\r\n\f" for byte in start) and b"\x7f" not in start


FETCH = "fetch the image again"

KINDS: tuple[Kind, ...] = (
    Kind(
        "a web page (HTML)",
        "sign in or check the address, then fetch the image again",
        lambda start: _text(start).startswith(("<!doctype", "<html", "<head", "<?xml", "<body")),
    ),
    Kind(
        "a git-LFS pointer",
        "run `git lfs pull` to fetch the real file",
        lambda start: _text(start).startswith("version https://git-lfs"),
    ),
    Kind(
        "a git-annex pointer",
        "run `git annex get` to fetch the real file",
        lambda start: _text(start).startswith(("/annex/objects", "../.git/annex", ".git/annex")),
    ),
    Kind(
        "a JSON text",
        "it may say why the download failed; fetch the image again",
        lambda start: _text(start).startswith(("{", "[")) and _is_text(start),
    ),
    Kind("a zip archive", "unpack it", lambda start: start[:4] in (b"PK\x03\x04", b"PK\x05\x06")),
    Kind("a tar archive", "unpack it", lambda start: start[257:262] == b"ustar"),
    Kind("compressed twice", "unpack it once", lambda start: start[:2] == GZIP_MAGIC),
    Kind("a bzip2 file", "unpack it", lambda start: start[:3] == b"BZh"),
    Kind("an xz file", "unpack it", lambda start: start[:6] == b"\xfd7zXZ\0"),
    Kind("a zstd file", "unpack it", lambda start: start[:4] == b"\x28\xb5\x2f\xfd"),
    Kind("a 7z archive", "unpack it", lambda start: start[:6] == b"7z\xbc\xaf\x27\x1c"),
    Kind("a DICOM slice", "convert the series to NIfTI first (dcm2niix)", lambda start: start[128:132] == b"DICM"),
    Kind("an NRRD image", "convert it to NIfTI", lambda start: start[:4] == b"NRRD"),
    Kind("a MetaImage", "convert it to NIfTI", lambda start: _text(start).startswith("objecttype")),
    Kind("an HDF5 file", "convert it to NIfTI", lambda start: start[:8] == b"\x89HDF\r\n\x1a\n"),
    Kind(
        "a picture (PNG or JPEG)",
        FETCH,
        lambda start: start[:8] == b"\x89PNG\r\n\x1a\n" or start[:3] == b"\xff\xd8\xff",
    ),
    Kind("a PDF", FETCH, lambda start: start[:5] == b"%PDF-"),
    Kind(
        "nothing but zero bytes: only zeros where the image should begin",
        "space was reserved, but the data never came; fetch it again",
        lambda start: not any(start),
    ),
    Kind("a text", FETCH, _is_text),
)
"""Checked in this order; the first that fits is said."""


def no_nifti(start: bytes, name: str, *, is_inflated: bool) -> BadInput:
    """Return the refusal of content that is no NIfTI image.

    Args:
        start: its first bytes, at least one.
        name: the file.
        is_inflated: whether they came out of a gzip stream.
    """
    kind = next((kind for kind in KINDS if kind.fits(start)), None)
    if kind is not None:
        where = ", within gzip," if is_inflated else ""
        return bad_input("not-nifti", name, f"is not a NIfTI image but{where} {kind.words}", kind.remedy)
    if len(start) < 348:
        fault = f"is not a NIfTI image: only {len(start)} bytes, so it may be truncated"
    elif is_inflated:
        fault = "is gzip, but what is in it is not a NIfTI image (no header with sizeof_hdr 348 or 540)"
    else:
        fault = "is not a NIfTI image and not gzip (no header with sizeof_hdr 348 or 540)"
    return bad_input("not-nifti", name, fault, FETCH)
