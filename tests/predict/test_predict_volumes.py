"""Volumes in millilitres."""

import numpy as np
import pytest

from brats3d.grid import Grid
from brats3d.labels import SCHEMES
from brats3d.predict.volumes import volumes_ml
from brats3d.vocabulary import Region

BRATS = SCHEMES["brats2020"]
LPS_TALL = np.diag([-1.0, -1.0, 3.0, 1.0])


def test_volumes_are_in_millilitres_of_the_patients_voxels():
    label_map = np.zeros((6, 7, 8), np.uint8)
    label_map[0, 0, :4] = [1, 2, 2, 4]
    found = volumes_ml(label_map, Grid((6, 7, 8), LPS_TALL), BRATS)
    assert found == pytest.approx({Region.WT: 0.012, Region.TC: 0.006, Region.ET: 0.003})
