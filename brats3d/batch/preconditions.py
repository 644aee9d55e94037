"""What must hold of OUT before the first patient."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from brats3d.batch.claims import sweep_claims
from brats3d.errors import OutputError, RequestError
from brats3d.output.unfinished import sweep
from brats3d.output.whole import cannot_write, make_folder, probe

NO_LOCKS = (
    "files cannot be locked in {out}: masks stay whole, but start no second run there at once, "
    "and if a run is killed, remove its .brats3d-*.part files and the mask without a record yourself"
)


def check_out(out: Path, data: Sequence[Path]) -> None:
    """Refuse an OUT that is a file or lies inside DATA.

    Args:
        out: need not exist.
        data: the folders whose patients are to be segmented.

    Raises:
        RequestError: one of the two holds.
    """
    for place in (out, *out.absolute().parents):
        if os.path.lexists(place) and not os.path.isdir(place):
            raise RequestError(f"{place}: is a file, and masks need a folder; name another after -o")
    for folder in data:
        if lies_inside(out, folder):
            raise RequestError(f"{out}: lies inside {folder}, where patients are read; name a folder outside after -o")


def lies_inside(out: Path, folder: Path) -> bool:
    """Say whether OUT is a folder or lies in it, by whatever name or link it is reached."""
    real = Path(os.path.realpath(out))
    places = [place for place in (real, *real.parents) if os.path.exists(place)]
    return os.path.isdir(folder) and any(os.path.samefile(place, folder) for place in places)


def open_out(out: Path) -> str | None:
    """Make OUT, prove that it can be written, and clear what killed runs left there.

    Returns:
        One line to show where files cannot be locked there, else None.

    Raises:
        OutputError: OUT cannot be made or written, or has no room.
    """
    make_folder(out)
    try:
        free = shutil.disk_usage(out).free
    except OSError as error:
        raise cannot_write(out, error) from error
    if not free:
        raise OutputError(f"{out}: the disk is full; make room and run again")
    locks = probe(out)
    sweep(out)
    sweep_claims(out)
    return None if locks else NO_LOCKS.format(out=out)
