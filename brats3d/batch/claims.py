"""Several runs may share OUT: a patient in work is claimed by a lock file of its own."""

import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from brats3d.cases.folder import same_name
from brats3d.output.locks import Lock, try_lock
from brats3d.output.whole import cannot_write, same_file

CLAIMS = ".brats3d-*.lock"
TRIES = 100
SWEEPING_SECONDS = 0.05
"""Enough for a run that starts: it holds each lock for an instant, to see whether its owner was killed."""


def claim_path(out: Path, case_id: str) -> Path:
    """Return the lock file of a patient; its name says nothing of the patient and is never too long."""
    digest = hashlib.sha256(same_name(case_id).encode("utf-8", "surrogatepass")).hexdigest()
    return out / f".brats3d-{digest[:32]}.lock"


@contextlib.contextmanager
def claimed(out: Path, case_id: str) -> Iterator[bool]:
    """Claim a patient while the block runs; give False where another run has it in work.

    Where nothing can be locked, everything is granted.

    Raises:
        OutputError: the lock file cannot be made.
    """
    path = claim_path(out, case_id)
    with contextlib.ExitStack() as held:
        granted = False
        try:
            granted = take(path, held)
        except OSError as error:
            raise cannot_write(path, error) from error
        yield granted


def take(path: Path, held: contextlib.ExitStack) -> bool:
    """Lock the file at `path`, and leave its removal and closing to `held`; False where it is locked already.

    A holder removes the file while it still has the lock. So whoever gets a lock must look whether the file still
    stands under its name: if not, it is the leftover of a claim just given back, and the way starts anew.
    """
    for _ in range(TRIES):
        with contextlib.ExitStack() as mine:
            file = mine.enter_context(path.open("a+b"))
            lock = try_lock(file.fileno())
            if lock is Lock.TAKEN:
                time.sleep(SWEEPING_SECONDS)
                lock = try_lock(file.fileno())
            if lock is Lock.TAKEN:
                return False
            if lock is Lock.UNKNOWN:
                break
            if same_file(file.fileno(), path):
                mine.callback(path.unlink, missing_ok=True)
                held.enter_context(mine.pop_all())
                return True
    else:
        return False
    path.unlink(missing_ok=True)  # a file that cannot be locked says nothing; closed by now, as Windows wants it
    return True


def sweep_claims(out: Path) -> int:
    """Remove the lock files of runs that were killed, and return how many."""
    swept = 0
    for path in sorted(out.glob(CLAIMS)):
        with contextlib.suppress(OSError), path.open("r+b") as file:
            if try_lock(file.fileno()) is Lock.HELD and same_file(file.fileno(), path):
                path.unlink()
                swept += 1
    return swept
