"""What is tried when memory runs out: a fixed ladder, each rung once, each noted in the record."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from brats3d.errors import Finding, SegmentationFailed
from brats3d.vocabulary import Severity

CODE = "out-of-memory"
WORDS = ("can't allocate memory", "not enough memory", "out of memory", "seems to be oom")
"""How torch on CPU and CUDA, and MONAI's windows, say it in a plain RuntimeError."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to compute the same windows."""

    device: str
    at_once: int | None
    """Windows computed together; None is as many as usual."""
    stitch_device: str | None
    """Where logits are summed; None is `device`."""
    words: str
    """How it is told."""


def ladder(device: str, slices: bool) -> list[Rung]:
    """Return the rungs below the usual way, in order; flips are always computed one by one.

    Args:
        device: where the usual way computes.
        slices: whether the network sees slices, several together.
    """
    rungs = [Rung(device, 1, None, "one slice at a time")] if slices else []
    if device != "cpu":
        rungs.append(Rung(device, 1, "cpu", "stitched on the processor"))
        rungs.append(Rung("cpu", 1, None, "computed on the processor"))
    return rungs


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of numpy or torch means that memory ran out."""
    told = isinstance(error, RuntimeError) and any(words in str(error).lower() for words in WORDS)
    return told or isinstance(error, MemoryError)


def out_of_memory() -> Finding:
    """Return the finding on a patient for whom the memory did not suffice."""
    words = "not enough memory for this patient; end other programs, or take a machine with more"
    return Finding(CODE, Severity.ERROR, words)


def went_down(device: str, rung: Rung) -> Finding:
    """Return the warning that a rung was taken."""
    return Finding(CODE, Severity.WARNING, f"there was not enough memory on {device}: {rung.words}")


@contextmanager
def memory_fails_the_case() -> Iterator[None]:
    """Turn memory that runs out into the failure of this patient alone.

    Raises:
        SegmentationFailed: memory ran out within.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise SegmentationFailed(out_of_memory()) from error
