"""Every mask of a folder against its record: the same bytes, read whole, only labels of its scheme."""

import logging
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brats3d.errors import BadInput, RequestError
from brats3d.labels import SCHEMES
from brats3d.output.locks import Lock, try_lock
from brats3d.output.record import mask_path, read_record, record_is_ours, record_path
from brats3d.output.sidecar import Record, RecordStatus
from brats3d.output.unfinished import MASK_ENDING, RECORD_ENDING, sha256_of
from brats3d.output.whole import PARTS

LOG = logging.getLogger(__name__)
SUMMARIES = re.compile(r"summary(-\d+-of-\d+)?\.json")


@dataclass(frozen=True, slots=True)
class BadMask:
    """A mask, record or part of which something is wrong."""

    id: str
    """The patient; a part's own name where it is nobody's."""
    reason: str
    """One line."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of checking a folder."""

    masks: int
    """Files `<id>.nii.gz`."""
    whole: int
    """Those that are what their records say."""
    bad: tuple[BadMask, ...]
    """Whatever is not, sorted by id."""

    @property
    def exit_code(self) -> int:
        """0, or 4 where something is not whole."""
        return 4 if self.bad else 0

    def as_json(self) -> dict[str, Any]:
        """Return the document of `brats3d verify --json`."""
        bad = [{"id": each.id, "reason": each.reason} for each in self.bad]
        return {"masks": self.masks, "whole": self.whole, "bad": bad}


def verify(out: str | Path) -> Verification:
    """Check every mask of a folder against its record; nothing is changed.

    Raises:
        RequestError: there is no such folder.
    """
    folder = Path(out)
    if not folder.is_dir():
        raise RequestError(f"{folder}: is no folder of masks")
    masks = ids_of(folder, MASK_ENDING)
    checked = {each: fault_of_mask(folder, each) for each in masks}
    bad = [BadMask(each, fault) for each, fault in checked.items() if fault]
    bad += [BadMask(each, fault) for each in ids_of(folder, RECORD_ENDING) if (fault := fault_of_lone(folder, each))]
    bad += [BadMask(part.name, "left by a run that was killed; the next run removes it") for part in stray(folder)]
    return Verification(len(masks), len(masks) - len([each for each in checked.values() if each]), tuple(bad))


def ids_of(folder: Path, ending: str) -> list[str]:
    """Return the ids of the files with this ending, sorted; hidden files and the summary are nobody's."""
    names = (name for name in sorted(os.listdir(folder)) if name.endswith(ending) and not name.startswith("."))
    return [name.removesuffix(ending) for name in names if not SUMMARIES.fullmatch(name)]


def fault_of_mask(folder: Path, case_id: str) -> str | None:
    """Return what is wrong with a mask; None if it is whole."""
    mask = mask_path(folder, case_id)
    record = read_record(record_path(folder, case_id))
    if record is None and record_is_ours(folder, case_id):
        return f"{record_path(folder, case_id).name}: the record is damaged; run segment again"
    if record is None or record.mask is None or not same_file_name(record.mask.file, mask.name):
        return f"{mask.name}: extra: no record names it; it is not ours, or its run was killed"
    try:
        if sha256_of(mask) != record.mask.sha256:
            return f"{mask.name}: changed: its SHA-256 is not the record's; run segment again"
    except OSError as error:
        return f"{mask.name}: cannot be read ({error.strerror}); run segment again"
    fault = fault_of_content(mask, record)
    if fault is None:
        LOG.info("%s: whole, SHA-256 %s", mask.name, record.mask.sha256)
    return fault


def fault_of_content(mask: Path, record: Record) -> str | None:
    """Return what is wrong with the voxels of a mask whose bytes are the record's; None if nothing is."""
    from brats3d.cases.read import read_mask

    scheme = SCHEMES.get(record.label_scheme or "")
    if scheme is None:
        return f"{record.id}{RECORD_ENDING}: names no label scheme; run segment again"
    try:
        read_mask(mask, mask.name, scheme)
    except BadInput as error:
        return str(error)
    return None


def fault_of_lone(folder: Path, case_id: str) -> str | None:
    """Return what is wrong with a record beside which no mask stands; None if nothing is."""
    if os.path.lexists(mask_path(folder, case_id)):
        return None
    record = read_record(record_path(folder, case_id))
    if record is None:
        damaged = record_is_ours(folder, case_id)
        return f"{case_id}{RECORD_ENDING}: the record is damaged; run segment again" if damaged else None
    if record.mask is None and record.status is not RecordStatus.DONE:
        return None
    return f"{case_id}{MASK_ENDING}: missing: its record stands alone; run segment again"


def same_file_name(one: str, other: str) -> bool:
    """Say whether two names are one; some disks hand names back in another normal form than they were given."""
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def stray(folder: Path) -> list[Path]:
    """Return the parts that nobody is writing."""
    found = []
    for part in sorted(folder.glob(PARTS)):
        try:
            with part.open("rb") as file:
                if try_lock(file.fileno()) is not Lock.TAKEN:
                    found.append(part)
        except OSError:
            continue
    return found
