"""Connected parts of a region."""

import numpy as np

from brats3d.predict.parts import parts_of


def test_voxels_that_touch_by_a_corner_are_one_part():
    region_map = np.zeros((6, 5, 4), bool)
    region_map[1, 1, 1] = region_map[2, 2, 2] = region_map[4, 4, 0] = True
    parts = parts_of(region_map)
    assert parts.voxels.tolist() == [2, 1]
    assert np.array_equal(region_map[parts.box], parts.labels > 0)
    assert parts.box == (slice(1, 5), slice(1, 5), slice(0, 3))


def test_an_empty_region_has_no_parts():
    assert parts_of(np.zeros((3, 3, 3), bool)) is None


def test_sums_are_taken_over_each_part_alone():
    region_map = np.zeros((1, 1, 6), bool)
    region_map[0, 0, [1, 2, 5]] = True
    values = np.array([9, 1, 2, 9, 9, 4], np.float32).reshape(1, 1, 6)
    assert parts_of(region_map).sums(values).tolist() == [3.0, 4.0]
