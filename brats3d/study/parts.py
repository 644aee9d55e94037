"""The predicted parts of a region beside the lesions of its reference: enough to score any rule that drops parts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from brats3d.predict.parts import parts_of
from brats3d.scoring.lesions import LesionRules, number_lesions, parts_near
from brats3d.study.kept import KeptCase

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PartTable:
    """One region of one case: P predicted parts, L lesions of the reference."""

    volume_ml: NDArray[np.float64]
    """(P,)."""
    probability: NDArray[np.float64]
    """(P,): the mean over the part."""
    voxels: NDArray[np.int64]
    """(P,)."""
    true: NDArray[np.int64]
    """(P,): voxels that are in the reference."""
    near: Bools
    """(P, L): whether a part reaches a lesion."""
    shared: NDArray[np.int64]
    """(P, L): voxels of a part in a lesion."""
    lesion_voxels: NDArray[np.int64]
    """(L,)."""
    lesion_counts: Bools
    """(L,): whether a lesion is large enough to count."""
    reference_voxels: int
    """Of the region, those outside the brain box too."""

    def kept(self, smallest_ml: float, least_probability: float, smallest_in_all_ml: float = 0.0) -> Bools:
        """Return which parts a rule keeps, (P,); see `Islands` of a bundle and its `smallest_enhancing_ml`."""
        if not len(self.voxels):
            return np.zeros(0, np.bool_)
        is_sure = self.probability >= least_probability
        is_sure[self.voxels.argmax()] = True
        keeps = is_sure & (self.volume_ml >= smallest_ml)
        return np.asarray(keeps & (self.volume_ml[keeps].sum() >= smallest_in_all_ml))

    def dice(self, keeps: Bools) -> float:
        """Return the Dice of the whole region; both empty are 1."""
        both = int(self.voxels[keeps].sum()) + self.reference_voxels
        return 1.0 if both == 0 else 2 * int(self.true[keeps].sum()) / both

    def lesion_dice(self, keeps: Bools) -> float:
        """Return the lesion-wise Dice (BraTS 2023); nothing there and nothing found is 1."""
        near, shared = self.near[keeps], self.shared[keeps]
        false = int(np.count_nonzero(~near.any(axis=1)))
        predicted = near.T @ self.voxels[keeps]
        overlap = (near * shared).sum(axis=0)
        dice = 2 * overlap / np.maximum(predicted + self.lesion_voxels, 1)
        count = int(self.lesion_counts.sum()) + false
        return 1.0 if count == 0 else float(dice[self.lesion_counts].sum()) / count


def part_table(
    case: KeptCase, index: int, predicted: Bools, probability: NDArray[np.float32], rules: LesionRules
) -> PartTable:
    """Return the table of one region of one case.

    Args:
        case: what is true.
        index: the region, 0 to 2.
        predicted: (x, y, z), the region map without any rule.
        probability: (x, y, z), calibrated, 0 to 1.
        rules: what a lesion is.
    """
    truth = case.truth(index)
    lesions = number_lesions(truth, rules.dilations)
    lesion_voxels = np.bincount(lesions.reshape(-1))[1:]
    voxel_mm3 = 1000 * case.voxel_ml
    reference_voxels = int(np.count_nonzero(truth)) + case.outside[index]
    parts = parts_of(predicted)
    count = 0 if parts is None else len(parts.voxels)
    near = np.zeros((count, len(lesion_voxels)), np.bool_)
    shared = np.zeros((count, len(lesion_voxels)), np.int64)
    sums = true = np.zeros(0)
    if parts is not None:
        labels = np.zeros(truth.shape, np.int32)
        labels[parts.box] = parts.labels
        sums, true = parts.sums(probability), parts.sums(truth.astype(np.float32))
        for number, box in enumerate(find_objects(lesions), start=1):
            near[[each - 1 for each in parts_near(lesions, number, box, labels, rules.dilations)], number - 1] = True
        np.add.at(shared, tuple(np.stack([labels, lesions])[:, (labels > 0) & (lesions > 0)] - 1), 1)
    voxels = np.zeros(0, np.int64) if parts is None else parts.voxels
    return PartTable(
        volume_ml=voxels.astype(np.float64) * case.voxel_ml,
        probability=sums / np.maximum(voxels, 1),
        voxels=voxels,
        true=np.asarray(true, np.int64),
        near=near,
        shared=shared,
        lesion_voxels=lesion_voxels,
        lesion_counts=lesion_voxels * voxel_mm3 > rules.smallest_mm3,
        reference_voxels=reference_voxels,
    )
