import itertools

import numpy as np
import pytest

from brats3d.errors import BadInput
from brats3d.grid import Grid
from brats3d.scoring.align import laid_on

SHAPE = (4, 5, 6)
AFFINE = np.array([[-1.0, 0, 0, 10], [0, -2.0, 0, 20], [0, 0, 3.0, -30], [0, 0, 0, 1]])
TARGET = Grid(SHAPE, AFFINE)
LABEL_MAP = np.arange(120, dtype=np.uint8).reshape(SHAPE)


def moved(millimetres: float) -> Grid:
    affine = AFFINE.copy()
    affine[2, 3] += millimetres
    return Grid(SHAPE, affine)


def turned(order: tuple[int, ...], flips: tuple[int, ...]) -> tuple[np.ndarray, Grid]:
    """The same voxels at the same places, stored along other axes."""
    step = np.zeros((4, 4))
    step[3, 3] = 1
    for axis, (source, flip) in enumerate(zip(order, flips, strict=True)):
        step[source, axis] = -1 if flip else 1
        step[source, 3] = SHAPE[source] - 1 if flip else 0
    array = np.flip(LABEL_MAP.transpose(order), [axis for axis in range(3) if flips[axis]])
    return array, Grid(array.shape, AFFINE @ step)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", list(itertools.product((0, 1), repeat=3)))
def test_any_order_and_direction_of_axes_comes_back_exactly(order, flips):
    array, grid = turned(order, flips)
    found, warnings = laid_on(array, grid, TARGET, "a.nii.gz")
    assert np.array_equal(found, LABEL_MAP)
    assert warnings == ()


def test_rounding_is_silent_and_half_a_voxel_is_a_warning():
    assert laid_on(LABEL_MAP, moved(0.009), TARGET, "a.nii.gz")[1] == ()
    found, (warning,) = laid_on(LABEL_MAP, moved(0.4), TARGET, "a.nii.gz")
    assert np.array_equal(found, LABEL_MAP)
    assert "a.nii.gz: its grid lies 0.40 mm from that of its reference" in warning.message


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (moved(0.6), "lies up to 0.60 mm"),
        (Grid(SHAPE, AFFINE * (-1, 1, 1, 1)), "lies up to 3.00 mm"),
        (Grid((4, 5, 7), AFFINE), r"shape \(4, 5, 7\) where its reference has \(4, 5, 6\)"),
    ],
    ids=["moved", "mirrored", "another shape"],
)
def test_another_grid_is_refused(grid, words):
    label_map = np.zeros(grid.shape, np.uint8)
    with pytest.raises(BadInput, match=f"a.nii.gz: .*{words}"):
        laid_on(label_map, grid, TARGET, "a.nii.gz")
