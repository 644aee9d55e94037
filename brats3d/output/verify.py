"""Every mask of a folder, and every map, against its record: the same bytes, read whole, only labels of its scheme."""

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
from brats3d.output.unfinished import MASK_ENDING, RECORD_ENDING, map_path, sha256_of
from brats3d.output.whole import PARTS
from brats3d.vocabulary import REGIONS, MapKind

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
    """Those that are what their records say, and the maps beside them too."""
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
    """Check every mask of a folder, and every map, against its record; nothing is changed.

    Raises:
        RequestError: there is no such folder.
    """
    folder = Path(out)
    if not folder.is_dir():
        raise RequestError(f"{folder}: is no folder of masks")
    masks = ids_of(folder, MASK_ENDING)
    of_masks = {each: fault for each in masks if (fault := fault_of_mask(folder, each))}
    maps = maps_of(folder, masks)
    of_maps = {(kind, each): fault for kind, each in maps if (fault := fault_of_map(folder, kind, each))}
    bad = [BadMask(each, fault) for each, fault in of_masks.items()]
    bad += [BadMask(each, fault) for (_, each), fault in of_maps.items()]
    bad += [BadMask(each, fault) for each in ids_of(folder, RECORD_ENDING) if (fault := fault_of_lone(folder, each))]
    bad += [BadMask(part.name, "left by a run that was killed; the next run removes it") for part in stray(folder)]
    whole = set(masks) - of_masks.keys() - {each for _, each in of_maps}
    return Verification(len(masks), len(whole), tuple(bad))


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


def maps_of(folder: Path, masks: list[str]) -> list[tuple[MapKind, str]]:
    """Return kind and patient of every map that is there, or that the record of a mask names."""
    there = {
        (kind, each) for kind in MapKind if (folder / kind).is_dir() for each in ids_of(folder / kind, MASK_ENDING)
    }
    records = {each: read_record(record_path(folder, each)) for each in masks}
    named = {(kind, each) for kind in MapKind for each, record in records.items() if record and record.map_of(kind)}
    return sorted(there | named)


def fault_of_map(folder: Path, kind: MapKind, case_id: str) -> str | None:
    """Return what is wrong with a map; None if it is whole, or if a damaged record, which is said, leaves it open."""
    from brats3d.cases.nifti import read_nifti

    path = map_path(folder, kind, case_id)
    name = path.relative_to(folder).as_posix()
    record = read_record(record_path(folder, case_id))
    if record is None and record_is_ours(folder, case_id):
        return None
    named = None if record is None else record.map_of(kind)
    if named is None or not same_file_name(named.file, name):
        return f"{name}: extra: no record names it; it is not ours, or its run was killed"
    try:
        if sha256_of(path) != named.sha256:
            return f"{name}: changed: its SHA-256 is not the record's; run segment again with --{kind}"
        read_nifti(path, name, channels=len(REGIONS))
    except FileNotFoundError:
        return f"{name}: missing: a record names it; run segment again with --{kind}"
    except OSError as error:
        return f"{name}: cannot be read ({error.strerror}); run segment again with --{kind}"
    except BadInput as error:
        return str(error)
    return None


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
    places = (folder, *(folder / kind for kind in MapKind))
    for part in (each for place in places for each in sorted(place.glob(PARTS))):
        try:
            with part.open("rb") as file:
                if try_lock(file.fileno()) is not Lock.TAKEN:
                    found.append(part)
        except OSError:
            continue
    return found
