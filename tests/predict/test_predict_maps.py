"""Probabilities as whole numbers on the patient's own grid."""

import numpy as np

from brats3d.grid import Grid
from brats3d.predict.maps import as_map
from brats3d.prepare import Prepared
from brats3d.prepare.orient import turn_of

LPS = np.diag([-1.0, -1.0, 3.0, 1.0])


def test_a_map_lies_where_its_mask_does_and_255_is_1():
    box = (slice(1, 3), slice(2, 4), slice(0, 2))
    prepared = Prepared(np.zeros((4, 2, 2, 2), np.float32), Grid((6, 7, 8), LPS), turn_of(LPS), box, (2, 2, 2))
    shares = np.zeros((3, 2, 2, 2), np.float32)
    shares[:, 0, 0, 0] = [1, 0.5, 0.001]
    found = as_map(shares, prepared)
    assert (found.dtype, found.shape) == (np.uint8, (6, 7, 8, 3))
    assert found[6 - 1 - 1, 7 - 1 - 2, 0].tolist() == [255, 128, 0]
    assert np.count_nonzero(found) == 2
