"""Uncertainty: how far the answers of flips, overlapping windows and bundles lie apart."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

LARGEST = 0.5
"""The largest standard deviation that numbers from 0 to 1 can have: half of them 0, half of them 1."""


def spread(first: "torch.Tensor", second: "torch.Tensor") -> "torch.Tensor":
    """Return the standard deviation of the members' probabilities as a share of the largest there can be.

    The members are the flips of every window that covers a voxel, of every bundle, weighted as the windows are. Test
    time flips show what the network cannot be sure of because the image does not say it (Wang 2019, doi
    10.1016/j.neucom.2019.01.103), several bundles what training did not settle (Lakshminarayanan 2017, arXiv
    1612.01474). It says what the mean probability does not: 0.5 may be one answer or two.

    Args:
        first: the mean of the members' probabilities.
        second: the mean of their squares, of the same shape.

    Returns:
        0 where all agree, 1 where half of them say 0 and half 1.
    """
    return (second - first**2).clamp(min=0).sqrt().clamp(max=LARGEST) / LARGEST
