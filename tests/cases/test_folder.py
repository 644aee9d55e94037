import pytest
from patients_for_tests import brain, reference_labels, write_image, write_patient

from brats3d.cases.find import find_cases
from brats3d.errors import NoPatientFound
from brats3d.vocabulary import Modality, Severity


@pytest.fixture
def p1(tmp_path):
    return write_patient(tmp_path / "p1")


def only(folder):
    (case,) = find_cases(folder)
    return case


def codes(case) -> list[str]:
    return [finding.code for finding in case.findings]


def test_a_missing_modality_is_named_with_what_was_not_recognised(p1):
    (p1 / "p1_flair.nii.gz").rename(p1 / "p1_fl.nii.gz")
    (finding,) = only(p1).findings
    assert finding.code == "modality-missing"
    assert "lacks FLAIR" in finding.message
    assert "p1_fl.nii.gz" in finding.message


@pytest.mark.parametrize(
    "name", ["p1_t1ce.nii", "other_t1ce.nii.gz", "p1_t1ce (1).nii.gz", "P1_T1CE.nii.gz", "p1_t1ce.hdr", "a_t1ce.img.gz"]
)
def test_two_files_for_one_modality_are_refused_and_the_likelier_is_named_first(p1, name):
    (p1 / name).touch()
    (finding,) = only(p1).findings
    assert finding.code == "several-files"
    assert finding.file in ("p1_t1ce.nii.gz", "P1_T1CE.nii.gz")
    assert name in finding.message


def test_a_numbered_copy_alone_is_refused(p1):
    (p1 / "p1_t2.nii.gz").rename(p1 / "p1_t2 (1).nii.gz")
    assert codes(only(p1)) == ["numbered-copy"]


def test_header_and_voxels_in_two_files_are_refused(p1):
    (p1 / "p1_t2.nii.gz").rename(p1 / "p1_t2.img")
    (p1 / "p1_t2.hdr").touch()
    assert codes(only(p1)) == ["pair"]


def test_files_of_several_patients_in_one_folder_are_refused(p1):
    (p1 / "p1_t2.nii.gz").rename(p1 / "p2_t2.nii.gz")
    assert codes(only(p1)) == ["several-patients"]


def test_files_of_several_layouts_are_refused_unless_one_is_chosen(p1):
    write_patient(p1, names="{kind}.nii.gz")
    assert codes(only(p1)) == ["several-layouts"]
    (case,) = find_cases(p1, layout="plain")
    assert (case.layout, codes(case)) == ("plain", [])


def test_capitals_are_no_other_patient(p1):
    (p1 / "p1_t1ce.nii.gz").rename(p1 / "P1_T1CE.NII.GZ")
    assert codes(only(p1)) == []


def test_what_macos_leaves_is_no_image(p1):
    for kind in ("t1", "seg"):
        (p1 / f"._p1_{kind}.nii.gz").write_bytes(b"junk")
    case = only(p1)
    assert (codes(case), case.reference) == ([], None)


def test_a_folder_of_an_images_name_stands_for_the_one_image_in_it(p1):
    (p1 / "p1_t2.nii").mkdir()
    (p1 / "p1_t2.nii.gz").rename(p1 / "p1_t2.nii" / "00057_brain_t2.nii.gz")
    case = only(p1)
    assert codes(case) == []
    assert case.relative(case.modalities[Modality.T2]) == "p1_t2.nii/00057_brain_t2.nii.gz"


def remarks(case) -> list[tuple[str, Severity]]:
    return [(finding.code, finding.severity) for finding in case.reference_findings]


def test_the_reference_is_found_by_its_name(p1):
    write_image(p1 / "p1_seg.nii.gz", reference_labels())
    case = only(p1)
    assert case.reference == p1 / "p1_seg.nii.gz"
    assert remarks(case) == []


@pytest.mark.parametrize("name", ["W39_1998.09.19_Segm.nii", "other_seg.nii.gz", "seg.nii.gz"])
def test_the_only_file_that_could_be_the_reference_is_taken_with_a_warning(p1, name):
    write_image(p1 / name, reference_labels())
    case = only(p1)
    assert case.reference == p1 / name
    assert remarks(case) == [("reference-name", Severity.WARNING)]


def test_of_several_odd_names_none_is_taken(p1):
    for name in ("a_Segm.nii", "b_Segm.nii"):
        write_image(p1 / name, reference_labels())
    case = only(p1)
    assert case.reference is None
    assert remarks(case) == [("reference-name", Severity.WARNING)]


def test_two_references_are_an_error_of_the_reference_alone(p1):
    for name in ("p1_seg.nii.gz", "p2_seg.nii.gz"):
        write_image(p1 / name, reference_labels())
    case = only(p1)
    assert codes(case) == []
    assert remarks(case) == [("several-files", Severity.ERROR)]


def test_a_patient_called_segment_has_no_reference_in_every_file(tmp_path):
    folder = write_patient(tmp_path / "segment_01")
    (folder / "segment_01_adc.nii.gz").touch()
    case = only(folder)
    assert (case.reference, case.reference_findings) == (None, ())


def test_a_reference_without_modalities_lacks_all_of_them(tmp_path):
    write_image(tmp_path / "p1" / "p1_seg.nii.gz", reference_labels())
    case = only(tmp_path)
    assert codes(case) == ["modality-missing"]
    assert case.reference is not None


def test_images_numbered_as_nnunet_does_are_told_what_they_lack(tmp_path):
    for number in range(4):
        write_image(tmp_path / "in" / f"x_000{number}.nii.gz", brain(number))
    with pytest.raises(NoPatientFound, match=r"numbered as nnU-Net does it .*imagesTs beside a dataset\.json"):
        find_cases(tmp_path / "in")
