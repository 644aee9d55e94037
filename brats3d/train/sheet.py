"""A sheet of augmented patches beside the same places as they are, so that a person can look at what training sees."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from brats3d.output.whole import write_whole
from brats3d.train.augment import augmented_batch
from brats3d.train.augmentation import Augmentation, draw_changes
from brats3d.train.dataset import PatchDataset
from brats3d.train.patches import REGIONS_FROM, Pose
from brats3d.vocabulary import MODALITY_TITLES, REGION_COLOURS, REGIONS, Modality

PATCHES = 8
"""On a sheet."""
UNCHANGED = Augmentation(
    noise=0,
    blur=0,
    low_resolution=0,
    shading=0,
    added_brightness=0,
    brightness=0,
    contrast=0,
    gamma=0,
    gamma_inverted=0,
)
GREYS = (-2.5, 3.5)
"""What is black and what is white, in deviations from the brain's mean."""
Picture = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""A slice: modalities (M, X, Y) and levels (X, Y)."""


def write_sheet(dataset: PatchDataset, modalities: list[Modality], path: Path) -> None:
    """Draw the first patches of a training: one a row, before and after augmentation, the regions outlined.

    Args:
        dataset: draws the patches.
        modalities: the network's channels, in order.
        path: a PNG.

    Raises:
        OutputError: it cannot be written.
    """
    from matplotlib.figure import Figure  # slow to import

    columns = 2 * len(modalities)
    figure = Figure(figsize=(1.6 * columns, 1.6 * PATCHES + 0.5), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)  # type: ignore[union-attr,call-arg]
    axes = figure.subplots(PATCHES, columns, squeeze=False)
    for number, row in enumerate(axes):
        case_id, before, after = slices_of(dataset, number)
        for place, (volumes, levels) in enumerate((before, after)):
            part = row[place * len(modalities) : (place + 1) * len(modalities)]
            for axis, volume in zip(part, volumes, strict=True):
                draw(axis, volume, levels)
        row[0].set_ylabel(case_id, fontsize=5)
    titles = [f"{MODALITY_TITLES[each]}, {word}" for word in ("as it is", "augmented") for each in modalities]
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    write_whole(path, picture.getvalue())


def slices_of(dataset: PatchDataset, number: int) -> tuple[str, Picture, Picture]:
    """Return the id of a patch's case, and the slice with most tumour of the place as it is and of the patch."""
    case, pose, changes = dataset.drawn(number)
    still = draw_changes(UNCHANGED, len(case.data), np.random.default_rng(0))
    before = augmented_batch([case], [Pose(pose.centre, np.eye(3))], [still], dataset.patch)
    after = augmented_batch([case], [pose], [changes], dataset.patch)
    return case.id, fullest(*before), fullest(*after)


def fullest(images: torch.Tensor, levels: torch.Tensor) -> Picture:
    """Return the axial slice of a patch with most tumour, of one without any the middle one."""
    tumour = (levels[0] >= REGIONS_FROM).sum((0, 1))
    z = int(tumour.argmax()) if tumour.any() else levels.shape[-1] // 2
    return images[0, ..., z].cpu().numpy(), levels[0, ..., z].cpu().numpy()


def draw(axis: Any, volume: NDArray[np.float32], levels: NDArray[np.uint8]) -> None:
    """Draw one modality of a slice with the outlines of the regions."""
    axis.imshow(volume.T, cmap="gray", vmin=GREYS[0], vmax=GREYS[1], origin="lower", interpolation="nearest")
    for place, region in enumerate(REGIONS):
        inside = REGIONS_FROM + place <= levels.T
        if inside.any() and not inside.all():
            axis.contour(inside, levels=[0.5], colors=[REGION_COLOURS[region]], linewidths=0.8)
    axis.set(xticks=[], yticks=[])
