"""A prepared case kept to train on, and where a random patch of it lies."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

PatchSize = tuple[int, int, int]

REGIONS_FROM = 2
"""The level from which on a voxel lies in a region: 0 is outside the brain, 1 brain, 2 WT, 3 TC, 4 ET."""
RARE_VOXELS = 3000
"""Less enhancing tumour than this, 3 ml at 1 mm, makes a case rare: where masks are worst, out of fold."""


@dataclass(frozen=True, slots=True, eq=False)
class CohortCase:
    """A prepared case kept to train or validate on, on whatever device its cohort lies."""

    id: str
    """The case's id."""
    data: torch.Tensor
    """float16 (M, x, y, z): the brain box, z-scored, 0 outside the brain."""
    levels: torch.Tensor
    """uint8 (x, y, z): how many of the nested sets brain, WT, TC, ET hold a voxel, 0 to 4."""
    seeds: tuple[NDArray[np.int16], ...]
    """For each region that is not empty, from WT to ET: voxels of it (N, 3) to centre patches on."""

    def on(self, device: torch.device) -> "CohortCase":
        """Return the case on a device; itself where it lies there already."""
        if self.data.device == device:
            return self
        return replace(self, data=self.data.to(device), levels=self.levels.to(device))


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Where a patch lies in its case."""

    centre: tuple[float, float, float]
    """Voxel coordinates of the patch's centre in the prepared case."""
    matrix: NDArray[np.float64]
    """(3, 3): from voxels off the patch's centre to voxels off `centre`; holds rotation, scale and flips."""
    bend: NDArray[np.float32] | None = None
    """(3, i, j, k): displacements in voxels of the case at control points spread over the patch; None: not bent."""

    @property
    def is_plain(self) -> bool:
        """Whether the patch is a block of voxels as they are, at most mirrored."""
        return self.bend is None and bool(np.array_equal(np.abs(self.matrix), np.eye(3)))

    @property
    def own_axis(self) -> int | None:
        """The axis that mixes with no other: that of a rotation about one axis; None where there is none."""
        if self.bend is not None:
            return None
        mixed = (self.matrix != 0) & ~np.eye(3, dtype=bool)
        free = [axis for axis in range(3) if not mixed[axis].any() and not mixed[:, axis].any()]
        return free[-1] if free else None


def draw_centre(
    case: CohortCase, size: PatchSize, rng: np.random.Generator, tumour_share: float, reach: int
) -> tuple[float, float, float]:
    """Draw a patch's centre: on tumour with a given probability, its region drawn evenly, else anywhere in the box.

    Args:
        case: the case to cut from.
        size: voxels of the patch along X, Y, Z.
        rng: where chance comes from.
        tumour_share: probability of a patch that is centred on a tumour voxel, moved by up to a quarter of the patch.
        reach: by how many voxels a patch may reach over the brain box; less where it is thinner than twice that.
    """
    shape, half = np.array(case.levels.shape), np.array(size) / 2
    over = np.minimum(reach, np.array(size) // 2)
    low = np.minimum(half - over, shape / 2)
    high = np.maximum(shape - half + over, shape / 2)
    if case.seeds and rng.random() < tumour_share:
        seeds = case.seeds[rng.integers(len(case.seeds))]
        centre = np.clip(seeds[rng.integers(len(seeds))] + rng.uniform(-half / 2, half / 2), low, high)
    else:
        centre = rng.uniform(low, high)
    # A whole or half voxel, so that a patch without rotation is a plain block of voxels.
    x, y, z = np.round(centre - (half - 0.5)) + (half - 0.5)
    return (float(x), float(y), float(z))


def is_rare(case: CohortCase) -> bool:
    """Return whether a case has little enhancing tumour or none."""
    return int((case.levels == REGIONS_FROM + 2).sum()) < RARE_VOXELS


def levels_to_regions(levels: torch.Tensor) -> torch.Tensor:
    """Return the region maps float32 (N, 3, ...) of levels uint8 (N, ...): WT, TC, ET."""
    first = torch.arange(REGIONS_FROM, REGIONS_FROM + 3, dtype=torch.uint8, device=levels.device)
    return (levels[:, None] >= first.view(1, 3, *[1] * (levels.dim() - 1))).float()
