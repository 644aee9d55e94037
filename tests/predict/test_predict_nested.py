"""Thresholds, and each region inside the one before."""

import numpy as np

from brats3d.predict.nested import nested
from brats3d.vocabulary import REGIONS

HALF = dict.fromkeys(REGIONS, 0.5)


def test_a_probability_equal_to_its_threshold_is_out():
    probabilities = np.full((3, 1, 1, 2), 0.5, np.float32)
    probabilities[:, 0, 0, 1] = np.nextafter(np.float32(0.5), np.float32(1))
    assert nested(probabilities, HALF)[:, 0, 0].tolist() == [[False, True]] * 3


def test_enhancing_tumour_outside_the_core_draws_core_and_whole_with_it():
    probabilities = np.array([0.1, 0.2, 0.9], np.float32).reshape(3, 1, 1, 1)
    assert nested(probabilities, HALF).all()
