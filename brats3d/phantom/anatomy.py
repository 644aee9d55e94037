"""A healthy brain as signed distances in head millimetres.

Where ventricles, deep grey matter, brain stem and cerebellum lie was read off the mean of 62 registered BraTS
patients.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brats3d.phantom.fields import Field, along, ellipsoid, spline_noise, tube
from brats3d.phantom.folding import Folds, draw_folds, fold_distance
from brats3d.phantom.frame import Frame
from brats3d.phantom.outline import radius_towards
from brats3d.phantom.tumour import Tumour, pushed

# (x, y, z, radius) of one side; the other is its mirror image.
LATERAL_VENTRICLE = (
    (7.0, -35.0, 4.0, 2.5),
    (9.0, -22.0, 12.0, 4.5),
    (8.0, 0.0, 18.0, 4.5),
    (14.0, 16.0, 15.0, 5.0),
    (24.0, 27.0, 3.0, 6.0),
    (25.0, 44.0, -2.0, 1.5),
)
TEMPORAL_HORN = ((24.0, 27.0, 3.0, 4.0), (32.0, 10.0, -20.0, 2.2), (28.0, -8.0, -27.0, 1.2))
THIRD_VENTRICLE = ((0.0, -10.0, -6.0, 2.0), (0.0, 2.0, 2.0, 2.2), (0.0, 12.0, -4.0, 1.5), (0.0, 17.0, -18.0, 0.8))
FOURTH_VENTRICLE = ((0.0, 17.0, -18.0, 0.8), (0.0, 19.0, -38.0, 4.5), (0.0, 16.0, -52.0, 1.5))
BRAIN_STEM = ((0.0, -4.0, -16.0, 12.0), (0.0, -2.0, -34.0, 13.0), (0.0, 6.0, -78.0, 8.5))
SUPRASELLAR_CISTERN = ((0.0, -26.0, -24.0, 7.0), (0.0, -14.0, -26.0, 7.0))
CEREBELLUM = ((0.0, 42.0, -46.0), (52.0, 33.0, 25.0))
DEEP_GREY = (
    ((11.0, 5.0, 2.0), (7.5, 13.0, 8.0)),
    ((25.0, -12.0, 1.0), (5.0, 15.0, 9.0)),
    ((15.0, -25.0, 6.0), (4.5, 9.0, 8.0)),
)
INSULA = ((39.0, -36.0, -10.0, 1.2), (39.0, 4.0, 2.0, 1.0))
CALLOSUM = ((0.0, 0.0, 4.0), (400.0, 43.0, 29.0))
"""The falx ends at this ellipsoid; what lies between it and the ventricles is the corpus callosum."""
CORTEX_MM = 3.0
"""Thickness of the cortex."""


@dataclass(frozen=True, slots=True)
class HeadShape:
    """What makes one head differ from another."""

    size: tuple[float, float, float]
    """The outline along X, Y, Z over the mean one."""
    atrophy: float
    """0 (young, narrow spaces) to 1 (wide sulci and ventricles)."""
    bend_mm: float
    """How far the midline wanders to either side (standard deviation)."""


def draw_shape(rng: np.random.Generator) -> HeadShape:
    """Draw a head: brain volumes of the 62 patients spread by a tenth about 1.43 l."""
    x, y, z = (float(size) for size in rng.uniform(0.96, 1.035, 3))
    return HeadShape((x, y, z), atrophy=float(rng.uniform(0, 1)), bend_mm=float(rng.uniform(0.8, 2.5)))


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """Signed distances (x, y, z) on the coarse lattice, in millimetres."""

    depth: Field
    """Below the outline, positive inside the head."""
    fluid: Field
    """To cerebrospinal fluid, negative inside it."""
    grey: Field
    """To grey matter (cortex, nuclei, cerebellar folia), negative inside it."""
    white_depth: Field
    """Into the cerebrum's white matter, negative in its cortex."""
    barrier: Field
    """Beyond a border that a tumour seldom crosses (midline, tentorium), 0 before it."""
    sinus: Field
    """To the large veins at the outline, negative inside them."""
    plexus: Field
    """To the choroid plexus, negative inside it."""


