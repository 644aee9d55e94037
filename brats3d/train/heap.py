"""Freed memory: what a step on a processor frees stays at hand for the next one, and goes back between epochs."""

import ctypes
import platform
from functools import cache

import torch

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Numbers of `mallopt`, from glibc's malloc.h."""
NEVER = -1
GROWTH_BYTES = 2**28
"""By which the heap grows at a time."""


def give_back_freed_memory() -> None:
    """Give kernel and card what is free at this moment: once an epoch, or the heap grows by pieces that fit no more."""
    torch.cuda.empty_cache()  # does nothing where no card was used
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))


@cache
def keep_freed_memory() -> bool:
    """Let glibc keep freed memory instead of handing it to the kernel; return whether that was possible.

    Activations are large, so glibc maps each anew and the kernel clears its pages in every step. Kept, a step of `unet`
    on two cores takes .82 of the time. It holds for the life of the process; other C libraries stay as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    wanted = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, NEVER), (M_TOP_PAD, GROWTH_BYTES))
    return all([mallopt(ctypes.c_int(number), ctypes.c_int(value)) == 1 for number, value in wanted])
