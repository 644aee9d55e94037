"""What training does to a patch: drawing the parameters, then applying them, each modality for itself.

Strengths follow nnU-Net's 3D training (Isensee 2021, doi 10.1038/s41592-020-01008-z) unless said otherwise. MONAI's own
intensity transforms draw one gamma for all channels and move the zero background; these stay inside the brain.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import conv1d, interpolate

from brats3d.train.patches import Pose


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How often and how strongly a patch is changed; probabilities 0 to 1, ranges with both ends in."""

    flip: float = 0.5
    """Of each axis."""
    rotation: float = 0.3
    rotation_degrees: float = 30.0
    """About each axis, either way."""
    scale: float = 0.3
    scale_range: tuple[float, float] = (0.7, 1.4)
    """Of the tumour's size; each axis apart by up to a tenth more."""
    noise: float = 0.15
    noise_deviation: float = 0.3
    blur: float = 0.15
    """Of a modality."""
    blur_voxels: tuple[float, float] = (0.5, 1.2)
    brightness: float = 0.3
    """Of a modality."""
    brightness_shift: float = 0.3
    contrast: float = 0.3
    """Of a modality."""
    contrast_range: tuple[float, float] = (0.7, 1.35)
    low_resolution: float = 0.15
    """Of a modality; half of the time along one axis alone, as thick slices are."""
    low_resolution_range: tuple[float, float] = (0.3, 1.0)
    gamma: float = 0.2
    """Of a modality."""
    gamma_range: tuple[float, float] = (0.7, 1.5)
    shading: float = 0.3
    """Of a modality: the smooth brightness across the head that a coil leaves."""
    shading_strength: float = 0.3
    """Share of the raw signal, at most, at the patch's brightest or darkest corner."""


def draw_matrix(augmentation: Augmentation, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw rotation, scale and flips as one matrix (3, 3), from voxels of the patch to voxels of the case."""
    matrix = np.eye(3)
    if rng.random() < augmentation.rotation:
        matrix = rotation_matrix(np.radians(rng.uniform(-1, 1, 3) * augmentation.rotation_degrees))
    if rng.random() < augmentation.scale:
        low, high = augmentation.scale_range
        tumour_scale = np.exp(rng.uniform(np.log(low), np.log(high))) * rng.uniform(0.9, 1.1, 3)
        matrix = matrix / tumour_scale
    signs = np.where(rng.random(3) < augmentation.flip, -1.0, 1.0)
    return np.asarray(matrix * signs)


def rotation_matrix(radians: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotation about X, then Y, then Z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(radians), np.sin(radians)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def draw_pose(centre: tuple[float, float, float], augmentation: Augmentation, rng: np.random.Generator) -> Pose:
    """Draw how a patch at a given centre is turned, scaled and mirrored."""
    return Pose(centre, draw_matrix(augmentation, rng))


Change = Callable[[torch.Tensor], torch.Tensor]
"""From one modality of a patch, (X, Y, Z), to another of the same shape."""


def draw_changes(augmentation: Augmentation, rng: np.random.Generator) -> list[Change]:
    """Draw what happens to one modality of one patch, in order."""
    changes: list[Change] = []
    if rng.random() < augmentation.noise:
        deviation, seed = rng.uniform(0, augmentation.noise_deviation), int(rng.integers(2**62))
        changes.append(lambda volume: add_noise(volume, deviation, seed))
    if rng.random() < augmentation.blur:
        sigma = rng.uniform(*augmentation.blur_voxels)
        changes.append(lambda volume: blur(volume, sigma))
    if rng.random() < augmentation.low_resolution:
        shares = draw_shares(augmentation, rng)
        changes.append(lambda volume: lower_resolution(volume, shares))
    if rng.random() < augmentation.shading:
        strength, coefficients = rng.uniform(0, augmentation.shading_strength), rng.normal(0, 1, len(SHADES))
        changes.append(lambda volume: shade(volume, strength, coefficients))
    if rng.random() < augmentation.brightness:
        shift = rng.normal(0, augmentation.brightness_shift)
        changes.append(lambda volume: volume + shift)
    if rng.random() < augmentation.contrast:
        factor = rng.uniform(*augmentation.contrast_range)
        changes.append(lambda volume: volume * factor)
    if rng.random() < augmentation.gamma:
        exponent, inverted = rng.uniform(*augmentation.gamma_range), bool(rng.random() < 0.25)
        changes.append(lambda volume: change_gamma(volume, exponent, inverted))
    return changes


def change_intensities(data: torch.Tensor, changes: list[list[Change]]) -> torch.Tensor:
    """Apply each modality's changes inside the brain; the background stays 0.

    Args:
        data: (M, X, Y, Z), 0 outside the brain.
        changes: one list a modality.
    """
    if not any(changes):
        return data
    inside = (data != 0).any(0)
    changed = []
    for volume, own in zip(data, changes, strict=True):
        for change in own:
            volume = change(volume)
        changed.append(torch.where(inside, volume, 0.0) if own else volume)
    return torch.stack(changed)


SHADES = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (0, 2, 0), (0, 0, 2), (1, 1, 0), (1, 0, 1), (0, 1, 1))
"""Powers of X, Y, Z in the terms of a shading."""

RAW_MEAN = 3.0
"""How many deviations above 0 the mean of a modality's raw brain voxels lies (medians of 8: 2.3 to 3.6)."""


def shade(volume: torch.Tensor, strength: float, coefficients: NDArray[np.float64]) -> torch.Tensor:
    """Return a z-scored volume whose raw signal was multiplied by a smooth field around 1.

    Args:
        volume: (X, Y, Z).
        strength: the field's largest distance from 1.
        coefficients: one for each of `SHADES`.
    """
    axes = [torch.linspace(-1, 1, n) for n in volume.shape]
    x, y, z = axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]
    terms = (float(c) * x**i * y**j * z**k for c, (i, j, k) in zip(coefficients, SHADES, strict=True))
    field = sum(terms, torch.zeros(volume.shape))
    field = field * (strength / field.abs().max().clamp(min=1e-6))
    return volume + field * (volume + RAW_MEAN)


