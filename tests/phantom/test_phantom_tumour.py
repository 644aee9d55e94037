import numpy as np
import pytest

from brats3d.phantom.frame import frame_of
from brats3d.phantom.tumour import Tumour, core_distance, draw_tumour, pushed, tumour_fields

FRAME = frame_of((64, 64, 64), (1.0, 1.0, 1.0))
BALL = Tumour((30.0, 10.0, 20.0), 20.0, (((30.0, 10.0, 20.0), 20.0),), 5.0, 0.3, 15.0, 0.2)


def drawn(seed, frame=FRAME):
    return draw_tumour(np.random.default_rng(seed), frame)


def zeros(frame=FRAME):
    return np.zeros([len(line) for line in frame.coarse], np.float32)


def test_tumours_lie_off_the_midline_within_the_head_and_on_both_sides():
    tumours = [drawn(seed) for seed in range(60)]
    assert {tumour.side for tumour in tumours} == {-1.0, 1.0}
    for tumour in tumours:
        assert abs(tumour.centre[0]) > 15
        assert np.linalg.norm(tumour.centre) < 75


def test_sizes_vary_within_their_bounds():
    radii = [drawn(seed).radius_mm for seed in range(60)]
    assert min(radii) >= 11
    assert max(radii) <= 29
    assert np.std(radii) > 2


def test_in_coarse_voxels_no_part_is_drawn_thinner_than_a_voxel():
    coarse = frame_of((24, 24, 24), (1.0, 1.0, 1.0))
    for seed in range(20):
        tumour = drawn(seed, coarse)
        assert tumour.radius_mm >= 2.4 * coarse.widest_mm
        assert tumour.rim_mm >= 0.9 * coarse.widest_mm
        assert tumour.reach_mm >= 1.5 * coarse.widest_mm


def test_the_core_is_negative_at_its_centre_and_positive_far_away():
    distance = core_distance(np.random.default_rng(0), BALL, FRAME.coarse)
    place = tuple(int(np.abs(line - c).argmin()) for line, c in zip(FRAME.coarse, BALL.centre, strict=True))
    assert distance[place] == pytest.approx(-20, abs=9)
    assert distance[0, 0, 0] > 20


def test_each_part_contains_the_next_whatever_the_noise():
    for seed in range(5):
        white = np.full_like(zeros(), 5.0)
        parts = tumour_fields(np.random.default_rng(seed), drawn(seed), FRAME, white, zeros())
        assert (parts.whole <= parts.core).all()
        assert (parts.core <= parts.necrosis).all()
        assert (parts.necrosis < 0).any()


def test_oedema_goes_further_in_white_matter_than_in_cortex():
    in_white = tumour_fields(np.random.default_rng(1), BALL, FRAME, np.full_like(zeros(), 9.0), zeros())
    in_cortex = tumour_fields(np.random.default_rng(1), BALL, FRAME, np.full_like(zeros(), -9.0), zeros())
    oedema = [int(((parts.whole < 0) & (parts.core >= 0)).sum()) for parts in (in_white, in_cortex)]
    assert oedema[0] > 2.5 * oedema[1] > 0


def test_a_barrier_stops_the_tumour():
    barrier = np.broadcast_to(np.clip(BALL.centre[0] - FRAME.coarse[0], 0, 50)[:, None, None], zeros().shape)
    parts = tumour_fields(np.random.default_rng(1), BALL, FRAME, np.full_like(zeros(), 9.0), barrier)
    beyond = FRAME.fine[0] < BALL.centre[0] - 22
    assert not (parts.whole[beyond] < 0).any()
    assert not (parts.core[FRAME.fine[0] < BALL.centre[0] - 15] < 0).any()


def test_mass_effect_pushes_outwards_near_the_tumour_and_leaves_the_rest():
    near, far = 25.0, 120.0
    points = [np.array([c + d for d in (0.0, near, far)], np.float32) for c in BALL.centre]
    moved = pushed(points, BALL)
    for axis, centre in enumerate(BALL.centre):
        assert moved[axis][0] == pytest.approx(centre)
        assert centre < moved[axis][1] < centre + near
        assert moved[axis][2] == pytest.approx(centre + far, abs=0.1)
