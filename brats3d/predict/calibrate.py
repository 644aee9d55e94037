"""Temperature: logits divided by a number found on patients that were not trained on, so that 0.7 means 7 in 10."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from brats3d.vocabulary import REGIONS, Region

if TYPE_CHECKING:
    import torch


def divisors(temperature: Mapping[Region, float], like: "torch.Tensor") -> "torch.Tensor | None":
    """Return the temperatures shaped (3, 1, ...) to divide `like` by, (N, 3, ...); None where all are 1."""
    values = [temperature[region] for region in REGIONS]
    if all(value == 1 for value in values):
        return None
    return like.new_tensor(values).reshape(-1, *(1 for _ in like.shape[2:]))


def calibrated(logits: "torch.Tensor", temperature: Mapping[Region, float]) -> "torch.Tensor":
    """Return logits divided by the temperature of their region; the same tensor where all are 1.

    From Guo 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599): a temperature above 1 takes back what a
    network is too sure of, and changes no order.

    Args:
        logits: (N, 3, ...).
        temperature: of each region, above 0.
    """
    by = divisors(temperature, logits)
    return logits if by is None else logits / by
