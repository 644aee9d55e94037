"""Locks on open files: the kernel frees them when their holder dies, however it dies."""

import errno
import sys
from enum import Enum

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

# What `flock` answers where the file system, rather than another process, is in the way.
CANNOT_LOCK = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


class Lock(Enum):
    """What became of the wish to lock an open file."""

    HELD = "held"
    """It is ours until the file is closed."""
    TAKEN = "taken"
    """Another open file holds it, in this process or another."""
    UNKNOWN = "unknown"
    """The file system or the platform knows no locks."""


def try_lock(descriptor: int) -> Lock:
    """Lock an open file for this process alone, without waiting.

    Raises:
        OSError: the lock failed for another reason (an input or output error, say).
    """
    if fcntl is None:
        return Lock.UNKNOWN
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Lock.TAKEN
    except OSError as error:
        if error.errno in CANNOT_LOCK:
            return Lock.UNKNOWN
        raise
    return Lock.HELD
