"""Patches: blocks as numpy cuts them, turned and bent ones to the voxel, image and labels moved as one."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from training_for_tests import a_case

from brats3d.train.augmentation import Augmentation, draw_pose, rotation_matrix
from brats3d.train.cutting import cut, cut_block, cut_sampled, cut_turned
from brats3d.train.patches import Pose, draw_centre, levels_to_regions

SHAPE = (20, 18, 16)
RNG = np.random.default_rng(0)
CASE = a_case(
    SHAPE,
    data=torch.from_numpy(RNG.normal(size=(4, *SHAPE)).astype(np.float16)),
    levels=torch.from_numpy(RNG.integers(0, 5, SHAPE, dtype=np.uint8)),
)
"""Something in every voxel, those of the edges too."""
PLACES = np.stack(np.indices(SHAPE))
WHERE = a_case(
    SHAPE,
    data=torch.from_numpy(np.concatenate([PLACES, PLACES[:1] * 0 + 1]).astype(np.float16)),
    levels=torch.from_numpy(RNG.integers(1, 5, SHAPE, dtype=np.uint8)),
)
"""Each voxel's data say where it lies (X, Y, Z, and 1), so that a linear patch says where it was sampled."""
starts = st.tuples(*[st.integers(-12, 22)] * 3)
sizes = st.tuples(*[st.integers(1, 12)] * 3)
signs = st.tuples(*[st.sampled_from([1.0, -1.0])] * 3)


def empty(case, size):
    """Return room for a patch, filled with what must not stay."""
    return torch.full((len(case.data), *size), torch.nan), torch.full(size, 99, dtype=torch.uint8)


def made(case, pose, size, way=cut, *more):
    """Return a patch cut in one of the ways."""
    data, levels = empty(case, size)
    way(case, pose, *more, data, levels)
    return data, levels


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
    data, levels = made(CASE, pose, size)
    assert np.array_equal(data.numpy(), sliced(CASE.data.float().numpy(), start, size, flips))
    assert np.array_equal(levels.numpy(), sliced(CASE.levels.numpy(), start, size, flips))


@settings(deadline=None, max_examples=50)
@given(st.tuples(*[st.integers(-4, 12)] * 3), st.tuples(*[st.integers(2, 12)] * 3), signs, st.integers(0, 2))
def test_a_patch_turned_by_nothing_is_the_block(start, size, flips, axis):
    pose = pose_at(start, size, np.diag(flips))
    block = made(CASE, pose, size, cut_block)
    turned, sampled = made(CASE, pose, size, cut_turned, axis), made(CASE, pose, size, cut_sampled)
    assert torch.allclose(turned[0], block[0], atol=1e-4)
    assert torch.allclose(sampled[0], block[0], atol=2e-3)
    assert torch.equal(turned[1], block[1])
    assert torch.equal(sampled[1], block[1])


def test_a_quarter_turn_is_numpys():
    size = (9, 9, 9)
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])  # the patch's x runs along the case's y, its y against x
    data, levels = made(CASE, pose_at((5, 4, 3), size, quarter), size)
    assert np.array_equal(levels.numpy(), np.rot90(sliced(CASE.levels.numpy(), (5, 4, 3), size), -1))
    expected = np.rot90(sliced(CASE.data.float().numpy(), (5, 4, 3), size), -1, axes=(1, 2))
    assert np.allclose(data.numpy(), expected, atol=1e-4)


STRONG = Augmentation(rotation=1.0, scale=1.0, flip=0.5, scale_axes=0.2)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 2))
def test_turning_about_one_axis_is_what_grid_sample_does(seed, axis):
    rng = np.random.default_rng(seed)
    centre = draw_centre(WHERE, (10, 11, 12), rng, 0.5, 4)
    radians = np.zeros(3)
    radians[axis] = rng.uniform(-1, 1)
    pose = Pose(centre, rotation_matrix(radians) / rng.uniform(0.7, 1.4, 3)[None])
    assume(pose.own_axis is not None)
    fast, slow = made(WHERE, pose, (10, 11, 12)), made(WHERE, pose, (10, 11, 12), cut_sampled)
    assert torch.allclose(fast[0], slow[0], atol=2e-3)
    assert (fast[1] == slow[1]).float().mean() > 0.995  # halfway between two voxels either may count as nearest


