"""Which connected parts are dropped, and what becomes of their voxels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brats3d.bundle import Islands
from brats3d.predict.islands import drop_islands
from brats3d.predict.nested import nested
from brats3d.vocabulary import REGIONS, Region

HALF = dict.fromkeys(REGIONS, 0.5)
NONE = dict.fromkeys(REGIONS, 0.0)
WHOLE, CORE, ENHANCING = range(3)


def line(*maps):
    """Return probabilities (3, 1, 1, Z), one list a region."""
    return np.array(maps, np.float32).reshape(3, 1, 1, -1)


def dropped(probabilities, *, smallest=NONE, least=NONE, voxel_ml=1.0):
    regions = nested(probabilities, HALF)
    drop_islands(regions, probabilities, Islands({**NONE, **smallest}, {**NONE, **least}), voxel_ml)
    return regions[:, 0, 0].astype(int).tolist()


#             0    1    2    3    4    5    6    7    8
WT_ALONE = [0.9, 0.9, 0.9, 0.0, 0.6, 0.6, 0.0, 0.9, 0.0]
EMPTY = [0.0] * 9


def test_a_part_below_the_volume_goes_and_one_of_just_that_volume_stays():
    probabilities = line(WT_ALONE, EMPTY, EMPTY)
    whole = dropped(probabilities, smallest={Region.WT: 0.006}, voxel_ml=0.003)[WHOLE]
    assert whole == [1, 1, 1, 0, 1, 1, 0, 0, 0]


def test_even_the_largest_part_goes_if_it_is_too_small():
    assert dropped(line(WT_ALONE, EMPTY, EMPTY), smallest={Region.WT: 4})[WHOLE] == [0] * 9


def test_a_part_that_is_less_sure_goes_unless_it_is_the_largest():
    assert dropped(line(WT_ALONE, EMPTY, EMPTY), least={Region.WT: 0.7})[WHOLE] == [1, 1, 1, 0, 0, 0, 0, 1, 0]
    faint = [0.55, 0.55, 0.55, 0, 0.9, 0, 0, 0, 0]
    assert dropped(line(faint, EMPTY, EMPTY), least={Region.WT: 0.7})[WHOLE] == [1, 1, 1, 0, 1, 0, 0, 0, 0]


def test_a_part_of_just_the_least_probability_stays():
    exactly = [0.75, 0.75, 0, 0.75, 0, 0, 0, 0, 0]
    assert dropped(line(exactly, EMPTY, EMPTY), least={Region.WT: 0.75})[WHOLE] == [1, 1, 0, 1, 0, 0, 0, 0, 0]


def test_what_is_dropped_of_an_outer_region_goes_from_the_inner_ones_too():
    both = [0.9, 0.9, 0.9, 0.0, 0.6, 0.6, 0.0, 0.0, 0.0]
    core = [0.0, 0.9, 0.0, 0.0, 0.9, 0.9, 0.0, 0.0, 0.0]
    assert dropped(line(both, core, core), least={Region.WT: 0.7}) == [
        [1, 1, 1, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0, 0, 0],
    ]


def test_what_is_dropped_of_an_inner_region_stays_in_the_outer_ones():
    all_of_it = [0.9] * 9
    assert dropped(line(all_of_it, all_of_it, WT_ALONE), smallest={Region.ET: 3}) == [
        [1] * 9,
        [1] * 9,
        [1, 1, 1, 0, 0, 0, 0, 0, 0],
    ]
    assert dropped(line(all_of_it, WT_ALONE, WT_ALONE), smallest={Region.TC: 3})[CORE:] == [[1, 1, 1] + [0] * 6] * 2


def test_the_largest_part_is_that_of_what_the_outer_region_left():
    whole = [0.6, 0.6, 0.6, 0.0, 0.9, 0.9, 0.9, 0.9, 0.0]
    core = [0.6, 0.6, 0.6, 0.0, 0.6, 0.0, 0.0, 0.0, 0.0]
    rules = {"least": {Region.WT: 0.7, Region.TC: 0.7}}
    assert dropped(line(whole, core, EMPTY), **rules)[CORE] == [0, 0, 0, 0, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("rule", [{}, {"smallest": {Region.WT: 1.0}}])
def test_nothing_of_nothing_is_nothing(rule):
    assert dropped(line(EMPTY, EMPTY, EMPTY), **rule) == [[0] * 9] * 3


@given(
    probabilities=arrays(np.float32, (3, 3, 4, 5), elements=st.floats(0, 1, width=32)),
    smallest=st.fixed_dictionaries({region: st.integers(0, 9).map(float) for region in REGIONS}),
    least=st.fixed_dictionaries({region: st.floats(0, 0.99) for region in REGIONS}),
)
def test_regions_stay_nested_and_gain_nothing(probabilities, smallest, least):
    before = nested(probabilities, HALF)
    regions = before.copy()
    drop_islands(regions, probabilities, Islands(smallest, least), 1.0)
    assert not (regions & ~before).any()
    assert not (regions[1] & ~regions[0]).any()
    assert not (regions[2] & ~regions[1]).any()
