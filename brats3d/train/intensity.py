"""Changing the intensities of modalities on the device they lie on: drawn rows of a batch together.

MONAI's own intensity transforms draw one gamma for all channels and move the zero background; these treat each
modality for itself and stay inside the brain.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from brats3d.train.augmentation import Changes
from brats3d.train.lines import change_lines

Change = Callable[[torch.Tensor, torch.Tensor, NDArray[np.intp]], object]
"""Changes rows in place, given their brains and their numbers."""
TABLE_VALUES = 2**22
"""Of the table of noise: three times a patch of 112 voxels a side."""
RAW_MEAN = 3.0
"""How many deviations above 0 the mean of a modality's raw brain voxels lies (medians of 8: 2.3 to 3.6)."""


def change_intensities(rows: torch.Tensor, inside: torch.Tensor, changes: Changes) -> None:
    """Apply changes to modalities in place; outside the brain they stay 0.

    Args:
        rows: float32 (K, X, Y, Z), the modalities of N patches one after another, 0 outside the brain.
        inside: float32 (N, X, Y, Z): 1 in the brain, 0 outside.
        changes: of K rows.
    """
    modalities = len(rows) // len(inside)

    def apply(happens: NDArray[np.bool_], change: Change) -> None:
        for numbers in groups(np.flatnonzero(happens), rows.device):
            one = len(numbers) == 1
            chosen, brains = (
                (rows[numbers[0]][None], inside[numbers[0] // modalities][None])
                if one
                else (rows[torch.from_numpy(numbers)], inside[torch.from_numpy(numbers // modalities)])
            )
            change(chosen, brains, numbers)
            if not one:
                rows[torch.from_numpy(numbers)] = chosen  # a copy was changed

    def values(drawn: NDArray[np.float64], numbers: NDArray[np.intp]) -> torch.Tensor:
        return torch.from_numpy(drawn[numbers].astype(np.float32)).to(rows.device).view(-1, 1, 1, 1)

    what = changes
    filtered = (what.blur > 0) | (what.resolution < 1).any(axis=1)
    for n in np.flatnonzero(filtered):
        rows[int(n)] = filter_row(rows[int(n)], float(what.blur[n]), what.resolution[n])
    apply(what.noise > 0, lambda part, _, n: add_noise(part, values(what.noise, n), int(what.seed[n[0]])))
    apply((what.shading != 0).any(axis=1), lambda part, _, n: shade(part, what.shading[n]))
    apply(what.added != 0, lambda part, _, n: part.add_(values(what.added, n)))
    moved = filtered | (what.noise > 0) | (what.shading != 0).any(axis=1) | (what.added != 0)
    apply(moved, lambda part, brain, _: part.mul_(brain))
    apply(what.factor != 1, lambda part, _, n: part.mul_(values(what.factor, n)))
    apply(what.contrast != 1, lambda part, brain, n: change_contrast(part, brain, values(what.contrast, n)))
    apply(what.gamma != 1, lambda part, brain, n: change_gamma(part, brain, values(what.gamma, n)))
    apply(what.gamma_inverted != 1, lambda part, brain, n: inverted_gamma(part, brain, values(what.gamma_inverted, n)))
    apply(what.dropped, lambda part, _, n: part.zero_())


def groups(numbers: NDArray[np.intp], device: torch.device) -> list[NDArray[np.intp]]:
    """Return rows to be changed together: one by one on a processor, whose caches hold one, else all at once."""
    if device.type == "cpu":
        return [numbers[place : place + 1] for place in range(len(numbers))]
    return [numbers] if numbers.size else []


def add_noise(rows: torch.Tensor, deviation: torch.Tensor, seed: int) -> None:
    """Add Gaussian noise.

    On a processor it is read at a drawn place of a table: drawing it anew takes one core sixty times as long as adding
    it takes two, and the network learns nothing from where a voxel's noise came.
    """
    count = rows.numel()
    if rows.device.type == "cpu" and count <= TABLE_VALUES // 2:
        start = seed % (TABLE_VALUES - count + 1)
        noise = noise_table()[start : start + count].view(rows.shape)
    else:
        generator = torch.Generator(rows.device).manual_seed(seed)
        noise = torch.randn(rows.shape, generator=generator, device=rows.device)
    rows.addcmul_(noise, deviation)


@cache
def noise_table() -> torch.Tensor:
    """Return values of a standard normal distribution, the same in every run."""
    return torch.randn(TABLE_VALUES, generator=torch.Generator().manual_seed(0))


def shade(rows: torch.Tensor, coefficients: NDArray[np.float64]) -> None:
    """Multiply the raw signal behind z-scored rows by 1 and a smooth field.

    Args:
        rows: (K, X, Y, Z).
        coefficients: (K, 9), one for each of `SHADES`.
    """
    x, y, z = (torch.linspace(-1, 1, n, device=rows.device) if n > 1 else rows.new_zeros(1) for n in rows.shape[1:])
    x, y = x[:, None], y[None]
    for row, (cx, cy, cz, cxx, cyy, czz, cxy, cxz, cyz) in zip(rows, coefficients.tolist(), strict=True):
        plane = x * cx + y * cy + x * x * cxx + y * y * cyy + x * y * cxy
        slope = x * cxz + y * cyz
        field = (plane[..., None] + (z * cz + z * z * czz)).addcmul_(slope[..., None], z)
        row.addcmul_(field, row + RAW_MEAN)


def filter_row(row: torch.Tensor, blur: float, resolution: NDArray[np.float64]) -> torch.Tensor:
    """Return a modality smoothed by a Gaussian, then taken to a coarser grid and back, as a coarser scan looks.

    Both are sums over lines of voxels, so that each axis is at most one product with a small matrix.

    Args:
        row: (X, Y, Z).
        blur: deviation in voxels; 0 is none.
        resolution: (3,), share of the voxels each axis keeps.
    """
    matrices = [line_filter(n, blur, float(share), row.device) for n, share in zip(row.shape, resolution, strict=True)]
    for axis, matrix in enumerate(matrices):
        row = row if matrix is None else change_lines(row, matrix, axis)
    return row


def line_filter(voxels: int, blur: float, share: float, device: torch.device) -> torch.Tensor | None:
    """Return the matrix (N, N) that smooths a line of voxels and makes it coarser; None where nothing changes."""
    blurred = blur > 0 and voxels > 1
    coarser = round(voxels * share) < voxels
    if not blurred and not coarser:
        return None
    # torch multiplies them: numpy's own threads fight the network's for the cores, at a hundred times the cost.
    whole = torch.from_numpy(coarse(voxels, share)) @ torch.from_numpy(gaussian(voxels, blur))
    return whole.float().to(device)


def gaussian(voxels: int, sigma: float) -> NDArray[np.float64]:
    """Return the matrix (N, N) that smooths a line of voxels, cut off at three deviations; the ends are repeated."""
    if sigma <= 0 or voxels == 1:
        return np.eye(voxels)
    radius = max(1, round(3 * sigma))
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    matrix = np.zeros((voxels, voxels))
    for offset, weight in zip(offsets, weights / weights.sum(), strict=True):
        np.add.at(matrix, (np.arange(voxels), np.clip(np.arange(voxels) + offset, 0, voxels - 1)), weight)
    return matrix


def coarse(voxels: int, share: float) -> NDArray[np.float64]:
    """Return the matrix (N, N) that keeps a share of a line's voxels (the nearest) and goes back linearly."""
    kept = max(1, round(voxels * share))
    if kept == voxels:
        return np.eye(voxels)
    source = np.floor((np.arange(kept) + 0.5) * voxels / kept).astype(int)
    place = np.clip((np.arange(voxels) + 0.5) * kept / voxels - 0.5, 0, kept - 1)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, kept - 1)
    matrix = np.zeros((voxels, voxels))
    np.add.at(matrix, (np.arange(voxels), source[below]), 1 - (place - below))
    np.add.at(matrix, (np.arange(voxels), source[above]), place - below)
    return matrix


def change_contrast(rows: torch.Tensor, inside: torch.Tensor, factor: torch.Tensor) -> None:
    """Move voxels of the brain from or towards their mean, within the range that was there."""
    low, high = ends(rows)
    mean, _ = brain_moments(rows, inside)
    rows.sub_(mean).mul_(factor).add_(mean)
    torch.clamp(rows, low, high, out=rows)
    rows.mul_(inside)


def change_gamma(rows: torch.Tensor, inside: torch.Tensor, exponent: torch.Tensor) -> None:
    """Put voxels of the brain through a power curve; their mean and deviation are kept."""
    low, high = ends(rows)
    mean, deviation = brain_moments(rows, inside)
    rows.sub_(low).div_((high - low).clamp(min=1e-6)).clamp_(min=0).pow_(exponent)
    rows.mul_(inside)
    curved_mean, curved_deviation = brain_moments(rows, inside)
    rows.sub_(curved_mean).mul_(deviation / curved_deviation.clamp(min=1e-6)).add_(mean).mul_(inside)


def inverted_gamma(rows: torch.Tensor, inside: torch.Tensor, exponent: torch.Tensor) -> None:
    """Do the same to the inverted signal."""
    rows.neg_()
    change_gamma(rows, inside, exponent)
    rows.neg_()


def ends(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the least and greatest value of each row (K, X, Y, Z), the 0 outside the brain counted, (K, 1, 1, 1)."""
    return rows.amin((1, 2, 3), keepdim=True), rows.amax((1, 2, 3), keepdim=True)


def brain_moments(rows: torch.Tensor, inside: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and deviation of each row's brain, (K, 1, 1, 1) each.

    Args:
        rows: (K, X, Y, Z), 0 outside the brain.
        inside: (K, X, Y, Z).
    """
    axes = (1, 2, 3)
    count = inside.sum(axes, keepdim=True).clamp(min=1)
    mean = rows.sum(axes, keepdim=True) / count
    squares = torch.linalg.vector_norm(rows, dim=axes, keepdim=True).square() / count
    return mean, (squares - mean.square()).clamp(min=0).sqrt()
