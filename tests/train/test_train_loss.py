"""The loss by hand, and what it does where a region is empty."""

import math

import pytest
import torch

from brats3d.train.loss import RegionLoss


def test_the_loss_is_as_computed_by_hand():
    logits = torch.zeros(2, 3, 1, 1, 2)  # probability 0.5 everywhere
    regions = torch.zeros(2, 3, 1, 1, 2)
    regions[0, 0] = 1  # WT: 2 voxels of one patch, TC: 1, ET: none
    regions[0, 1, 0, 0, 0] = 1
    # Over the whole batch: 1 - 2 * overlap / (predicted + true) for each region.
    dice = (1 - 2 * 1 / (2 + 2)) + (1 - 2 * 0.5 / (2 + 1)) + (1 - 0)
    assert float(RegionLoss()(logits, regions)) == pytest.approx(dice / 3 + math.log(2), abs=1e-4)


def test_a_right_answer_costs_nothing():
    regions = (torch.rand(2, 3, 4, 4, 4) > 0.5).float()
    assert float(RegionLoss()(200 * (regions - 0.5), regions)) == pytest.approx(0, abs=1e-4)


def test_an_empty_region_still_has_a_gradient():
    logits = torch.zeros(1, 3, 4, 4, 4, requires_grad=True)
    regions = torch.zeros(1, 3, 4, 4, 4)
    regions[:, :2] = 1
    RegionLoss()(logits, regions).backward()
    # The cross-entropy's: (0.5 - 0) over the number of voxels of all regions.
    assert logits.grad is not None
    assert torch.allclose(logits.grad[:, 2], torch.tensor(0.5 / (3 * 64)), rtol=1e-2)


def test_slices_are_scored_like_volumes():
    logits, regions = torch.randn(2, 3, 5, 4), (torch.rand(2, 3, 5, 4) > 0.5).float()
    assert torch.allclose(RegionLoss()(logits, regions), RegionLoss()(logits[..., None], regions[..., None]))
