"""Make one patient: from a seed to volumes, label map and grid."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brats3d.errors import RequestError
from brats3d.grid import Grid, Shape, Spacing
from brats3d.labels import SCHEMES
from brats3d.phantom.anatomy import Anatomy, build_anatomy
from brats3d.phantom.contrast import Contrast, Tissue, draw_contrast, texture_of
from brats3d.phantom.fields import Field, inside, refine, spline_noise
from brats3d.phantom.frame import STANDARD_SHAPE, Frame, frame_of, phantom_grid
from brats3d.phantom.signal import draw_scanner, scanned
from brats3d.phantom.tumour import TumourFields, draw_tumour, tumour_fields
from brats3d.vocabulary import MODALITIES

Seed = int | Sequence[int] | np.random.Generator
LEAST_VOXELS = 8
"""Smaller axes are refused wherever a patient is read."""
MOST_VOXELS = 512**3
BRIGHTEST = 32000


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A made-up patient in memory."""

    volumes: NDArray[np.int16]
    """(4, X, Y, Z), modalities in channel order, 0 outside the head and at least 1 within."""
    label_map: NDArray[np.uint8]
    """(X, Y, Z), labels of the scheme `brats2020`."""
    grid: Grid
    """Placed as BraTS places its volumes."""


def make_phantom(seed: Seed, shape: Shape = STANDARD_SHAPE, spacing_mm: Spacing = (1.0, 1.0, 1.0)) -> Phantom:
    """Make a patient with a glioma.

    Args:
        seed: what `numpy.random.default_rng` takes; equal seeds give equal patients.
        shape: voxels along X, Y, Z. Where the volume is smaller than a head, the head is scaled down to it.
        spacing_mm: voxel size along X, Y, Z.

    Raises:
        RequestError: an axis has fewer than 8 voxels, the volume more than 512^3, or a spacing is not positive.
    """
    check_shape(shape)
    if not all(0 < step < np.inf for step in spacing_mm):
        raise RequestError(f"spacing {tuple(spacing_mm)}: each must be a positive number of millimetres")
    rng = np.random.default_rng(seed)
    frame = frame_of(shape, spacing_mm)
    tumour = draw_tumour(rng, frame)
    anatomy = build_anatomy(rng, frame, tumour)
    parts = tumour_fields(rng, tumour, frame, anatomy.white_depth, anatomy.barrier)
    tissues = Layers.of(rng, frame, anatomy, parts)
    contrast = draw_contrast(rng)
    volumes = np.zeros((len(MODALITIES), *shape), np.int16)
    for channel in range(len(MODALITIES)):
        volumes[channel][frame.box] = take_modality(rng, frame, tissues, contrast, channel)
    label_map = np.zeros(shape, np.uint8)
    label_map[frame.box] = tissues.label_map()
    return Phantom(volumes, label_map, phantom_grid(shape, spacing_mm))


def check_shape(shape: Shape) -> None:
    """Raise RequestError if no reader would take a volume of this shape."""
    if min(shape) < LEAST_VOXELS:
        raise RequestError(f"shape {tuple(shape)}: each axis needs at least {LEAST_VOXELS} voxels")
    if math.prod(shape) > MOST_VOXELS:
        raise RequestError(f"shape {tuple(shape)}: more than {MOST_VOXELS} voxels, which are refused on reading")


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """What each painted voxel is made of: layers laid over white matter, one on another."""

    painted: NDArray[np.bool_]
    """(x, y, z): the head and the voxels beside it, which blurring needs."""
    head: NDArray[np.bool_]
    """(x, y, z): what the volumes keep."""
    shares: tuple[tuple[Tissue, Field], ...]
    """Each tissue and its share (n,) of the painted voxels, in the order of laying."""
    parts: TumourFields
    """The tumour's distances (x, y, z)."""

    @classmethod
    def of(cls, rng: np.random.Generator, frame: Frame, anatomy: Anatomy, parts: TumourFields) -> "Layers":
        """Return the layers of a brain and its tumour."""
        width = max(1.2, 0.9 * frame.widest_mm)
        depth = refine(anatomy.depth, frame.coarse, frame.fine)
        ragged = 0.8 * spline_noise(rng, frame.fine, 5.0)
        head = depth > ragged
        painted = depth > ragged - 2 * frame.widest_mm
        fields = {name: refine(getattr(anatomy, name), frame.coarse, frame.fine)[painted] for name in FINE_FIELDS}
        spots = spline_noise(rng, frame.fine, 4.5)[painted]
        in_fluid = inside(fields["fluid"], width)
        whole, core, necrosis = (field[painted] for field in (parts.whole, parts.core, parts.necrosis))
        vessel = np.maximum(inside(fields["sinus"], width), inside(fields["plexus"], width))
        vessel = np.maximum(
            0.8 * vessel, 0.8 * in_fluid * np.clip(1.5 * (spots - 0.9), 0, 1) * (fields["white_depth"] < 4)
        )
        shares = (
            (Tissue.GREY, inside(fields["grey"], width)),
            (Tissue.OEDEMA, inside(whole, 2.2 * width)),
            (Tissue.FLUID, np.maximum(in_fluid, 0.6 * inside(depth[painted] - 0.6 - 0.5 * spots, width))),
            (Tissue.VESSEL, vessel),
            (Tissue.ENHANCING, inside(core, 1.4 * width)),
            (Tissue.NECROSIS, inside(necrosis, 1.4 * width)),
        )
        return cls(painted, head, shares, parts)

    def label_map(self) -> NDArray[np.uint8]:
        """Return the label map (x, y, z) in the scheme `brats2020`; fluid is never oedema."""
        scheme = SCHEMES["brats2020"]
        fluid = np.zeros(self.painted.shape, bool)
        fluid[self.painted] = dict(self.shares)[Tissue.FLUID] > 0.5
        label_map = np.zeros(self.painted.shape, np.uint8)
        label_map[(self.parts.whole < 0) & ~fluid] = scheme.oedema
        label_map[self.parts.core < 0] = scheme.enhancing
        label_map[self.parts.necrosis < 0] = scheme.necrosis
        label_map[~self.head] = 0
        return label_map


FINE_FIELDS = ("fluid", "grey", "white_depth", "sinus", "plexus")
"""The anatomy's fields that the fine lattice needs."""


def take_modality(
    rng: np.random.Generator, frame: Frame, layers: Layers, contrast: Contrast, channel: int
) -> NDArray[np.int16]:
    """Return one modality (x, y, z) of a patient: intensities of int16 range, 0 outside the head."""
    knot = float(rng.uniform(3.5, 6.0))
    texture = spline_noise(rng, frame.fine, knot)[layers.painted]
    score = contrast.means[Tissue.WHITE][channel] + texture_of(Tissue.WHITE, channel) * texture
    for tissue, share in layers.shares:
        score += share * (contrast.means[tissue][channel] + texture_of(tissue, channel) * texture - score)
    unit = float(contrast.unit[channel])
    ideal = np.zeros(layers.painted.shape, np.float32)
    ideal[layers.painted] = np.maximum(contrast.zero[channel] + unit * score, 0.15 * unit)
    magnitude = scanned(rng, ideal, frame.fine, unit, draw_scanner(rng))
    taken: NDArray[np.int16] = np.clip(np.rint(magnitude), 1, BRIGHTEST).astype(np.int16)
    taken[~layers.head] = 0
    return taken
