"""Products along lines of voxels: passing over zeros changes nothing."""

import pytest
import torch

from brats3d.train.intensity import gaussian
from brats3d.train.lines import BLOCK, change_lines

SHAPE = (2 * BLOCK + 3, 2 * BLOCK + 5, 2 * BLOCK + 7)


@pytest.fixture
def volume() -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("mirrored", [False, True])
def test_equals_the_product_with_every_zero(volume: torch.Tensor, axis: int, mirrored: bool) -> None:
    band = torch.from_numpy(gaussian(SHAPE[axis], 1.0)).float()[3:-1]
    matrix = band.flip(0) if mirrored else band
    expected = torch.tensordot(matrix, volume, dims=([1], [axis])).movedim(0, axis)
    changed = change_lines(volume, matrix, axis)
    assert changed.shape[axis] == SHAPE[axis] - 4
    assert torch.allclose(changed, expected, atol=1e-5)


def test_rows_of_zeros_give_zeros(volume: torch.Tensor) -> None:
    assert not change_lines(volume, torch.zeros(BLOCK + 1, SHAPE[2]), 2).any()
