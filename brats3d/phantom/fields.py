"""Smooth random and geometric fields over a lattice of head coordinates, by elementwise arithmetic alone.

No matrix product is used: a threaded one may round differently, and equal seeds must give equal bytes.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Lines = tuple[Field, Field, Field]
"""Head millimetres of the lattice planes along X, Y, Z, each ascending or of length 1."""

NOISE_REACH_MM = 100.0
"""Random fields are drawn over a cube of twice this edge, so that one seed is one patient at every shape."""
SPLINE_SPREAD = 0.479
"""Mean over a knot interval of the sum of squared cubic B-spline weights: the variance that one axis leaves."""


def along(axis: int, line: Field) -> Field:
    """Return one coordinate line shaped to broadcast along its axis of (X, Y, Z)."""
    shape = [1, 1, 1]
    shape[axis] = len(line)
    return line.reshape(shape)


def spline_noise(rng: np.random.Generator, lines: Lines, knot_mm: float | Sequence[float]) -> Field:
    """Return a random field of mean 0 and variance 1 whose structures are about 1.5 knots wide.

    Args:
        rng: its next draws decide; their number depends on `knot_mm` alone.
        lines: where the field is wanted.
        knot_mm: distance of the cubic B-spline's knots in millimetres, one for all axes or one for each.
    """
    knots = np.broadcast_to(np.asarray(knot_mm, dtype=np.float64), (3,))
    counts = [int(2 * NOISE_REACH_MM / knot) + 4 for knot in knots]
    values = rng.standard_normal(counts, dtype=np.float32) / np.float32(SPLINE_SPREAD**1.5)
    # Z first: the last, most costly pass then runs over whole planes.
    for axis in (2, 1, 0):
        place = np.clip((lines[axis] + NOISE_REACH_MM) / knots[axis], 0, counts[axis] - 4)
        first = np.floor(place).astype(np.intp).clip(0, counts[axis] - 4)
        t = along(axis, (place - first).astype(np.float32))
        weights = ((1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6, t**3 / 6)
        total = np.take(values, first, axis=axis) * weights[0]
        for step in (1, 2, 3):
            total += np.take(values, first + step, axis=axis) * weights[step]
        values = total
    return values


def refine(values: Field, coarse: Lines, fine: Lines) -> Field:
    """Return a field known on coarse lattice planes, interpolated linearly onto fine ones within them."""
    for axis in (2, 1, 0):
        if np.array_equal(coarse[axis], fine[axis]):
            continue
        step = (coarse[axis][-1] - coarse[axis][0]) / (len(coarse[axis]) - 1)
        place = np.clip((fine[axis] - coarse[axis][0]) / step, 0, len(coarse[axis]) - 1)
        low = np.minimum(place.astype(np.intp), len(coarse[axis]) - 2)
        t = along(axis, (place - low).astype(np.float32))
        lower = np.take(values, low, axis=axis)
        values = lower + (np.take(values, low + 1, axis=axis) - lower) * t
    return values


def inside(distance_mm: Field, width_mm: float) -> Field:
    """Return how much of a voxel lies where a signed distance is negative: 0 to 1, a ramp `width_mm` wide."""
    share: Field = np.clip(0.5 - distance_mm / np.float32(width_mm), 0, 1)
    return share


def ellipsoid(points: Sequence[Field], centre: Sequence[float], axes: Sequence[float]) -> Field:
    """Return the approximate signed distance in millimetres to an ellipsoid, negative inside."""
    scaled = [(p - c) / a for p, c, a in zip(points, centre, axes, strict=True)]
    radius = np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2)
    distance: Field = (radius - 1) * np.float32(min(axes))
    return distance


def tube(points: Sequence[Field], nodes: Sequence[tuple[float, float, float, float]]) -> Field:
    """Return the signed distance in millimetres to a bent tube, negative inside.

    Args:
        points: X, Y, Z of the lattice in head millimetres, broadcastable.
        nodes: (x, y, z, radius) in millimetres; between two nodes the radius changes linearly.
    """
    pieces = [capsule(points, start, end) for start, end in pairwise(nodes)]
    distance: Field = np.minimum.reduce(pieces)
    return distance


def capsule(
    points: Sequence[Field], start: tuple[float, float, float, float], end: tuple[float, float, float, float]
) -> Field:
    """Return the signed distance in millimetres to one straight piece of a tube."""
    way = [b - a for a, b in zip(start[:3], end[:3], strict=True)]
    offsets = [p - a for p, a in zip(points, start[:3], strict=True)]
    length2 = sum(w * w for w in way)
    t = np.clip((offsets[0] * way[0] + offsets[1] * way[1] + offsets[2] * way[2]) / length2, 0, 1)
    gaps = [o - t * w for o, w in zip(offsets, way, strict=True)]
    distance: Field = np.sqrt(gaps[0] ** 2 + gaps[1] ** 2 + gaps[2] ** 2) - (start[3] + t * (end[3] - start[3]))
    return distance
