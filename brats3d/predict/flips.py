"""Test-time augmentation: the mean of the logits over all flips of a window."""

from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING

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
