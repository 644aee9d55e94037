"""The z-score: over the modality's own voxels, with spikes bent back, and zeros left alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brats3d.prepare.normalise import percentile_limits, z_score

ALL = (0.0, 100.0)


def test_the_score_is_as_computed_by_hand():
    volume = np.array([0, 1, 2, 3, 0, 6], np.float32).reshape(1, 2, 3)
    # mean 3, deviation sqrt((4 + 1 + 0 + 9) / 4) over the four that are not 0
    expected = np.array([0, -2, -1, 0, 0, 3]) / np.sqrt(3.5)
    assert np.allclose(z_score(volume, ALL).ravel(), expected)


def test_percentiles_are_values_that_occur():
    values = np.arange(1001, dtype=np.float32)[::-1].copy()
    assert percentile_limits(values, (0.05, 99.95)) == (0, 1000)
    assert percentile_limits(values, (10, 90)) == (100, 900)
    assert percentile_limits(np.array([5], np.float32), (0.05, 99.95)) == (5, 5)


def test_one_hot_voxel_does_not_flatten_the_brain():
    rng = np.random.default_rng(0)
    volume = rng.normal(100, 10, (20, 20, 20)).astype(np.float32)
    calm = z_score(volume, (0.05, 99.95))
    volume[3, 4, 5] = 1e30
    spiked = z_score(volume, (0.05, 99.95))
    assert np.isfinite(spiked).all()
    others = np.ones(volume.shape, bool)
    others[3, 4, 5] = False
    assert np.abs(spiked - calm)[others].max() < 0.1
    assert spiked[3, 4, 5] == spiked.max() < 5


def test_a_constant_and_an_empty_modality_become_zeros():
    constant = np.full((2, 3, 4), 7, np.float32)
    constant[0, 0, 0] = 0
    assert not z_score(constant, ALL).any()
    assert not z_score(np.zeros((2, 3, 4), np.float32), ALL).any()


@given(arrays(np.float32, (3, 4, 5), elements=st.sampled_from([0.0, 1.0, 2.5, 40.0, -3.0, 1e6])))
def test_zeros_stay_and_the_rest_has_mean_0_and_deviation_1(volume):
    scored = z_score(volume, ALL)
    assert scored.dtype == np.float32
    assert not scored[volume == 0].any()
    values = scored[volume != 0].astype(np.float64)
    if np.unique(volume[volume != 0]).size > 1:
        assert abs(values.mean()) < 1e-5
        assert abs(values.std() - 1) < 1e-5
