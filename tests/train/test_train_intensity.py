"""Changes of intensity: each is what it says, inside the brain alone, and rows do not disturb one another."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from test_train_augmentation import ALWAYS, NEVER
from training_for_tests import a_case

from brats3d.train.augmentation import SHADES, draw_changes
from brats3d.train.intensity import RAW_MEAN, add_noise, change_gamma, change_intensities, coarse, filter_row, shade

CASE = a_case()
PATCH = CASE.data.float()
INSIDE = (CASE.levels > 0).float()[None]


def changed(changes, patch=PATCH):
    """Return a patch with changes applied."""
    rows = patch.clone()
    change_intensities(rows, INSIDE, changes)
    return rows


def drawn(seed, how=ALWAYS):
    """Draw changes for four modalities, none of them dropped."""
    return replace(draw_changes(how, 4, np.random.default_rng(seed)), dropped=np.zeros(4, bool))


def only(**values):
    """Return changes of four modalities that do one thing to the second of them."""
    none = draw_changes(NEVER, 4, np.random.default_rng(0))
    for name, value in values.items():
        rows = getattr(none, name).copy()
        rows[1] = value
        none = replace(none, **{name: rows})
    return none


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_the_background_stays_exactly_0_and_everything_finite(seed):
    result = changed(drawn(seed))
    assert not result[:, INSIDE[0] == 0].any()
    assert torch.isfinite(result).all()
    assert not torch.equal(result, PATCH)


def test_nothing_drawn_changes_nothing():
    assert torch.equal(changed(only()), PATCH)


@pytest.mark.parametrize(
    "change",
    [
        *({"noise": 0.2}, {"blur": 1.0}, {"resolution": [0.5, 1, 1]}, {"shading": 0.02}, {"added": 0.5}),
        *({"factor": 1.2}, {"contrast": 0.8}, {"gamma": 1.3}, {"gamma_inverted": 1.3}, {"dropped": True}),
    ],
)
def test_each_change_touches_its_own_modality_alone(change):
    result = changed(only(**change))
    assert torch.equal(result[[0, 2, 3]], PATCH[[0, 2, 3]])
    assert not torch.equal(result[1], PATCH[1])


def test_rows_of_several_patches_meet_their_own_brains():
    changes = draw_changes(replace(ALWAYS, modality_dropout=0.0), 8, np.random.default_rng(3))
    halves = [replace(changes, **{f: getattr(changes, f)[part] for f in vars_of(changes)}) for part in HALVES]
    shifted = PATCH.roll(3, 1)
    rows = torch.cat([PATCH, shifted])
    change_intensities(rows, torch.cat([INSIDE, INSIDE.roll(3, 1)]), changes)
    other = shifted.clone()
    change_intensities(other, INSIDE.roll(3, 1), halves[1])
    assert torch.equal(rows[:4], changed(halves[0]))
    assert torch.equal(rows[4:], other)


HALVES = (slice(0, 4), slice(4, 8))


def vars_of(changes):
    """Return the names of its fields."""
    return type(changes).__dataclass_fields__


@pytest.mark.parametrize("side", [128, 130])
def test_noise_of_patches_small_and_large_is_normal_and_without_pattern(side):
    rows = torch.zeros(1, side, side, side)
    add_noise(rows, torch.full((1, 1, 1, 1), 0.5), 2**61 + 12345)
    assert float(rows.mean()) == pytest.approx(0.0, abs=0.005)
    assert float(rows.std()) == pytest.approx(0.5, rel=0.01)
    assert float((rows.abs() > 1.0).float().mean()) == pytest.approx(0.0455, rel=0.05)
    for axis in (1, 2, 3):
        n = side - 1
        assert abs(float((rows.narrow(axis, 0, n) * rows.narrow(axis, 1, n)).mean())) < 0.005


def test_noise_has_the_deviation_asked_for_and_comes_from_its_seed():
    noise = changed(only(noise=0.3, seed=7)) - PATCH
    assert float(noise[1][INSIDE[0] > 0].std()) == pytest.approx(0.3, rel=0.05)
    assert torch.equal(noise, changed(only(noise=0.3, seed=7)) - PATCH)
    assert not torch.equal(noise, changed(only(noise=0.3, seed=8)) - PATCH)


def test_blur_is_scipys():
    volume = torch.randn(20, 17, 9)
    expected = gaussian_filter(volume.numpy(), 1.1, mode="nearest", truncate=3 / 1.1)
    assert np.allclose(filter_row(volume, 1.1, np.ones(3)).numpy(), expected, atol=1e-5)


def test_a_slice_is_not_smoothed_across():
    plane = torch.ones(9, 9, 1)
    assert torch.allclose(filter_row(plane, 1.0, np.full(3, 0.5)), plane, atol=1e-5)


def test_a_lower_resolution_keeps_constants_and_loses_detail():
    fine = torch.zeros(16, 16, 16)
    fine[::2] = 1
    assert filter_row(fine, 0.0, np.full(3, 0.5)).std() < 0.5 * fine.std()
    assert torch.allclose(filter_row(torch.full((9, 8, 7), 3.0), 0.0, np.full(3, 0.6)), torch.tensor(3.0), atol=1e-5)
    assert np.array_equal(coarse(8, 1.0), np.eye(8))


@pytest.mark.parametrize("name", ["gamma", "gamma_inverted"])
def test_gamma_bends_values_and_keeps_order_mean_and_deviation(name):
    bent, before = changed(only(**{name: 1.5}))[1], PATCH[1]
    inside = INSIDE[0] > 0
    assert float(bent[inside].mean()) == pytest.approx(float(before[inside].mean()), abs=1e-4)
    assert float(bent[inside].std()) == pytest.approx(float(before[inside].std()), rel=1e-3)
    order = before[inside].argsort()
    assert (bent[inside][order].diff() >= -1e-5).all()
    # A power above 1 lifts the bright end, of the inverted signal the dark one.
    skew = ((bent - before)[inside][order][-5:].mean() > 0).item()
    assert skew is (name == "gamma")


def test_gamma_takes_no_background_for_brain_whatever_came_before():
    # Shifted by noise or brightness, the background is put back to 0 before the brain's range is taken.
    both = changed(only(added=5.0, gamma=1.4))[1]
    shifted = (PATCH[1] + 5.0) * INSIDE[0]
    change_gamma(shifted[None], INSIDE, torch.full((1, 1, 1, 1), 1.4))
    assert torch.allclose(both, shifted, atol=1e-4)


def test_what_holds_no_contrast_stays_finite():
    constant = INSIDE.clone()
    change_gamma(constant, INSIDE, torch.full((1, 1, 1, 1), 1.5))
    assert torch.isfinite(constant).all()
    empty = torch.zeros_like(INSIDE)
    change_gamma(empty, empty, torch.full((1, 1, 1, 1), 1.5))
    assert not empty.any()


def test_contrast_moves_values_about_their_mean_within_their_range():
    inside = INSIDE[0] > 0
    less, more = (changed(only(contrast=factor))[1][inside] for factor in (0.5, 2.0))
    before = PATCH[1][inside]
    assert float(less.std()) == pytest.approx(0.5 * float(before.std()), rel=1e-3)
    assert (more.min(), more.max()) == (before.min(), before.max())


def test_shading_multiplies_the_raw_signal_by_a_smooth_field():
    ramp = np.array([[0.3] + [0.0] * (len(SHADES) - 1)])
    raw_zero = torch.full((1, 5, 4, 3), -RAW_MEAN)
    before = raw_zero.clone()
    shade(raw_zero, ramp)
    assert torch.allclose(raw_zero, before)
    flat = torch.zeros(1, 5, 4, 3)
    shade(flat, ramp)
    assert torch.allclose(flat[0, :, 1, 2], RAW_MEAN * 0.3 * torch.linspace(-1, 1, 5))


def test_every_term_of_a_shading_has_its_place():
    for place, powers in enumerate(SHADES):
        only_term = np.zeros((1, len(SHADES)))
        only_term[0, place] = 0.1
        volume = torch.zeros(1, 5, 4, 3)
        shade(volume, only_term)
        x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in (5, 4, 3)), indexing="ij")
        expected = RAW_MEAN * 0.1 * x ** powers[0] * y ** powers[1] * z ** powers[2]
        assert np.allclose(volume[0].numpy(), expected, atol=1e-6)


def test_a_dropped_modality_is_0():
    assert not changed(only(dropped=True, added=1.0))[1].any()
