"""The loss by hand, and what it does where a region is empty."""

import math

import pytest
import torch
from monai.losses.dice import DiceLoss
from monai.losses.focal_loss import FocalLoss
from torch.nn.functional import binary_cross_entropy_with_logits

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


@pytest.mark.parametrize("shape", [(2, 3, 6, 5, 4), (3, 3, 7, 6)])
def test_loss_and_gradient_are_those_of_monai_and_torch(shape):
    torch.manual_seed(0)
    regions = (torch.rand(shape) > 0.7).double()
    regions[:, 2] = 0
    ours, theirs = (torch.randn(shape, dtype=torch.float64, generator=seeded()).requires_grad_() for _ in range(2))
    loss = RegionLoss()(ours, regions)
    (3 * loss).backward()
    expected = DiceLoss(sigmoid=True, batch=True)(theirs, regions) + binary_cross_entropy_with_logits(theirs, regions)
    (3 * expected).backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-9)
    assert torch.allclose(ours.grad, theirs.grad, rtol=1e-7, atol=1e-12)


def test_focal_loss_takes_the_place_of_the_entropy():
    torch.manual_seed(0)
    logits, regions = torch.randn(2, 3, 4, 4, 4), (torch.rand(2, 3, 4, 4, 4) > 0.7).float()
    expected = DiceLoss(sigmoid=True, batch=True)(logits, regions) + FocalLoss(gamma=1.5)(logits, regions)
    assert float(RegionLoss(entropy="focal", focal_gamma=1.5)(logits, regions)) == pytest.approx(expected.item())


def test_coarser_heads_count_half_as_much_each():
    torch.manual_seed(0)
    heads, regions = torch.randn(2, 3, 3, 4, 4, 4), (torch.rand(2, 3, 4, 4, 4) > 0.7).float()
    loss = RegionLoss()
    each = [float(loss(heads[:, n], regions)) for n in range(3)]
    assert float(loss(heads, regions)) == pytest.approx((each[0] + each[1] / 2 + each[2] / 4) / 1.75, rel=1e-5)


def seeded():
    """Return a generator that gives the same each time."""
    return torch.Generator().manual_seed(3)
