"""Resampling: the extent stays, straight lines stay straight, and the way back leads back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brats3d.prepare.resample import needs_resampling, resample, resampled_shape


def test_only_spacings_beyond_a_tenth_are_changed():
    assert not needs_resampling((0.9, 1.0, 1.1), 1.0)
    assert needs_resampling((1.0, 0.89, 1.0), 1.0)
    assert needs_resampling((1.0, 1.0, 1.11), 1.0)
    assert not needs_resampling((2.0, 2.0, 2.0), 2.0)


def test_the_same_extent_is_covered():
    assert resampled_shape((10, 20, 30), (2.0, 0.5, 1.0), 1.0) == (20, 10, 30)
    assert resampled_shape((1, 1, 1), (0.3, 0.3, 0.3), 1.0) == (1, 1, 1)


def ramp(shape, slopes):
    """Return a linear ramp whose value at a voxel is that of its centre, over an extent from 0 to 1 an axis."""
    centres = np.meshgrid(*((np.arange(n) + 0.5) / n for n in shape), indexing="ij")
    return sum(slope * centre for slope, centre in zip(slopes, centres, strict=True)).astype(np.float32)


shapes = st.tuples(*[st.integers(4, 12)] * 3)


@settings(max_examples=30, deadline=None)
@given(shapes, shapes)
def test_a_linear_ramp_stays_where_it_was_but_for_the_outermost_half_voxel(old, new):
    slopes = (1.0, -2.0, 3.0)
    moved = resample(ramp(old, slopes), new)
    assert moved.shape == new
    centres = np.meshgrid(*((np.arange(n) + 0.5) / n for n in new), indexing="ij")
    within = np.all([(c >= 0.5 / n) & (c <= 1 - 0.5 / n) for c, n in zip(centres, old, strict=True)], axis=0)
    assert np.allclose(moved[within], ramp(new, slopes)[within], atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(shapes, st.integers(0, 100))
def test_nothing_is_invented_and_a_constant_stays_itself(new, seed):
    volume = np.random.default_rng(seed).random((5, 7, 6), np.float32)
    moved = resample(volume, new)
    assert volume.min() - 1e-6 <= moved.min() <= moved.max() <= volume.max() + 1e-6
    assert np.allclose(resample(np.full((5, 7, 6), 3, np.float32), new), 3)


def test_the_way_to_thrice_as_many_voxels_and_back_is_the_identity():
    volume = np.random.default_rng(1).random((4, 5, 6), np.float32)
    fine = resample(volume, (12, 15, 18))
    assert np.allclose(resample(fine, (4, 5, 6)), volume, atol=1e-6)


@pytest.mark.parametrize("axis", range(3))
def test_axes_are_not_mixed_up(axis):
    shape = [4, 4, 4]
    volume = np.zeros(shape, np.float32)
    volume[tuple(slice(None) if each != axis else 1 for each in range(3))] = 1
    wanted = [4, 4, 4]
    wanted[axis] = 8
    profile = np.moveaxis(resample(volume, tuple(wanted)), axis, 0)[:, 0, 0]
    assert np.allclose(profile, [0, 0.25, 0.75, 0.75, 0.25, 0, 0, 0])
    assert resample(volume, tuple(wanted)).std(axis=tuple({0, 1, 2} - {axis})).max() == 0
