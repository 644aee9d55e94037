import json

import pytest

from brats3d.errors import BadInput, NoPatientFound, RequestError
from brats3d.scoring.pairs import MaskFile, find_pairs, refuse_if_in_doubt, scheme_of

TUMOUR = {2: 6, 1: 4, 4: 2}


def test_two_folders_of_masks_are_paired_by_id(tmp_path, write_mask):
    for name in ("a", "b"):
        write_mask(tmp_path / "references" / f"{name}.nii.gz", TUMOUR)
    for name in ("b", "c"):
        write_mask(tmp_path / "predictions" / f"{name}.nii.gz", TUMOUR)
    write_mask(tmp_path / "predictions" / ".hidden.nii.gz", TUMOUR)
    write_mask(tmp_path / "predictions" / "probabilities" / "d.nii.gz", TUMOUR)
    found = find_pairs(tmp_path / "predictions", tmp_path / "references")
    assert [(pair.id, pair.prediction is not None) for pair in found.pairs] == [("a", False), ("b", True)]
    assert found.unmatched == ("c",)


def test_patient_folders_bring_the_label_scheme_of_their_layout(tmp_path, write_mask, write_patient):
    write_patient(tmp_path / "patients", "BraTS2021_00001", TUMOUR)
    write_mask(tmp_path / "predictions" / "BraTS2021_00001.nii.gz", TUMOUR)
    (pair,) = find_pairs(tmp_path / "predictions", tmp_path / "patients").pairs
    assert pair.id == "BraTS2021_00001"
    assert pair.reference.label_scheme == "brats2020"
    assert pair.reference.name == "BraTS2021_00001/BraTS2021_00001_seg.nii.gz"
    assert (pair.prediction.name, pair.prediction.label_scheme) == ("BraTS2021_00001.nii.gz", None)
    (forced,) = find_pairs(tmp_path / "predictions", tmp_path / "patients", "msd").pairs
    assert forced.reference.label_scheme == "msd"


def test_one_patient_s_own_folder_will_do(tmp_path, write_mask, write_patient):
    folder = write_patient(tmp_path / "patients", "BraTS2021_00001", TUMOUR)
    write_mask(tmp_path / "predictions" / "BraTS2021_00001.nii.gz", TUMOUR)
    found = find_pairs(tmp_path / "predictions", folder)
    assert [pair.id for pair in found.pairs] == ["BraTS2021_00001"]
    assert found.unmatched == ()


def test_a_patient_without_some_modality_can_still_be_scored(tmp_path, write_mask, write_patient):
    folder = write_patient(tmp_path / "patients", "BraTS2021_00001", TUMOUR)
    (folder / "BraTS2021_00001_t2.nii.gz").unlink()
    (tmp_path / "predictions").mkdir()
    (pair,) = find_pairs(tmp_path / "predictions", tmp_path / "patients").pairs
    refuse_if_in_doubt(pair.case)


def test_patients_of_equal_id_are_refused(tmp_path, write_patient):
    for cohort in ("HGG", "LGG"):
        write_patient(tmp_path / "patients" / cohort, "BraTS2021_00001", TUMOUR)
    (tmp_path / "predictions").mkdir()
    pairs = find_pairs(tmp_path / "predictions", tmp_path / "patients").pairs
    assert len(pairs) == 2
    for pair in pairs:
        with pytest.raises(BadInput, match="same id"):
            refuse_if_in_doubt(pair.case)


def test_masks_are_references_even_where_no_prediction_fits(tmp_path, write_mask):
    write_mask(tmp_path / "references" / "a.nii.gz", TUMOUR)
    (tmp_path / "predictions").mkdir()
    assert [pair.id for pair in find_pairs(tmp_path / "predictions", tmp_path / "references").pairs] == ["a"]


def test_folders_that_are_absent_or_hold_no_reference_are_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match="nowhere cannot be searched: no such file"):
        find_pairs(tmp_path / "nowhere", tmp_path / "empty")
    with pytest.raises(NoPatientFound, match=r"no reference under .*empty"):
        find_pairs(tmp_path / "empty", tmp_path / "empty")


def test_a_sidecar_says_the_scheme_then_the_option_then_the_protocol(tmp_path, write_mask):
    path = write_mask(tmp_path / "a.nii.gz", TUMOUR)
    assert scheme_of(MaskFile(path, "a.nii.gz"), "brats2020") == "brats2020"
    assert scheme_of(MaskFile(path, "a.nii.gz", "msd"), "brats2020") == "msd"
    (tmp_path / "a.json").write_text("[]")
    assert scheme_of(MaskFile(path, "a.nii.gz", "msd"), "brats2020") == "msd"
    (tmp_path / "a.json").write_text(json.dumps({"label_scheme": "brats2023"}))
    assert scheme_of(MaskFile(path, "a.nii.gz", "msd"), "brats2020") == "brats2023"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read as JSON"),
        ('{"label_scheme": "brats"}', "no known label scheme: 'brats'"),
        ("[" * 9**6, "JSON"),
    ],
    ids=["cut short", "unknown scheme", "deeply nested"],
)
def test_a_sidecar_in_doubt_is_not_passed_over(tmp_path, write_mask, text, words):
    path = write_mask(tmp_path / "a.nii.gz", TUMOUR)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadInput, match=f"a.json: .*{words}"):
        scheme_of(MaskFile(path, "a.nii.gz"), "brats2020")


def test_a_mask_among_patients_leaves_in_doubt_which_are_the_references(tmp_path, write_mask, write_patient):
    for name in ("BraTS2021_00001", "BraTS2021_00002"):
        write_patient(tmp_path / "patients", name, TUMOUR)
    for folder in ("patients", "predictions"):
        write_mask(tmp_path / folder / "BraTS2021_00001.nii.gz", TUMOUR)
    with pytest.raises(RequestError, match=r"BraTS2021_00001\.nii\.gz beside patients \(BraTS2021_00001\)"):
        find_pairs(tmp_path / "predictions", tmp_path / "patients")


def test_masks_that_are_named_like_references_are_masks(tmp_path, write_mask):
    for folder in ("references", "predictions"):
        write_mask(tmp_path / folder / "BraTS2021_00001_seg.nii.gz", TUMOUR)
    (pair,) = find_pairs(tmp_path / "predictions", tmp_path / "references").pairs
    assert pair.prediction is not None
