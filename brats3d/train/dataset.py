"""Patches to train on and whole cases to validate on, as MONAI's engines want them: dictionaries of tensors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from brats3d.train.augment import Augmentation, change_intensities, draw_changes, draw_pose
from brats3d.train.patches import CohortCase, cut, draw_centre, levels_to_regions


class PatchDataset(Dataset[dict[str, torch.Tensor]]):
    """Random patches of a cohort, every patient as often as every other.

    What item i of epoch e holds depends on the seed, e, i and the rank alone, not on the worker that made it or on what
    was drawn before: an interrupted run goes on exactly. Another number of workers changes the last bits at most: torch
    sums in another order on another number of threads.

    Args:
        cohort: the cases to cut from.
        patch: voxels along X, Y, Z; a last 1 gives slices, (X, Y), for a 2-D network.
        count: items an epoch (of this rank).
        augmentation: how patches are changed.
        tumour_share: share of patches centred on tumour, 0 to 1.
        reach: by how many voxels a patch may reach over the brain box.
        seed: of the run.
        rank: of this process among `ranks`.
        ranks: how many processes train together.
    """

    def __init__(
        self,
        *,
        cohort: Sequence[CohortCase],
        patch: Sequence[int],
        count: int,
        augmentation: Augmentation,
        tumour_share: float = 0.5,
        reach: int = 8,
        seed: int = 0,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.cohort = cohort
        self.patch = (int(patch[0]), int(patch[1]), int(patch[2]))
        self.count = count
        self.augmentation = augmentation
        self.tumour_share = tumour_share
        self.reach = reach
        self.seed = seed
        self.rank = rank
        self.ranks = ranks
        self.epoch = 1

    def __len__(self) -> int:
        """Return the items an epoch."""
        return self.count

    def case_of(self, index: int) -> CohortCase:
        """Return the case that item `index` of this epoch is cut from: whole rounds, each in an order of its own."""
        item = ((self.epoch - 1) * self.count + index) * self.ranks + self.rank
        turn, place = divmod(item, len(self.cohort))
        order = np.random.default_rng([self.seed, 1, turn]).permutation(len(self.cohort))
        return self.cohort[int(order[place])]

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """Return `image` float32 (M, *patch) and `label` uint8 (3, *patch): the region maps."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        rng = np.random.default_rng([self.seed, 2, self.epoch, index, self.rank])
        case = self.case_of(index)
        centre = draw_centre(case, self.patch, rng, self.tumour_share, self.reach)
        data, levels = cut(case, draw_pose(centre, self.augmentation, rng), self.patch)
        data = change_intensities(data, [draw_changes(self.augmentation, rng) for _ in data])
        regions = levels_to_regions(levels).to(torch.uint8)
        if self.patch[2] == 1:
            data, regions = data[..., 0], regions[..., 0]
        return {"image": data, "label": regions}


class WholeCaseDataset(Dataset[dict[str, Any]]):
    """Whole prepared cases, to validate on.

    Args:
        cohort: the cases.
        rank: this process takes every `ranks`-th case, from `rank` on; all of them where there are fewer than
            processes, for one without any would wait for the others' scores for ever.
        ranks: how many processes validate together.
    """

    def __init__(self, *, cohort: Sequence[CohortCase], rank: int = 0, ranks: int = 1) -> None:
        self.cohort = list(cohort)[rank::ranks] if len(cohort) >= ranks else list(cohort)

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.cohort)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return `image` float32 (M, x, y, z), `label` float32 (3, x, y, z) and `id`."""
        case = self.cohort[index]
        image = torch.from_numpy(case.data.astype(np.float32))
        return {"image": image, "label": levels_to_regions(torch.from_numpy(case.levels)), "id": case.id}
