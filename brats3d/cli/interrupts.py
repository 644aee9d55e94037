"""Ctrl-C and SIGTERM, raised where the program stands and remembered.

Remembered, because an interrupt that meets a compiled module while it is imported comes out as an ImportError, or is
taken for a module that is not installed; torch is seconds of such imports.
"""

import signal
from types import FrameType

from brats3d.errors import Terminated

received: list[int] = []
"""The signals so far; one process is interrupted once, so this is never emptied but by tests."""


def install() -> None:
    """Have SIGTERM and Ctrl-C raise an interrupt; a Ctrl-C that the shell has us ignore stays ignored."""
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)


def interrupt(signum: int, _frame: FrameType | None) -> None:
    """Remember a signal and raise it: by default SIGTERM runs neither `finally` nor `atexit`.

    Raises:
        KeyboardInterrupt: always; `Terminated` for SIGTERM.
    """
    received.append(signum)
    raise_if_received()


def raise_if_received() -> None:
    """Raise the interrupt that was received last, if there was one.

    Raises:
        KeyboardInterrupt: so it was.
    """
    if received:
        raise Terminated("terminated") if received[-1] == signal.SIGTERM else KeyboardInterrupt


def cause_of(error: BaseException) -> BaseException:
    """Return the interrupt that an unexpected error must come from, if one was received, else the error itself."""
    try:
        raise_if_received()
    except KeyboardInterrupt as interrupted:
        return interrupted
    return error
