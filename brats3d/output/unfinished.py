"""Notes on masks that have no record yet, so that a run killed between the two is told from a mask that is not ours."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from brats3d.output.whole import locked_part, sweep_parts


@contextlib.contextmanager
def announced(mask: Path, sha256: str) -> Iterator[None]:
    """Keep a note beside a mask that is about to be written, until its record stands.

    The note is a part like any other, locked by its writer. If the writer is killed, the next `sweep` finds it. If an
    error ends the block, the mask goes too: without a record it would be nobody's.

    Args:
        mask: the final name.
        sha256: of the bytes that it will have.

    Raises:
        OSError: the note cannot be written.
    """
    with locked_part(mask.parent) as (_, note):
        note.write(json.dumps({"mask": mask.name, "sha256": sha256}).encode("ascii"))
        note.flush()
        os.fsync(note.fileno())
        try:
            yield
        except BaseException:
            remove_if(mask, sha256)
            raise


def sweep(out: Path) -> int:
    """Remove what runs killed earlier left half done in OUT, and return how many parts went."""
    return sweep_parts(out, partial(settle, out))


def settle(out: Path, note: bytes) -> None:
    """Remove the mask that a note announced, unless its record was written after all.

    Args:
        out: the folder of the note.
        note: the first bytes of any part; those that are no note are passed over.
    """
    try:
        document = json.loads(note.decode("ascii"))
        name, sha256 = str(document["mask"]), str(document["sha256"])
    except (ValueError, KeyError, TypeError):
        return
    if Path(name).name != name or not name.endswith(".nii.gz"):
        return
    record = out / f"{name.removesuffix('.nii.gz')}.json"
    if not (record.is_file() and sha256.encode() in record.read_bytes()):
        remove_if(out / name, sha256)


def remove_if(path: Path, sha256: str) -> None:
    """Remove a file if its bytes have this hash."""
    with contextlib.suppress(OSError):
        if path.is_file() and sha256_of(path) == sha256:
            path.unlink()


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
