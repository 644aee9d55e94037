import numpy as np
import pytest

from brats3d.phantom.fields import capsule, ellipsoid, inside, refine, spline_noise, tube


def lines(*counts, step=1.0):
    return tuple(np.arange(count, dtype=np.float32) * np.float32(step) - 20 for count in counts)


def point(x, y, z):
    return [np.full((1, 1, 1), value, np.float32) for value in (x, y, z)]


def test_noise_has_mean_0_and_variance_1_over_many_draws():
    values = np.concatenate([spline_noise(np.random.default_rng(s), lines(60, 60, 60), 5.0).ravel() for s in range(4)])
    assert values.dtype == np.float32
    assert abs(float(values.mean())) < 0.05
    assert float(values.std()) == pytest.approx(1.0, abs=0.06)


def test_noise_is_smooth_over_a_knot_and_unlike_over_three():
    values = spline_noise(np.random.default_rng(0), lines(60, 60, 60), 8.0)
    near = np.corrcoef(values[:-1].ravel(), values[1:].ravel())[0, 1]
    far = np.corrcoef(values[:-32].ravel(), values[32:].ravel())[0, 1]
    assert near > 0.95
    assert abs(far) < 0.25


def test_the_same_seed_gives_the_same_field_at_any_resolution():
    fine = spline_noise(np.random.default_rng(4), lines(21, 17, 13), (6.0, 7.0, 8.0))
    coarse = spline_noise(np.random.default_rng(4), lines(11, 9, 7, step=2.0), (6.0, 7.0, 8.0))
    assert np.allclose(fine[::2, ::2, ::2], coarse, atol=1e-5)


def test_noise_at_a_knot_is_the_b_spline_of_its_neighbours():
    # By hand: at a knot the weights are 1/6, 4/6, 1/6 along each axis.
    place = tuple(np.array([0.0], np.float32) for _ in range(3))
    value = spline_noise(np.random.default_rng(2), place, 50.0)
    drawn = np.random.default_rng(2).standard_normal((8, 8, 8), dtype=np.float32)
    weights = np.array([1 / 6, 4 / 6, 1 / 6])
    cube = drawn[2:5, 2:5, 2:5] / 0.479**1.5
    assert float(value[0, 0, 0]) == pytest.approx(float(np.einsum("ijk,i,j,k", cube, *[weights] * 3)), abs=1e-5)


def test_refining_a_linear_field_is_exact_with_unequal_steps():
    coarse, fine = lines(4, 5, 6, step=3.0), (lines(10, 1, 1)[0], lines(1, 13, 1)[1], lines(1, 1, 16)[2])
    values = coarse[0][:, None, None] + 2 * coarse[1][None, :, None] - coarse[2][None, None, :]
    wanted = fine[0][:, None, None] + 2 * fine[1][None, :, None] - fine[2][None, None, :]
    assert np.allclose(refine(values, coarse, fine), wanted, atol=1e-4)


def test_a_share_is_1_deep_inside_half_at_the_border_and_0_outside():
    distance = np.array([-3, -0.5, 0, 0.5, 3], np.float32)
    assert inside(distance, 2.0).tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_distances_to_a_sphere_are_exact():
    assert float(ellipsoid(point(3, 4, 0), (0, 0, 0), (2, 2, 2)).item()) == pytest.approx(3)
    assert float(ellipsoid(point(1, 1, 1), (1, 1, 1), (2, 5, 9)).item()) == pytest.approx(-2)


def test_a_capsule_is_round_at_its_ends_and_tapers_between():
    start, end = (0.0, 0.0, 0.0, 1.0), (10.0, 0.0, 0.0, 3.0)
    assert capsule(point(-4, 3, 0), start, end).item() == pytest.approx(4)
    assert capsule(point(5, 6, 0), start, end).item() == pytest.approx(4)
    assert capsule(point(10, 0, 0), start, end).item() == pytest.approx(-3)


def test_a_tube_is_the_nearest_of_its_pieces():
    nodes = ((0.0, 0.0, 0.0, 1.0), (10.0, 0.0, 0.0, 1.0), (10.0, 10.0, 0.0, 1.0))
    assert tube(point(13, 10, 0), nodes).item() == pytest.approx(2)
    assert tube(point(2, -4, 0), nodes).item() == pytest.approx(3)
