"""The whole preparation: what a network sees of a case, and the way back to the patient's grid."""

from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brats3d.cases.read import Volumes
from brats3d.errors import RequestError
from brats3d.grid import Grid
from brats3d.labels import SCHEMES, to_region_maps
from brats3d.prepare import Preparation, out_of_box, prepare, prepare_reference, to_patient_box

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def volumes_of(data, affine=LPS):
    """Return volumes without files."""
    return Volumes(data, Grid(data.shape[1:], np.asarray(affine, float)), MappingProxyType({}), ())


def a_brain(shape=(12, 10, 9), seed=0):
    """Return four modalities of noise in a box off the centre."""
    data = np.zeros((4, *shape), np.float32)
    rng = np.random.default_rng(seed)
    inner = tuple(slice(2, n - 3) for n in shape)
    data[(slice(None), *inner)] = rng.uniform(10, 20, (4, *(n - 5 for n in shape)))
    return data


def test_the_network_sees_the_brain_box_on_ras_axes():
    data = a_brain()
    prepared = prepare(volumes_of(data), Preparation(percentiles=(0, 100)))
    assert prepared.data.shape == (4, 7, 5, 4)
    assert prepared.data.dtype == np.float32
    cut = data[:, ::-1, ::-1][:, 3:10, 3:8, 2:6]
    expected = (cut - cut.mean((1, 2, 3), keepdims=True)) / cut.std((1, 2, 3), keepdims=True)
    assert np.allclose(prepared.data, expected, atol=1e-4)


def test_a_brain_of_one_voxel_goes_through_and_comes_back():
    data = np.zeros((4, 9, 8, 10), np.float32)
    data[:, 1, 2, 3] = 5
    prepared = prepare(volumes_of(data), Preparation())
    assert prepared.data.shape == (4, 1, 1, 1)
    whole = to_patient_grid(np.ones((3, 1, 1, 1), np.float32), prepared)
    assert np.argwhere(whole[1]).tolist() == [[1, 2, 3]]


def test_an_empty_case_is_refused():
    with pytest.raises(ValueError, match="differs from 0"):
        prepare(volumes_of(np.zeros((4, 8, 8, 8), np.float32)), Preparation())


@settings(max_examples=40, deadline=None)
@given(
    order=st.permutations(range(3)),
    signs=st.tuples(*[st.sampled_from([1, -1])] * 3),
    shape=st.tuples(*[st.integers(8, 12)] * 3),
)
def test_at_1_mm_the_way_there_and_back_is_the_identity_within_the_brain_box(order, signs, shape):
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for axis, ras in enumerate(order):
        affine[ras, axis] = signs[axis]
    data = a_brain(shape)
    prepared = prepare(volumes_of(data, affine), Preparation())
    truth = np.random.default_rng(1).random((3, *shape), np.float32)
    truth[:, data[0] == 0] = 0
    there = np.stack([prepare_channel(each, prepared) for each in truth])
    assert np.array_equal(to_patient_grid(there, prepared), truth)
    assert to_patient_grid(there, prepared).flags.c_contiguous


def to_patient_grid(probabilities, prepared):
    """Return probabilities (3, X, Y, Z) all the way back on the patient's grid."""
    return out_of_box(to_patient_box(probabilities, prepared), prepared)


def prepare_channel(volume, prepared):
    """Return one volume where `prepare` put the case, without its z-score."""
    from brats3d.prepare.orient import turned

    return turned(volume, prepared.turn.to_ras)[prepared.box]


def test_what_lies_in_the_box_is_placed_on_the_whole_grid_in_its_own_dtype():
    prepared = prepare(volumes_of(a_brain()), Preparation())
    label_map = np.arange(7 * 5 * 4, dtype=np.uint8).reshape(7, 5, 4)
    whole = out_of_box(label_map, prepared)
    assert (whole.dtype, whole.shape) == (np.uint8, (12, 10, 9))
    assert np.array_equal(whole[2:9, 2:7, 2:6], label_map[::-1, ::-1])
    assert whole.sum(dtype=int) == label_map.sum(dtype=int)


