import itertools

import numpy as np
import pytest

import brats3d.phantom.make as make_module
from brats3d.errors import RequestError
from brats3d.labels import SCHEMES, to_region_maps
from brats3d.phantom.make import make_phantom
from brats3d.vocabulary import MODALITIES, Modality

SHAPE = (64, 64, 64)
NECROSIS, OEDEMA, ENHANCING = 1, 2, 4


@pytest.fixture(scope="module")
def patients():
    return [make_phantom([0, index], SHAPE) for index in range(3)]


def mean_of(patient, modality, chosen):
    return float(patient.volumes[MODALITIES.index(modality)][chosen].mean())


def healthy_white(patient):
    """The brighter half of T1 outside the tumour: mostly white matter."""
    t1 = patient.volumes[0]
    outside = (patient.label_map == 0) & (t1 > 0)
    return outside & (t1 > np.median(t1[outside]))


def test_equal_seeds_make_equal_patients_and_other_seeds_make_others():
    one, again, other = (make_phantom([5, index], (32, 32, 32)) for index in (0, 0, 1))
    assert np.array_equal(one.volumes, again.volumes)
    assert np.array_equal(one.label_map, again.label_map)
    assert not np.array_equal(one.label_map, other.label_map)


def test_a_generator_is_a_seed_too():
    from_seed = make_phantom(9, (24, 24, 24))
    from_generator = make_phantom(np.random.default_rng(9), (24, 24, 24))
    assert np.array_equal(from_seed.volumes, from_generator.volumes)


@pytest.mark.parametrize("shape", [(24, 24, 24), (8, 8, 8), (31, 45, 27), (64, 40, 9), (250, 20, 20)], ids=str)
def test_any_shape_gives_four_volumes_a_label_map_and_a_grid(shape):
    patient = make_phantom(1, shape)
    assert patient.volumes.shape == (4, *shape)
    assert patient.label_map.shape == shape
    assert patient.grid.shape == shape
    assert (patient.volumes.dtype, patient.label_map.dtype) == (np.int16, np.uint8)


def test_even_24_voxels_hold_a_head_and_all_three_parts_of_a_tumour():
    for seed in range(12):
        patient = make_phantom([seed, 0], (24, 24, 24))
        counts = [int((patient.label_map == label).sum()) for label in (NECROSIS, OEDEMA, ENHANCING)]
        assert min(counts) >= 8, (seed, counts)
        assert 0.25 < float((patient.volumes[0] > 0).mean()) < 0.75


def test_the_background_is_exactly_0_and_the_same_in_every_modality(patients):
    for patient in patients:
        head = patient.volumes[0] > 0
        assert all(np.array_equal(volume > 0, head) for volume in patient.volumes)
        assert not head[0, 0, 0]
        assert int(patient.volumes.min()) == 0
        assert not patient.label_map[~head].any()


def test_no_voxel_of_the_head_is_lost_where_the_signal_dies_out(monkeypatch):
    monkeypatch.setattr(make_module, "scanned", lambda rng, ideal, *rest: np.zeros_like(ideal))
    patient = make_phantom(0, (24, 24, 24))
    assert set(np.unique(patient.volumes)) == {0, 1}
    assert (patient.volumes[0][patient.label_map > 0] == 1).all()


def test_labels_are_those_of_brats2020_and_each_part_lies_inside_the_one_before(patients):
    for patient in patients:
        assert set(np.unique(patient.label_map)) == {0, NECROSIS, OEDEMA, ENHANCING}
        whole, core, enhancing = to_region_maps(patient.label_map, SCHEMES["brats2020"])
        assert whole.sum() > core.sum() > enhancing.sum() > 0


def test_the_rim_parts_necrosis_from_oedema_and_healthy_tissue(patients):
    for patient in patients:
        necrosis = patient.label_map == NECROSIS
        head = patient.volumes[0] > 0
        outside = head & np.isin(patient.label_map, (0, OEDEMA))
        touching = 0
        for axis, step in itertools.product(range(3), (-1, 1)):
            touching += int((necrosis & np.roll(outside, step, axis)).sum())
        assert touching <= 0.05 * necrosis.sum()


