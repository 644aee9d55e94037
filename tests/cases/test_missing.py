"""Patients that lack modalities, allowed or not."""

import json

import numpy as np
import pytest
from patients_for_tests import KINDS, brain, reference_labels, write_image, write_patient

from brats3d.cases.check import check_case
from brats3d.cases.find import find_cases
from brats3d.cases.read import read_volumes
from brats3d.errors import BadInput
from brats3d.prepare import Preparation, prepare
from brats3d.vocabulary import MODALITIES, Modality


@pytest.fixture
def patient(tmp_path):
    return write_patient(tmp_path / "data" / "p1")


def found(patient, *, allow_missing=True):
    (case,) = find_cases(patient.parent, allow_missing=allow_missing)
    return case


def test_one_modality_is_enough_where_that_is_allowed(patient):
    for kind in ("t1", "t2", "flair"):
        (patient / f"p1_{kind}.nii.gz").unlink()
    assert found(patient, allow_missing=False).status == "refused"
    case = check_case(found(patient)).case
    assert case.status == "warning"
    (finding,) = case.findings
    assert finding.code == "modality-missing"
    assert finding.message.startswith("p1: lacks T1, T2, FLAIR: the image is missing")
    assert finding.message.endswith("; a warning alone, as missing modalities are allowed")


def test_a_patient_that_lacks_nothing_is_no_other_for_it(patient):
    assert found(patient) == found(patient, allow_missing=False)


def test_a_patient_without_any_modality_stays_refused(patient):
    for kind in KINDS:
        (patient / f"p1_{kind}.nii.gz").unlink()
    write_image(patient / "p1_seg.nii.gz", reference_labels())
    assert found(patient).status == "refused"


def test_what_else_speaks_against_a_patient_goes_on_refusing_it(patient):
    (patient / "p1_t1.nii.gz").unlink()
    (patient / "p1_t2.nii.gz").write_bytes(b"")
    (patient / "p1_flair.nii").write_bytes(b"")
    case = check_case(found(patient)).case
    assert [(each.code, str(each.severity)) for each in case.findings] == [
        ("several-files", "error"),
        ("modality-missing", "warning"),
        ("empty-file", "error"),
    ]


def test_a_channel_that_a_list_does_not_name_may_be_missing(tmp_path):
    write_image(tmp_path / "imagesTr" / "BRATS_001.nii.gz", np.stack([brain(seed) for seed in range(3)], axis=-1))
    (tmp_path / "dataset.json").write_text(json.dumps({"modality": {"0": "FLAIR", "1": "T1w", "2": "T2w"}}))
    (case,) = find_cases(tmp_path, allow_missing=True)
    assert (str(case.status), sorted(case.modalities)) == ("warning", ["flair", "t1", "t2"])
    assert read_volumes(case, allow_missing=True).inputs[Modality.T2].channel == 2


def test_a_missing_modality_is_a_channel_of_zeros_and_the_others_are_as_ever(patient):
    complete = read_volumes(found(patient))
    (patient / "p1_t1ce.nii.gz").unlink()
    case = found(patient)
    with pytest.raises(BadInput, match="p1: T1ce is missing"):
        read_volumes(case)
    volumes = read_volumes(case, MODALITIES, allow_missing=True)
    expected = complete.data.copy()
    expected[1] = 0
    assert np.array_equal(volumes.data, expected)
    assert volumes.data.strides == complete.data.strides
    assert list(volumes.inputs) == [Modality.T1, Modality.T2, Modality.FLAIR]


def test_a_missing_modality_stays_zero_when_prepared_and_moves_no_other(patient):
    case = found(patient)
    alone = prepare(read_volumes(case, [Modality.T1, Modality.T2, Modality.FLAIR]), Preparation())
    (patient / "p1_t1ce.nii.gz").unlink()
    prepared = prepare(read_volumes(found(patient), allow_missing=True), Preparation())
    assert not prepared.data[1].any()
    assert np.array_equal(prepared.data[[0, 2, 3]], alone.data)
    assert prepared.box == alone.box


def test_a_case_that_has_none_of_the_modalities_asked_for_is_refused(patient):
    (patient / "p1_t1.nii.gz").unlink()
    with pytest.raises(BadInput, match="no image was asked for"):
        read_volumes(found(patient), [Modality.T1], allow_missing=True)
