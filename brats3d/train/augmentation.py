"""How often and how strongly patches are changed, and drawing what happens to one of them.

Strengths follow nnU-Net's 3D training (Isensee 2021, doi 10.1038/s41592-020-01008-z) unless said otherwise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brats3d.train.patches import PatchSize, Pose

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How often and how strongly a patch is changed; probabilities 0 to 1, ranges with both ends in."""

    flip: float = 0.5
    """Of each axis."""
    rotation: float = 0.3
    rotation_degrees: float = 30.0
    """About each axis, either way."""
    rotation_axes: int = 1
    """About how many axes a patch is turned: 1, drawn evenly and cheap on a processor, or 3."""
    scale: float = 0.3
    scale_range: Range = (0.7, 1.4)
    """Of the tumour's size."""
    scale_axes: float = 0.1
    """By what share each axis is scaled apart from the others, at most."""
    elastic: float = 0.0
    elastic_voxels: float = 3.0
    """Deviation of the displacement at control points."""
    elastic_spacing: float = 24.0
    """Voxels between control points, about."""
    noise: float = 0.15
    """Of a modality, as all that follows."""
    noise_deviation: float = 0.3
    blur: float = 0.15
    blur_voxels: Range = (0.5, 1.2)
    low_resolution: float = 0.15
    low_resolution_one_axis: float = 0.5
    """Of these, along one axis alone, as thick slices are; else along all three alike."""
    low_resolution_range: Range = (0.3, 1.0)
    shading: float = 0.3
    """The smooth brightness across the head that a coil leaves."""
    shading_strength: float = 0.3
    """Share of the raw signal, at most, at the patch's brightest or darkest corner."""
    added_brightness: float = 0.3
    added_brightness_deviation: float = 0.3
    brightness: float = 0.3
    """A factor on the z-scored signal."""
    brightness_range: Range = (0.7, 1.35)
    contrast: float = 0.0
    """A factor on the distance from the patch's mean; values stay within the range that was there."""
    contrast_range: Range = (0.75, 1.25)
    gamma: float = 0.15
    """A power curve between the darkest and the brightest voxel; mean and deviation are kept."""
    gamma_inverted: float = 0.05
    """The same of the inverted signal."""
    gamma_range: Range = (0.7, 1.5)
    modality_dropout: float = 0.0
    """Of a patch: one to three modalities become 0, each proper subset as often as every other."""


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What happens to the intensities of modalities, one row each; K rows. A value that changes nothing means: not."""

    noise: NDArray[np.float64]
    """(K,): deviation of Gaussian noise; 0 is none."""
    blur: NDArray[np.float64]
    """(K,): deviation of a Gaussian in voxels; 0 is none."""
    resolution: NDArray[np.float64]
    """(K, 3): share of its voxels that each axis keeps; 1 is all."""
    shading: NDArray[np.float64]
    """(K, 9): terms of a polynomial, see `intensity.SHADES`, scaled to the strength; 0 is none."""
    added: NDArray[np.float64]
    """(K,): added brightness; 0 is none."""
    factor: NDArray[np.float64]
    """(K,): brightness; 1 is none."""
    contrast: NDArray[np.float64]
    """(K,): 1 is none."""
    gamma: NDArray[np.float64]
    """(K,): exponent; 1 is none."""
    gamma_inverted: NDArray[np.float64]
    """(K,): exponent for the inverted signal; 1 is none."""
    dropped: NDArray[np.bool_]
    """(K,): whether the modality becomes 0."""
    seed: NDArray[np.int64]
    """(K,): of the noise; where rows are changed together, that of the first counts."""


def draw_pose(
    centre: tuple[float, float, float], size: PatchSize, augmentation: Augmentation, rng: np.random.Generator
) -> Pose:
    """Draw how a patch at a given centre is turned, scaled, mirrored and bent."""
    matrix = draw_matrix(augmentation, rng)
    bend = None
    if rng.random() < augmentation.elastic:
        points = [max(2, round(n / augmentation.elastic_spacing) + 1) if n > 1 else 1 for n in size]
        bend = rng.normal(0, augmentation.elastic_voxels, (3, *points)).astype(np.float32)
    return Pose(centre, matrix, bend)


def draw_matrix(augmentation: Augmentation, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw rotation, scale and flips as one matrix (3, 3), from voxels of the patch to voxels of the case."""
    matrix = np.eye(3)
    if rng.random() < augmentation.rotation:
        radians = np.radians(rng.uniform(-1, 1, 3) * augmentation.rotation_degrees)
        if augmentation.rotation_axes == 1:
            radians[np.arange(3) != rng.integers(3)] = 0.0
        matrix = rotation_matrix(radians)
    if rng.random() < augmentation.scale:
        low, high = augmentation.scale_range
        apart = 1.0 + rng.uniform(-1, 1, 3) * augmentation.scale_axes
        matrix = matrix / (np.exp(rng.uniform(np.log(low), np.log(high))) * apart)
    signs = np.where(rng.random(3) < augmentation.flip, -1.0, 1.0)
    return np.asarray(matrix * signs)


