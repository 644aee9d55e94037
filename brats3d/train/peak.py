"""The most memory that a training had at once."""

import sys
from contextlib import suppress
from pathlib import Path

import torch

STATUS = Path("/proc/self/status")
HIGH_WATER = "VmHWM:"
"""Linux's own account of this process; what `getrusage` says a child may have from its parent."""


def reset_peak(device: torch.device) -> None:
    """Start a new account, where the system allows it: of several trainings in a process each has its own peak."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with suppress(OSError):  # Linux alone has it (proc(5))
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory(device: torch.device) -> int | None:
    """Return the most bytes that this process had at once: of the card it trained on, else of the machine's memory.

    Of a card, what torch took from it, with what it keeps at hand; not the half GiB that CUDA itself takes. None where
    the system keeps no account.
    """
    if device.type == "cuda":
        return int(torch.cuda.max_memory_reserved(device))
    with suppress(OSError):
        lines = STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        for line in lines:
            if line.startswith(HIGH_WATER):
                return int(line.split()[1]) * 1024
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)
