"""Probabilities and uncertainty as they are written: whole numbers from 0 to 255 on the patient's grid."""

import numpy as np
from numpy.typing import NDArray

from brats3d.prepare import Prepared, out_of_box

LARGEST = 255
"""What is written for 1."""


def as_map(shares: NDArray[np.float32], prepared: Prepared) -> NDArray[np.uint8]:
    """Return numbers from 0 to 1 as a map on the patient's own grid.

    Args:
        shares: (3, x, y, z) in the brain box at the patient's own spacing.
        prepared: the case's network input.

    Returns:
        uint8 (X, Y, Z, 3), 255 where the number is 1, 0 around the box.
    """
    whole = np.rint(shares * np.float32(LARGEST)).astype(np.uint8)
    return np.moveaxis(out_of_box(whole, prepared), 0, -1)
