import numpy as np
import pytest

from brats3d.phantom.anatomy import barriers, build_anatomy, draw_shape, fold_width, ventricles
from brats3d.phantom.fields import along, ellipsoid
from brats3d.phantom.frame import frame_of
from brats3d.phantom.tumour import draw_tumour

FRAME = frame_of((80, 96, 80), (1.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def anatomy():
    rng = np.random.default_rng(0)
    return build_anatomy(rng, FRAME, draw_tumour(rng, FRAME))


def near(x, y, z):
    """The lattice indices nearest to a place in head millimetres."""
    return tuple(int(np.abs(line - value).argmin()) for line, value in zip(FRAME.coarse, (x, y, z), strict=True))


def test_the_head_is_deep_inside_and_ends_before_the_box_does(anatomy):
    assert anatomy.depth[near(0, 0, 0)] > 40
    for axis in range(3):
        assert float(np.take(anatomy.depth, [0, -1], axis).max()) < 4


def test_a_brain_has_fluid_grey_and_white_matter_in_lifelike_shares(anatomy):
    head = anatomy.depth > 0
    fluid = float((anatomy.fluid[head] < 0).mean())
    grey = float(((anatomy.grey < 0) & (anatomy.fluid >= 0))[head].mean())
    assert 0.04 < fluid < 0.25
    assert 0.3 < grey < 0.65


def test_the_fissure_between_the_hemispheres_is_fluid_at_the_top(anatomy):
    plane = [anatomy.fluid[near(x, 10, 50)] for x in (-4, -2, 0, 2, 4)]
    assert min(plane) < 0.5


def test_vessels_lie_at_the_outline_and_plexus_in_the_ventricles(anatomy):
    assert (anatomy.sinus < 0).any()
    assert 0 < float(anatomy.depth[anatomy.sinus < 0].max()) < 5  # what lies beyond the outline is air
    assert float(anatomy.depth[anatomy.plexus < 0].min()) > 10


def test_ventricles_lie_where_they_should_and_grow_with_atrophy():
    points = [along(axis, FRAME.fine[axis]) for axis in range(3)]
    mirrored = [np.abs(points[0]), *points[1:]]
    young, old = (ventricles(points, mirrored, replaced(draw_shape(np.random.default_rng(0)), a)) for a in (0.0, 1.0))
    assert int((old < 0).sum()) > 1.5 * int((young < 0).sum()) > 0
    inside = np.argwhere(young < 0)
    across, back, up = (FRAME.fine[axis][inside[:, axis]] for axis in range(3))
    assert float(np.abs(across).max()) < 45
    assert -50 < float(back.min()) < float(back.max()) < 60
    assert -60 < float(up.min()) < float(up.max()) < 35


def replaced(shape, atrophy):
    from dataclasses import replace

    return replace(shape, atrophy=atrophy)


def test_folds_widen_towards_the_outline():
    shape = draw_shape(np.random.default_rng(1))
    width = fold_width(shape, np.array([0.0, 5.0, 20.0], np.float32))
    assert width[0] > width[1] > width[2] > 0


def test_a_barrier_stands_on_the_other_side_and_in_the_cerebellum_only():
    rng = np.random.default_rng(0)
    tumour = draw_tumour(rng, FRAME)
    points = [along(axis, FRAME.fine[axis]) for axis in range(3)]
    barrier = barriers(points, ellipsoid(points, (0.0, 42.0, -46.0), (52.0, 33.0, 25.0)), tumour)
    own = FRAME.fine[0] * tumour.side > 1
    upper = FRAME.fine[2] > -15
    assert not barrier[own][:, :, upper].any()
    assert float(barrier[~own][:, :, upper].max()) == pytest.approx(6)


def test_equal_generators_build_equal_brains(anatomy):
    rng = np.random.default_rng(0)
    again = build_anatomy(rng, FRAME, draw_tumour(rng, FRAME))
    assert np.array_equal(again.grey, anatomy.grey)
    assert np.array_equal(again.depth, anatomy.depth)
