"""Read a file's bytes once, without waiting for pipes, following traps or filling the memory."""

import errno
import os
import stat
from pathlib import Path

from brats3d.errors import BadInput, Brats3dError, MachineError, bad_input

MAX_FILE_BYTES = 2 << 30
MACHINE_FAULTS = {
    errno.EMFILE: "raise the limit (ulimit -n) and run again",
    errno.ENFILE: "end other programs and run again",
    errno.ENOMEM: "end other programs and run again",
    **dict.fromkeys(
        (errno.ESTALE, errno.ETIMEDOUT, errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH),
        "see that the network disk is there and run again",
    ),
}
"""Errors of which no file is guilty: a patient refused for one would lose the mask of an earlier run."""
NIFTI_ENDINGS = (".nii", ".nii.gz")


def is_hidden(name: str) -> bool:
    """Return whether a name is none of ours: dot files, and what macOS leaves."""
    return name.startswith(".") or name == "__MACOSX"


def images_within(folder: Path) -> list[Path]:
    """Return the NIfTI files right inside a folder, by name.

    Raises:
        OSError: the folder cannot be listed.
    """
    names = sorted(name for name in os.listdir(folder) if not is_hidden(name))
    paths = [folder / name for name in names if name.lower().endswith(NIFTI_ENDINGS)]
    return [path for path in paths if not path.is_dir()]


def entered(path: Path) -> Path:
    """Return the file meant by a path: itself, or the only NIfTI in a folder of that name.

    A popular download of BraTS has `x_t1ce.nii/` as a folder around one file. A folder that holds none or several is
    returned as it is; reading it then says so.
    """
    try:
        inside = images_within(path) if path.is_dir() else []
    except OSError:
        return path
    return inside[0] if len(inside) == 1 else path


def read_bytes(path: Path, name: str) -> bytes:
    """Return the content of a regular file, read once.

    Args:
        path: the file, or a folder that holds exactly one NIfTI.
        name: what messages call it.

    Raises:
        BadInput: it is absent, unreadable, not a regular file, empty, or over 2 GiB.
        MachineError: no file can be read at present, this one or another.
    """
    path = entered(path)
    try:
        # Before opening: the open of a named pipe waits for ever. After it too: the file may have been replaced.
        _judge_kind(os.stat(path), path, name)
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            _judge_kind(status, path, name)
            # Not one byte more than needed: Python allocates first as much as it is asked to read.
            content = file.read(status.st_size + 1)
    except OSError as error:
        raise _unreadable(error, path, name) from error
    if len(content) > status.st_size:
        fault = "grew while it was read: it is still being written"
        raise bad_input("unreadable", name, fault, "wait for its copy to end, and run again")
    return content


def read_start(path: Path, name: str, count: int) -> bytes:
    """Return at most the first `count` bytes of a regular file; errors as `read_bytes`."""
    path = entered(path)
    try:
        _judge_kind(os.stat(path), path, name)
        with open(path, "rb", opener=_open_at_once) as file:
            _judge_kind(os.fstat(file.fileno()), path, name)
            return file.read(count)
    except OSError as error:
        raise _unreadable(error, path, name) from error


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _judge_kind(status: os.stat_result, path: Path, name: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        count = len(images_within(path))
        fault = f"is a folder with more than one NIfTI file ({count}) in it" if count else "is a folder, not a file"
        remedy = "leave the one that is meant" if count else "put the image itself in its place"
        raise bad_input("not-a-file", name, fault, remedy)
    if not stat.S_ISREG(status.st_mode):
        raise bad_input(
            "not-a-file", name, "is not a regular file but a pipe or device", "put a real file in its place"
        )
    if status.st_size == 0:
        raise bad_input("empty-file", name, "is empty (0 bytes)", "fetch it again")
    if status.st_size > MAX_FILE_BYTES:
        raise _too_large(name, status.st_size)


def _too_large(name: str, count: int) -> BadInput:
    fault = f"is too large ({count / (1 << 30):.1f} GiB; the limit is {MAX_FILE_BYTES >> 30} GiB)"
    return bad_input("too-large", name, fault, "give one volume of one modality")


def _unreadable(error: OSError, path: Path, name: str) -> Brats3dError:
    if error.errno in MACHINE_FAULTS:
        return MachineError(f"{name}: cannot be read: {(error.strerror or '').lower()}; {MACHINE_FAULTS[error.errno]}")
    if error.errno == errno.ELOOP:
        return bad_input("not-found", name, "is a symbolic link in a loop", "link it to the image itself")
    if isinstance(error, FileNotFoundError):
        if path.is_symlink():
            return bad_input("not-found", name, "is a symbolic link whose target is missing", "fetch the target")
        return bad_input("not-found", name, "is missing: there is no such file", "fetch it again")
    if isinstance(error, PermissionError):
        return bad_input("unreadable", name, "cannot be read: permission denied", "allow reading it (chmod u+r)")
    reason = (error.strerror or type(error).__name__).lower()
    return bad_input("unreadable", name, f"cannot be read: {reason}", "check the disk and the name")
