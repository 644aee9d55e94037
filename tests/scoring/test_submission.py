import gzip
import json
import re

import nibabel
import numpy as np
import pytest

from brats3d.errors import NoPatientFound, RequestError
from brats3d.scoring.submission import RULES, check_submission, number_of

TUMOUR = {2: 6, 1: 4, 3: 2}
NAME = "BraTS-GLI-00005-100.nii.gz"
ORIGIN = np.array([[-1.0, 0, 0, 0], [0, -1, 0, 239], [0, 0, 1, 0], [0, 0, 0, 1]])


def reasons(folder, year=2024) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for bad in check_submission(folder, year).bad:
        found.setdefault(bad.file, []).append(bad.reason)
    return found


@pytest.mark.parametrize("year", RULES)
def test_sound_masks_are_taken_every_year(tmp_path, write_mask, year):
    write_mask(tmp_path / NAME, TUMOUR, affine=ORIGIN)
    write_mask(tmp_path / "00005-101.nii.gz", {}, affine=ORIGIN)
    found = check_submission(tmp_path, str(year))
    assert (found.bad, found.exit_code) == ((), 0)
    assert found.as_json() == {"year": year, "masks": 2, "sound": 2, "bad": []}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("BraTS-GLI-00005-100.nii.gz", "00005-100"),
        ("00005-100.nii.gz", "00005-100"),
        ("BraTS-GLI-00005-100-seg.nii.gz", None),
        ("BraTS20_Training_001.nii.gz", None),
        ("BraTS-GLI-0005-100.nii.gz", None),
        ("BraTS-GLI-00005-100.nii", None),
        ("BraTS-GLI-00005-100.nii.gz\n", None),
    ],
)
def test_a_case_number_stands_at_the_end_of_the_name(name, number):
    assert number_of(name) == number


def test_a_name_without_a_case_number_is_refused(tmp_path, write_mask):
    write_mask(tmp_path / "patient.nii.gz", TUMOUR)
    (reason,) = reasons(tmp_path)["patient.nii.gz"]
    assert reason == "its name does not end with a case number; rename it to NAME-12345-678.nii.gz"


def test_files_that_share_a_case_number_are_all_refused(tmp_path, write_mask):
    for name in ("a-00005-100.nii.gz", "b-00005-100.nii.gz", "a-00006-100.nii.gz"):
        write_mask(tmp_path / name, TUMOUR)
    found = check_submission(tmp_path, 2025)
    assert [bad.file for bad in found.bad] == ["a-00005-100.nii.gz", "b-00005-100.nii.gz"]
    assert "case number 00005-100 is that of another file too" in found.bad[0].reason
    assert (found.masks, found.sound, found.exit_code) == (3, 1, 4)


@pytest.mark.parametrize("name", ["00005-100.nii", "00005-100.NII.GZ", "notes.txt", "00005-100.json"])
def test_other_files_are_refused_and_are_no_masks(tmp_path, write_mask, name):
    write_mask(tmp_path / NAME, TUMOUR)
    (tmp_path / name).write_text("{}")
    found = check_submission(tmp_path, 2024)
    assert [(bad.file, bad.reason) for bad in found.bad] == [
        (name, "is no .nii.gz, and the portals take nothing else than .nii.gz; take it out, or convert it")
    ]
    assert (found.masks, found.sound, found.exit_code) == (1, 1, 4)


def test_a_folder_is_refused_even_if_it_is_named_like_a_mask(tmp_path, write_mask):
    write_mask(tmp_path / NAME / NAME, TUMOUR)
    assert reasons(tmp_path)[NAME][0].startswith("is a folder, ")


def test_what_segment_leaves_beside_its_masks_is_counted_and_not_refused(tmp_path, write_mask):
    write_mask(tmp_path / NAME, TUMOUR)
    (tmp_path / "BraTS-GLI-00005-100.json").write_text(json.dumps({"versions": {"brats3d": "0.1.0"}}))
    (tmp_path / "summary.csv").write_text("")
    (tmp_path / "summary-1-of-2.json").write_text("{}")
    (tmp_path / "probabilities").mkdir()
    (tmp_path / ".DS_Store").write_text("")
    (tmp_path / "__MACOSX").mkdir()
    found = check_submission(tmp_path, 2024)
    assert (found.bad, found.others, found.masks) == ((), 4, 1)


