"""Flips of a window: the mean of their logits (test-time augmentation), and how far their probabilities spread."""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from brats3d.predict.calibrate import calibrated
from brats3d.vocabulary import Region

if TYPE_CHECKING:
    import torch

    Compute = Callable[[torch.Tensor], torch.Tensor]


def flips_of(dimensions: int) -> list[tuple[int, ...]]:
    """Return the axes of every flip of a batch of windows, the unflipped one first.

    >>> flips_of(4)
    [(), (2,), (3,), (2, 3)]
    """
    axes = range(2, dimensions)
    return [chosen for count in range(len(axes) + 1) for chosen in combinations(axes, count)]


def mean_over_flips(compute: "Compute") -> "Compute":
    """Return a function that averages what `compute` gives over all flips: 8 of a window, 4 of a slice.

    Logits are averaged, not probabilities: one sure answer then outweighs several faint ones, as it does where the
    logits of several bundles are averaged. Flips are computed one by one, so they cost time and no memory.

    Args:
        compute: windows (N, M, ...) to logits (N, 3, ...).
    """

    def mean(windows: "torch.Tensor") -> "torch.Tensor":
        flips = flips_of(windows.dim())
        total = compute(windows)
        for axes in flips[1:]:
            total += compute(windows.flip(axes)).flip(axes)
        return total / len(flips)

    return mean


def moments_over_flips(compute: "Compute", temperature: Mapping[Region, float], *, tta: bool) -> "Compute":
    """Return a function that gives, with the logits, the mean of the flips' probabilities and of their squares.

    Both are means over members, so they may be averaged on: over the windows that cover a voxel, over bundles.

    Args:
        compute: windows (N, M, ...) to logits (N, 3, ...).
        temperature: what the logits of a region are divided by before the sigmoid.
        tta: whether the logits given are the mean over flips, bit for bit those of `mean_over_flips`, or those of
            the windows as they are.

    Returns:
        Windows (N, M, ...) to (N, 9, ...): logits, mean probabilities, mean squares, 3 regions each.
    """
    import torch

    def moments(windows: "torch.Tensor") -> "torch.Tensor":
        flips = flips_of(windows.dim())
        logits = compute(windows)
        first = torch.sigmoid(calibrated(logits, temperature))
        second = first**2
        for axes in flips[1:]:
            flipped = compute(windows.flip(axes)).flip(axes)
            probabilities = torch.sigmoid(calibrated(flipped, temperature))
            first += probabilities
            second += probabilities**2
            if tta:
                logits += flipped
        count = len(flips)
        return torch.cat([logits / count if tta else logits, first / count, second / count], dim=1)

    return moments
