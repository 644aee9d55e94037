"""The foreground and its box: the empty, the one voxel, the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brats3d.prepare.foreground import brain_box, foreground


def test_a_voxel_of_any_modality_is_foreground():
    volumes = np.zeros((4, 3, 4, 5), np.float32)
    volumes[0, 0, 1, 2], volumes[3, 2, 3, 4] = 7, -1
    assert np.argwhere(foreground(volumes)).tolist() == [[0, 1, 2], [2, 3, 4]]


def test_the_volumes_are_left_as_they_were():
    volumes = np.zeros((2, 3, 3, 3), np.float32)
    volumes[1, 1, 1, 1] = 1
    foreground(volumes)
    assert np.count_nonzero(volumes) == 1


def test_the_box_of_one_voxel_is_that_voxel():
    inside = np.zeros((5, 6, 7), bool)
    inside[4, 0, 3] = True
    assert brain_box(inside) == (slice(4, 5), slice(0, 1), slice(3, 4))


def test_no_foreground_has_no_box():
    with pytest.raises(ValueError, match="no voxel of any modality differs from 0"):
        brain_box(np.zeros((3, 3, 3), bool))


@given(arrays(bool, st.tuples(*[st.integers(1, 6)] * 3)).filter(np.any))
def test_the_box_is_the_smallest_that_holds_every_voxel(inside):
    box = brain_box(inside)
    voxels = np.argwhere(inside)
    assert [(each.start, each.stop) for each in box] == list(zip(voxels.min(0), voxels.max(0) + 1, strict=True))
    assert inside[box].sum() == inside.sum()
