"""Cortical folding: sulci are the sheets on which a random field over the head's directions is zero."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brats3d.phantom.fields import Field, spline_noise

SHELL_MM = 62.0
"""The field is drawn on this shell, and stretched outwards and inwards."""
STRETCH = 0.82
"""How strictly folds stand upright on the outline: 1 would make every sheet a cone from the centre."""
LATTICE_MM = 3.0
REACH_MM = 84.0
GYRUS_KNOT_MM = 7.5
"""Knot distance that gives gyri about 10 mm wide at the outline."""


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """The folding of one brain."""

    sheets: Field
    """(n, n, n) approximate distance in millimetres to the nearest sheet, signed by its sides, on a 3 mm lattice."""
    floor_mm: Field
    """(n, n, n) how deep under the outline the sheets end."""
    phase: float
    """Where the folia of the cerebellum begin."""


def draw_folds(rng: np.random.Generator) -> Folds:
    """Draw the folding of one brain."""
    count = int(2 * REACH_MM / LATTICE_MM) + 1
    line = np.linspace(-REACH_MM, REACH_MM, count, dtype=np.float32)
    lines = (line, line, line)
    wave = spline_noise(rng, lines, GYRUS_KNOT_MM)
    slopes = np.gradient(wave, LATTICE_MM)
    steepness = np.sqrt(slopes[0] ** 2 + slopes[1] ** 2 + slopes[2] ** 2)
    # Dividing by the slope makes the field a distance; the floor keeps flat places from growing sheets.
    sheets = wave / np.sqrt(steepness**2 + (0.6 * steepness.mean()) ** 2)
    floor = 19.0 + 5.0 * spline_noise(rng, lines, 15.0)
    return Folds(sheets.astype(np.float32), np.clip(floor, 8, 28), float(rng.uniform(0, 6)))


def fold_distance(folds: Folds, points: Sequence[Field], depth: Field) -> Field:
    """Return the distance in millimetres to the nearest sulcus.

    Args:
        folds: the folding.
        points: X, Y, Z (x, y, z) of the lattice in head millimetres.
        depth: (x, y, z) millimetres below the outline.
    """
    from scipy.ndimage import map_coordinates

    radius = np.sqrt(points[0] ** 2 + points[1] ** 2 + points[2] ** 2) + np.float32(1e-3)
    stretch = (radius / SHELL_MM) ** np.float32(STRETCH)
    places = np.stack([(p / stretch + REACH_MM) / LATTICE_MM for p in np.broadcast_arrays(*points)])
    sheet = map_coordinates(folds.sheets, places, order=1, mode="nearest") * stretch
    floor = map_coordinates(folds.floor_mm, places, order=1, mode="nearest")
    distance: Field = np.sqrt(sheet**2 + np.maximum(depth - floor, 0) ** 2).astype(np.float32)
    return distance