def test_unequal_spacing_is_resampled_to_1_mm_and_back():
    data = a_brain((12, 10, 10))
    affine = np.array([[0, 0, 2.0, 0], [-1.0, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 0, 1]])  # X back, Y up, Z right
    prepared = prepare(volumes_of(data, affine), Preparation())
    assert prepared.box_shape == (5, 7, 5)
    assert prepared.data.shape == (4, 10, 7, 2)
    back = to_patient_grid(np.ones((3, 10, 7, 2), np.float32), prepared)
    assert back.shape == (3, 12, 10, 10)
    assert np.allclose(back[0, 2:9, 2:7, 2:7], 1)
    assert back.sum() == pytest.approx(3 * 7 * 5 * 5)


def test_after_resampling_the_background_is_exactly_0():
    data = np.zeros((4, 16, 16, 16), np.float32)
    ball = np.linalg.norm(np.indices((16, 16, 16)) - 7.5, axis=0) < 6
    data[:, ball] = np.random.default_rng(2).uniform(5, 9, (4, int(ball.sum())))
    prepared = prepare(volumes_of(data, np.diag([0.7, 0.7, 0.7, 1.0])), Preparation())
    inside = (prepared.data != 0).any(axis=0)
    assert not inside[0, 0, 0]
    assert inside.mean() == pytest.approx(ball[2:14, 2:14, 2:14].mean(), abs=0.1)


def test_probabilities_at_the_patients_spacing_are_handed_on_as_they_are():
    prepared = prepare(volumes_of(a_brain()), Preparation())
    probabilities = np.ones((3, 7, 5, 4), np.float32)
    assert to_patient_box(probabilities, prepared) is probabilities


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
def test_a_reference_becomes_region_maps_where_the_case_is(scheme):
    data = a_brain()
    label_map = np.zeros(data.shape[1:], np.uint8)
    label_map[2:6, 3:6, 3:6] = scheme.oedema
    label_map[3:5, 4:6, 3:5] = scheme.necrosis
    label_map[3, 4, 4] = scheme.enhancing
    prepared = prepare(volumes_of(data), Preparation())
    regions = prepare_reference(label_map, prepared, scheme)
    assert (regions.dtype, regions.shape) == (np.uint8, (3, 7, 5, 4))
    assert np.array_equal(out_of_box(regions, prepared).astype(bool), to_region_maps(label_map, scheme))


def test_a_resampled_reference_keeps_its_volume_and_its_nesting():
    data = np.ones((4, 20, 20, 10), np.float32)
    label_map = np.zeros((20, 20, 10), np.uint8)
    label_map[4:16, 4:16, 2:8], label_map[6:14, 6:14, 3:7], label_map[8:12, 8:12, 4:6] = 2, 1, 4
    prepared = prepare(volumes_of(data, np.diag([0.5, 0.5, 2.0, 1.0])), Preparation())
    regions = prepare_reference(label_map, prepared, SCHEMES["brats2020"])
    assert regions.shape == (3, 10, 10, 20)
    assert regions.sum(axis=(1, 2, 3)).tolist() == [12 * 12 * 6 / 2, 8 * 8 * 4 / 2, 4 * 4 * 2 / 2]
    assert (np.diff(regions.astype(int), axis=0) <= 0).all()


def test_settings_go_there_and_back():
    preparation = Preparation(spacing_mm=1.5, percentiles=(1.0, 99.0))
    assert Preparation.from_settings(preparation.as_settings()) == preparation
    assert Preparation.from_settings({}) == Preparation()


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"spacing": 1.0}, "unknown key 'preparation.spacing'; did you mean 'spacing_mm'?"),
        ({"version": 2}, "preparation version 2: this brats3d knows 1"),
        ({"version": 1.5}, "preparation version 1.5"),
        ({"version": "1"}, "preparation version '1'"),
        ({"spacing_mm": float("nan")}, "spacing_mm is nan"),
        ({"spacing_mm": "1"}, "spacing_mm is '1'"),
        ({"spacing_mm": 0.0}, "from 0.1 to 10"),
        ({"spacing_mm": True}, "spacing_mm is True"),
        ({"percentiles": [99.0, 1.0]}, "low and high, 0 to 100"),
        ({"percentiles": 5}, "percentiles is 5"),
        ({"percentiles": [0.0, float("nan")]}, "percentiles is"),
        ({"percentiles": [1.0, 2.0, 3.0]}, "percentiles is"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings_, words):
    with pytest.raises(RequestError, match=words.replace("?", r"\?")):
        Preparation.from_settings(settings_)
