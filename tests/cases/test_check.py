import numpy as np
import pytest
from patients_for_tests import BRATS_AFFINE, SHAPE, brain, reference_labels, write_image, write_patient

from brats3d.cases.check import check_case
from brats3d.cases.find import find_cases
from brats3d.cases.read import read_volumes
from brats3d.errors import BadInput
from brats3d.vocabulary import CaseStatus


@pytest.fixture
def p1(tmp_path):
    folder = write_patient(tmp_path / "p1")
    write_image(folder / "p1_seg.nii.gz", reference_labels())
    return folder


def checked(folder, **how):
    (case,) = find_cases(folder)
    return check_case(case, **how)


def codes(folder, **how) -> list[str]:
    return [finding.code for finding in checked(folder, **how).case.findings]


@pytest.mark.parametrize("quick", [False, True])
def test_a_sound_case_is_ok(p1, quick):
    found = checked(p1, quick=quick)
    assert found.case.status is CaseStatus.OK
    assert (found.shape, found.spacing_mm) == (SHAPE, (1, 1, 1))


def test_all_faults_of_all_files_are_said_in_channel_order(p1):
    (p1 / "p1_flair.nii.gz").write_bytes(b"")
    (p1 / "p1_t1.nii.gz").write_bytes(b"words")
    write_image(p1 / "p1_seg.nii.gz", reference_labels() * 7)
    assert codes(p1) == ["not-nifti", "empty-file", "label-values"]
    assert checked(p1).shape == SHAPE


def test_headers_alone_show_another_grid_but_no_damage(p1):
    write_image(p1 / "p1_t2.nii.gz", brain(2)[1:])
    whole = (p1 / "p1_t1.nii.gz").read_bytes()
    (p1 / "p1_t1.nii.gz").write_bytes(whole[:-9])
    assert codes(p1, quick=True) == ["grid"]
    assert codes(p1) == ["truncated", "grid"]


def test_headers_alone_show_a_reference_on_another_grid(p1):
    write_image(p1 / "p1_seg.nii.gz", reference_labels()[1:])
    assert codes(p1, quick=True) == ["grid"]


def test_a_reference_is_judged_though_no_modality_can_be_read(p1):
    for path in p1.glob("p1_[tf]*"):
        path.unlink()
    (p1 / "p1_seg.nii.gz").write_bytes(b"")
    assert codes(p1) == ["modality-missing", "empty-file"]
    assert codes(p1, quick=True) == ["modality-missing", "empty-file"]
    assert checked(p1).shape is None


def test_a_reference_outside_the_brain_is_remarked_on(p1):
    labels = np.zeros(SHAPE, np.uint8)
    labels[0, 0, 0] = 2
    write_image(p1 / "p1_seg.nii.gz", labels)
    assert codes(p1) == ["reference-outside"]


def test_a_whole_head_is_a_warning(p1):
    for seed, kind in enumerate(("t1", "t1ce", "t2", "flair")):
        write_image(p1 / f"p1_{kind}.nii.gz", brain(seed) + 1, BRATS_AFFINE)
    assert codes(p1) == ["not-skull-stripped"]


@pytest.mark.parametrize("content", [b"", b"words", None])
def test_segmenting_and_checking_agree(p1, content):
    if content is not None:
        (p1 / "p1_t2.nii.gz").write_bytes(content)
    (case,) = find_cases(p1)
    errors = [finding for finding in check_case(case).case.findings if finding.severity == "error"]
    if not errors:
        assert read_volumes(case).data.shape == (4, *SHAPE)
        return
    with pytest.raises(BadInput) as caught:
        read_volumes(case)
    assert caught.value.finding == errors[0]


def test_a_fault_found_with_the_names_is_said_once(p1):
    (p1 / "p1_t2.nii.gz").rename(p1 / "p1_t2.img")
    (p1 / "p1_t2.hdr").touch()
    write_image(p1 / "p2_seg.nii.gz", reference_labels())
    assert codes(p1) == ["pair", "several-files"]
