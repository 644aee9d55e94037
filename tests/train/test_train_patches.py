"""Patches: blocks as numpy cuts them, turned ones that agree with them, image and labels moved as one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_for_tests import a_case

from brats3d.train.augment import Augmentation, draw_pose
from brats3d.train.patches import Pose, cut, cut_block, cut_turned, draw_centre, levels_to_regions

SHAPE = (20, 18, 16)
RNG = np.random.default_rng(0)
CASE = a_case(
    SHAPE, data=RNG.normal(size=(4, *SHAPE)).astype(np.float16), levels=RNG.integers(0, 4, SHAPE, dtype=np.uint8)
)
"""Something in every voxel, those of the edges too."""
starts = st.tuples(*[st.integers(-12, 22)] * 3)
sizes = st.tuples(*[st.integers(1, 12)] * 3)
signs = st.tuples(*[st.sampled_from([1.0, -1.0])] * 3)


def pose_at(start, size, matrix=None):
    """Return the pose of a patch whose first voxel is at `start`."""
    centre = tuple(s + (n - 1) / 2 for s, n in zip(start, size, strict=True))
    return Pose(centre, np.eye(3) if matrix is None else np.asarray(matrix, float))


def sliced(array, start, size, flips=(1, 1, 1)):
    """Cut by numpy alone: zeros all around, then a slice, then the mirrors."""
    around = np.pad(array, [(0, 0)] * (array.ndim - 3) + [(40, 40)] * 3)
    block = around[(..., *(slice(s + 40, s + 40 + n) for s, n in zip(start, size, strict=True)))]
    return block[(..., *(slice(None, None, int(flip)) for flip in flips))]


@settings(deadline=None)
@given(starts, sizes, signs)
def test_a_block_is_what_numpy_cuts_zeros_beyond_the_edge_included(start, size, flips):
    pose = pose_at(start, size, np.diag(flips))
    assert pose.is_plain
    data, levels = cut(CASE, pose, size)
    assert (data.dtype, levels.dtype) == (torch.float32, torch.uint8)
    assert np.array_equal(data.numpy(), sliced(CASE.data.astype(np.float32), start, size, flips))
    assert np.array_equal(levels.numpy(), sliced(CASE.levels, start, size, flips))


def test_a_block_beside_the_case_is_empty():
    data, levels = cut(CASE, pose_at((-30, 0, 0), (8, 8, 8)), (8, 8, 8))
    assert not data.any()
    assert not levels.any()


@settings(deadline=None, max_examples=50)
@given(st.tuples(*[st.integers(-4, 12)] * 3), st.tuples(*[st.integers(2, 12)] * 3), signs)
def test_a_patch_turned_by_nothing_is_the_block(start, size, flips):
    pose = pose_at(start, size, np.diag(flips))
    block, turned = cut_block(CASE, pose, size), cut_turned(CASE, pose, size)
    assert torch.allclose(turned[0], block[0], atol=2e-3)
    assert torch.equal(turned[1], block[1])


def test_a_quarter_turn_is_numpys():
    size = (9, 9, 9)
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])  # the patch's x runs along the case's y, its y against x
    data, levels = cut(CASE, pose_at((5, 4, 3), size, quarter), size)
    assert np.array_equal(levels.numpy(), np.rot90(sliced(CASE.levels, (5, 4, 3), size), -1))
    expected = np.rot90(sliced(CASE.data.astype(np.float32), (5, 4, 3), size), -1, axes=(1, 2))
    assert np.allclose(data.numpy(), expected, atol=2e-3)


@pytest.mark.parametrize("factor", [0.7, 0.85, 1.0, 1.2, 1.4])
def test_the_enhancing_volume_scales_with_the_cube_of_the_factor(factor):
    places = np.indices((48, 48, 48)) - 23.5
    levels = (3 * (np.linalg.norm(places, axis=0) < 9)).astype(np.uint8)
    case = a_case(levels=levels, data=np.ones((4, 48, 48, 48), np.float16))
    _, found = cut_turned(case, Pose((23.5, 23.5, 23.5), np.eye(3) / factor), (32, 32, 32))
    volume = float(levels_to_regions(found)[2].sum())
    assert volume / (levels == 3).sum() == pytest.approx(factor**3, rel=0.05)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_image_and_levels_move_together(seed):
    levels = np.zeros((24, 24, 24), np.uint8)
    levels[8:13, 10:15, 11:16] = 3
    case = a_case(levels=levels, data=np.stack([levels * 1.0] * 4).astype(np.float16))
    rng = np.random.default_rng(seed)
    strong = Augmentation(rotation=1.0, scale=1.0, flip=0.5)
    data, found = cut(case, draw_pose((11.5, 12.5, 12.5), strong, rng), (24, 24, 24))
    assert set(found.unique().tolist()) == {0, 3}
    inside = found > 0
    # Exactly 0 where the nearest voxel is background, and the marked voxels bright where the levels are.
    assert not data[:, ~inside].any()
    assert data[:, inside].mean() > 2
    centres = [np.argwhere(each.numpy()).mean(axis=0) for each in (data[2] > 1.5, inside)]
    assert np.abs(centres[0] - centres[1]).max() < 0.3


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.tuples(*[st.integers(6, 24)] * 3))
def test_turned_labels_stay_whole(seed, size):
    rng = np.random.default_rng(seed)
    centre = draw_centre(CASE, size, rng, 0.5, 8)
    data, levels = cut_turned(CASE, draw_pose(centre, Augmentation(rotation=1.0, scale=1.0), rng), size)
    assert levels.dtype == torch.uint8
    assert set(levels.unique().tolist()) <= {0, 1, 2, 3}
    assert torch.isfinite(data).all()


def test_a_slice_is_cut_whole():
    data, levels = cut(CASE, pose_at((2, 2, 7), (12, 12, 1)), (12, 12, 1))
    assert np.array_equal(data[..., 0].numpy(), CASE.data[:, 2:14, 2:14, 7].astype(np.float32))
    turned, _ = cut_turned(CASE, Pose((8, 8, 7), np.eye(3) / 1.1), (12, 12, 1))
    assert turned.shape == (4, 12, 12, 1)
    assert levels.shape == (12, 12, 1)


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
    healthy = a_case(seeds=(), levels=np.zeros(SHAPE, np.uint8))
    assert np.ptp(centres(healthy, (8, 8, 8), 1.0, 0), axis=0).min() > 6


def test_levels_become_nested_regions():
    regions = levels_to_regions(torch.tensor([0, 1, 2, 3], dtype=torch.uint8))
    assert regions.tolist() == [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]
