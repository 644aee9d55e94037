"""Test-time augmentation against a mean worked out by hand."""

import pytest
import torch

from brats3d.predict.flips import flips_of, mean_over_flips


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