@pytest.mark.parametrize(
    ("year", "label", "words"),
    [
        (
            2023,
            4,
            "label values 0, 4 where label scheme brats2023 has 0, 1, 2, 3; .*`segment --label-scheme brats2023`",
        ),
        (2024, 5, "label values 0, 5 where label scheme brats2024 has 0, 1, 2, 3, 4; "),
    ],
)
def test_labels_of_another_scheme_are_refused(tmp_path, write_mask, year, label, words):
    write_mask(tmp_path / NAME, {label: 3}, affine=ORIGIN)
    (reason,) = reasons(tmp_path, year)[NAME]
    assert re.search(words, reason)


def test_4_is_a_cavity_since_2024(tmp_path, write_mask):
    write_mask(tmp_path / NAME, {4: 3}, affine=ORIGIN)
    assert {year: bool(reasons(tmp_path, year)) for year in RULES} == {
        2023: True,
        2024: False,
        2025: False,
        2026: False,
    }


def test_2023_wants_its_shape_or_its_origin(tmp_path, write_mask):
    write_mask(tmp_path / NAME, TUMOUR)
    (reason,) = reasons(tmp_path, 2023)[NAME]
    assert reason.startswith(
        "its shape is 10 x 11 x 12 where 240 x 240 x 155 or the origin (0, -239, 0) is asked for; "
    )
    assert reasons(tmp_path, 2024) == {}
    write_mask(tmp_path / NAME, TUMOUR, shape=(240, 240, 155))
    assert reasons(tmp_path, 2023) == {}


def test_a_fourth_dimension_of_one_is_refused(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((10, 11, 12, 1), np.uint8), ORIGIN)
    nibabel.save(image, tmp_path / NAME)
    assert reasons(tmp_path) == {NAME: ["has 4 dimensions, 10 x 11 x 12 x 1; save it with three"]}


def test_several_volumes_are_refused(tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.zeros((10, 11, 12, 2), np.uint8), ORIGIN), tmp_path / NAME)
    assert reasons(tmp_path)[NAME][0].startswith("is 4-D with 10 x 11 x 12 x 2 values")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content[:-20], "ends early"),
        (lambda content: b"", "is empty"),
        (lambda content: b"not an image", "NIfTI"),
        (lambda content: content[:-7] + bytes([content[-7] ^ 1]) + content[-6:], "is damaged"),
        (gzip.decompress, "not gzip: an uncompressed image under a .gz name; compress it with gzip"),
    ],
    ids=["truncated", "empty", "text", "one bit", "not compressed"],
)
def test_damaged_files_are_refused(tmp_path, write_mask, spoil, words):
    path = write_mask(tmp_path / NAME, TUMOUR)
    path.write_bytes(spoil(path.read_bytes()))
    (reason,) = reasons(tmp_path)[NAME]
    assert re.search(words, reason)
    assert "\n" not in reason


def test_labels_that_are_not_quite_whole_are_refused(tmp_path):
    label_map = np.zeros((10, 11, 12), np.float32)
    label_map[2:5, 2:5, 2:5] = 1.000015
    nibabel.save(nibabel.Nifti1Image(label_map, ORIGIN), tmp_path / NAME)
    assert "save it again as whole numbers" in reasons(tmp_path)[NAME][0]


def test_name_and_content_are_both_told_and_the_mask_is_counted_once(tmp_path, write_mask):
    write_mask(tmp_path / "patient.nii.gz", {9: 3})
    found = check_submission(tmp_path, 2024)
    assert [bad.file for bad in found.bad] == ["patient.nii.gz"] * 2
    assert (found.masks, found.sound) == (1, 0)


@pytest.mark.parametrize("year", ["2022", "2027", "brats2023", ""])
def test_an_unknown_year_names_those_known(tmp_path, year):
    with pytest.raises(RequestError, match="are not known; known are 2023, 2024, 2025, 2026"):
        check_submission(tmp_path, year)


def test_a_folder_with_nothing_to_submit_is_a_request_error(tmp_path):
    with pytest.raises(RequestError, match="cannot be searched: no such file"):
        check_submission(tmp_path / "nowhere", 2024)
    (tmp_path / ".hidden.nii.gz").write_bytes(b"")
    with pytest.raises(NoPatientFound, match="no file to submit"):
        check_submission(tmp_path, 2024)
