"""A case of a few voxels whose tumour is known to the voxel."""

import numpy as np
from numpy.typing import NDArray

from brats3d.grid import Grid
from brats3d.show.view import CaseView, view_of
from brats3d.vocabulary import Modality

RAS = np.diag([1.0, 1.0, 1.0, 1.0])
SHAPE = (20, 24, 16)
Block = tuple[slice, slice, slice]


def brain(shape: tuple[int, int, int] = SHAPE) -> NDArray[np.float32]:
    """Return (X, Y, Z): greys within all but the outermost voxels, 0 there."""
    volume = np.zeros(shape, np.float32)
    inner = (slice(1, -1),) * 3
    volume[inner] = np.random.default_rng(0).uniform(10, 20, volume[inner].shape)
    return volume


def regions(whole: Block | None, core: Block | None = None, enhancing: Block | None = None) -> NDArray[np.bool_]:
    """Return region maps (3, X, Y, Z), each a block of voxels or empty."""
    maps = np.zeros((3, *SHAPE), np.bool_)
    for region_map, block in zip(maps, (whole, core, enhancing), strict=True):
        if block is not None:
            region_map[block] = True
    return maps


def make_view(
    prediction: NDArray[np.bool_],
    reference: NDArray[np.bool_] | None = None,
    affine: NDArray[np.float64] = RAS,
    case_id: str = "somebody",
) -> CaseView:
    """Return a view of region maps on a made-up brain."""
    volumes = {Modality.FLAIR: brain(), Modality.T1CE: brain()}
    return view_of(case_id, volumes, Grid(SHAPE, affine), prediction, reference)
