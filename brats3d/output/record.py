"""Maps, a mask and its record on disk: written in this order, and told from files that are not ours."""

import hashlib
import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.folder import same_name
from brats3d.errors import Finding, naming
from brats3d.grid import Grid
from brats3d.output.mask import map_bytes, mask_bytes
from brats3d.output.sidecar import (
    HashedFile,
    Record,
    RecordedFile,
    RecordStatus,
    now,
    parse_record,
    record_bytes,
    versions,
)
from brats3d.output.unfinished import MASK_ENDING, RECORD_ENDING, announced, map_path, sha256_of
from brats3d.output.whole import cannot_write, make_folder, write_whole
from brats3d.vocabulary import MapKind

LARGEST_RECORD_BYTES = 4 * 1024**2
# A damaged record still holds this key of its versions; another program's file does not.
SIGN_OF_OURS = b'"brats3d"'


def mask_path(out: Path, case_id: str) -> Path:
    """Return where the mask of a patient stands."""
    return out / f"{case_id}{MASK_ENDING}"


def record_path(out: Path, case_id: str) -> Path:
    """Return where the record of a patient stands."""
    return out / f"{case_id}{RECORD_ENDING}"


def write_done(
    out: Path,
    record: Record,
    label_map: NDArray[np.uint8],
    grid: Grid,
    maps: Mapping[MapKind, NDArray[np.uint8]] | None = None,
) -> Path:
    """Write the maps, the mask and then its record, and return the mask's path.

    Maps of ours that an earlier run wrote for this patient, and that are not given now, go: they are of another mask.

    Args:
        out: made if it is not there.
        record: all that is known; status, files, versions, time and the seconds of writing are put in here.
        label_map: uint8 (X, Y, Z) on `grid`.
        grid: the patient's own.
        maps: uint8 (X, Y, Z, 3) on `grid`, of each kind that is wanted.

    Raises:
        OutputError: OUT cannot be written; none of them is left then.
    """
    started = time.perf_counter()
    mask = mask_path(out, record.id)
    kinds = {map_path(out, kind, record.id): kind for kind in maps or {}}
    contents = {path: map_bytes((maps or {})[kind], grid) for path, kind in kinds.items()}
    contents[mask] = mask_bytes(label_map, grid)  # the mask last: whoever sees it finds the maps
    files = {path: recorded_file(out, path, content) for path, content in contents.items()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        remove_maps(out, record.id, keeping=kinds.values())
        with announced(mask, files[mask].sha256, {kind: files[path].sha256 for path, kind in kinds.items()}):
            for path, content in contents.items():
                make_folder(path.parent)
                write_whole(path, content)
            seconds = with_total({**record.seconds, "write": time.perf_counter() - started})
            named: dict[str, Any] = {kind: files[path] for path, kind in kinds.items()}
            done = replace(record, status=RecordStatus.DONE, mask=files[mask], seconds=seconds, **named)
            write_record(out, done)
    except OSError as error:
        raise cannot_write(mask, error) from error
    return mask


def recorded_file(out: Path, path: Path, content: bytes) -> RecordedFile:
    """Return how a record names a file of this content."""
    return RecordedFile(path.relative_to(out).as_posix(), hashlib.sha256(content).hexdigest(), len(content))


def with_total(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of each stage, to the millisecond, and their sum as `total`."""
    stages = {stage: each for stage, each in seconds.items() if stage != "total"}
    return {stage: round(each, 3) for stage, each in {**stages, "total": sum(stages.values())}.items()}


def write_refused(out: Path, case_id: str, findings: tuple[Finding, ...], folders: tuple[str, ...] = ()) -> None:
    """Write the record of a patient whose files are refused; an earlier mask of ours goes first.

    Args:
        out: an existing folder.
        case_id: the patient.
        findings: why, and whatever else was remarked.
        folders: all folders of the patients that share this id, where several do.

    Raises:
        OutputError: OUT cannot be written.
    """
    write_without_mask(out, Record(case_id, RecordStatus.REFUSED, findings, folders))


def write_failed(out: Path, case_id: str, findings: tuple[Finding, ...], seconds: float) -> None:
    """Write the record of a patient whose files are sound but who has no mask; an earlier mask of ours goes first.

    Raises:
        OutputError: OUT cannot be written.
    """
    write_without_mask(out, Record(case_id, RecordStatus.FAILED, findings, seconds={"total": round(seconds, 3)}))


def write_without_mask(out: Path, record: Record) -> None:
    """Remove the mask and the maps that an earlier run of ours gave this patient, then write the record."""
    remove_mask(out, record.id)
    write_record(out, record)


def write_record(out: Path, record: Record) -> None:
    """Write a record with versions and the time; each finding names the patient."""
    findings = tuple(naming(record.id, finding) for finding in record.findings)
    whole = replace(record, findings=findings, versions=versions(), finished=now())
    write_whole(record_path(out, record.id), record_bytes(whole))


def remove_mask(out: Path, case_id: str) -> None:
    """Remove a patient's mask and maps if they are ours.

    Raises:
        OutputError: one cannot be removed.
    """
    mask = mask_path(out, case_id)
    if os.path.lexists(mask) and mask_is_ours(out, case_id):
        remove(mask)
    remove_maps(out, case_id)


def remove_maps(out: Path, case_id: str, keeping: Collection[MapKind] = ()) -> None:
    """Remove a patient's maps, but for some kinds, if they are ours.

    Raises:
        OutputError: one cannot be removed.
    """
    for kind in MapKind:
        path = map_path(out, kind, case_id)
        if kind not in keeping and os.path.lexists(path) and map_is_ours(out, case_id, kind):
            remove(path)


def remove(path: Path) -> None:
    """Remove a file.

    Raises:
        OutputError: it cannot be removed.
    """
    try:
        path.unlink()
    except OSError as error:
        raise cannot_write(path, error) from error


def forget(out: Path, case_id: str) -> None:
    """Remove a patient's mask, maps and record if they are ours.

    Raises:
        OutputError: they cannot be removed.
    """
    remove_mask(out, case_id)
    if record_is_ours(out, case_id):
        remove(record_path(out, case_id))


def read_record(path: Path) -> Record | None:
    """Return the record in a file; None where there is none, or nothing that can be trusted to be one."""
    content = record_content(path)
    return None if content is None else parse_record(content)


def record_content(path: Path) -> bytes | None:
    """Return the bytes of a file that may be a record; None where it is absent, too large or no plain file."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_RECORD_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None


def mask_is_ours(out: Path, case_id: str) -> bool:
    """Say whether the file under a mask's name was written by us: a record names it."""
    return is_named(out, case_id, mask_path(out, case_id), lambda record: record.mask)


def map_is_ours(out: Path, case_id: str, kind: MapKind) -> bool:
    """Say whether the file under a map's name was written by us: a record names it."""
    return is_named(out, case_id, map_path(out, kind, case_id), lambda record: record.map_of(kind))


def is_named(out: Path, case_id: str, path: Path, file_in: Callable[[Record], HashedFile | None]) -> bool:
    """Say whether a patient's record names a file: by its entry, or, where it was damaged since, by the hash."""
    content = record_content(record_path(out, case_id))
    if content is None:
        return False
    record = parse_record(content)
    if record is not None and file_in(record) is not None and same_name(record.id) == same_name(case_id):
        return True
    try:
        return path.is_file() and sha256_of(path).encode() in content
    except OSError:
        return False


def record_is_ours(out: Path, case_id: str) -> bool:
    """Say whether the file under a record's name is a record, though perhaps a damaged one."""
    content = record_content(record_path(out, case_id))
    return content is not None and (not content or SIGN_OF_OURS in content)
