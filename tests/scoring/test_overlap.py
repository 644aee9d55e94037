import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brats3d.scoring.overlap import Overlap, overlap

MASKS = arrays(np.bool_, (3, 4, 5), elements=st.booleans())


def mask(*voxels: int) -> np.ndarray:
    filled = np.zeros(24, bool)
    filled[list(voxels)] = True
    return filled.reshape(2, 3, 4)


def test_scores_by_hand():
    counts = overlap(mask(0, 1, 2, 3), mask(2, 3, 4))
    assert counts == Overlap(both=2, only_prediction=2, only_reference=1, neither=19)
    assert counts.dice == 4 / 7
    assert counts.iou == 2 / 5
    assert counts.sensitivity == 2 / 3
    assert counts.specificity == 19 / 21


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        (mask(), mask(), (1.0, 1.0, 1.0, 1.0)),
        (mask(5), mask(), (0.0, 0.0, 0.0, 23 / 24)),
        (mask(), mask(5), (0.0, 0.0, 0.0, 1.0)),
    ],
    ids=["both empty", "reference empty", "prediction empty"],
)
def test_empty_maps_have_their_rules(prediction, reference, expected):
    counts = overlap(prediction, reference)
    assert (counts.dice, counts.iou, counts.sensitivity, counts.specificity) == expected


def test_specificity_is_undefined_where_the_reference_fills_the_grid():
    assert math.isnan(overlap(mask(0), mask(*range(24))).specificity)


def test_maps_of_different_shape_are_no_pair():
    with pytest.raises(ValueError, match=r"\(2, 3, 4\) and \(4, 3, 2\)"):
        overlap(mask(0), mask(0).T)


@given(one=MASKS, other=MASKS)
def test_dice_and_iou_are_symmetric_bounded_and_agree(one, other):
    there, back = overlap(one, other), overlap(other, one)
    assert there.dice == back.dice
    assert there.iou == back.iou
    assert 0 <= there.iou <= there.dice <= 1
    assert there.dice == pytest.approx(2 * there.iou / (1 + there.iou))


@given(one=MASKS)
def test_identical_maps_are_perfect(one):
    counts = overlap(one, one)
    assert (counts.dice, counts.iou, counts.sensitivity) == (1.0, 1.0, 1.0)
