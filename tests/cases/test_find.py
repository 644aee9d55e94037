import errno
import os
import unicodedata
from pathlib import Path

import pytest
from patients_for_tests import write_patient

from brats3d.cases.find import find_cases
from brats3d.errors import NoPatientFound, RequestError
from brats3d.vocabulary import MODALITIES, Modality

NAMES_2023 = {"names": "{id}-{kind}.nii.gz", "kinds": ("t1n", "t1c", "t2w", "t2f")}


def codes(case) -> list[str]:
    return [finding.code for finding in case.findings]


def by_id(*data, **how) -> dict:
    return {case.id: case for case in find_cases(list(data), **how)}


def test_each_layout_is_recognised(tmp_path):
    write_patient(tmp_path / "HGG" / "BraTS20_Training_001")
    write_patient(tmp_path / "BraTS2021_00000")
    write_patient(tmp_path / "BraTS-GLI-00000-000", **NAMES_2023)
    write_patient(tmp_path / "BraTS-GLI-00000-001", **NAMES_2023)
    write_patient(tmp_path / "someone", names="{kind}.nii", kinds=("t1", "T1GD", "t2w", "fla"))
    (tmp_path / "survival.csv").write_text("id,days\n")
    found = by_id(tmp_path)
    assert {key: (case.layout, case.label_scheme) for key, case in found.items()} == {
        "BraTS20_Training_001": ("brats2020", "brats2020"),
        "BraTS2021_00000": ("brats2021", "brats2020"),
        "BraTS-GLI-00000-000": ("brats2023", "brats2023"),
        "BraTS-GLI-00000-001": ("brats2023", "brats2023"),
        "someone": ("plain", "brats2020"),
    }
    assert all(tuple(case.modalities) == MODALITIES and not case.findings for case in found.values())
    nested = found["BraTS20_Training_001"]
    assert nested.relative(nested.modalities[Modality.T1]).startswith("HGG/BraTS20_Training_001/")


def test_data_may_be_one_patients_folder(tmp_path, monkeypatch):
    write_patient(tmp_path / "p1")
    monkeypatch.chdir(tmp_path / "p1")
    (case,) = find_cases(".")
    assert (case.id, case.relative(case.modalities[Modality.T1])) == ("p1", "p1_t1.nii.gz")


def test_schemes_and_layouts_can_be_forced(tmp_path):
    write_patient(tmp_path / "BraTS2021_00000")
    (case,) = find_cases(tmp_path, layout="brats2020", label_scheme="brats2024")
    assert (case.layout, case.label_scheme) == ("brats2020", "brats2024")
    with pytest.raises(NoPatientFound):
        find_cases(tmp_path, layout="plain")
    with pytest.raises(RequestError, match="label scheme"):
        find_cases(tmp_path, label_scheme="brats1999")


def test_a_folder_without_a_patient_is_listed_and_refused(tmp_path):
    write_patient(tmp_path / "HGG" / "p1")
    (tmp_path / "HGG" / "p1" / "notes").mkdir()
    for name in ("empty", ".git", "__MACOSX"):
        (tmp_path / name).mkdir()
    (tmp_path / "scanner").mkdir()
    (tmp_path / "scanner" / "IM001.dcm").touch()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "brain.nii.gz").touch()
    found = by_id(tmp_path)
    assert sorted(found) == ["empty", "odd", "p1", "scanner"]
    assert all(codes(found[key]) == ["no-image"] for key in ("empty", "odd", "scanner"))
    assert found["empty"].layout is None
    assert "DICOM" in found["scanner"].findings[0].message
    assert "brain.nii.gz" in found["odd"].findings[0].message


def test_a_forced_layout_is_named_where_nothing_fits_it(tmp_path):
    write_patient(tmp_path / "p1")
    for layout in ("plain", "msd"):
        with pytest.raises(NoPatientFound, match=f"named as the layout {layout} has it; leave --layout out"):
            find_cases(tmp_path, layout=layout)


def test_nothing_but_empty_folders_is_no_patient(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoPatientFound, match="empty"):
        find_cases(tmp_path)


def test_what_is_no_folder_is_a_wrong_request(tmp_path):
    (tmp_path / "file").touch()
    for path, words in ((tmp_path / "gone", "no such folder"), (tmp_path / "file", "is a file")):
        with pytest.raises(RequestError, match=words):
            find_cases(path)


def test_equal_ids_are_all_refused_and_each_names_every_folder(tmp_path):
    name = "M\u00fcller"
    write_patient(tmp_path / "a" / name)
    write_patient(tmp_path / "b" / unicodedata.normalize("NFD", name.upper()))
    found = find_cases([tmp_path / "a", tmp_path / "b"])
    assert [codes(case) for case in found] == [["same-id"]] * 2
    assert all(case.findings[0].message.count(",") == 1 for case in found)


