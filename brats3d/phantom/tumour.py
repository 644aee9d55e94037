"""The tumour: its parameters, drawn apart from their use, and the signed distances of its parts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brats3d.phantom.fields import Field, Lines, along, refine, spline_noise
from brats3d.phantom.frame import Frame
from brats3d.phantom.outline import radius_towards

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Tumour:
    """One glioma in head millimetres."""

    centre: Point
    """In the white matter of one hemisphere."""
    radius_mm: float
    """Mean radius of the tumour core."""
    lobes: tuple[tuple[Point, float], ...]
    """Centre and radius of each rounded part of the core."""
    rim_mm: float
    """Mean thickness of the enhancing rim."""
    rim_unevenness: float
    """How much the thickness varies, as a share of it."""
    reach_mm: float
    """How far oedema goes beyond the core in white matter."""
    push: float
    """Mass effect: the share by which tissue at the core's edge is pushed outwards."""

    @property
    def side(self) -> float:
        """-1 or 1: the sign of X of its hemisphere."""
        return 1.0 if self.centre[0] > 0 else -1.0


def draw_tumour(rng: np.random.Generator, frame: Frame) -> Tumour:
    """Draw a tumour; in coarse volumes no part is thinner than a voxel.

    Sizes follow the 62 patients measured (tumour core 1 to 170 ml, median 30; enhancing about half of it).
    """
    voxel_mm = frame.widest_mm
    radius = float(np.clip(rng.lognormal(np.log(20.0), 0.25), 11.0, 29.0))
    rim_share = float(rng.uniform(0.18, 0.38))
    reach = float(rng.uniform(8.0, 24.0))
    push, unevenness = float(rng.uniform(0.12, 0.3)), float(rng.uniform(0.35, 0.75))
    radius = max(radius, 2.4 * voxel_mm)
    centre = draw_centre(rng, min(radius, 27.0))
    return Tumour(
        centre=centre,
        radius_mm=radius,
        lobes=draw_lobes(rng, centre, radius),
        rim_mm=max(rim_share * radius, 0.9 * voxel_mm, 2.2),
        rim_unevenness=unevenness,
        reach_mm=max(reach, 1.5 * voxel_mm),
        push=push,
    )


def draw_centre(rng: np.random.Generator, radius_mm: float) -> Point:
    """Draw a place off the midline, deep enough that most of the core lies inside the brain."""
    centre = (30.0, 10.0, 25.0)
    for _ in range(100):
        side = 1.0 if rng.random() < 0.5 else -1.0
        x, y, z = side * rng.uniform(22, 46), rng.uniform(-52, 52), rng.uniform(-6, 40)
        centre = (float(x), float(y), float(z))
        point = [np.full(1, value, np.float32) for value in centre]
        depth = float(radius_towards(*point)[0]) - float(np.sqrt(x * x + y * y + z * z))
        if depth > 0.6 * radius_mm + 3 and abs(x) > 0.6 * radius_mm + 8:
            break
    return centre


def draw_lobes(rng: np.random.Generator, centre: Point, radius_mm: float) -> tuple[tuple[Point, float], ...]:
    """Draw one to four rounded parts, the first at the centre."""
    lobes = [(centre, 0.92 * radius_mm)]
    for _ in range(int(rng.integers(0, 4))):
        way = rng.standard_normal(3)
        way *= radius_mm * rng.uniform(0.45, 0.75) / np.sqrt((way**2).sum())
        place = (centre[0] + float(way[0]), centre[1] + float(way[1]), centre[2] + float(way[2]))
        lobes.append((place, float(radius_mm * rng.uniform(0.45, 0.7))))
    return tuple(lobes)


def pushed(points: Sequence[Field], tumour: Tumour) -> list[Field]:
    """Return where each point's tissue lay before the tumour pushed it outwards: the mass effect."""
    offsets = [p - c for p, c in zip(points, tumour.centre, strict=True)]
    far2 = (offsets[0] ** 2 + offsets[1] ** 2 + offsets[2] ** 2) / (1.7 * tumour.radius_mm) ** 2
    keep = 1 - tumour.push * np.exp(-far2)
    return [c + o * keep for c, o in zip(tumour.centre, offsets, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class TumourFields:
    """Signed distances (X, Y, Z) in millimetres, negative inside; each part contains the next."""

    whole: Field
    """Oedema and core."""
    core: Field
    """Necrosis and enhancing rim."""
    necrosis: Field
    """What the rim encloses."""


def core_distance(rng: np.random.Generator, tumour: Tumour, lines: Lines) -> Field:
    """Return the signed distance (X, Y, Z) to the core's uneven surface, negative inside."""
    points = [along(axis, lines[axis]) for axis in range(3)]
    blend = 0.25 * tumour.radius_mm
    total: Field = np.zeros([len(line) for line in lines], np.float32)
    for centre, radius in tumour.lobes:
        gaps = [p - c for p, c in zip(points, centre, strict=True)]
        distance = np.sqrt(gaps[0] ** 2 + gaps[1] ** 2 + gaps[2] ** 2) - radius
        # A soft minimum joins the lobes without a crease; the bound keeps float32 from running over.
        total += np.exp(np.clip(-distance / blend, -60, 60))
    rough = 0.12 * tumour.radius_mm * spline_noise(rng, lines, 0.6 * tumour.radius_mm) + spline_noise(rng, lines, 6.0)
    surface: Field = -blend * np.log(np.maximum(total, np.float32(1e-25))) + rough
    return surface


def tumour_fields(
    rng: np.random.Generator, tumour: Tumour, frame: Frame, white_depth: Field, barrier: Field
) -> TumourFields:
    """Return the parts of the tumour on the fine lattice.

    Args:
        rng: draws the unevenness.
        tumour: what to build.
        frame: the lattices.
        white_depth: (x, y, z) on the coarse lattice: millimetres into white matter, negative in cortex.
        barrier: (x, y, z) on the coarse lattice: millimetres beyond a border that oedema seldom crosses, 0 before it.
    """
    lines = frame.coarse
    core = core_distance(rng, tumour, lines) + barrier
    # Oedema follows white matter: in cortex it comes a fifth as far as in the depth of white matter.
    ease = 0.2 + 0.8 * np.clip((white_depth + 0.5) / 2.5, 0, 1)
    wander = 1 + 0.35 * spline_noise(rng, lines, 16.0) + 0.15 * spline_noise(rng, lines, 7.0)
    whole = core + 2 * barrier - tumour.reach_mm * ease * np.maximum(wander, 0.1)
    floor = max(0.8 * frame.widest_mm, 1.2)
    thickness = tumour.rim_mm * (1 + tumour.rim_unevenness * spline_noise(rng, lines, 0.45 * tumour.radius_mm))
    necrosis = core + np.maximum(thickness, floor) + 0.8 * spline_noise(rng, lines, 4.5)
    necrosis = np.maximum(necrosis, core + 0.6 * floor)
    return TumourFields(*(refine(field, frame.coarse, frame.fine) for field in (whole, core, necrosis)))
