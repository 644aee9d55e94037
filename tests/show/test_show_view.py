"""What a picture shows of arrays and of files."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from patients_for_tests import reference_labels, write_image, write_patient
from views_for_tests import RAS, SHAPE, brain, make_view, regions

from brats3d.cases.find import find_cases
from brats3d.errors import BadInput
from brats3d.grid import Grid
from brats3d.show.view import DARKEST, grey, read_view, view_of
from brats3d.vocabulary import Modality, Region

LEFT_BACK = np.s_[2:5, 3:9, 4:6]


def test_volumes_are_counted_in_millilitres_of_the_voxels_own_size() -> None:
    affine = np.diag([2.0, 1.0, 5.0, 1.0])  # 10 cubic millimetres a voxel
    view = make_view(regions(np.s_[2:5, 3:9, 4:6], np.s_[2:4, 3:5, 4:6]), affine=affine)
    assert view.volumes_ml == pytest.approx({Region.WT: 0.36, Region.TC: 0.08, Region.ET: 0.0})
    assert view.reference_ml is None
    assert view.dice is None


def test_tumour_outside_the_brain_counts_though_it_is_not_shown() -> None:
    view = make_view(regions(np.s_[0:2, 0:1, 0:1]))
    assert view.volumes_ml[Region.WT] == pytest.approx(0.002)
    assert not view.prediction.any()


def test_dice_is_that_of_each_region() -> None:
    view = make_view(regions(np.s_[2:6, 2:4, 2:4], np.s_[2:4, 2:4, 2:4]), regions(np.s_[4:8, 2:4, 2:4]))
    assert view.dice == pytest.approx({Region.WT: 0.5, Region.TC: 0.0, Region.ET: 1.0})
    assert view.reference_ml == pytest.approx({Region.WT: 0.016, Region.TC: 0.0, Region.ET: 0.0})


def test_the_focus_lies_in_the_largest_cross_sections() -> None:
    thin, thick = regions(np.s_[3:4, 5:9, 6:8]), regions(np.s_[4:9, 7:8, 7:12])
    # On axes trimmed by one voxel: the brain begins at voxel 1.
    view = make_view(thin | thick)
    assert view.focus == (2, 6, 6)


def test_inner_regions_draw_the_focus_to_themselves() -> None:
    view = make_view(regions(np.s_[3:9, 5:9, 6:8], np.s_[7:9, 7:8, 7:8], np.s_[8:9, 7:8, 7:8]))
    assert view.focus == (7, 6, 6)


def test_a_reference_draws_the_focus_too() -> None:
    assert make_view(regions(None), regions(np.s_[15:16, 4:5, 9:10])).focus == (14, 3, 8)


def test_without_tumour_the_focus_is_the_middle() -> None:
    assert make_view(regions(None)).focus == (9, 11, 7)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR"])
def test_patients_stored_along_other_axes_look_the_same(axes: str) -> None:
    prediction, spacing = regions(LEFT_BACK), (1.0, 2.0, 3.0)
    affine = np.diag([*spacing, 1.0])
    straight = make_view(prediction, affine=affine)

    def stored(array: np.ndarray) -> nib.Nifti1Image:
        to_axes = nib.orientations.ornt_transform(
            nib.io_orientation(affine), nib.orientations.axcodes2ornt(tuple(axes))
        )
        return nib.Nifti1Image(array.astype(np.float32), affine).as_reoriented(to_axes)

    image, maps = stored(brain()), [stored(each) for each in prediction]
    turned = view_of(
        "somebody",
        {Modality.FLAIR: image.get_fdata(dtype=np.float32)},
        Grid(image.shape, image.affine),
        np.stack([each.get_fdata() > 0 for each in maps]),
    )
    assert turned.spacing_mm == pytest.approx(spacing)
    assert np.array_equal(turned.prediction, straight.prediction)
    assert np.array_equal(turned.greys[Modality.FLAIR], straight.greys[Modality.FLAIR])


def test_greys_leave_the_background_black_and_spread_over_the_brain() -> None:
    volume = np.array([[[0.0, -5.0, 100.0, 40.0]]], np.float32)
    shown = grey(volume)
    assert shown[0, 0, 0] == 0
    assert shown[0, 0, 1] == pytest.approx(DARKEST)
    assert shown[0, 0, 2] == pytest.approx(1)
    assert DARKEST < shown[0, 0, 3] < 1


def test_a_volume_of_one_value_is_shown_without_a_word() -> None:
    assert grey(np.full((2, 2, 2), 7, np.float32)) == pytest.approx(DARKEST)
    assert not grey(np.zeros((2, 2, 2), np.float32)).any()


def test_without_flair_and_t1ce_another_modality_is_shown() -> None:
    view = view_of("a", {Modality.T2: brain(), Modality.T1: brain()}, Grid(SHAPE, RAS), regions(None))
    assert list(view.greys) == [Modality.T2]


def test_arrays_off_the_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(20, 24, 16\) does not lie on a grid of \(9, 9, 9\)"):
        view_of("a", {Modality.T1: brain()}, Grid((9, 9, 9), RAS), regions(None))
    with pytest.raises(ValueError, match="no volume"):
        view_of("a", {}, Grid(SHAPE, RAS), regions(None))


def test_files_are_read_with_the_label_scheme_of_the_mask(tmp_path: Path) -> None:
    folder = write_patient(tmp_path / "data" / "BraTS20_001")
    write_image(folder / "BraTS20_001_seg.nii.gz", reference_labels(4))
    write_image(tmp_path / "BraTS20_001.nii.gz", reference_labels(3))
    (tmp_path / "BraTS20_001.json").write_text('{"label_scheme": "brats2023"}')
    (case,) = find_cases(tmp_path / "data")
    view = read_view(case, tmp_path / "BraTS20_001.nii.gz")
    assert view.dice == {Region.WT: 1, Region.TC: 1, Region.ET: 1}
    assert view.volumes_ml[Region.ET] == pytest.approx(0.044)
    assert list(view.greys) == [Modality.FLAIR, Modality.T1CE]


def test_a_mask_on_another_grid_is_refused(tmp_path: Path) -> None:
    write_patient(tmp_path / "data" / "BraTS20_001")
    write_image(tmp_path / "BraTS20_001.nii.gz", reference_labels()[:-1])
    (case,) = find_cases(tmp_path / "data")
    with pytest.raises(BadInput, match="shape"):
        read_view(case, tmp_path / "BraTS20_001.nii.gz")
