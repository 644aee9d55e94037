import json

import numpy as np
import pytest
from patients_for_tests import KINDS, brain, reference_labels, write_image

from brats3d.cases.check import check_case
from brats3d.cases.find import find_cases
from brats3d.cases.lists import read_list
from brats3d.cases.read import read_volumes
from brats3d.errors import BadInput, NoPatientFound
from brats3d.vocabulary import MODALITIES, CaseStatus, Modality

DECATHLON = {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}
ORDER = {"flair": 0, "t1": 1, "t1ce": 2, "t2": 3}


def write_msd(folder, ids=("BRATS_001",), **document):
    for name in ids:
        stacked = np.stack([brain(seed) for seed in range(4)], axis=-1)
        write_image(folder / "imagesTr" / f"{name}.nii.gz", stacked)
        write_image(folder / "labelsTr" / f"{name}.nii.gz", reference_labels(enhancing=3))
    (folder / "dataset.json").write_text(json.dumps({"modality": DECATHLON, **document}))
    return folder


def write_nnunet(folder, **document):
    for channel, _ in enumerate(KINDS):
        write_image(folder / "imagesTr" / f"p_1_000{channel}.nii.gz", brain(channel))
    write_image(folder / "labelsTr" / "p_1.nii.gz", reference_labels())
    names = {"channel_names": {"0": "T1", "1": "T1Gd", "2": "T2", "3": "FLAIR"}}
    (folder / "dataset.json").write_text(json.dumps(document or names))
    return folder


def codes(case) -> list[str]:
    return [finding.code for finding in case.findings]


def test_the_decathlon_keeps_four_modalities_in_one_image(tmp_path):
    (case,) = find_cases(write_msd(tmp_path / "Task01_BrainTumour"))
    assert (case.id, case.layout, case.label_scheme) == ("BRATS_001", "msd", "msd")
    assert dict(case.channels) == {Modality(name): channel for name, channel in ORDER.items()}
    assert len(set(case.modalities.values())) == 1
    volumes = read_volumes(case)
    for index, modality in enumerate(MODALITIES):
        assert np.array_equal(volumes.data[index], brain(ORDER[modality]))
    assert check_case(case).case.status is CaseStatus.OK
    assert case.relative(case.reference) == "labelsTr/BRATS_001.nii.gz"


def test_nnunet_numbers_the_modalities(tmp_path):
    (case,) = find_cases(write_nnunet(tmp_path))
    assert (case.id, case.layout, case.label_scheme) == ("p_1", "nnunet", "brats2020")
    assert [case.relative(path)[-11:] for path in case.modalities.values()] == [f"000{i}.nii.gz" for i in range(4)]
    assert check_case(case).case.status is CaseStatus.OK


def test_nnunet_1_is_told_from_the_decathlon_by_its_file_names(tmp_path):
    (case,) = find_cases(write_nnunet(tmp_path, modality={"0": "T1", "1": "T1ce", "2": "T2", "3": "FLAIR"}))
    assert case.layout == "nnunet"


def test_images_that_are_listed_but_absent_are_refused(tmp_path):
    listed = [{"image": f"./imagesTr/{name}.nii.gz"} for name in ("BRATS_001", "BRATS_002")]
    cases = find_cases(
        write_msd(tmp_path, training=listed, test=["../../etc/passwd.nii.gz", "/x.nii.gz", "other/x.nii.gz"])
    )
    assert [case.id for case in cases] == ["BRATS_001", "BRATS_002"]
    assert [check_case(case).case.status for case in cases] == [CaseStatus.OK, CaseStatus.REFUSED]


def test_images_that_are_not_listed_are_taken_with_a_warning(tmp_path):
    cases = find_cases(
        write_msd(tmp_path, ("BRATS_001", "BRATS_002"), training=[{"image": "./imagesTr/BRATS_001.nii.gz"}])
    )
    assert [codes(case) for case in cases] == [[], ["not-listed"]]


def test_one_id_in_both_folders_is_refused(tmp_path):
    write_msd(tmp_path)
    write_image(tmp_path / "imagesTs" / "BRATS_001.nii.gz", brain())
    cases = find_cases(tmp_path)
    assert [codes(case) for case in cases] == [["same-id"]] * 2
    assert "imagesTs/BRATS_001" in cases[0].findings[0].message


def test_a_channel_of_nnunet_that_is_absent_is_missing(tmp_path):
    write_nnunet(tmp_path)
    (tmp_path / "imagesTr" / "p_1_0003.nii.gz").unlink()
    (case,) = find_cases(tmp_path)
    assert codes(case) == ["modality-missing"]
    assert "imagesTr/p_1: lacks FLAIR" in case.findings[0].message


@pytest.mark.parametrize(
    ("modality", "codes_expected"),
    [
        ({"0": "FLAIR", "1": "T1w", "2": "DWI", "3": "T2w"}, ["modality-missing"]),
        ({"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w", "4": "T1"}, ["several-files"]),
    ],
)
def test_channels_must_be_our_modalities_once_each(tmp_path, modality, codes_expected):
    (case,) = find_cases(write_msd(tmp_path, modality=modality))
    assert codes(case) == codes_expected


def test_an_image_with_other_channels_than_the_list_is_refused(tmp_path):
    write_msd(tmp_path)
    write_image(tmp_path / "imagesTr" / "BRATS_001.nii.gz", brain())
    (case,) = find_cases(tmp_path)
    assert "dataset.json names 4" in check_case(case).case.findings[0].message


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", "[" * 100_000, '{"modality": {"0": 3}}', '{"modality": {"5": "T1"}}', "\xff"]
)
def test_a_list_that_cannot_be_understood_refuses_the_folder(tmp_path, content):
    write_msd(tmp_path / "task")
    (tmp_path / "task" / "dataset.json").write_text(content, encoding="latin-1")
    with pytest.raises(NoPatientFound, match=r"dataset\.json"):
        find_cases(tmp_path)


def test_images_without_a_list_cannot_be_told_apart(tmp_path):
    write_msd(tmp_path)
    (tmp_path / "dataset.json").unlink()
    with pytest.raises(NoPatientFound, match=r"no dataset\.json"):
        find_cases(tmp_path)


def test_another_dataset_json_beside_patients_is_nothing_to_us(tmp_path):
    write_image(tmp_path / "p1" / "t1.nii.gz", brain())
    (tmp_path / "dataset.json").write_text('{"folds": []}')
    assert [case.id for case in find_cases(tmp_path)] == ["p1"]


@pytest.mark.parametrize("name", ["imagesTr/\ud800.nii.gz", "imagesTr/a\0b.nii.gz"])
def test_a_name_that_no_disk_takes_refuses_the_list(tmp_path, name):
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps({"modality": {"0": "T1w"}, "training": [{"image": name}]}))
    with pytest.raises(BadInput, match="signs that no disk takes"):
        read_list(tmp_path, "dataset.json", None)


def test_a_channel_number_of_many_digits_refuses_the_list(tmp_path):
    (tmp_path / "dataset.json").write_text(json.dumps({"modality": {"1" * 5000: "T1w"}}))
    with pytest.raises(BadInput, match="which channel is which"):
        read_list(tmp_path, "dataset.json", None)