def build_anatomy(rng: np.random.Generator, frame: Frame, tumour: Tumour) -> Anatomy:
    """Return a brain with the tumour's mass effect, but without the tumour itself."""
    shape, folds = draw_shape(rng), draw_folds(rng)
    raw = [along(axis, frame.coarse[axis]) / shape.size[axis] for axis in range(3)]
    warp = [2.0 * spline_noise(rng, frame.coarse, 35.0) + 0.6 * spline_noise(rng, frame.coarse, 11.0) for _ in range(3)]
    outer = [r + w for r, w in zip(raw, warp, strict=True)]
    radius = np.sqrt(outer[0] ** 2 + outer[1] ** 2 + outer[2] ** 2)
    depth = radius_towards(*outer) - radius
    points = pushed(outer, tumour)
    points[0] = points[0] + midline_bend(rng, frame, shape)
    mirrored = [np.abs(points[0]), points[1], points[2]]
    hind, stem = ellipsoid(points, *CEREBELLUM), tube(points, BRAIN_STEM)
    cortex_fold = cortical_folds(points, mirrored, depth, folds, shape)
    spaces = ventricles(points, mirrored, shape)
    edge = np.minimum(hind, stem)
    cisterns = tentorial_fluid(points, hind, stem, depth)
    fluid = np.minimum.reduce([np.where(edge > 0, cortex_fold - fold_width(shape, depth), 9.0), spaces, cisterns])
    white_depth = np.minimum(cortex_fold, depth) - CORTEX_MM - fold_width(shape, depth)
    cortex = np.where(edge > 0, white_depth, 9.0)
    grey = np.minimum.reduce([cortex, folia(points, hind, cortex_fold, folds), deep_grey(mirrored)])
    barrier = barriers(points, hind, tumour)
    sinus, plexus = veins(points, depth), choroid_plexus(mirrored)
    return Anatomy(depth, fluid.astype(np.float32), grey.astype(np.float32), white_depth, barrier, sinus, plexus)


def midline_bend(rng: np.random.Generator, frame: Frame, shape: HeadShape) -> Field:
    """Return how far the midline lies to one side in millimetres (x, y, z); it fades towards the temples."""
    midplane = (frame.coarse[0][:1] * 0, frame.coarse[1], frame.coarse[2])
    fading = np.exp(-((along(0, frame.coarse[0]) / 30) ** 2))
    bend: Field = (shape.bend_mm * fading * spline_noise(rng, midplane, 30.0)).astype(np.float32)
    return bend


def fold_width(shape: HeadShape, depth: Field) -> Field:
    """Return half of the width of fluid in a fold in millimetres: wider towards the outline and with atrophy."""
    opening = np.clip(1 - depth / 9, 0, 1)
    width: Field = (0.15 + 0.55 * shape.atrophy + (0.4 + 0.7 * shape.atrophy) * opening).astype(np.float32)
    return width


def cortical_folds(
    points: Sequence[Field], mirrored: Sequence[Field], depth: Field, folds: Folds, shape: HeadShape
) -> Field:
    """Return the distance in millimetres to the nearest sheet of fluid that cortex lines."""
    sulci = fold_distance(folds, points, depth)
    falx_end = -ellipsoid(points, *CALLOSUM)
    lowest = np.maximum(-14 - points[2], 0)
    falx = np.sqrt(points[0] ** 2 + np.maximum(falx_end, 0) ** 2 + lowest**2) - 0.9
    # The Sylvian fissure: from the insula outwards, rising towards the back.
    rising = mirrored[2] + 7 - 0.25 * (mirrored[1] + 16)
    beyond = np.maximum(np.maximum(38 - mirrored[0], mirrored[1] - 14), -42 - mirrored[1])
    sylvian = np.sqrt(rising**2 + np.maximum(beyond, 0) ** 2) - 0.8
    nearest: Field = np.minimum.reduce([sulci, falx, sylvian, tube(mirrored, INSULA)])
    return nearest


