"""Volumes in millilitres, and how far they move with the thresholds."""

import numpy as np
import pytest

from brats3d.grid import Grid
from brats3d.labels import SCHEMES
from brats3d.predict.volumes import shifted, volume_intervals_ml, volumes_ml
from brats3d.vocabulary import REGIONS, Region

BRATS = SCHEMES["brats2020"]
LPS_TALL = np.diag([-1.0, -1.0, 3.0, 1.0])
HALF = dict.fromkeys(REGIONS, 0.5)


def test_volumes_are_in_millilitres_of_the_patients_voxels():
    label_map = np.zeros((6, 7, 8), np.uint8)
    label_map[0, 0, :4] = [1, 2, 2, 4]
    found = volumes_ml(label_map, Grid((6, 7, 8), LPS_TALL), BRATS)
    assert found == pytest.approx({Region.WT: 0.012, Region.TC: 0.006, Region.ET: 0.003})


def test_an_interval_counts_the_voxels_at_thrice_and_at_a_third_of_the_odds():
    probabilities = np.zeros((3, 1, 1, 6), np.float32)
    probabilities[0, 0, 0] = [0.2, 0.3, 0.5, 0.6, 0.76, 0.9]
    probabilities[1, 0, 0] = [0, 0, 0, 0, 0.3, 0.8]
    volumes = {Region.WT: 3 * 0.5, Region.TC: 0.5, Region.ET: 0.0}
    assert volume_intervals_ml(probabilities, HALF, volumes, 0.5) == {
        Region.WT: (1.0, 2.5),
        Region.TC: (0.5, 1.0),
        Region.ET: (0.0, 0.0),
    }


def test_an_interval_holds_the_volume_of_a_mask_that_lost_parts_by_a_rule():
    probabilities = np.full((3, 1, 1, 4), 0.99, np.float32)
    assert volume_intervals_ml(probabilities, HALF, dict.fromkeys(REGIONS, 0.0), 1.0)[Region.ET] == (0.0, 4.0)


def test_an_inner_region_draws_the_outer_ones_into_the_interval():
    probabilities = np.array([0.0, 0.0, 0.9], np.float32).reshape(3, 1, 1, 1)
    assert volume_intervals_ml(probabilities, HALF, dict.fromkeys(REGIONS, 1.0), 1.0)[Region.WT] == (1.0, 1.0)


def test_thresholds_shift_by_their_odds():
    moved = shifted({Region.WT: 0.4, Region.TC: 0.9}, 3)
    assert moved == pytest.approx({Region.WT: 2 / 3, Region.TC: 27 / 28})
    assert shifted(moved, 1 / 3) == pytest.approx({Region.WT: 0.4, Region.TC: 0.9})
