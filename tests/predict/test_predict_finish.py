"""From probabilities to labels: thresholds, nesting, the small-ET rule, the way back, output that is no number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brats3d.errors import SegmentationFailed
from brats3d.grid import Grid
from brats3d.labels import SCHEMES, to_region_maps
from brats3d.predict.finish import drop_small_enhancing, finish
from brats3d.prepare import Prepared
from brats3d.prepare.orient import turn_of
from brats3d.vocabulary import REGIONS, Region

HALF = dict.fromkeys(REGIONS, 0.5)
BRATS = SCHEMES["brats2020"]
unit = st.floats(0, 1, width=32)


def prepared_on(affine, shape=(6, 7, 8), box=(slice(1, 4), slice(2, 6), slice(0, 5))):
    """A case whose brain box is known on RAS axes, without resampling."""
    box_shape = tuple(each.stop - each.start for each in box)
    data = np.zeros((4, *box_shape), np.float32)
    return Prepared(data, Grid(shape, np.asarray(affine, float)), turn_of(np.asarray(affine, float)), box, box_shape)


RAS = np.eye(4)
LPS_TALL = np.diag([-1.0, -1.0, 3.0, 1.0])


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
@given(
    probabilities=arrays(np.float32, (3, 3, 4, 5), elements=unit),
    thresholds=st.fixed_dictionaries({region: st.floats(0.01, 0.99) for region in REGIONS}),
)
def test_regions_nest_and_hold_what_passed_their_threshold(scheme, probabilities, thresholds):
    label_map = finish(probabilities, prepared_on(RAS), thresholds, 0, scheme).label_map
    whole, core, enhancing = to_region_maps(label_map, scheme)
    assert label_map.dtype == np.uint8
    assert not (enhancing & ~core).any()
    assert not (core & ~whole).any()
    assert set(np.unique(label_map)) <= set(scheme.labels)
    assert np.array_equal(enhancing[1:4, 2:6, 0:5], probabilities[2] > np.float32(thresholds[Region.ET]))


def test_the_label_map_lies_on_the_patients_own_axes():
    probabilities = np.zeros((3, 3, 4, 5), np.float32)
    probabilities[0, 0, 0, 0] = 1  # the box's corner nearest to left, posterior, inferior
    label_map = finish(probabilities, prepared_on(LPS_TALL), HALF, 0, BRATS).label_map
    assert np.argwhere(label_map).tolist() == [[6 - 1 - 1, 7 - 1 - 2, 0]]
    assert label_map.shape == (6, 7, 8)


def test_enhancing_tumour_below_the_volume_becomes_necrosis_and_is_told():
    probabilities = np.zeros((3, 3, 4, 5), np.float32)
    probabilities[:, 1, 1, :3] = 0.9  # 3 voxels of 3 mm3 each
    exactly = 3 * prepared_on(LPS_TALL).grid.voxel_ml
    kept = finish(probabilities, prepared_on(LPS_TALL), HALF, exactly, BRATS)
    dropped = finish(probabilities, prepared_on(LPS_TALL), HALF, 0.0091, BRATS)
    assert [np.unique(each.label_map).tolist() for each in (kept, dropped)] == [[0, 4], [0, 1]]
    assert np.count_nonzero(dropped.label_map) == 3
    assert kept.findings == ()
    assert [finding.code for finding in dropped.findings] == ["small-enhancing"]
    assert "0.009 ml" in dropped.findings[0].message


def test_no_enhancing_tumour_is_no_small_one():
    assert drop_small_enhancing(np.zeros((3, 2, 2, 2), bool), 5.0, 0.001) == ()


def test_an_empty_mask_is_written_and_told():
    finished = finish(np.zeros((3, 3, 4, 5), np.float32), prepared_on(RAS), HALF, 1, BRATS)
    assert not finished.label_map.any()
    assert [(finding.code, finding.severity) for finding in finished.findings] == [("empty-mask", "warning")]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_voxel_that_is_no_number_fails_the_case(value):
    probabilities = np.full((3, 3, 4, 5), 0.9, np.float32)
    probabilities[1, 2, 3, 4] = value
    with pytest.raises(SegmentationFailed, match="not finite"):
        finish(probabilities, prepared_on(RAS), HALF, 0, BRATS)


def test_a_box_of_one_voxel_is_finished():
    box = (slice(2, 3), slice(0, 1), slice(7, 8))
    label_map = finish(np.ones((3, 1, 1, 1), np.float32), prepared_on(RAS, box=box), HALF, 0, BRATS).label_map
    assert np.argwhere(label_map == 4).tolist() == [[2, 0, 7]]


def test_where_spacing_was_changed_the_probabilities_come_back_linearly():
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    box = (slice(0, 4), slice(0, 4), slice(0, 4))
    data = np.zeros((4, 4, 4, 8), np.float32)
    prepared = Prepared(data, Grid((4, 4, 4), affine), turn_of(affine), box, (4, 4, 4))
    probabilities = np.zeros((3, 4, 4, 8), np.float32)
    probabilities[:, :, :, 4] = 1  # half of the patient's third slice
    low, high = (finish(probabilities, prepared, dict.fromkeys(REGIONS, cut), 0, BRATS) for cut in (0.4, 0.6))
    assert np.unique(np.argwhere(low.label_map)[:, 2]).tolist() == [2]
    assert not high.label_map.any()
