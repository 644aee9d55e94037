"""A file appears under its name whole or not at all: bytes go to a part beside it, and the part takes the name last."""

import contextlib
import errno
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from brats3d.errors import OutputError
from brats3d.output.locks import Lock, try_lock

# The name of a part does not contain the file's own: a long name with something added may be too long for the disk.
PARTS = ".brats3d-*.part"
# A part can only be swept from under its writer in the instant between making it and locking it.
TRIES = 16
# About the size of a mask.
PROBE_BYTES = 2**17
# A note on an unfinished mask is shorter than this.
NOTE_BYTES = 2**13
WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EFBIG: "the largest file size allowed is reached",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "writing is not permitted",
    errno.EPERM: "writing is not permitted",
    errno.ENOENT: "the folder is gone",
}
REMEDIES = {
    errno.ENOSPC: "make room and run again",
    errno.EDQUOT: "make room and run again",
    errno.EFBIG: "raise the limit (ulimit -f) and run again",
}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that its name never shows anything but the old content or the new one, whole.

    On any error, an interrupt included, nothing of the new content is left.

    Args:
        path: the final name, in a folder that exists; what stands there is replaced.
        content: all bytes of the file.

    Raises:
        OutputError: the disk is full, read-only or not ours to write; the message names `path`.
    """
    stream_whole(path, lambda file: file.write(content))


def stream_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Do as `write_whole` with what `write` puts into an open file, piece by piece.

    Raises:
        OutputError: as `write_whole`.
    """
    try:
        with locked_part(path.parent) as (part, file):
            write(file)
            file.flush()
            os.fsync(file.fileno())
            if sys.platform == "win32":
                file.close()  # there, a file that is open cannot be renamed
            os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


@contextlib.contextmanager
def locked_part(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Make a part in a folder, locked so that no other run sweeps it, and remove it at the end if it still is there.

    Raises:
        OSError: it cannot be made.
        OutputError: it was removed as often as it was made.
    """
    for _ in range(TRIES):
        part = folder / f".brats3d-{secrets.token_hex(8)}.part"
        try:
            with part.open("x+b") as file:
                if try_lock(file.fileno()) is not Lock.TAKEN and same_file(file.fileno(), part):
                    yield part, file
                    return
        finally:
            part.unlink(missing_ok=True)
    raise OutputError(f"{folder}: every new file vanishes at once; end the program that removes files there")


def same_file(descriptor: int, path: Path) -> bool:
    """Say whether an open file still stands under this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlive a loss of power, where the file system can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP):
            raise
    finally:
        os.close(descriptor)


def sweep_parts(folder: Path, settle: Callable[[bytes], None] | None = None) -> int:
    """Remove the parts that runs killed earlier left in a folder, and return how many.

    Only parts that can be locked go: the others are being written now, or lie where nothing can be locked.

    Args:
        folder: where to look, without its sub-folders.
        settle: called with the first bytes of a part before it goes.
    """
    swept = 0
    for part in sorted(folder.glob(PARTS)):
        with contextlib.suppress(OSError), part.open("r+b") as file:
            if try_lock(file.fileno()) is Lock.HELD and same_file(file.fileno(), part):
                if settle is not None:
                    settle(file.read(NOTE_BYTES))
                part.unlink()
                swept += 1
    return swept


def probe(folder: Path) -> bool:
    """Write, lock and remove a real file in a folder; False where the file system or platform knows no locks.

    Raises:
        OutputError: the folder cannot be written, or has no room for a mask.
    """
    try:
        with locked_part(folder) as (_, file):
            lock = try_lock(file.fileno())
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(folder, error) from error
    return lock is not Lock.UNKNOWN


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where they are not there yet.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the error of the tree for what the system said when `path` was to be written."""
    code = error.errno or 0
    words = WORDS.get(code, error.strerror or type(error).__name__)
    return OutputError(f"{path}: {words}; {REMEDIES.get(code, 'choose another output folder or mend this one')}")
