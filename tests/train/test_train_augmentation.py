"""Drawing: from the generator passed in and nothing else, as often and as strongly as told."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from brats3d.train.augmentation import (
    SHADES,
    Augmentation,
    Changes,
    draw_changes,
    draw_dropped,
    draw_matrix,
    draw_pose,
    draw_shading,
    draw_shares,
    rotation_matrix,
)

NOTHING = {"noise": 0, "blur": 0, "resolution": 1, "shading": 0, "added": 0, "factor": 1, "contrast": 1}
NOTHING |= {"gamma": 1, "gamma_inverted": 1, "dropped": False}
"""The value of each change that leaves a modality as it is."""
PROBABILITIES = [
    *("flip", "rotation", "scale", "elastic", "noise", "blur", "low_resolution", "shading"),
    *("added_brightness", "brightness", "contrast", "gamma", "gamma_inverted", "modality_dropout"),
]
NEVER, ALWAYS = (Augmentation(**dict.fromkeys(PROBABILITIES, share)) for share in (0.0, 1.0))
CENTRE, SIZE = (7.5, 7.5, 7.5), (16, 16, 16)


def test_chance_comes_from_the_generator_alone():
    torch.manual_seed(1)
    np.random.seed(1)
    first = draw_changes(ALWAYS, 4, np.random.default_rng(5))
    states = torch.random.get_rng_state(), np.random.get_state()[1].tolist()
    again, other = (draw_changes(ALWAYS, 4, np.random.default_rng(seed)) for seed in (5, 6))
    assert all(np.array_equal(getattr(first, f.name), getattr(again, f.name)) for f in fields(Changes))
    assert not np.array_equal(first.noise, other.noise)
    assert torch.equal(states[0], torch.random.get_rng_state())
    assert states[1] == np.random.get_state()[1].tolist()


def test_probability_0_changes_nothing_and_1_everything():
    for seed in range(20):
        none, every = (draw_changes(how, 4, np.random.default_rng(seed)) for how in (NEVER, ALWAYS))
        assert all((getattr(none, name) == still).all() for name, still in NOTHING.items())
        # Of a shading each coefficient, of a coarse scan one axis at least, of the modalities one at least.
        assert all((getattr(every, name) != still).any() for name, still in NOTHING.items())
        assert draw_pose(CENTRE, SIZE, NEVER, np.random.default_rng(seed)).is_plain


def test_modalities_are_drawn_apart():
    drawn = draw_changes(ALWAYS, 4, np.random.default_rng(0))
    assert all(len(set(getattr(drawn, name).ravel().tolist())) > 1 for name in ("noise", "blur", "gamma", "seed"))


@given(st.integers(0, 2**32), st.sampled_from([1, 3]))
def test_rotations_keep_lengths_and_scales_stay_in_their_range(seed, axes):
    rng = np.random.default_rng(seed)
    turned = draw_matrix(Augmentation(rotation=1.0, rotation_axes=axes, scale=0.0, flip=0.0), rng)
    assert np.allclose(turned @ turned.T, np.eye(3))
    assert np.count_nonzero(turned) == (5 if axes == 1 else 9)
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


def test_a_bend_has_control_points_over_the_patch_as_far_apart_as_told():
    how = Augmentation(elastic=1.0, elastic_voxels=2.0, elastic_spacing=8.0)
    bend = draw_pose(CENTRE, (32, 24, 1), how, np.random.default_rng(0)).bend
    assert bend.shape == (3, 5, 4, 1)
    many = np.stack([draw_pose(CENTRE, SIZE, how, np.random.default_rng(n)).bend for n in range(50)])
    assert many.std() == pytest.approx(2.0, rel=0.05)


def test_shadings_are_no_stronger_than_told():
    fields_ = draw_shading(0.3, 50, np.random.default_rng(0))
    corners = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    values = np.abs(fields_ @ np.stack([np.prod(corners ** np.array(powers), axis=1) for powers in SHADES]))
    assert values.max() < 0.3 * 1.1  # between the 5 x 5 x 5 places it was measured at it may be a little more
    assert values.max(axis=1).mean() == pytest.approx(0.15, rel=0.3)


def test_half_of_the_coarse_scans_are_coarse_along_one_axis_alone():
    drawn = draw_shares(Augmentation(), 400, np.random.default_rng(0))
    alone = (drawn < 1).sum(axis=1) == 1
    assert 160 < alone.sum() < 240
    assert all(len(set(row)) == 1 for row in drawn[~alone].tolist())


def test_every_proper_subset_of_modalities_is_left_at_times_and_none_never():
    rng = np.random.default_rng(0)
    left = {tuple(~draw_dropped(1.0, 4, rng)) for _ in range(600)}
    assert len(left) == 14
    assert (False,) * 4 not in left
    assert (True,) * 4 not in left
    assert not draw_dropped(1.0, 1, rng).any()
    shares = np.mean([draw_dropped(0.25, 4, rng).any() for _ in range(600)])
    assert shares == pytest.approx(0.25, abs=0.06)
