"""Augmentation: drawn from the generator passed in and nothing else, and never outside the brain."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_for_tests import a_case

from brats3d.train.augment import (
    RAW_MEAN,
    SHADES,
    Augmentation,
    add_noise,
    blur,
    change_gamma,
    change_intensities,
    draw_changes,
    draw_matrix,
    draw_shares,
    lower_resolution,
    rotation_matrix,
    shade,
)

ALWAYS = Augmentation(
    **dict.fromkeys(("noise", "blur", "brightness", "contrast", "low_resolution", "gamma", "shading"), 1.0)
)
NEVER = Augmentation(
    **dict.fromkeys(
        ("flip", "rotation", "scale", "noise", "blur", "brightness", "contrast", "low_resolution", "gamma", "shading"),
        0.0,
    )
)
PATCH = torch.from_numpy(a_case().data.astype(np.float32))


def changed(seed, augmentation=ALWAYS, patch=PATCH):
    """Draw changes for a patch from a seed and apply them."""
    rng = np.random.default_rng(seed)
    return change_intensities(patch, [draw_changes(augmentation, rng) for _ in patch])


def test_chance_comes_from_the_generator_alone():
    torch.manual_seed(1)
    np.random.seed(1)
    first = changed(5)
    states = torch.random.get_rng_state(), np.random.get_state()[1].tolist()
    torch.manual_seed(2)
    np.random.seed(2)
    assert torch.equal(changed(5), first)
    assert not torch.equal(changed(6), first)
    torch.manual_seed(1)
    np.random.seed(1)
    assert torch.equal(states[0], torch.random.get_rng_state())
    assert states[1] == np.random.get_state()[1].tolist()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_the_background_stays_exactly_0_and_the_patch_it_came_from_as_it_was(seed):
    before = PATCH.clone()
    result = changed(seed)
    assert not result[:, ~(PATCH != 0).any(0)].any()
    assert torch.equal(PATCH, before)
    assert torch.isfinite(result).all()
    assert not torch.equal(result, PATCH)


def test_each_modality_is_changed_for_itself():
    same = torch.stack([PATCH[0]] * 4)
    result = changed(3, patch=same)
    assert all(not torch.equal(result[0], other) for other in result[1:])


def test_probability_0_changes_nothing():
    assert changed(1, NEVER) is PATCH
    assert all(np.array_equal(draw_matrix(NEVER, np.random.default_rng(n)), np.eye(3)) for n in range(20))


@given(st.integers(0, 2**32))
def test_rotations_keep_lengths_and_scales_stay_in_their_range(seed):
    rng = np.random.default_rng(seed)
    turned = draw_matrix(Augmentation(rotation=1.0, scale=0.0), rng)
    assert np.allclose(turned @ turned.T, np.eye(3))
    scaled = np.abs(draw_matrix(Augmentation(rotation=0.0, scale=1.0), rng))
    factors = 1 / scaled.diagonal()
    assert np.count_nonzero(scaled) == 3
    assert (factors >= 0.7 * 0.9).all()
    assert (factors <= 1.4 * 1.1).all()


def test_axes_are_mirrored_as_often_as_told():
    rng = np.random.default_rng(0)
    flips = [draw_matrix(Augmentation(rotation=0, scale=0, flip=0.5), rng).diagonal() < 0 for _ in range(400)]
    assert np.allclose(np.mean(flips, axis=0), 0.5, atol=0.08)


def test_a_rotation_turns_about_its_axis():
    quarter = np.pi / 2
    assert np.allclose(rotation_matrix(np.array([0, 0, quarter])) @ [1, 0, 0], [0, 1, 0])
    assert np.allclose(rotation_matrix(np.array([quarter, 0, 0])) @ [0, 1, 0], [0, 0, 1])
    assert np.allclose(rotation_matrix(np.array([0, quarter, 0])) @ [0, 0, 1], [1, 0, 0])


def test_noise_has_the_deviation_asked_for():
    noise = add_noise(torch.zeros(32, 32, 32), 0.3, 7)
    assert float(noise.std()) == pytest.approx(0.3, rel=0.02)
    assert torch.equal(noise, add_noise(torch.zeros(32, 32, 32), 0.3, 7))


def test_a_blurred_point_is_a_gaussian():
    point = torch.zeros(15, 15, 15)
    point[7, 7, 7] = 1
    smooth = blur(point, 1.0)
    assert float(smooth.sum()) == pytest.approx(1, abs=1e-5)
    assert float(smooth[7, 7, 8] / smooth[7, 7, 7]) == pytest.approx(np.exp(-0.5), rel=1e-4)
    assert torch.allclose(smooth, smooth.permute(2, 0, 1), atol=1e-7)


def test_a_slice_is_not_smoothed_across():
    plane = torch.ones(9, 9, 1)
    assert float(blur(plane, 1.0)[4, 4, 0]) == pytest.approx(1, abs=1e-5)
    assert lower_resolution(plane, (0.5, 0.5, 0.5)).shape == (9, 9, 1)


def test_a_lower_resolution_keeps_constants_and_loses_detail():
    fine = torch.zeros(16, 16, 16)
    fine[::2] = 1
    assert lower_resolution(fine, (0.5, 0.5, 0.5)).std() < 0.5 * fine.std()
    assert torch.allclose(lower_resolution(torch.full((9, 8, 7), 3.0), (0.6, 0.6, 0.6)), torch.tensor(3.0))


@pytest.mark.parametrize("inverted", [False, True])
def test_gamma_bends_values_and_keeps_mean_and_deviation(inverted):
    volume = PATCH[0]
    bent, inside = change_gamma(volume, 1.5, inverted), volume != 0
    assert float(bent[inside].mean()) == pytest.approx(float(volume[inside].mean()), abs=1e-4)
    assert float(bent[inside].std()) == pytest.approx(float(volume[inside].std()), rel=1e-4)
    # The order of values stays: a brighter voxel is still brighter.
    order = volume[inside].argsort()
    assert (bent[inside][order].diff() >= -1e-5).all()
    assert torch.equal(change_gamma(volume, 1.0, inverted)[inside].argsort(), order) or not inverted


def test_gamma_leaves_what_holds_no_contrast():
    empty = torch.zeros(3, 3, 3)
    assert torch.equal(change_gamma(empty, 1.5, False), empty)
    constant = change_gamma(torch.ones(3, 3, 3), 1.5, False)
    assert torch.isfinite(constant).all()


def test_shading_multiplies_the_raw_signal_by_a_smooth_field_of_the_strength_asked_for():
    ramp = np.array([1.0] + [0.0] * (len(SHADES) - 1))
    raw_zero = torch.full((5, 4, 3), -RAW_MEAN)
    assert torch.allclose(shade(raw_zero, 0.3, ramp), raw_zero)
    shaded = shade(torch.zeros(5, 4, 3), 0.3, ramp)
    assert torch.allclose(shaded[:, 1, 2], RAW_MEAN * 0.3 * torch.linspace(-1, 1, 5))
    assert shaded.abs().max().item() == pytest.approx(0.3 * RAW_MEAN)


def test_half_of_the_coarse_scans_are_coarse_along_one_axis_alone():
    rng = np.random.default_rng(0)
    drawn = [draw_shares(Augmentation(), rng) for _ in range(400)]
    alone = [sum(share < 1 for share in shares) == 1 for shares in drawn]
    assert 160 < sum(alone) < 240
    assert all(len(set(shares)) == 1 for shares, one in zip(drawn, alone, strict=True) if not one)