def ventricles(points: Sequence[Field], mirrored: Sequence[Field], shape: HeadShape) -> Field:
    """Return the signed distance in millimetres to the ventricles; atrophy widens them."""
    lateral = np.minimum(tube(mirrored, LATERAL_VENTRICLE), tube(mirrored, TEMPORAL_HORN))
    midline = np.minimum(tube(points, THIRD_VENTRICLE), tube(points, FOURTH_VENTRICLE))
    # A thin septum parts the two sides.
    lateral = np.maximum(lateral - (2.8 * shape.atrophy - 0.8), 1.2 - mirrored[0])
    spaces: Field = np.minimum(lateral, midline - (0.9 * shape.atrophy - 0.3))
    return spaces


def tentorial_fluid(points: Sequence[Field], hind: Field, stem: Field, depth: Field) -> Field:
    """Return the signed distance to the fluid around cerebellum and brain stem."""
    shell = np.abs(np.minimum(hind, stem) - 0.9) - 0.5
    around_stem = np.maximum(np.maximum(-stem, stem - 4.5), np.maximum(points[2] + 20, 0.5 - hind))
    cisterns: Field = np.minimum.reduce(
        [np.where(points[2] < -14, shell, 9.0), around_stem, tube(points, SUPRASELLAR_CISTERN)]
    )
    within: Field = np.maximum(cisterns, -0.5 - depth)
    return within


def folia(points: Sequence[Field], hind: Field, fold: Field, folds: Folds) -> Field:
    """Return the signed distance to the cerebellum's grey matter: thin leaves around a white core."""
    tilt = points[2] + 0.35 * points[1] + 1.5 * np.sin(points[0] / 7 + folds.phase) + fold / 2
    leaf = np.abs(np.mod(tilt, 5.2) - 2.6) - 0.7
    core = ellipsoid(points, (0.0, 36.0, -44.0), (34.0, 17.0, 11.0))
    distance: Field = np.maximum(np.maximum(hind, -leaf), -core)
    return distance


def deep_grey(mirrored: Sequence[Field]) -> Field:
    """Return the signed distance to thalamus, putamen and caudate nucleus, blurred by half a millimetre."""
    nuclei = [ellipsoid(mirrored, centre, axes) for centre, axes in DEEP_GREY]
    distance: Field = np.minimum.reduce(nuclei) + 0.3
    return distance


def barriers(points: Sequence[Field], hind: Field, tumour: Tumour) -> Field:
    """Return the millimetres beyond the midline (but for the corpus callosum) or the tentorium."""
    callosum = ellipsoid(points, (0.0, 0.0, 18.0), (40.0, 36.0, 9.0))
    midline = np.clip(-points[0] * tumour.side, 0, 6) * (callosum > 0)
    barrier: Field = (midline + np.clip(-hind, 0, 6)).astype(np.float32)
    return barrier


def veins(points: Sequence[Field], depth: Field) -> Field:
    """Return the signed distance to the sagittal sinus and the transverse sinuses, which lie at the outline."""
    top = np.maximum(np.abs(points[0]) - 2.2, depth - 3.5)
    sagittal = np.where((points[2] > 8) | (points[1] > 55), top, 9.0)
    side = np.maximum(np.abs(points[2] + 22 - 0.12 * np.abs(points[0])) - 2.2, depth - 3.0)
    transverse = np.where((points[1] > 20) & (np.abs(points[0]) > 3), side, 9.0)
    distance: Field = np.minimum(sagittal, transverse).astype(np.float32)
    return distance


def choroid_plexus(mirrored: Sequence[Field]) -> Field:
    """Return the signed distance to the choroid plexus in the lateral ventricles."""
    return tube(mirrored, ((9.0, 4.0, 15.0, 0.8), (15.0, 17.0, 12.0, 1.2), (23.0, 27.0, 2.0, 2.4)))
