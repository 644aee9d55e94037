"""Cutting a patch out of a prepared case, turned, scaled and bent in the same stroke.

Volumes are interpolated linearly, levels (and with them the background) taken from the nearest voxel, both at the same
points. Three ways give the same patch: a plain block is copied; on a processor a rotation about one axis is a weighted
sum of lines of voxels, ten times faster than torch's `grid_sample`; everything else goes through that.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import embedding_bag, grid_sample, interpolate

from brats3d.train.lines import change_lines
from brats3d.train.patches import CohortCase, Pose

Slices = tuple[slice, slice, slice]


def cut(case: CohortCase, pose: Pose, data: torch.Tensor, levels: torch.Tensor) -> None:
    """Cut a patch out of a case, on the case's device.

    Args:
        case: the case to cut from.
        pose: where the patch lies.
        data: float32 (M, X, Y, Z), filled with the volumes. Just outside the brain they may be interpolated: 0 them
            where the levels are 0.
        levels: uint8 (X, Y, Z), filled with the levels.
    """
    axis = pose.own_axis
    if pose.is_plain:
        cut_block(case, pose, data, levels)
    elif axis is not None and data.device.type == "cpu":
        cut_turned(case, pose, axis, data, levels)
    else:
        cut_sampled(case, pose, data, levels)


def cut_block(case: CohortCase, pose: Pose, data: torch.Tensor, levels: torch.Tensor) -> None:
    """Cut a block of voxels as they are, mirrored where the pose says so, 0 outside the box."""
    starts = [round(c - (n - 1) / 2) for c, n in zip(pose.centre, levels.shape, strict=True)]
    inside, target = [], []
    for start, voxels, available in zip(starts, levels.shape, case.levels.shape, strict=True):
        low, high = max(start, 0), min(start + voxels, available)
        inside.append(slice(low, max(high, low)))
        target.append(slice(low - start, max(high, low) - start))
    mirrored = [axis for axis in range(3) if pose.matrix[axis, axis] < 0]
    # What is mirrored lies as far from the patch's end as it lay from its start.
    for axis in mirrored:
        target[axis] = slice(levels.shape[axis] - target[axis].stop, levels.shape[axis] - target[axis].start)
    for source, patch in zip((*case.data, case.levels), (*data, levels), strict=True):
        patch.zero_()
        patch[tuple(target)] = source[tuple(inside)].flip(mirrored)


def reached_block(case: CohortCase, pose: Pose, size: Sequence[int]) -> tuple[Slices, NDArray[np.int64]]:
    """Return the part of a case that a pose reaches, at least two voxels an axis, and its first voxel."""
    corners = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]) * (np.array(size) - 1) / 2
    bent = 0.0 if pose.bend is None else np.abs(pose.bend).max((1, 2, 3))
    reached = corners @ pose.matrix.T + np.array(pose.centre)
    shape = np.array(case.levels.shape)
    low = np.clip(np.floor(reached.min(0) - bent).astype(int) - 1, 0, np.maximum(shape - 2, 0))
    high = np.clip(np.ceil(reached.max(0) + bent).astype(int) + 2, np.minimum(low + 2, shape), shape)
    x, y, z = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (x, y, z), low


def line_weights(positions: NDArray[np.float64], voxels: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the two voxels around positions along an axis and their linear weights; 0 for voxels that are not there.

    Args:
        positions: (...), in voxels.
        voxels: of the axis.

    Returns:
        Indices and weights, (..., 2).
    """
    below = np.floor(positions).astype(np.int64)
    both = np.stack([below, below + 1], axis=-1)
    share = positions - below
    weights = np.stack([1.0 - share, share], axis=-1) * ((both >= 0) & (both < voxels))
    return np.clip(both, 0, voxels - 1), weights


