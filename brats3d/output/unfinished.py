"""Notes on masks that have no record yet, so that a run killed between the two is told from a mask that is not ours."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from brats3d.output.whole import locked_part, sweep_parts

MASK_ENDING = ".nii.gz"
RECORD_ENDING = ".json"


@contextlib.contextmanager
def announced(mask: Path, sha256: str) -> Iterator[None]:
    """Keep a note beside a mask that is about to be written, until its record stands.

    The note is a part like any other, locked by its writer. If the writer is killed, the next `sweep` finds it. If an
    error ends the block, the mask goes too unless its record stands: without one it would be nobody's.

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
            remove_unrecorded(mask, sha256)
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
    if Path(name).name == name and name.endswith(MASK_ENDING):
        remove_unrecorded(out / name, sha256)


def remove_unrecorded(mask: Path, sha256: str) -> None:
    """Remove a mask if its bytes have this hash and no record beside it says so."""
    record = mask.with_name(mask.name.removesuffix(MASK_ENDING) + RECORD_ENDING)
    with contextlib.suppress(OSError):
        is_recorded = os.path.isfile(record) and sha256.encode() in record.read_bytes()
        if not is_recorded and os.path.isfile(mask) and sha256_of(mask) == sha256:
            mask.unlink()


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
