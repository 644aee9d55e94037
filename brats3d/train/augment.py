"""Augmentation of a whole batch on its device: poses are cut, then the intensities of all modalities changed."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import torch

from brats3d.train.augmentation import Augmentation, Changes
from brats3d.train.cutting import cut
from brats3d.train.intensity import change_intensities
from brats3d.train.patches import CohortCase, PatchSize, Pose

__all__ = ["Augmentation", "augmented_batch"]


def augmented_batch(
    cases: Sequence[CohortCase], poses: Sequence[Pose], changes: Sequence[Changes], size: PatchSize
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the augmented patches of a batch, on the device of the cases.

    Args:
        cases: one a patch.
        poses: likewise.
        changes: likewise, of M rows each.
        size: voxels of a patch along X, Y, Z.

    Returns:
        float32 (N, M, *size) volumes, 0 outside the brain, and uint8 (N, *size) levels.
    """
    device, modalities = cases[0].data.device, len(cases[0].data)
    images = torch.empty(len(cases), modalities, *size, device=device)
    levels = torch.empty(len(cases), *size, dtype=torch.uint8, device=device)
    for place, (case, pose) in enumerate(zip(cases, poses, strict=True)):
        cut(case, pose, images[place], levels[place])
    inside = (levels > 0).float()
    for image, brain, pose in zip(images, inside, poses, strict=True):
        if not pose.is_plain:  # what was not interpolated is 0 there already
            image *= brain
    change_intensities(images.flatten(0, 1), inside, together(changes))
    return images, levels


def together(changes: Sequence[Changes]) -> Changes:
    """Return the changes of several patches as rows of one."""
    names = [field.name for field in fields(Changes)]
    return Changes(**{name: np.concatenate([getattr(each, name) for each in changes]) for name in names})
