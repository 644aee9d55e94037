"""Where a random patch lies, and cutting it out of a prepared case, turned and scaled in the same stroke."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

PatchSize = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class CohortCase:
    """A prepared case kept to train or validate on."""

    id: str
    """The case's id."""
    data: NDArray[np.float16]
    """(M, x, y, z): the brain box, z-scored."""
    levels: NDArray[np.uint8]
    """(x, y, z): how many of the nested regions WT, TC, ET hold a voxel, 0 to 3."""
    seeds: tuple[NDArray[np.int16], ...]
    """For each region that is not empty, from WT to ET: voxels of it (N, 3) to centre patches on."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a patch lies in its case."""

    centre: tuple[float, float, float]
    """Voxel coordinates of the patch's centre in the prepared case."""
    matrix: NDArray[np.float64]
    """(3, 3): from voxels off the patch's centre to voxels off `centre`; holds rotation, scale and flips."""

    @property
    def is_plain(self) -> bool:
        """Whether the patch is a block of voxels as they are, at most mirrored."""
        return bool(np.array_equal(np.abs(self.matrix), np.eye(3)))


def draw_centre(
    case: CohortCase, size: PatchSize, rng: np.random.Generator, tumour_share: float, reach: int
) -> tuple[float, float, float]:
    """Draw a patch's centre: on tumour with a given probability, its region drawn evenly, else anywhere in the box.

    Args:
        case: the case to cut from.
        size: voxels of the patch along X, Y, Z.
        rng: where chance comes from.
        tumour_share: probability of a patch that is centred on a tumour voxel, moved by up to a quarter of the patch.
        reach: by how many voxels a patch may reach over the brain box.
    """
    shape = np.array(case.levels.shape)
    half = np.array(size) / 2
    low = np.minimum(half - reach, shape / 2)
    high = np.maximum(shape - half + reach, shape / 2)
    if case.seeds and rng.random() < tumour_share:
        seeds = case.seeds[rng.integers(len(case.seeds))]
        centre = np.clip(seeds[rng.integers(len(seeds))] + rng.uniform(-half / 2, half / 2), low, high)
    else:
        centre = rng.uniform(low, high)
    # A whole or half voxel, so that a patch without rotation is a plain block of voxels.
    x, y, z = np.round(centre - (half - 0.5)) + (half - 0.5)
    return (float(x), float(y), float(z))


def cut(case: CohortCase, pose: Pose, size: PatchSize) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut a patch out of a case.

    Args:
        case: the case to cut from.
        pose: where the patch lies.
        size: voxels of the patch along X, Y, Z.

    Returns:
        float32 (M, *size) volumes, 0 outside the brain, and uint8 (*size) levels.
    """
    return cut_block(case, pose, size) if pose.is_plain else cut_turned(case, pose, size)


def cut_block(case: CohortCase, pose: Pose, size: PatchSize) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut a block of voxels as they are, mirrored where the pose says so, 0 outside the box."""
    starts = [round(c - (n - 1) / 2) for c, n in zip(pose.centre, size, strict=True)]
    inside, target = [], []
    for start, voxels, available in zip(starts, size, case.levels.shape, strict=True):
        low, high = max(start, 0), min(start + voxels, available)
        inside.append(slice(low, max(high, low)))
        target.append(slice(low - start, max(high, low) - start))
    data = torch.zeros(case.data.shape[0], *size)
    levels = torch.zeros(*size, dtype=torch.uint8)
    data[(slice(None), *target)] = torch.from_numpy(case.data[(slice(None), *inside)].astype(np.float32))
    levels[tuple(target)] = torch.from_numpy(case.levels[tuple(inside)])
    mirrored = [axis for axis in range(3) if pose.matrix[axis, axis] < 0]
    if mirrored:
        data, levels = data.flip([axis + 1 for axis in mirrored]), levels.flip(mirrored)
    return data, levels


def cut_turned(case: CohortCase, pose: Pose, size: PatchSize) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut a rotated or scaled patch: volumes linearly, levels and background by the nearest voxel."""
    corners = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]) * (np.array(size) - 1) / 2
    reached = corners @ pose.matrix.T + np.array(pose.centre)
    low = np.clip(np.floor(reached.min(0)).astype(int) - 1, 0, np.array(case.levels.shape) - 2)
    high = np.clip(np.ceil(reached.max(0)).astype(int) + 2, low + 2, case.levels.shape)
    block = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    volumes = torch.from_numpy(case.data[(slice(None), *block)].astype(np.float32))
    levels = torch.from_numpy(case.levels[block].astype(np.float32))
    points = sample_points(pose, size, low, high - low)
    data = torch.nn.functional.grid_sample(
        volumes[None], points, mode="bilinear", padding_mode="zeros", align_corners=True
    )[0]
    masks = torch.stack([levels, (volumes != 0).any(0).float()])
    nearest = torch.nn.functional.grid_sample(
        masks[None], points, mode="nearest", padding_mode="zeros", align_corners=True
    )[0]
    return data * nearest[1], nearest[0].to(torch.uint8)


def sample_points(pose: Pose, size: PatchSize, low: NDArray[np.integer], voxels: NDArray[np.integer]) -> torch.Tensor:
    """Return where each voxel of a patch lies in a block, (1, *size, 3), in the order and range of `grid_sample`.

    Args:
        pose: where the patch lies.
        size: voxels of the patch.
        low: the block's first voxel along X, Y, Z.
        voxels: the block's shape.
    """
    axes = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in size]
    scale = 2.0 / (voxels - 1)
    points = torch.empty(1, *size, 3)
    for axis in range(3):
        x, y, z = (pose.matrix[axis] * scale[axis]).tolist()
        start = (pose.centre[axis] - low[axis]) * scale[axis] - 1.0
        # grid_sample wants the last axis first.
        points[0, ..., 2 - axis] = (
            axes[0][:, None, None] * x + axes[1][None, :, None] * y + (axes[2] * z + start)[None, None, :]
        )
    return points


def levels_to_regions(levels: torch.Tensor) -> torch.Tensor:
    """Return the region maps float32 (3, ...) of levels (...): WT, TC, ET."""
    return torch.stack([(levels > index).float() for index in range(3)])
