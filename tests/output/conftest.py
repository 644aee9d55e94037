"""A label map, its grid and a record of it, small and made by hand."""

import numpy as np
import pytest

from brats3d.errors import Finding
from brats3d.grid import Grid, Placement
from brats3d.output.sidecar import Record, RecordedFile, RecordStatus
from brats3d.vocabulary import MapKind, Modality, Region, Severity


@pytest.fixture
def grid():
    """A grid as BraTS has it: LPS, one millimetre and a half along Z, both forms set, with codes of their own."""
    affine = np.array([[-1, 0, 0, 0], [0, -1, 0, 239], [0, 0, 1.5, 0], [0, 0, 0, 1]], np.float64)
    placement = Placement(2, 1, tuple(affine[:3].ravel()), (0.0, 0.0, 1.0), (0.0, 239.0, 0.0), (1.0, 1.0, 1.0, 1.5), 10)
    return Grid((5, 6, 7), affine, placement)


@pytest.fixture
def label_map():
    """A tumour of five voxels."""
    label_map = np.zeros((5, 6, 7), np.uint8)
    label_map[1, 2, 3:6], label_map[2, 2, 3], label_map[3, 3, 3] = 2, 1, 4
    return label_map


@pytest.fixture
def maps():
    """Both kinds of map of that tumour."""
    values = np.zeros((5, 6, 7, 3), np.uint8)
    values[1, 2, 3] = [250, 200, 100]
    return {MapKind.PROBABILITIES: values, MapKind.UNCERTAINTY: values // 2}


@pytest.fixture
def record():
    """A record before it is written."""
    return Record(
        id="p1",
        status=RecordStatus.DONE,
        findings=(Finding("not-skull-stripped", Severity.WARNING, "hardly any zeros; look at it", None),),
        inputs={Modality.T1: RecordedFile("p1/p1_t1.nii.gz", "ab" * 32, 1234)},
        bundle={"name": "tiny", "version": "1.0", "sha256": "cd" * 32},
        settings={"overlap": 0.5},
        engine="torch",
        device="cpu",
        precision="float32",
        label_scheme="brats2020",
        volumes_ml={Region.WT: 0.0075, Region.TC: 0.003, Region.ET: 0.0015},
        seconds={"read": 0.25, "prepare": 0.5, "network": 1.0, "finish": 0.125},
    )
