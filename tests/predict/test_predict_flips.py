"""Flips against means and moments worked out by hand."""

import pytest
import torch

from brats3d.predict.flips import flips_of, mean_over_flips, moments_over_flips
from brats3d.vocabulary import REGIONS

WARM = dict(zip(REGIONS, (1.0, 2.0, 4.0), strict=True))


def corner(windows):
    """A network that is not symmetric: adds a ramp along every axis."""
    ramp = windows[:, :3].clone()
    for axis in range(2, windows.dim()):
        steps = torch.arange(windows.shape[axis], dtype=torch.float32)
        ramp += (axis * steps).reshape([-1 if each == axis else 1 for each in range(windows.dim())])
    return ramp**2


@pytest.mark.parametrize(("shape", "count"), [((2, 4, 3, 4, 5), 8), ((2, 4, 3, 4), 4)])
def test_the_mean_is_that_of_every_flip_turned_back(shape, count):
    windows = torch.randn(shape)
    flips = flips_of(len(shape))
    by_hand = torch.stack([corner(windows.flip(axes)).flip(axes) for axes in flips]).mean(dim=0)
    assert len(set(flips)) == count
    assert torch.allclose(mean_over_flips(corner)(windows), by_hand, rtol=1e-5)


def test_the_mean_turns_with_its_input():
    windows = torch.randn(1, 4, 3, 4, 5)
    mean = mean_over_flips(corner)
    assert torch.allclose(mean(windows.flip((2,))), mean(windows).flip((2,)), rtol=1e-5)


@pytest.mark.parametrize("tta", [False, True])
@pytest.mark.parametrize("shape", [(2, 4, 3, 4, 5), (2, 4, 3, 4)])
def test_the_moments_come_with_the_very_logits_that_are_given_without_them(shape, tta):
    windows = torch.randn(shape)
    plain = mean_over_flips(corner)(windows) if tta else corner(windows)
    assert torch.equal(moments_over_flips(corner, WARM, tta=tta)(windows)[:, :3], plain)


def test_the_moments_are_those_of_the_calibrated_probabilities_of_every_flip():
    windows = torch.randn(1, 4, 3, 4, 5)
    flips = [corner(windows.flip(axes)).flip(axes) for axes in flips_of(5)]
    by_hand = torch.stack([torch.sigmoid(each / torch.tensor([1.0, 2.0, 4.0]).reshape(3, 1, 1, 1)) for each in flips])
    found = moments_over_flips(corner, WARM, tta=False)(windows)
    assert found.shape == (1, 9, 3, 4, 5)
    assert torch.allclose(found[:, 3:6], by_hand.mean(dim=0), atol=1e-6)
    assert torch.allclose(found[:, 6:], (by_hand**2).mean(dim=0), atol=1e-6)
