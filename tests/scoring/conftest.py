"""Small true masks on disk."""

from collections.abc import Callable, Mapping
from pathlib import Path

import nibabel
import numpy as np
import pytest

SHAPE = (10, 11, 12)
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture
def write_mask() -> Callable[..., Path]:
    """Write `path` with labels {label: voxels of a box from (2, 2, 2)}; return the path."""

    def write(path: Path, edges: Mapping[int, int], affine: np.ndarray = LPS, shape=SHAPE) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        label_map = np.zeros(shape, np.uint8)
        for label, edge in edges.items():
            label_map[2 : 2 + edge, 2 : 2 + edge, 2 : 2 + edge] = label
        nibabel.save(nibabel.Nifti1Image(label_map, affine), path)
        return path

    return write


@pytest.fixture
def write_patient(write_mask) -> Callable[..., Path]:
    """Write a patient's folder of the layout `brats2021` with a reference; return the folder."""

    def write(root: Path, name: str, edges: Mapping[int, int]) -> Path:
        generator = np.random.default_rng(0)
        write_mask(root / name / f"{name}_seg.nii.gz", edges)
        for modality in ("t1", "t1ce", "t2", "flair"):
            volume = generator.integers(1, 200, SHAPE).astype(np.int16)
            nibabel.save(nibabel.Nifti1Image(volume, LPS), root / name / f"{name}_{modality}.nii.gz")
        return root / name

    return write