def test_one_folder_given_twice_is_one_patient(tmp_path):
    write_patient(tmp_path / "p1")
    assert [codes(case) for case in find_cases([tmp_path, tmp_path / "p1", tmp_path])] == [[]]


def test_an_empty_folder_given_beside_others_is_refused_and_not_passed_over(tmp_path):
    write_patient(tmp_path / "p1")
    (tmp_path / "p2").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    found = by_id(*tmp_path.iterdir())
    assert {key: codes(case) for key, case in found.items()} == {"p1": [], "p2": ["no-image"]}
    assert found["p2"].findings[0].message.startswith("p2: is an empty folder")


@pytest.mark.parametrize("name", ["summary", "Summary", "summary-1-of-4"])
def test_the_name_of_the_summary_is_refused(tmp_path, name):
    write_patient(tmp_path / name)
    assert codes(find_cases(tmp_path)[0]) == ["reserved-id"]


def test_an_id_too_long_for_a_mask_is_refused(tmp_path):
    write_patient(tmp_path / ("n" * 249), names="{kind}.nii.gz")
    assert codes(find_cases(tmp_path)[0]) == ["long-id"]


def test_links_to_folders_are_followed_and_do_not_loop(tmp_path):
    write_patient(tmp_path / "store" / "p1")
    data = tmp_path / "data"
    data.mkdir()
    (data / "p1").symlink_to("../store/p1")
    (data / "self").symlink_to(".")
    (data / "up").symlink_to("..")
    (data / "broken").symlink_to("gone")
    (data / "ring").symlink_to("ring")
    assert [(case.id, codes(case)) for case in find_cases(data)] == [("p1", [])]


def test_a_patient_below_a_patient_is_found_too(tmp_path):
    write_patient(tmp_path / "p1")
    write_patient(tmp_path / "p1" / "followup")
    assert sorted(by_id(tmp_path)) == ["followup", "p1"]


def test_a_patients_name_may_look_like_an_image(tmp_path):
    write_patient(tmp_path / "name.v1.2.nii")
    assert codes(by_id(tmp_path)["name.v1.2.nii"]) == []


def test_a_folder_that_cannot_be_listed_is_refused(tmp_path, monkeypatch):
    write_patient(tmp_path / "p1")
    (tmp_path / "locked").mkdir()
    listdir = os.listdir

    def forbidden(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", forbidden)
    assert "permission denied" in by_id(tmp_path)["locked"].findings[0].message


def test_equal_ids_in_two_roots_are_told_apart_by_the_root(tmp_path):
    for site in ("north", "south"):
        write_patient(tmp_path / site / "p1")
    for case in find_cases([tmp_path / "north", tmp_path / "south"]):
        assert "(north/p1, south/p1)" in case.findings[-1].message


def test_many_equal_ids_name_the_first_of_their_folders(tmp_path):
    for number in range(30):
        write_patient(tmp_path / f"s{number:02}" / "anat")
    cases = find_cases(tmp_path)
    assert len(cases) == 30
    message = cases[0].findings[-1].message
    assert "used 30 times" in message
    assert ("s19/anat ..." in message, "s20/anat" in message) == (True, False)


def test_a_chain_of_links_leads_to_the_patient(tmp_path):
    write_patient(tmp_path / "c" / "p1")
    for here, there in (("a", "b"), ("b", "c")):
        (tmp_path / here).mkdir()
        (tmp_path / here / "link").symlink_to(tmp_path / there)
    assert [case.id for case in find_cases(tmp_path)] == ["p1"]


def test_images_without_their_list_are_refused_once(tmp_path):
    write_patient(tmp_path / "p1")
    for folder in ("imagesTr", "labelsTr"):
        (tmp_path / "task" / folder).mkdir(parents=True)
        (tmp_path / "task" / folder / "y.nii.gz").write_bytes(b"x")
    assert sorted(by_id(tmp_path)) == ["p1", "task"]
    assert "no dataset.json" in by_id(tmp_path)["task"].findings[0].message


def test_a_folder_whose_content_cannot_be_looked_at_is_refused(tmp_path, monkeypatch):
    write_patient(tmp_path / "p1")
    (tmp_path / "closed" / "p2").mkdir(parents=True)
    real = Path.is_dir

    def forbidden(path):
        if path.name == "p2":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "is_dir", forbidden)
    assert "permission denied" in by_id(tmp_path)["closed"].findings[0].message
