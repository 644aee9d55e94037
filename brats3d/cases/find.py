"""Find the patients under folders. Nothing is opened but `dataset.json`."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from brats3d.cases.case import Case
from brats3d.cases.file_bytes import is_hidden
from brats3d.cases.folder import case_of_folder, empty_case, is_known_name, layouts_of, same_name
from brats3d.cases.layouts import Layout, layout_named
from brats3d.cases.lists import LIST_FILE, OWN_FOLDERS, cases_of_list, has_list, read_list
from brats3d.cases.missing import accept_missing
from brats3d.cases.remarks import case_fault
from brats3d.errors import BadInput, Finding, NoPatientFound, RequestError
from brats3d.labels import scheme_named

RESERVED_ID = re.compile(r"summary(-\d+-of-\d+)?", re.IGNORECASE)
"""Ids whose record would bear the name of the summary of a run."""
MOST_SHOWN = 20
"""How many folders of one id a message names."""
MOST_NAME_BYTES = 255
"""What disks take; the mask is named after the id."""


@dataclass(slots=True, eq=False)
class Visited:
    """One folder on the way, and what is below it."""

    path: Path
    names: list[str]
    above: "Visited | None"
    reason: str | None = None
    """Why it cannot be used, where that is known."""
    cases: list[Case] = field(default_factory=list)
    is_list: bool = False
    has_cases_below: bool = False

    known_below: list["Visited"] = field(default_factory=list)
    """Folders right below that were visited before, by another way."""

    def folders_above(self) -> Iterator["Visited"]:
        """Yield the folders on the way down to this one, the nearest first."""
        above = self.above
        while above is not None:
            yield above
            above = above.above

    def leads_to_patient(self) -> bool:
        """Return whether it holds files of a patient, or a folder below does."""
        return bool(self.cases) or self.has_cases_below


def find_cases(
    data: str | Path | Sequence[str | Path],
    layout: str | None = None,
    label_scheme: str | None = None,
    *,
    allow_missing: bool = False,
) -> list[Case]:
    """Return the cases under one or several folders, refused ones among them, by id.

    A patient is a folder with files of one layout, or an image of a `dataset.json`. A folder that holds no file of a
    patient, neither itself nor below, and lies in no patient, is a refused case. Each folder on the disk is visited
    once, by whatever links it is reached.

    Args:
        data: folders to search; each may be one patient's.
        layout: the only layout to look for; None to recognise them.
        label_scheme: what the labels of the references mean; None for each layout's own.
        allow_missing: accept patients that lack modalities, with a warning; one is enough.

    Raises:
        RequestError: a folder cannot be searched, or a name is unknown.
        NoPatientFound: nothing but folders without a patient.
    """
    forced = None if layout is None else layout_named(layout)
    if label_scheme is not None:
        scheme_named(label_scheme)
    paths = [data] if isinstance(data, str | Path) else list(data)
    if not paths:
        raise RequestError("no folder to search was given")
    seen: dict[tuple[int, int], Visited] = {}
    found: list[Case] = []
    empty: list[Case] = []
    for path in paths:
        root = _root(path)
        visited = list(_walk(root, seen))
        _fill(root, visited, forced, label_scheme)
        found += [case for each in visited for case in each.cases]
        empty += _empty_cases(root, visited, label_scheme, layout)
    if not found:
        raise NoPatientFound(_nothing(paths, empty))
    if allow_missing:
        found = [accept_missing(case) for case in found]
    return _judge_ids(sorted(found + empty, key=lambda case: (case.id, str(case.folder))))


def _root(path: str | Path) -> Path:
    root = Path(os.path.abspath(path))
    try:
        os.listdir(root)
    except FileNotFoundError as error:
        raise RequestError(f"{path}: no such folder") from error
    except NotADirectoryError as error:
        raise RequestError(f"{path} is a file or lies in one; give the folder of a patient, or one above") from error
    except OSError as error:
        raise RequestError(f"{path} cannot be searched: {(error.strerror or 'unknown error').lower()}") from error
    return root


def _nothing(paths: Iterable[str | Path], empty: Sequence[Case]) -> str:
    where = ", ".join(str(path) for path in paths)
    reasons = "; ".join(case.findings[0].message for case in empty[:3])
    return f"no patient found under {where}" + (f" ({reasons})" if reasons else "")


def _walk(root: Path, seen: dict[tuple[int, int], Visited]) -> Iterator[Visited]:
    """Yield the folders under a root, each after the one above it, real folders before links to folders."""
    waiting = [Visited(root, [], None)]
    links: list[Visited] = []
    while waiting or links:
        here = waiting.pop() if waiting else links.pop()
        if here.path.name in OWN_FOLDERS and here.above is not None and here.above.is_list:
            continue
        try:
            status = here.path.stat()
            known = seen.setdefault((status.st_dev, status.st_ino), here)
            if known is not here:
                if here.above is not None:
                    here.above.known_below.append(known)
                continue
            here.names = sorted(name for name in os.listdir(here.path) if not is_hidden(name))
        except OSError as error:
            here.reason = _unsearchable(error)
        here.is_list = has_list(here.names)
        yield here
        for name in reversed(here.names):
            below = Visited(here.path / name, [], here)
            try:
                if not is_known_name(name) and below.path.is_dir():
                    (links if below.path.is_symlink() else waiting).append(below)
            except OSError as error:
                here.reason = _unsearchable(error)


def _unsearchable(error: OSError) -> str:
    return f"it cannot be searched ({(error.strerror or 'unknown error').lower()})"


def _fill(root: Path, visited: Sequence[Visited], forced: Layout | None, scheme: str | None) -> None:
    """Put the cases of each folder into it."""
    for each in visited:
        wants_list = forced is None or forced.file_names is None
        if each.is_list and wants_list:
            _fill_from_list(root, each, forced, scheme)
        layouts = layouts_of(each.path.name, each.names, forced)
        if layouts:
            each.cases.append(case_of_folder(root, each.path, each.names, layouts, scheme))
        if each.cases:
            _mark(each.folders_above())
    linked = [each for each in visited if each.known_below]
    while led := [each for each in linked if any(known.leads_to_patient() for known in each.known_below)]:
        linked = [each for each in linked if each not in led]  # what one link leads to may itself be linked to
        for each in led:
            _mark((each, *each.folders_above()))


def _mark(folders: Iterable[Visited]) -> None:
    """Note that cases lie below these folders, given from below upwards; what stands above a marked one is marked."""
    for folder in folders:
        if folder.has_cases_below:
            return
        folder.has_cases_below = True


def _fill_from_list(root: Path, here: Visited, forced: Layout | None, scheme: str | None) -> None:
    name = (here.path / LIST_FILE).relative_to(root).as_posix()
    try:
        here.cases += cases_of_list(root, here.path, read_list(here.path, name, forced), scheme)
    except BadInput as refusal:
        here.reason = refusal.finding.message


def _empty_cases(root: Path, visited: Sequence[Visited], scheme: str | None, forced: str | None) -> list[Case]:
    return [
        empty_case(root, each.path, each.names, scheme, each.reason, forced)
        for each in visited
        if not each.cases
        and (each.reason is not None or not each.has_cases_below)
        and not any(above.cases for above in each.folders_above())
        and (each.above is None or each.path.name not in OWN_FOLDERS)
        and (not is_hidden(each.path.name) or each.reason is not None)
    ]


def _judge_ids(cases: Sequence[Case]) -> list[Case]:
    """Refuse the cases whose masks would have one name, or none that can be written."""
    same: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        same[same_name(case.id)].append(case)
    said = {name: _told(namesakes) for name, namesakes in same.items() if len(namesakes) > 1}
    return [_with_id_findings(case, said.get(same_name(case.id))) for case in cases]


def _told(namesakes: Sequence[Case]) -> str:
    folders = places(namesakes)
    shown = ", ".join(folders[:MOST_SHOWN]) + (" ..." if len(folders) > MOST_SHOWN else "")
    return f"duplicate patient: the same id is used {len(folders)} times ({shown})"


def places(cases: Sequence[Case]) -> tuple[str, ...]:
    """Return where each of several cases lies, relative to where it was found, and told apart by that where needed."""
    found = [case.place for case in cases]
    often = {place for place, count in Counter(found).items() if count > 1}
    return tuple(
        f"{case.root.name}/{place}" if place in often else place for case, place in zip(cases, found, strict=True)
    )


def _with_id_findings(case: Case, fault: str | None) -> Case:
    findings: list[Finding] = []
    if fault is not None:
        findings.append(case_fault("same-id", case.place, fault, "rename all but one folder"))
    if RESERVED_ID.fullmatch(case.id):
        fault = f"a patient cannot be called {case.id}, which is the name of the summary of a run"
        findings.append(case_fault("reserved-id", case.place, fault, "rename the folder"))
    if len(os.fsencode(f"{case.id}.nii.gz")) > MOST_NAME_BYTES:
        fault = f"the name is too long for a mask (the limit is {MOST_NAME_BYTES} bytes with .nii.gz)"
        findings.append(case_fault("long-id", case.place, fault, "rename the folder"))
    return replace(case, findings=(*case.findings, *findings))