def test_each_part_of_the_tumour_has_the_contrast_of_its_modality(patients):
    for patient in patients:
        white = healthy_white(patient)
        necrosis, oedema, enhancing = (patient.label_map == label for label in (NECROSIS, OEDEMA, ENHANCING))
        assert mean_of(patient, Modality.T1CE, enhancing) > 1.15 * mean_of(patient, Modality.T1CE, white)
        assert mean_of(patient, Modality.T1CE, enhancing) > 1.2 * mean_of(patient, Modality.T1CE, necrosis)
        assert mean_of(patient, Modality.FLAIR, oedema) > 1.3 * mean_of(patient, Modality.FLAIR, white)
        assert mean_of(patient, Modality.T2, oedema) > 1.2 * mean_of(patient, Modality.T2, white)
        assert mean_of(patient, Modality.T1, necrosis) < 0.95 * mean_of(patient, Modality.T1, white)
        assert mean_of(patient, Modality.T2, necrosis) > 1.4 * mean_of(patient, Modality.T2, white)


def test_intensities_are_those_of_a_scanner_not_of_a_clipped_one(patients):
    for patient in patients:
        for volume in patient.volumes:
            inside = volume[volume > 0]
            assert 100 < inside.mean() < 2000
            assert inside.max() < 32000
            assert len(np.unique(inside)) > 200


def test_tumours_differ_in_place_and_size(patients):
    centres = [tuple(np.argwhere(patient.label_map > 0).mean(axis=0).round()) for patient in patients]
    sizes = {int((patient.label_map > 0).sum()) for patient in patients}
    assert len(set(centres)) == len(sizes) == len(patients)


def test_half_the_spacing_at_twice_the_shape_is_a_patient_of_the_same_size_in_ml():
    # A coarse volume shrinks the head; the head keeps its share of the volume when the voxels are halved with it.
    coarse, fine = make_phantom(3, (40, 40, 40)), make_phantom(3, (80, 80, 80), (0.5, 0.5, 0.5))
    assert fine.grid.spacing_mm == (0.5, 0.5, 0.5)
    volume_ml = [float((p.volumes[0] > 0).sum()) * p.grid.voxel_ml for p in (coarse, fine)]
    assert volume_ml[1] == pytest.approx(volume_ml[0], rel=0.05)


@pytest.mark.parametrize(
    ("shape", "spacing_mm", "words"),
    [
        ((7, 24, 24), (1.0, 1.0, 1.0), "at least 8 voxels"),
        ((0, 24, 24), (1.0, 1.0, 1.0), "at least 8 voxels"),
        ((2000, 2000, 2000), (1.0, 1.0, 1.0), "more than 134217728 voxels"),
        ((24, 24, 24), (1.0, 0.0, 1.0), "positive"),
        ((24, 24, 24), (1.0, float("nan"), 1.0), "positive"),
    ],
)
def test_a_shape_or_spacing_that_cannot_be_is_refused_in_words(shape, spacing_mm, words):
    with pytest.raises(RequestError, match=words):
        make_phantom(0, shape, spacing_mm)


@pytest.mark.slow
def test_a_patient_of_full_size_is_placed_and_sized_as_in_brats():
    patient = make_phantom([0, 0])
    head = np.argwhere(patient.volumes[0] > 0)
    assert patient.volumes.shape == (4, 240, 240, 155)
    assert 1.1e6 < len(head) < 1.8e6
    # The mean outline of real patients reaches from (52, 44, 3) to (185, 212, 138).
    assert np.abs(head.min(axis=0) - (52, 44, 3)).max() <= 12
    assert np.abs(head.max(axis=0) - (185, 212, 138)).max() <= 12
