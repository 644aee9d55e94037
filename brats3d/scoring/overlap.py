"""How much two region maps overlap, with a rule for every way of being empty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BoolMap = NDArray[np.bool_]
"""One region on the patient's grid, (X, Y, Z)."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Voxel counts of one region over the whole grid, background included.

    The rules for empty maps are those of the BraTS 2020 portal (CaPTk, `cbicaITKUtilities.h: GetBraTSLabelStatistics`):
    both empty is a perfect score, and only one empty scores 0.
    """

    both: int
    """Voxels of prediction and reference (true positives)."""
    only_prediction: int
    """False positives."""
    only_reference: int
    """False negatives."""
    neither: int
    """True negatives."""

    @property
    def dice(self) -> float:
        """Twice the common voxels over the sum of both, 0 to 1."""
        total = 2 * self.both + self.only_prediction + self.only_reference
        return 2 * self.both / total if total else 1.0

    @property
    def iou(self) -> float:
        """The common voxels over the union (Jaccard), 0 to 1."""
        union = self.both + self.only_prediction + self.only_reference
        return self.both / union if union else 1.0

    @property
    def sensitivity(self) -> float:
        """The share of the reference that was found; an empty one gives 1 to an empty prediction and 0 to others."""
        reference = self.both + self.only_reference
        if reference:
            return self.both / reference
        return 0.0 if self.only_prediction else 1.0

    @property
    def specificity(self) -> float:
        """The share of the background left alone, 0 to 1; NaN where the reference fills the whole grid."""
        background = self.neither + self.only_prediction
        return self.neither / background if background else float("nan")


def overlap(prediction: BoolMap, reference: BoolMap) -> Overlap:
    """Count the four kinds of voxels of two region maps (X, Y, Z) on one grid.

    Raises:
        ValueError: the shapes differ.
    """
    if prediction.shape != reference.shape:
        raise ValueError(f"region maps of shape {prediction.shape} and {reference.shape} cannot be compared")
    both = int(np.count_nonzero(prediction & reference))
    only_prediction = int(np.count_nonzero(prediction)) - both
    only_reference = int(np.count_nonzero(reference)) - both
    return Overlap(both, only_prediction, only_reference, prediction.size - both - only_prediction - only_reference)
