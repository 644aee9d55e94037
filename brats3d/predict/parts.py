"""The connected parts of a region: voxels that touch by a face, an edge or a corner."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from brats3d.grid import Box, box_of

TOUCHING = np.ones((3, 3, 3), np.bool_)
"""26 neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A region map taken apart, within the smallest box that holds it."""

    box: Box
    labels: NDArray[np.int32]
    """(x, y, z) of the box: 0 outside the region, k + 1 in part k."""
    voxels: NDArray[np.int64]
    """(K,), how many voxels each part has."""

    def sums(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the sum over each part, (K,).

        Args:
            values: (X, Y, Z), where the region map lies.
        """
        flat = self.labels.reshape(-1)
        inside = np.flatnonzero(flat)
        total = np.bincount(flat[inside], values[self.box].reshape(-1)[inside], minlength=len(self.voxels) + 1)
        return np.asarray(total[1:], np.float64)


def parts_of(region_map: NDArray[np.bool_]) -> Parts | None:
    """Return the parts of a region map (X, Y, Z); None where it is empty."""
    box = box_of(region_map)
    if box is None:
        return None
    labels, count = label(region_map[box], TOUCHING)
    return Parts(box, labels, np.bincount(labels.reshape(-1), minlength=count + 1)[1:])
