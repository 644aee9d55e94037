import numpy as np
import pytest

from brats3d.phantom.signal import Scanner, draw_scanner, scanned, smooth

LINES = tuple(np.arange(40, dtype=np.float32) - 20 for _ in range(3))


def taken(scanner, level=1000.0, seed=0):
    ideal = np.full((40, 40, 40), level, np.float32)
    return scanned(np.random.default_rng(seed), ideal, LINES, 100.0, scanner)


def test_smoothing_by_hand_along_one_axis():
    values = np.zeros((1, 5, 1), np.float32)
    values[0, 2, 0], values[0, 4, 0] = 4, 8
    assert smooth(values, 1).ravel().tolist() == [0, 1, 2, 3, 6]


def test_smoothing_keeps_a_constant_and_the_sum():
    values = np.random.default_rng(0).random((6, 5, 4), dtype=np.float32)
    for axis in range(3):
        assert float(smooth(values, axis).sum()) == pytest.approx(float(values.sum()), rel=1e-5)
        assert np.allclose(smooth(np.ones((3, 3, 3), np.float32), axis), 1)


def test_noise_has_the_asked_size_and_neighbours_correlate():
    volume = taken(Scanner(noise=0.2, bias=0.0, blur=(0, 0, 0)))
    assert float(volume.std()) == pytest.approx(20, rel=0.1)
    assert float(np.corrcoef(volume[1:].ravel(), volume[:-1].ravel())[0, 1]) == pytest.approx(2 / 3, abs=0.06)


def test_noise_on_nothing_is_rician_not_negative():
    volume = taken(Scanner(noise=0.2, bias=0.0, blur=(0, 0, 0)), level=0.0)
    assert float(volume.min()) >= 0
    assert float(volume.mean()) == pytest.approx(20 * np.sqrt(np.pi / 2), rel=0.1)


def test_the_bias_field_is_smooth():
    volume = taken(Scanner(noise=0.0, bias=0.05, blur=(0, 0, 0)))
    assert float(volume.std()) > 2
    assert float(np.abs(np.diff(volume, axis=0)).max()) < 12


def test_a_scanner_without_flaws_changes_nothing():
    assert np.allclose(taken(Scanner(0.0, 0.0, (0, 0, 0))), 1000)


def test_drawn_scanners_differ_within_their_bounds():
    scanners = [draw_scanner(np.random.default_rng(seed)) for seed in range(50)]
    assert len({scanner.noise for scanner in scanners}) == 50
    assert all(0 < scanner.noise < 0.3 and 0 < scanner.bias < 0.1 for scanner in scanners)
    assert {max(scanner.blur) for scanner in scanners} >= {0, 1, 2, 3}