@settings(deadline=None, max_examples=80)
@given(
    st.integers(0, 2**32),
    st.sampled_from([1, 3]),
    st.sampled_from([0.0, 1.0]),
    st.tuples(*[st.integers(3, 14)] * 3),
)
def test_image_and_label_agree_to_the_voxel_under_every_spatial_transform(seed, axes, elastic, size):
    """Data that say where a voxel lies tell where each voxel of the patch was taken: its label must be from there."""
    rng = np.random.default_rng(seed)
    how = Augmentation(rotation=1.0, rotation_axes=axes, scale=1.0, scale_axes=0.2, elastic=elastic, elastic_spacing=6)
    centre = draw_centre(WHERE, size, rng, 0.5, 4)
    data, levels = made(WHERE, draw_pose(centre, size, how, rng), size)
    (x, y, z), ones = data[:3].numpy(), data[3].numpy()
    whole = ones > 1 - 1e-3  # all eight voxels around lie in the case
    place = np.stack([x, y, z])
    near = np.floor(place + 0.5)
    clear = whole & (np.abs(place + 0.5 - np.round(place + 0.5)).min(axis=0) > 0.01)  # not halfway between two
    expected = WHERE.levels.numpy()[tuple(near[:, clear].astype(int))]
    assert np.array_equal(levels.numpy()[clear], expected)
    assert not levels.numpy()[ones < 0.01].any()


@pytest.mark.parametrize("axes", [1, 3])
def test_turning_there_and_back_gives_the_block_again(axes):
    places = np.indices((40, 40, 40)) - 19.5
    ball = (np.linalg.norm(places * np.array([1, 1.4, 0.8])[:, None, None, None], axis=0) < 10).astype(np.uint8)
    smooth = np.exp(-((places / 9) ** 2).sum(0))
    case = a_case(
        levels=torch.from_numpy(ball * 3 + 1), data=torch.from_numpy(np.stack([smooth] * 4).astype(np.float16))
    )
    matrix = rotation_matrix(np.array([0.4, 0.3, 0.5]) * (np.arange(3) == 2 if axes == 1 else 1))
    there = made(case, Pose((19.5,) * 3, matrix), (40, 40, 40))
    turned = a_case(data=there[0].half(), levels=there[1])
    back = made(turned, Pose((19.5,) * 3, np.linalg.inv(matrix)), (40, 40, 40))
    middle = (slice(10, 30),) * 3
    assert (back[0][0][middle] - torch.from_numpy(smooth)[middle]).abs().max() < 0.02
    assert (back[1][middle] == case.levels[middle]).float().mean() > 0.97


@pytest.mark.parametrize("factor", [0.7, 0.85, 1.0, 1.2, 1.4])
def test_the_enhancing_volume_scales_with_the_cube_of_the_factor(factor):
    places = np.indices((48, 48, 48)) - 23.5
    levels = torch.from_numpy((3 * (np.linalg.norm(places, axis=0) < 9) + 1).astype(np.uint8))
    case = a_case(levels=levels, data=torch.ones(4, 48, 48, 48, dtype=torch.float16))
    _, found = made(case, Pose((23.5, 23.5, 23.5), np.eye(3) / factor), (32, 32, 32))
    volume = float(levels_to_regions(found[None])[0, 2].sum())
    assert volume / float((levels == 4).sum()) == pytest.approx(factor**3, rel=0.05)


def test_a_slice_is_cut_whole():
    data, levels = made(CASE, pose_at((2, 2, 7), (12, 12, 1)), (12, 12, 1))
    assert torch.equal(data[..., 0], CASE.data[:, 2:14, 2:14, 7].float())
    assert torch.equal(levels[..., 0], CASE.levels[2:14, 2:14, 7])
    turned, _ = made(CASE, Pose((8, 8, 7), np.eye(3) / 1.1), (12, 12, 1))
    assert torch.isfinite(turned).all()


def test_a_block_beside_the_case_is_empty():
    data, levels = made(CASE, pose_at((-30, 0, 0), (8, 8, 8)), (8, 8, 8))
    assert not data.any()
    assert not levels.any()
