"""Notes on masks and maps that have no record yet, so that what a killed run left is told from files not ours."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from brats3d.output.whole import locked_part, sweep_parts
from brats3d.vocabulary import MapKind

MASK_ENDING = ".nii.gz"
RECORD_ENDING = ".json"


def map_path(out: Path, kind: MapKind, case_id: str) -> Path:
    """Return where a kind of map of a patient stands."""
    return out / kind / f"{case_id}{MASK_ENDING}"


@contextlib.contextmanager
def announced(mask: Path, sha256: str, maps: Mapping[MapKind, str] | None = None) -> Iterator[None]:
    """Keep a note beside a mask that is about to be written, until its record stands.

    The note is a part like any other, locked by its writer. If the writer is killed, the next `sweep` finds it. If an
    error ends the block, mask and maps go too unless their record stands: without one they would be nobody's.

    Args:
        mask: the final name.
        sha256: of the bytes that it will have.
        maps: of the bytes of each kind of map that is written with it.

    Raises:
        OSError: the note cannot be written.
    """
    hashes = {str(kind): each for kind, each in (maps or {}).items()}
    content = json.dumps({"mask": mask.name, "sha256": sha256, "maps": hashes}).encode("ascii")
    with locked_part(mask.parent) as (_, note):
        note.write(content)
        note.flush()
        os.fsync(note.fileno())
        try:
            yield
        except BaseException:
            settle(mask.parent, content)
            raise


def sweep(out: Path) -> int:
    """Remove what runs killed earlier left half done in OUT, and return how many parts went."""
    return sweep_parts(out, partial(settle, out)) + sum(sweep_parts(out / kind) for kind in MapKind)


def settle(out: Path, note: bytes) -> None:
    """Remove the mask and the maps that a note announced, unless their record was written after all.

    Args:
        out: the folder of the note.
        note: the first bytes of any part; those that are no note are passed over.
    """
    try:
        document = json.loads(note.decode("ascii"))
        name, sha256 = str(document["mask"]), str(document["sha256"])
        maps = {MapKind(kind): str(each) for kind, each in document.get("maps", {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    if Path(name).name == name and name.endswith(MASK_ENDING):
        case_id = name.removesuffix(MASK_ENDING)
        files = {out / name: sha256, **{map_path(out, kind, case_id): each for kind, each in maps.items()}}
        for path, each in files.items():
            remove_unrecorded(path, each, out / f"{case_id}{RECORD_ENDING}")


def remove_unrecorded(path: Path, sha256: str, record: Path) -> None:
    """Remove a file if its bytes have this hash and the patient's record does not say so."""
    with contextlib.suppress(OSError):
        is_recorded = os.path.isfile(record) and sha256.encode() in record.read_bytes()
        if not is_recorded and os.path.isfile(path) and sha256_of(path) == sha256:
            path.unlink()


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
