"""The area of the surface that passes between eight voxels, for each way of filling them.

A 2x2x2 block of voxels has 256 fillings. Marching cubes puts up to four triangles into each; DeepMind's
surface-distance and MONAI print them all as a table of normals. The triangles' areas are the same after any turn,
mirroring or inversion of the filling, so thirteen patterns say it all; a test compares every entry with MONAI's.
"""

from functools import lru_cache
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from brats3d.grid import Spacing

Point = tuple[int, int, int]

CORNERS: tuple[Point, ...] = tuple((x, y, z) for x, y, z in product((0, 1), repeat=3))
"""The voxels of a block; the first is the highest bit of a code."""

PATTERNS: dict[int, tuple[Point, ...]] = {
    0b00000001: ((1, 1, 1),),
    0b00000011: ((2, 2, 0), (2, 2, 0)),
    0b00000110: ((1, 1, 1), (1, 1, 1)),
    0b00000111: ((1, 1, 1), (2, 2, 2), (4, 0, 0)),
    0b00001111: ((4, 0, 0), (4, 0, 0)),
    0b00010110: ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    0b00010111: ((1, 1, 1), (1, 1, 1), (2, 2, 2), (2, 2, 2)),
    0b00011000: ((1, 1, 1), (1, 1, 1)),
    0b00011001: ((0, 2, 2), (0, 2, 2), (1, 1, 1)),
    0b00011011: ((0, 2, 2), (1, 1, 1), (2, 0, 2), (3, 3, 3)),
    0b00011110: ((1, 1, 1), (1, 1, 1), (2, 2, 2), (4, 0, 0)),
    0b00111100: ((2, 2, 0), (2, 2, 0), (2, 2, 0), (2, 2, 0)),
    0b01101001: ((1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
}
"""A filling and its triangles: the absolute normal of each, in eighths; its length is the area for voxels of 1 mm."""


@lru_cache(maxsize=1)
def triangle_normals() -> NDArray[np.float64]:
    """Return the absolute normals (256, 4, 3) of each filling's triangles, 0 where it has fewer than four."""
    normals = np.zeros((256, 4, 3))
    for pattern, triangles in PATTERNS.items():
        filled = [corner for bit, corner in enumerate(CORNERS) if pattern & (128 >> bit)]
        for axes, mirrored in product(permutations(range(3)), CORNERS):
            code = sum(128 >> CORNERS.index(turn(corner, axes, mirrored)) for corner in filled)
            turned = [turn(triangle, axes, (0, 0, 0)) for triangle in triangles]
            normals[[code, 255 - code], : len(turned)] = np.array(turned) / 8
    return normals


def turn(point: Point, axes: tuple[int, ...], mirrored: Point) -> Point:
    """Return a point with its axes in another order and some of its coordinates (0 or 1) mirrored."""
    x, y, z = (point[axis] ^ flip for axis, flip in zip(axes, mirrored, strict=True))
    return (x, y, z)


@lru_cache(maxsize=64)
def surfel_areas(spacing_mm: Spacing) -> NDArray[np.float64]:
    """Return the surface area (256,) in mm² of each filling of a 2x2x2 block; read-only.

    Args:
        spacing_mm: voxel size along X, Y, Z in millimetres.
    """
    x, y, z = spacing_mm
    areas: NDArray[np.float64] = np.linalg.norm(triangle_normals() * (y * z, x * z, x * y), axis=-1).sum(axis=-1)
    areas.flags.writeable = False
    return areas


def filling_codes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the filling of every 2x2x2 block that touches a mask, as if it lay in endless background.

    Args:
        mask: (X, Y, Z).

    Returns:
        (X + 1, Y + 1, Z + 1); 0 is a block outside, 255 one inside, the others lie on the surface.
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    codes = np.zeros(tuple(n + 1 for n in mask.shape), np.uint8)
    for bit, corner in enumerate(CORNERS):
        block = tuple(slice(start, start + n) for start, n in zip(corner, codes.shape, strict=True))
        codes |= padded[block] << (7 - bit)
    return codes
