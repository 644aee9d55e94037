"""The demo's folder: known by a file of ours, so that a second run goes on and nobody else's files are touched."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from brats3d.errors import OutputError, RequestError
from brats3d.output.whole import cannot_write, make_folder, write_whole

MARKER = "demo.json"
FORMAT = 1
LARGEST_BYTES = 1 << 20


class DemoFolder:
    """A folder that a demo fills, part by part.

    Args:
        path: the folder.
        plan: what its parts depend on, as plain data.
        finished: names of the parts that are whole.
    """

    def __init__(self, path: Path, plan: Mapping[str, Any], finished: list[str]) -> None:
        self.path = path
        self.plan = plan
        self.finished = finished

    @classmethod
    def open(cls, path: Path, plan: Mapping[str, Any]) -> "DemoFolder":
        """Make the folder, or go on in that of an earlier demo; after another plan all parts are made anew.

        Args:
            path: absent, empty, or the folder of a demo.
            plan: what its parts depend on, as plain data.

        Raises:
            RequestError: it is a file, or holds files that are no demo's.
            OutputError: it cannot be made or written.
        """
        if path.exists() and not path.is_dir():
            raise RequestError(f"{path} is a file; name a folder after -o")
        try:
            path.mkdir(parents=True, exist_ok=True)
            is_empty = not any(path.iterdir())
        except OSError as error:
            raise cannot_write(path, error) from error
        document = read_marker(path / MARKER)
        if document is None and not is_empty:
            raise RequestError(f"{path} holds files that no demo made; name a new or empty folder after -o")
        same = document is not None and document["plan"] == plan
        folder = cls(path, plan, [str(name) for name in document["finished"]] if document and same else [])
        folder.write_marker()
        return folder

    def write_marker(self) -> None:
        """Write down which parts are whole."""
        document = {"brats3d_demo": FORMAT, "plan": self.plan, "finished": self.finished}
        write_whole(self.path / MARKER, (json.dumps(document, indent=1) + "\n").encode("ascii"))

    def part(self, name: str, make: Callable[[Path], object], is_whole: Callable[[Path], bool] = Path.is_dir) -> bool:
        """Make a part unless an earlier run finished it, and return whether it was made.

        Args:
            name: the part's folder within this one; what an unfinished run left there goes first.
            make: fills the folder, which is not there when it is called.
            is_whole: whether a finished part is still there.

        Raises:
            OutputError: what was left cannot be removed.
        """
        place = self.path / name
        if name in self.finished and is_whole(place):
            return False
        if name in self.finished:
            self.finished.remove(name)
            self.write_marker()
        remove(place)
        make(place)
        self.finished.append(name)
        self.write_marker()
        return True

    def room(self, name: str) -> Path:
        """Return a folder within this one for files that each run writes anew, made where it is absent.

        Raises:
            OutputError: it cannot be made.
        """
        place = self.path / name
        make_folder(place)
        return place


def read_marker(path: Path) -> Mapping[str, Any] | None:
    """Return what a demo wrote down of itself; None where the file is absent or was written by something else."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    is_ours = isinstance(document, dict) and document.get("brats3d_demo") == FORMAT
    return document if is_ours and isinstance(document.get("finished"), list) and "plan" in document else None


def remove(place: Path) -> None:
    """Remove a folder of ours, if it is there; a link to elsewhere goes, and not what it points to.

    Raises:
        OutputError: it cannot be removed.
    """
    try:
        if place.is_symlink() or place.is_file():
            place.unlink()
        elif place.exists():
            shutil.rmtree(place)
    except OSError as error:
        raise OutputError(f"{place}: cannot be removed: {error.strerror}; remove it, or name another folder") from error
