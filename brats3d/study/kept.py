"""Predictions of patients that a bundle never saw, kept on disk while rules are sought on them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.case import Case
from brats3d.cases.read import read_reference
from brats3d.labels import to_region_maps
from brats3d.output.whole import cannot_write
from brats3d.predict.predictor import Predictor
from brats3d.predict.review import of_input
from brats3d.prepare import foreground_of_box, reference_of_box, to_patient_box
from brats3d.vocabulary import REGIONS, Measure

MOST_LOGIT = 16.0
"""Probabilities are so near 0 or 1 at this logit that float32 holds no more."""
FOREGROUND = 1
"""Added to the count of regions where a voxel is in the brain."""


@dataclass(frozen=True, slots=True)
class KeptCase:
    """What was predicted of a case, and what is true, in its brain box at its own spacing."""

    id: str
    fold: int
    """Which bundle predicted it, from 0."""
    voxel_ml: float
    outside: tuple[int, int, int]
    """Voxels of WT, TC, ET of the reference outside the box; the network never sees them."""
    input_measures: Mapping[Measure, float]
    """What the review measures of the images."""
    folder: Path

    @property
    def logits(self) -> NDArray[np.float16]:
        """(3, x, y, z) of WT, TC, ET, before any temperature; read from disk as it is used."""
        return np.asarray(np.load(self.folder / f"{self.id}.logits.npy", mmap_mode="r"))

    @property
    def levels(self) -> NDArray[np.uint8]:
        """(x, y, z): 0 outside the brain, 1 in it, and one more for each of the nested regions WT, TC, ET."""
        return np.asarray(np.load(self.folder / f"{self.id}.levels.npy", mmap_mode="r"))

    def truth(self, index: int) -> NDArray[np.bool_]:
        """Return the reference of a region, 0 to 2, in the box."""
        return np.asarray(self.levels > FOREGROUND + index)


def keep_predictions(predictor: Predictor, cases: Sequence[Case], fold: int, folder: Path) -> Iterator[KeptCase]:
    """Predict cases and yield each as soon as it is kept.

    Args:
        predictor: a bundle that was not trained on them, or several.
        cases: each with a reference.
        fold: which bundle it is, from 0.
        folder: where arrays go.

    Raises:
        BadInput: a file is refused.
        SegmentationFailed: the network's output is not finite, or memory ran out.
        OutputError: the folder cannot be written.
    """
    temperature = [predictor.ensemble.first.temperature[region] for region in REGIONS]
    for case in cases:
        prepared = predictor.read(case).prepared
        probabilities = to_patient_box(predictor.computation.predict(prepared).probabilities, prepared)
        reference = read_reference(case, prepared.grid)
        whole = to_region_maps(reference.label_map, reference.scheme)
        regions = to_region_maps(reference_of_box(reference.label_map, prepared), reference.scheme)
        levels = foreground_of_box(prepared) | regions[0]
        keep(folder / f"{case.id}.levels.npy", (levels + regions.sum(axis=0)).astype(np.uint8))
        keep(folder / f"{case.id}.logits.npy", as_logits(probabilities, temperature))
        outside = [int(np.count_nonzero(a) - np.count_nonzero(b)) for a, b in zip(whole, regions, strict=True)]
        measures = of_input(prepared, predictor.ensemble.modalities)
        yield KeptCase(case.id, fold, prepared.grid.voxel_ml, (outside[0], outside[1], outside[2]), measures, folder)


def keep(path: Path, array: NDArray[Any]) -> None:
    """Write an array to a file.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        np.save(path, array)
    except OSError as error:
        raise cannot_write(path, error) from error


def as_logits(probabilities: NDArray[np.float32], temperature: Sequence[float]) -> NDArray[np.float16]:
    """Return the logits (3, ...) before the temperature that made these probabilities."""
    clipped = np.clip(probabilities.astype(np.float64), 1e-12, 1 - 1e-12)
    logits = (np.log(clipped) - np.log1p(-clipped)) * np.reshape(temperature, (3, *[1] * (clipped.ndim - 1)))
    return np.asarray(np.clip(logits, -MOST_LOGIT, MOST_LOGIT).astype(np.float16))