def add_noise(volume: torch.Tensor, deviation: float, seed: int) -> torch.Tensor:
    """Return a volume with Gaussian noise added."""
    generator = torch.Generator().manual_seed(seed)
    return volume + torch.randn(volume.shape, generator=generator) * deviation


def blur(volume: torch.Tensor, sigma: float) -> torch.Tensor:
    """Return a volume smoothed by a Gaussian of `sigma` voxels, cut off at three deviations."""
    radius = max(1, round(3 * sigma))
    weights = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    kernel = (weights / weights.sum())[None, None]
    for axis in range(3):
        if volume.shape[axis] == 1:
            continue  # a slice: nothing to smooth across it
        lines = volume.movedim(axis, -1)
        smooth = conv1d(lines.reshape(-1, 1, lines.shape[-1]), kernel, padding=radius)
        volume = smooth.reshape(lines.shape).movedim(-1, axis)
    return volume


def draw_shares(augmentation: Augmentation, rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw which share of its voxels each axis keeps: one axis alone, or all three the same."""
    share = float(rng.uniform(*augmentation.low_resolution_range))
    alone = int(rng.integers(3)) if rng.random() < 0.5 else None
    x, y, z = (share if alone in (None, axis) else 1.0 for axis in range(3))
    return x, y, z


def lower_resolution(volume: torch.Tensor, shares: tuple[float, float, float]) -> torch.Tensor:
    """Return a volume taken down to a share of its voxels along each axis and back up, as a coarser scan looks."""
    shape = [max(1, round(n * share)) for n, share in zip(volume.shape, shares, strict=True)]
    small = interpolate(volume[None, None], shape, mode="nearest-exact")
    return interpolate(small, list(volume.shape), mode="trilinear", align_corners=False)[0, 0]


def change_gamma(volume: torch.Tensor, exponent: float, inverted: bool) -> torch.Tensor:
    """Return a volume whose voxels other than 0 went through a power curve; their mean and deviation are kept."""
    inside = volume != 0
    values = volume[inside]
    if values.numel() < 2:
        return volume
    signed = -values if inverted else values
    low, high = signed.min(), signed.max()
    curved = ((signed - low) / (high - low).clamp(min=1e-6)) ** exponent
    curved = (curved - curved.mean()) / curved.std().clamp(min=1e-6) * values.std()
    result = volume.clone()
    result[inside] = (-curved if inverted else curved) + values.mean()
    return result
