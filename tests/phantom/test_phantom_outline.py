import numpy as np
import pytest

from brats3d.phantom.outline import RADII_MM, eased, radius_towards


def towards(x, y, z):
    return float(radius_towards(*(np.array([value], np.float32) for value in (x, y, z)))[0])


def test_the_table_gives_the_radius_along_the_axes():
    assert towards(0, 0, 5) == pytest.approx(61)
    assert towards(0, 0, -5) == pytest.approx(54)
    assert towards(0, 9, 0) == pytest.approx(78)
    assert towards(0, -9, 0) == pytest.approx(82)
    assert towards(7, 0, 0) == pytest.approx(64)


def test_both_sides_are_alike_and_length_does_not_matter():
    assert towards(3, 4, 5) == pytest.approx(towards(-3, 4, 5))
    assert towards(3, 4, 5) == pytest.approx(towards(30, 40, 50), rel=1e-5)


def test_the_radius_changes_without_jumps():
    angles = np.linspace(0, np.pi, 2000, dtype=np.float32)
    around = radius_towards(np.sin(angles), np.cos(angles), np.full_like(angles, -0.6))
    assert float(np.abs(np.diff(around)).max()) < 0.2
    assert RADII_MM.min() <= around.min() <= around.max() <= RADII_MM.max()


def test_easing_keeps_the_ends_and_the_middle():
    assert eased(np.array([0, 0.5, 1], np.float32)).tolist() == [0, 0.5, 1]