def rotation_matrix(radians: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotation about X, then Y, then Z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(radians), np.sin(radians)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def draw_changes(augmentation: Augmentation, rows: int, rng: np.random.Generator) -> Changes:
    """Draw what happens to the intensities of the `rows` modalities of one patch."""

    def sometimes(probability: float, drawn: NDArray[np.float64], none: float) -> NDArray[np.float64]:
        happens = rng.random(rows) < probability
        return np.where(happens.reshape(-1, *[1] * (drawn.ndim - 1)), drawn, none)

    how = augmentation
    return Changes(
        noise=sometimes(how.noise, rng.uniform(0, how.noise_deviation, rows), 0.0),
        blur=sometimes(how.blur, rng.uniform(*how.blur_voxels, rows), 0.0),
        resolution=sometimes(how.low_resolution, draw_shares(how, rows, rng), 1.0),
        shading=sometimes(how.shading, draw_shading(how.shading_strength, rows, rng), 0.0),
        added=sometimes(how.added_brightness, rng.normal(0, how.added_brightness_deviation, rows), 0.0),
        factor=sometimes(how.brightness, rng.uniform(*how.brightness_range, rows), 1.0),
        contrast=sometimes(how.contrast, rng.uniform(*how.contrast_range, rows), 1.0),
        gamma=sometimes(how.gamma, rng.uniform(*how.gamma_range, rows), 1.0),
        gamma_inverted=sometimes(how.gamma_inverted, rng.uniform(*how.gamma_range, rows), 1.0),
        dropped=draw_dropped(how.modality_dropout, rows, rng),
        seed=rng.integers(2**62, size=rows),
    )


def draw_shares(augmentation: Augmentation, rows: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw which share of its voxels each axis keeps, (rows, 3): one axis alone, or all three the same."""
    shares = rng.uniform(*augmentation.low_resolution_range, (rows, 1)).repeat(3, axis=1)
    alone = np.arange(3) == rng.integers(3, size=(rows, 1))
    return np.where(alone | (rng.random((rows, 1)) < 1 - augmentation.low_resolution_one_axis), shares, 1.0)


SHADES = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (0, 2, 0), (0, 0, 2), (1, 1, 0), (1, 0, 1), (0, 1, 1))
"""Powers of X, Y, Z in the terms of a shading; each axis runs from -1 to 1 over the patch."""


def draw_shading(strength: float, rows: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the coefficients (rows, 9) of smooth fields whose largest distance from 0 is `strength` or less."""
    coefficients = rng.normal(0, 1, (rows, len(SHADES)))
    places = np.stack(np.meshgrid(*[np.linspace(-1, 1, 5)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    terms = np.stack([np.prod(places ** np.array(powers), axis=1) for powers in SHADES])
    most = np.abs(coefficients @ terms).max(axis=1, keepdims=True)
    return np.asarray(coefficients * rng.uniform(0, strength, (rows, 1)) / np.maximum(most, 1e-6))


def draw_dropped(probability: float, rows: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which modalities of a patch become 0: none, or a subset that leaves at least one."""
    happens, pattern = rng.random() < probability, int(rng.integers(1, max(2, 2**rows - 1)))
    dropped = (pattern >> np.arange(rows)) & 1 == 1
    return np.asarray(dropped & (happens and rows > 1))
