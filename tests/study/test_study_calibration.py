"""Calibration: counts by hand, a temperature that is found again, an error that is 0 where probabilities are true."""

import numpy as np
import pytest
from kept_for_tests import kept_case
from matplotlib.image import imread

from brats3d.study.calibration import (
    MIDDLES,
    best_temperature,
    bins_of,
    calibration_error,
    counts_of,
    draw_reliability,
    entropy,
)
from brats3d.study.kept import as_logits
from brats3d.vocabulary import REGIONS

TRUE = 1 / (1 + np.exp(-MIDDLES))
"""The share that is tumour where a logit says so and is right."""


def counts_that_are_right(temperature=1.0, scale=1e6):
    """Return counts whose logits, divided by a temperature, are true."""
    weight = np.exp(-((MIDDLES / temperature / 3) ** 2))
    share = 1 / (1 + np.exp(-MIDDLES / temperature))
    return np.round(scale * np.stack([weight * (1 - share), weight * share])).astype(np.int64)


def test_voxels_are_counted_by_logit_and_truth(tmp_path):
    logits, regions = np.full((3, 4, 4, 4), -2.0), np.zeros((3, 4, 4, 4), bool)
    logits[0, :2] = 5.0
    regions[0, 1:3] = True
    counts = counts_of(kept_case(tmp_path, "a", logits, regions))
    assert counts.sum() == 3 * 64
    high = MIDDLES > 0
    assert counts[0, 1, high].sum() == 16
    assert counts[0, 0, high].sum() == 16
    assert counts[0, 1, ~high].sum() == 16
    assert counts[2, 1].sum() == 0


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
def test_the_temperature_that_makes_probabilities_true_is_found(temperature):
    counts = counts_that_are_right(temperature)
    assert best_temperature(counts) == pytest.approx(temperature, abs=0.051)
    assert calibration_error(bins_of(counts, temperature)) < 0.002
    if temperature != 1:
        assert calibration_error(bins_of(counts, 1.0)) > 0.02
        assert entropy(counts, temperature) < entropy(counts, 1.0)


def test_the_error_is_the_distance_of_what_is_said_from_what_is_true():
    counts = np.zeros((2, len(MIDDLES)), np.int64)
    place = int(np.argmin(np.abs(MIDDLES - np.log(9))))  # says 0.9
    counts[:, place] = 50  # half of them is
    assert calibration_error(bins_of(counts, 1.0)) == pytest.approx(0.4, abs=0.01)
    voxels, said, true = bins_of(counts, 1.0)
    assert (voxels.sum(), said.sum(), true.sum()) == (100, pytest.approx(90, abs=1), 50)


def test_bins_of_cases_with_temperatures_of_their_own_may_be_added():
    warm, cold = counts_that_are_right(1.5), counts_that_are_right(0.5)
    together = bins_of(warm, 1.5) + bins_of(cold, 0.5)
    assert calibration_error(together) < 0.002 < calibration_error(bins_of(warm + cold, 1.0))


def test_a_region_that_is_nowhere_keeps_its_temperature():
    counts = counts_that_are_right()
    counts[1] = 0
    assert best_temperature(counts) == 1.0
    assert calibration_error(bins_of(np.zeros_like(counts), 1.0)) == 0


def test_logits_are_those_before_the_temperature():
    probabilities = np.array([0.25, 0.5, 0.75], np.float32).reshape(3, 1)
    logits = as_logits(probabilities, [1.0, 2.0, 2.0])
    assert np.allclose(logits.ravel(), [np.log(1 / 3), 0, 2 * np.log(3)], atol=1e-3)
    assert np.abs(as_logits(np.array([0.0, 1.0, 0.5], np.float32).reshape(3, 1), [1, 1, 1])).max() == 16


def test_the_picture_is_drawn(tmp_path):
    draw_reliability(np.stack([counts_that_are_right(1.5)] * 3), dict.fromkeys(REGIONS, 1.5), tmp_path / "r.png")
    assert imread(tmp_path / "r.png").shape[1] == 880
