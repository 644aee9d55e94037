"""Checks of the values of a case: is each modality an image of its own, finite, and of a brain alone?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes

from brats3d.cases.remarks import warning
from brats3d.errors import Finding, bad_input
from brats3d.vocabulary import MODALITY_TITLES, Modality

Values = NDArray[np.float32]

MOST_NONFINITE_SHARE = 0.001
EXTREME_VALUE = 1e6
LEAST_ZERO_SHARE = 0.2
LEAST_BACKGROUND_SHARE = 0.01
"""A modality with fewer zeros has no background, though the others have."""
SAMPLE_STEP = 97
"""Every so many voxels are looked at first, where nearly all volumes pass at once."""


@dataclass(slots=True, eq=False)
class VoxelReading:
    """What the voxel checks look at; the first of them may set values to 0."""

    where: str
    """How messages call the case."""
    modalities: Sequence[Modality]
    names: Sequence[str]
    """How messages call each file."""
    shape: tuple[int, int, int]
    """(Z, Y, X)."""
    values: Sequence[Values]
    """(N,) each modality: its voxels in the order of `shape`."""
    lows: list[float]
    """The smallest value of each modality; NaN where one is NaN."""
    highs: list[float]

    def title(self, index: int) -> str:
        """Return how a modality is written."""
        return MODALITY_TITLES[self.modalities[index]]

    def is_finite(self, index: int) -> bool:
        """Return whether all values of a modality are finite: NaN and infinity show in the extremes."""
        return bool(np.isfinite(self.lows[index]) and np.isfinite(self.highs[index]))


def finite(reading: VoxelReading) -> Iterator[Finding]:
    """Values that are no number lie outside the brain, or are at most 0.1 % of it: they become 0."""
    suspects = [index for index in range(len(reading.values)) if not reading.is_finite(index)]
    masks = {index: ~np.isfinite(reading.values[index]) for index in suspects}
    brains = {index: _brain_of_others(reading, index, masks) for index in suspects}
    for index in suspects:
        lost, brain, title = masks[index], brains[index], reading.title(index)
        name, count = reading.names[index], int(np.count_nonzero(lost))
        inside = int(np.count_nonzero(lost & brain))
        share = inside / max(int(np.count_nonzero(brain)), 1)
        if count == lost.size:
            fault = f"all voxels of {title} are not finite (NaN or infinite)"
            yield bad_input("not-finite", name, fault, "convert it again from the source").finding
        elif share > MOST_NONFINITE_SHARE:
            fault = f"{share:.2%} of the brain in {title} are not finite (NaN or infinite: {inside} voxels)"
            yield bad_input("not-finite", name, fault, "convert it again from the source").finding
        else:
            reading.values[index][lost] = 0
            reading.lows[index], reading.highs[index] = _extremes(reading.values[index])
            place = f"{inside} of them in the brain" if inside else "all in the background"
            fault = f"{count} voxels of {title} are not finite (NaN or infinite), {place}"
            yield warning("not-finite", name, fault, "set to 0")


def _brain_of_others(reading: VoxelReading, index: int, masks: dict[int, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Return (N,): where another modality holds a signal; all that is not 0 here, where there is no other.

    Voxels that are no number in other modalities too count where the brain encloses them: a hole, no background.
    """
    others = [other for other in range(len(reading.values)) if other != index]
    if not others:
        return np.asarray(reading.values[index] != 0)
    brain = np.zeros(reading.values[index].shape, bool)
    shared = np.zeros(brain.shape, bool)
    for other in others:
        signal = reading.values[other] != 0
        if other in masks:
            shared |= masks[other] & masks[index]
            signal &= ~masks[other]
        brain |= signal
    if (shared & ~brain).any():
        filled: NDArray[np.bool_] = binary_fill_holes(brain.reshape(reading.shape))
        brain |= shared & filled.reshape(-1)
    return brain


def _extremes(values: Values) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def varied(reading: VoxelReading) -> Iterator[Finding]:
    """Each modality has more than one value, apart from its background."""
    for index, values in enumerate(reading.values):
        low, high, title = reading.lows[index], reading.highs[index], reading.title(index)
        if not reading.is_finite(index):
            continue
        if low == high:
            what = "0: it is empty (all zero)" if low == 0 else f"{low:g}: it is constant"
            fault = f"every voxel of {title} is {what}"
            yield bad_input("constant", reading.names[index], fault, "fetch or convert it again").finding
        elif _has_two_values(values, low, high):
            fault = f"{title} holds only two values: a mask, not a modality"
            yield bad_input("constant", reading.names[index], fault, f"put the {title} image in its place").finding


def _has_two_values(values: Values, low: float, high: float) -> bool:
    sample = values[::SAMPLE_STEP]
    if ((sample != low) & (sample != high)).any():
        return False
    return not ((values != low) & (values != high)).any()


def no_twins(reading: VoxelReading) -> Iterator[Finding]:
    """No two modalities have equal voxels."""
    for index in range(len(reading.values)):
        for other in range(index):
            extremes = [(reading.lows[each], reading.highs[each]) for each in (other, index)]
            if extremes[0] == extremes[1] and np.array_equal(reading.values[other], reading.values[index]):
                fault = f"{reading.title(index)} is identical to {reading.title(other)}: the same voxels"
                yield bad_input("twins", reading.names[index], fault, "one is a copy: fetch the right file").finding
                break


def plausible(reading: VoxelReading) -> Iterator[Finding]:
    """No value is beyond a million."""
    for index, name in enumerate(reading.names):
        extreme = max(abs(reading.lows[index]), abs(reading.highs[index]))
        if reading.is_finite(index) and extreme > EXTREME_VALUE:
            fault = f"{reading.title(index)} holds extreme values (up to {extreme:.3g})"
            yield warning("extreme", name, fault, "check that it is the image itself")


def skull_stripped(reading: VoxelReading) -> Iterator[Finding]:
    """Outside the brain there is nothing but zeros."""
    shares = [np.count_nonzero(values == 0) / values.size for values in reading.values]
    if max(shares) < LEAST_ZERO_SHARE:
        fault = f"hardly any voxel is 0 (at most {max(shares):.0%}): it is not skull-stripped"
        yield warning("not-skull-stripped", None, f"{reading.where}: {fault}", "extract the brain first (HD-BET, say)")
        return
    for index, share in enumerate(shares):
        is_refused = reading.lows[index] == reading.highs[index] or not reading.is_finite(index)
        if share < LEAST_BACKGROUND_SHARE and not is_refused:
            fault = f"the background of {reading.title(index)} is not 0 as it is in other modalities"
            yield warning("background-not-zero", reading.names[index], fault, "set it to 0, or the brain is not found")


VOXEL_CHECKS: tuple[Callable[[VoxelReading], Iterator[Finding]], ...] = (
    finite,
    varied,
    no_twins,
    plausible,
    skull_stripped,
)
"""In the order in which they are made; the first mends, so the others see what the network will."""
