import numpy as np
import pytest

from brats3d.cases.voxel_checks import VOXEL_CHECKS, VoxelReading
from brats3d.vocabulary import MODALITIES

SHAPE = (10, 20, 100)
COUNT = 20_000


def four() -> list:
    values = np.random.default_rng(0).normal(5, 1, (4, COUNT)).astype(np.float32)
    values[:, COUNT // 2 :] = 0
    return list(values)


def codes(values) -> list[tuple[str, str]]:
    with np.errstate(invalid="ignore"):
        lows, highs = [float(v.min()) for v in values], [float(v.max()) for v in values]
    names = [f"{each}.nii" for each in MODALITIES[: len(values)]]
    reading = VoxelReading("p", MODALITIES[: len(values)], names, SHAPE, values, lows, highs)
    return [(finding.code, finding.severity.value) for check in VOXEL_CHECKS for finding in check(reading)]


def test_sound_values_pass():
    assert codes(four()) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_few_values_that_are_no_number_become_zero(bad):
    values = four()
    values[1][:10] = bad
    values[1][COUNT // 2 :] = bad
    assert codes(values) == [("not-finite", "warning")]
    assert not values[1][:10].any()
    assert np.isfinite(values[1]).all()


def test_more_than_a_thousandth_of_the_brain_is_refused():
    values = four()
    values[1][:11] = np.nan
    assert codes(values) == [("not-finite", "error")]


def test_nan_for_background_in_all_modalities_is_background():
    values = four()
    for each in values:
        each[COUNT // 2 :] = np.nan
    assert codes(values) == [("not-finite", "warning")] * 4
    assert not any(each[COUNT // 2 :].any() for each in values)


def test_holes_in_the_brain_shared_by_all_modalities_are_no_background():
    values = four()
    for each in values:
        each.reshape(SHAPE)[1:4, 5:9, 50:60] = np.nan
    assert codes(values) == [("not-finite", "error")] * 4


def test_a_single_modality_is_judged_by_itself():
    (values, *_) = four()
    values[:200] = np.nan
    assert codes([values]) == [("not-finite", "error")]


def test_values_all_of_which_are_no_number_are_refused():
    values = four()
    values[2][:] = np.nan
    assert codes(values) == [("not-finite", "error")]


@pytest.mark.parametrize("value", [0, 7, -1])
def test_one_value_alone_is_refused(value):
    values = four()
    values[0][:] = value
    assert codes(values) == [("constant", "error")]


def test_a_mask_in_the_place_of_a_modality_is_refused():
    values = four()
    values[3] = (values[3] > 5).astype(np.float32)
    assert codes(values) == [("constant", "error")]
    values[3][1] = 0.5
    assert codes(values) == []


def test_equal_voxels_are_refused_and_one_other_voxel_is_enough():
    values = four()
    values[3] = values[2].copy()
    assert codes(values) == [("twins", "error")]
    values[3][1] += 0.25
    assert codes(values) == []


def test_extreme_values_are_a_warning():
    values = four()
    values[0][0] = -1e7
    assert codes(values) == [("extreme", "warning")]


def test_a_head_with_its_skull_is_a_warning():
    assert codes([each + 1 for each in four()]) == [("not-skull-stripped", "warning")]


def test_one_modality_with_another_background_is_a_warning():
    values = four()
    values[2] += 1
    assert codes(values) == [("background-not-zero", "warning")]
