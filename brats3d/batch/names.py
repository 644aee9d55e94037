"""The files of a patient in OUT: whether their names can be, and whether what stands under them is ours."""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from brats3d.cases.find import RESERVED_ID
from brats3d.errors import Finding, SegmentationFailed, bad_input
from brats3d.output.record import map_is_ours, mask_is_ours, mask_path, record_is_ours, record_path
from brats3d.output.unfinished import map_path
from brats3d.vocabulary import MapKind, Severity


def check_name(out: Path, case_id: str) -> None:
    """Refuse an id of which no mask's name can be made.

    Raises:
        BadInput: it is taken by the summary, is no plain name, or is too long or too odd for the disk of OUT.
    """
    if RESERVED_ID.fullmatch(case_id):
        raise bad_input(
            "reserved-id", None, f"the id {case_id!r} is taken by the summary", "rename the patient's folder"
        )
    if case_id in ("", ".", "..") or "/" in case_id or "\0" in case_id or Path(case_id).name != case_id:
        raise bad_input("id-no-name", None, f"the id {case_id!r} is no file name", "rename the patient's folder")
    try:
        os.lstat(mask_path(out, case_id))
    except FileNotFoundError:
        return
    except OSError as error:
        fault = f"a mask cannot be named after this id ({error.strerror}; {len(os.fsencode(case_id))} bytes)"
        raise bad_input("long-id", None, fault, "give the patient's folder a shorter, plainer name") from error


def check_not_foreign(out: Path, case_id: str, overwrite: bool, maps: Iterable[MapKind] = ()) -> None:
    """Let a patient fail in whose place stands something that no run of ours wrote.

    Args:
        out: the output folder.
        case_id: the patient.
        overwrite: files that are not ours may be replaced; folders never.
        maps: the kinds that are to stand beside the mask.

    Raises:
        SegmentationFailed: so it is; the message names the file.
    """
    ours = {mask_path(out, case_id): mask_is_ours, record_path(out, case_id): record_is_ours}
    ours |= {map_path(out, kind, case_id): partial(map_is_ours, kind=kind) for kind in maps}
    for path, is_ours in ours.items():
        name = path.relative_to(out).as_posix()
        if path.is_dir():
            raise SegmentationFailed(foreign(name, "a folder of this name", "move it away"))
        if not overwrite and os.path.lexists(path) and not is_ours(out, case_id):
            remedy = "move it away, or replace it with --overwrite"
            raise SegmentationFailed(foreign(name, "a file without a record of ours", remedy))


def foreign(name: str, what: str, remedy: str) -> Finding:
    """Return the finding on something in the output folder that is not ours."""
    words = f"{name}: {what} stands in the output folder and is left as it is; {remedy}"
    return Finding("not-ours", Severity.ERROR, words, name)


def record_may_stand(out: Path, case_id: str, overwrite: bool) -> bool:
    """Say whether a record may be written under this id: its name can be, and it would replace no file but ours."""
    path = record_path(out, case_id)
    try:
        os.lstat(path)
    except FileNotFoundError:
        return not RESERVED_ID.fullmatch(case_id) and path.parent == out
    except (OSError, ValueError):
        return False
    return not RESERVED_ID.fullmatch(case_id) and path.is_file() and (overwrite or record_is_ours(out, case_id))
