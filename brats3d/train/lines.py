"""Products of lines of voxels with a small matrix, whose few entries lie about its diagonal."""

import torch

BLOCK = 16
"""Rows of the matrix taken together on a processor: most of its zeros are passed over, and the products stay large."""


def change_lines(volume: torch.Tensor, matrix: torch.Tensor, axis: int) -> torch.Tensor:
    """Return a volume (X, Y, Z) each of whose lines along an axis is `matrix` times that line.

    Args:
        volume: float32.
        matrix: float32 (N, n), n the voxels along the axis; on the volume's device.
        axis: 0, 1 or 2; it has N voxels afterwards.
    """
    if volume.device.type != "cpu":
        return times(matrix, volume, axis)
    parts = []
    for rows in torch.split(matrix, BLOCK):
        used = rows.any(dim=0).nonzero()
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
        parts.append(times(rows[:, low:high], volume.narrow(axis, low, high - low), axis))
    return torch.cat(parts, dim=axis)


def times(matrix: torch.Tensor, volume: torch.Tensor, axis: int) -> torch.Tensor:
    """Return the product as it is, zeros and all."""
    if axis == 0:
        return (matrix @ volume.flatten(1)).view(-1, *volume.shape[1:])
    return torch.matmul(matrix, volume) if axis == 1 else volume @ matrix.T
