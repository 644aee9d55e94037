"""Where patches lie: over the edge by as much as told, on tumour as often as told."""

import numpy as np
import torch
from training_for_tests import a_case

from brats3d.train.patches import Pose, draw_centre, levels_to_regions

SHAPE = (20, 18, 16)
CASE = a_case(SHAPE)


def centres(case, size, share, reach, count=400):
    """Draw centres."""
    rng = np.random.default_rng(1)
    return np.array([draw_centre(case, size, rng, share, reach) for _ in range(count)])


def test_a_patch_reaches_over_the_box_by_no_more_than_told():
    size = (8, 8, 7)
    starts = centres(CASE, size, 0.5, 3) - (np.array(size) - 1) / 2
    assert np.array_equal(starts, np.round(starts))
    assert (starts.min(axis=0) >= -3).all()
    assert (starts.min(axis=0) < 0).all()
    # Rounding to a whole voxel may add one at the far end.
    assert ((starts + size).max(axis=0) <= [n + 4 for n in SHAPE]).all()
    assert ((starts + size).max(axis=0) > SHAPE).all()


def test_a_patch_larger_than_the_box_holds_all_of_it():
    starts = centres(CASE, (40, 40, 40), 0.5, 0) - 19.5
    assert (starts <= 0).all()
    assert (starts + 40 >= SHAPE).all()


def test_tumour_patches_hold_tumour_and_draw_the_regions_evenly():
    far = tuple(np.array([place], np.int16) for place in ((4, 9, 8), (10, 9, 8), (16, 9, 8)))
    drawn = centres(a_case(seeds=far), (4, 4, 4), 1.0, 0, count=900)
    nearest = np.abs(drawn[:, :1] - np.array([[4, 10, 16]])).argmin(axis=1)
    assert np.bincount(nearest, minlength=3).min() > 250
    assert np.abs(drawn - np.array([(4, 9, 8), (10, 9, 8), (16, 9, 8)])[nearest]).max() <= 1.5


def test_without_tumour_patches_lie_anywhere():
    healthy = a_case(seeds=(), levels=torch.zeros(SHAPE, dtype=torch.uint8))
    assert np.ptp(centres(healthy, (8, 8, 8), 1.0, 0), axis=0).min() > 6


def test_slices_lie_in_the_box_as_a_patch_reaches_over_it_by_half_at_most():
    drawn = centres(CASE, (8, 8, 1), 0.0, 8)
    assert (drawn[:, 2] >= 0).all()
    assert (drawn[:, 2] <= SHAPE[2] - 1 + 0.5).all()


def test_levels_become_nested_regions():
    regions = levels_to_regions(torch.tensor([[0, 1, 2, 3, 4]], dtype=torch.uint8))
    assert regions.tolist() == [[[0, 0, 1, 1, 1], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1]]]


def test_a_pose_knows_the_axis_that_mixes_with_no_other():
    assert [Pose((0, 0, 0), np.array(m)).own_axis for m in (TURNED_ABOUT_Y, np.eye(3) * 1.2)] == [1, 2]
    assert Pose((0, 0, 0), np.ones((3, 3))).own_axis is None
    assert Pose((0, 0, 0), np.eye(3), np.zeros((3, 2, 2, 2), np.float32)).own_axis is None
    assert not Pose((0, 0, 0), np.eye(3), np.zeros((3, 2, 2, 2), np.float32)).is_plain


TURNED_ABOUT_Y = [[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]]