def nearest(positions: NDArray[np.float64], voxels: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the nearest voxel to positions along an axis, and whether there is one."""
    index = np.floor(positions + 0.5).astype(np.int64)
    return np.clip(index, 0, voxels - 1), (index >= 0) & (index < voxels)


def cut_turned(case: CohortCase, pose: Pose, axis: int, data: torch.Tensor, levels: torch.Tensor) -> None:
    """Cut a patch that is turned about one axis, scaled and mirrored along all three, on a processor.

    Lines of voxels along that axis stay lines: each of the patch is the weighted sum of four of the case (of one, for
    levels), stretched by one small matrix.
    """
    size, across = levels.shape, [each for each in range(3) if each != axis]
    block, low = reached_block(case, pose, size)
    order = (*across, axis)
    offsets = [np.arange(n) - (n - 1) / 2 for n in size]
    turned = pose.matrix[np.ix_(across, across)]
    start = np.array(pose.centre) - low
    p, q = (
        offsets[across[0]][:, None] * turned[i, 0] + offsets[across[1]][None] * turned[i, 1] + start[across[i]]
        for i in range(2)
    )
    along = offsets[axis] * pose.matrix[axis, axis] + start[axis]
    levels_block = case.levels[block].permute(order)
    rows, columns, depth = levels_block.shape

    (p_at, p_share), (q_at, q_share) = line_weights(p.ravel(), rows), line_weights(q.ravel(), columns)
    lines = torch.from_numpy((p_at[:, :, None] * columns + q_at[:, None]).reshape(-1, 4))
    shares = torch.from_numpy((p_share[:, :, None] * q_share[:, None]).reshape(-1, 4).astype(np.float32))
    stretch = line_change(along, depth)
    for volume, target in zip(case.data, data, strict=True):
        table = volume[block].permute(order).to(torch.float32, memory_format=torch.contiguous_format)
        summed = embedding_bag(lines, table.view(-1, depth), per_sample_weights=shares, mode="sum")
        target.permute(order).copy_(stretch(summed.view(*p.shape, -1)))

    (p_near, p_in), (q_near, q_in), (near, is_in) = (
        nearest(at, n) for at, n in ((p.ravel(), rows), (q.ravel(), columns), (along, depth))
    )
    found = np.ascontiguousarray(levels_block.numpy()).reshape(-1, depth)[p_near * columns + q_near]
    found = np.take(found, near, axis=1) * (p_in & q_in)[:, None] * is_in
    levels.permute(order).copy_(torch.from_numpy(found).view(*p.shape, -1))


def line_change(positions: NDArray[np.float64], voxels: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return what takes lines of voxels (x, y, voxels) to their values at N positions, (x, y, N), linearly.

    Whole voxels in reach are picked, which costs nothing; anything else is a product with a small matrix.
    """
    whole = np.round(positions).astype(np.int64)
    if np.abs(positions - whole).max() < 1e-6 and whole.min() >= 0 and whole.max() < voxels:
        first, last = int(min(whole[0], whole[-1])), int(max(whole[0], whole[-1]))
        if last - first == len(whole) - 1:
            mirrored = [-1] if whole[0] > whole[-1] else []
            return lambda lines: lines[..., first : last + 1].flip(mirrored)
    at, share = line_weights(positions, voxels)
    matrix = np.zeros((len(positions), voxels), np.float32)
    for tap in range(2):
        np.add.at(matrix, (np.arange(len(positions)), at[:, tap]), share[:, tap])
    return lambda lines: change_lines(lines, torch.from_numpy(matrix), 2)


def cut_sampled(case: CohortCase, pose: Pose, data: torch.Tensor, levels: torch.Tensor) -> None:
    """Cut a patch by torch's `grid_sample`: any rotation, any bend, any device."""
    block, low = reached_block(case, pose, levels.shape)
    volumes = case.data[(slice(None), *block)].float()
    points = sample_points(pose, levels.shape, low, np.array(volumes.shape[1:]), volumes.device)
    data.copy_(grid_sample(volumes[None], points, mode="bilinear", padding_mode="zeros", align_corners=True)[0])
    known = case.levels[block].float()[None, None]
    levels.copy_(grid_sample(known, points, mode="nearest", padding_mode="zeros", align_corners=True)[0, 0])


def sample_points(
    pose: Pose, size: Sequence[int], low: NDArray[np.integer], voxels: NDArray[np.integer], device: torch.device
) -> torch.Tensor:
    """Return where each voxel of a patch lies in a block, (1, *size, 3), in the order and range of `grid_sample`.

    Args:
        pose: where the patch lies.
        size: voxels of the patch.
        low: the block's first voxel along X, Y, Z.
        voxels: the block's shape.
        device: where the points are wanted.
    """
    axes = [torch.arange(n, dtype=torch.float32, device=device) - (n - 1) / 2 for n in size]
    scale = 2.0 / np.maximum(voxels - 1, 1)
    points = torch.empty(1, *size, 3, device=device)
    for axis in range(3):
        x, y, z = (pose.matrix[axis] * scale[axis]).tolist()
        start = (pose.centre[axis] - low[axis]) * scale[axis] - 1.0
        # grid_sample wants the last axis first.
        points[0, ..., 2 - axis] = (
            axes[0][:, None, None] * x + axes[1][None, :, None] * y + (axes[2] * z + start)[None, None, :]
        )
    if pose.bend is not None:
        control = torch.from_numpy(pose.bend).to(device)
        bend = interpolate(control[None], size, mode="trilinear", align_corners=True)[0]
        for axis in range(3):
            points[0, ..., 2 - axis] += bend[axis] * float(scale[axis])
    return points
