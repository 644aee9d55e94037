"""A file appears under its name whole or not at all: bytes go to a part beside it, and the part takes the name last."""

import contextlib
import errno
import os
import secrets
import sys
from pathlib import Path

from brats3d.errors import OutputError
from brats3d.output.locks import Lock, try_lock

# The name of a part does not contain the file's own: a long name with something added may be too long for the disk.
PARTS = ".brats3d-*.part"
# A part can only be swept from under its writer in the instant between making it and locking it.
TRIES = 16
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

    The part lies in the same folder, so that taking the name is one step of the file system, and is locked while it
    is written, so that another run's `sweep_parts` leaves it alone. On any error, an interrupt included, it is removed.

    Args:
        path: the final name, in a folder that exists; what stands there is replaced.
        content: all bytes of the file.

    Raises:
        OutputError: the disk is full, read-only or not ours to write; the message names `path`.
    """
    try:
        for _ in range(TRIES):
            part = path.parent / f".brats3d-{secrets.token_hex(8)}.part"
            try:
                if write_part(part, content, path):
                    break
            finally:
                part.unlink(missing_ok=True)
        else:
            raise OutputError(f"{path}: every part was removed while it was written; is another program cleaning up?")
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def write_part(part: Path, content: bytes, path: Path) -> bool:
    """Write a part and give it the name `path`; False if it was swept before it could be locked."""
    with part.open("xb") as file:
        if try_lock(file.fileno()) is Lock.TAKEN or not same_file(file.fileno(), part):
            return False
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        if sys.platform != "win32":
            os.replace(part, path)
            return True
    os.replace(part, path)  # Windows gives no new name to a file that is open
    return True


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


def sweep_parts(folder: Path) -> int:
    """Remove the parts that runs killed earlier left in a folder, and return how many.

    Only parts that can be locked go: the others are being written now, or lie where nothing can be locked.
    """
    swept = 0
    for part in sorted(folder.glob(PARTS)):
        with contextlib.suppress(OSError), part.open("r+b") as file:
            if try_lock(file.fileno()) is Lock.HELD and same_file(file.fileno(), part):
                part.unlink()
                swept += 1
    return swept


def probe(folder: Path) -> bool:
    """Write, lock and remove a real file in a folder; False where the file system or platform knows no locks.

    Raises:
        OutputError: the folder cannot be written.
    """
    part = folder / f".brats3d-{secrets.token_hex(8)}.part"
    try:
        try:
            with part.open("xb") as file:
                lock = try_lock(file.fileno())
                file.write(b"brats3d")
                file.flush()
                os.fsync(file.fileno())
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return lock is not Lock.UNKNOWN


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the error of the tree for what the system said when `path` was to be written."""
    code = error.errno or 0
    words = WORDS.get(code, error.strerror or type(error).__name__)
    return OutputError(f"{path}: {words}; {REMEDIES.get(code, 'choose another output folder or mend this one')}")
