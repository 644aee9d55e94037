"""Batches of patches to train on and whole cases to validate on, as MONAI's engines want them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from brats3d.train.augment import Augmentation, augmented_batch
from brats3d.train.augmentation import Changes, draw_changes, draw_pose
from brats3d.train.patches import CohortCase, Pose, draw_centre, is_rare, levels_to_regions

CPU = torch.device("cpu")


class PatchDataset(Dataset[dict[str, torch.Tensor]]):
    """Batches of random patches of a cohort, made on the cohort's device; whole rounds of all patients, each shuffled.

    What a patch holds depends on the seed, the epoch and its number among all patches of all ranks in that epoch, on
    nothing else: an interrupted run goes on exactly, and two ranks with batches of one see what one rank with batches
    of two and as many shares sees (on CUDA but for its noise, which the rows of a batch share).

    A cohort that is divided between ranks is divided into `shares`: a patch at one place of the joint batch always
    comes from the same share, so that a rank needs the cases of its own places alone.

    Args:
        cohort: the cases to cut from: all of them, or this rank's share.
        patch: voxels along X, Y, Z; a last 1 gives slices, (X, Y), for a 2-D network.
        batch: patches a batch (of this rank).
        count: batches an epoch.
        augmentation: how patches are changed.
        tumour_share: share of patches centred on tumour, 0 to 1.
        reach: by how many voxels a patch may reach over the brain box.
        rare_times: how often a patient with little enhancing tumour, or none, comes in a round; others come once.
        seed: of the run.
        rank: of this process among `ranks`.
        ranks: how many processes train together.
        shares: into how many parts the cohort is divided, 1 or a divisor of `ranks` times `batch`; where they are as
            many as the ranks, `cohort` is this rank's own.
        device: where batches are made.
    """

    def __init__(
        self,
        *,
        cohort: Sequence[CohortCase],
        patch: Sequence[int],
        batch: int,
        count: int,
        augmentation: Augmentation,
        tumour_share: float = 0.5,
        reach: int = 8,
        rare_times: int = 1,
        seed: int = 0,
        rank: int = 0,
        ranks: int = 1,
        shares: int = 1,
        device: torch.device = CPU,
    ) -> None:
        self.cohort = cohort
        self.patch = (int(patch[0]), int(patch[1]), int(patch[2]))
        self.batch = batch
        self.count = count
        self.augmentation = augmentation
        self.tumour_share = tumour_share
        self.reach = reach
        self.seed = seed
        self.rank = rank
        self.ranks = ranks
        self.shares = shares
        self.device = device
        # Asking who is rare reads every case, from disk where they lie there.
        self.times = [rare_times if is_rare(case) else 1 for case in cohort] if rare_times > 1 else [1] * len(cohort)
        self.epoch = 1

    def __len__(self) -> int:
        """Return the batches an epoch."""
        return self.count

    @property
    def is_ahead_worthwhile(self) -> bool:
        """Whether a thread should make batches ahead: what else would wait is a card, or for the disk.

        On a processor the thread would take turns with the network's on the same cores and slow both.
        """
        return self.device.type != "cpu" or getattr(self.cohort, "on_disk", False)

    def numbers_of(self, index: int) -> range:
        """Return the numbers, within the epoch and among all ranks, of the patches of batch `index`."""
        first = (index * self.ranks + self.rank) * self.batch
        return range(first, first + self.batch)

    def case_of(self, number: int) -> CohortCase:
        """Return the case that a patch of this epoch is cut from: whole rounds, each in an order of its own."""
        joint_batch = self.ranks * self.batch
        step, place = divmod(number, joint_batch)
        places = joint_batch // self.shares
        share, item = place // places, ((self.epoch - 1) * self.count + step) * places + place % places
        is_own_share = self.shares == self.ranks > 1
        members = range(len(self.cohort)) if is_own_share else range(share, len(self.cohort), self.shares)
        seats = [member for member in members for _ in range(self.times[member])]
        turn, seat = divmod(item, len(seats))
        order = np.random.default_rng([self.seed, 1, share, turn]).permutation(len(seats))
        return self.cohort[seats[int(order[seat])]].on(self.device)

    def drawn(self, number: int) -> tuple[CohortCase, Pose, Changes]:
        """Return everything that chance decides of a patch."""
        rng = np.random.default_rng([self.seed, 2, self.epoch, number])
        case = self.case_of(number)
        centre = draw_centre(case, self.patch, rng, self.tumour_share, self.reach)
        pose = draw_pose(centre, self.patch, self.augmentation, rng)
        return case, pose, draw_changes(self.augmentation, len(case.data), rng)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """Return `image` float32 (N, M, *patch) and `label` uint8 (N, *patch): levels, 0 to 4."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        cases, poses, changes = zip(*[self.drawn(number) for number in self.numbers_of(index)], strict=True)
        images, levels = augmented_batch(cases, poses, changes, self.patch)
        if self.patch[2] == 1:
            images, levels = images[..., 0], levels[..., 0]
        return {"image": images, "label": levels}


def members_of(cases: int, rank: int, ranks: int) -> range:
    """Return which of a list of cases a process takes: every N-th, all where there are fewer than processes."""
    return range(rank, cases, ranks) if cases >= ranks else range(cases)


class WholeCaseDataset(Dataset[dict[str, Any]]):
    """Whole prepared cases, to validate on.

    Args:
        cohort: the cases.
        rank: this process takes every `ranks`-th case, from `rank` on; all of them where there are fewer than
            processes, for one without any would wait for the others' scores for ever.
        ranks: how many processes validate together.
    """

    def __init__(self, *, cohort: Sequence[CohortCase], rank: int = 0, ranks: int = 1) -> None:
        self.cohort = cohort
        self.members = members_of(len(cohort), rank, ranks)

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.members)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return `image` float32 (M, x, y, z), `label` float32 (3, x, y, z) and `id`."""
        case = self.cohort[self.members[index]]
        return {"image": case.data.float(), "label": levels_to_regions(case.levels[None])[0], "id": case.id}
