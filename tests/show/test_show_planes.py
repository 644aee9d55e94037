"""Slices as they are looked at."""

import numpy as np
import pytest
from views_for_tests import make_view, regions

from brats3d.show.planes import AXIAL, CORONAL, SAGITTAL, Orientation, filled_box, slice_of

# On RAS axes low X is the patient's left.
LEFT_FRONT_TOP = np.s_[2:4, 18:21, 10:14]
STORED_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
RIGHT_BACK_TOP_IN_LPS = np.s_[2:4, 18:21, 10:14]


def middle_of(region_map: np.ndarray) -> tuple[float, float]:
    """Return row and column of a region's middle, as shares of the slice from 0 to 1."""
    places = np.argwhere(region_map).mean(axis=0) / (np.array(region_map.shape) - 1)
    return float(places[0]), float(places[1])


@pytest.mark.parametrize("orientation", list(Orientation))
@pytest.mark.parametrize("plane", [AXIAL, CORONAL], ids=lambda p: p.name)
def test_what_is_on_the_patients_left_is_on_the_side_marked_l(plane: object, orientation: Orientation) -> None:
    cut = slice_of(make_view(regions(LEFT_FRONT_TOP)), plane, orientation)
    _, across = middle_of(cut.prediction[0])
    assert cut.marks[1 if across > 0.5 else 0] == "L"


def test_radiological_slices_have_the_patients_left_on_the_right() -> None:
    view = make_view(regions(LEFT_FRONT_TOP))
    assert slice_of(view, AXIAL, Orientation.RADIOLOGICAL).marks == ("R", "L")
    assert slice_of(view, AXIAL, Orientation.NEUROLOGICAL).marks == ("L", "R")


def test_axes_are_told_from_the_affine_and_not_from_the_array() -> None:
    cut = slice_of(make_view(regions(RIGHT_BACK_TOP_IN_LPS), affine=STORED_LPS), AXIAL)
    down, across = middle_of(cut.prediction[0])
    assert cut.marks[0] == "R"
    assert across < 0.3
    assert down > 0.7


def test_the_face_is_above_in_axial_slices_and_the_top_of_the_head_in_the_others() -> None:
    view = make_view(regions(LEFT_FRONT_TOP))
    assert middle_of(slice_of(view, AXIAL).prediction[0])[0] < 0.3
    assert middle_of(slice_of(view, CORONAL).prediction[0])[0] < 0.4
    down, across = middle_of(slice_of(view, SAGITTAL).prediction[0])
    assert down < 0.4
    assert across < 0.3
    assert slice_of(view, SAGITTAL, Orientation.NEUROLOGICAL).marks == ("A", "P")


def test_pixels_have_the_spacing_of_the_axes_they_lie_on() -> None:
    view = make_view(regions(LEFT_FRONT_TOP), affine=np.diag([1.0, 2.0, 3.0, 1.0]))
    assert slice_of(view, AXIAL).pixel_mm == (2.0, 1.0)
    assert slice_of(view, CORONAL).pixel_mm == (3.0, 1.0)
    assert slice_of(view, SAGITTAL).pixel_mm == (3.0, 2.0)
    assert slice_of(view, AXIAL).size_mm == (22 * 2.0, 18 * 1.0)


def test_a_slice_is_trimmed_to_what_is_in_it() -> None:
    filled = np.zeros((6, 7), bool)
    assert filled_box(filled) == (slice(None), slice(None))
    filled[2, 3] = True
    assert filled_box(filled) == (slice(2, 3), slice(3, 4))
    filled[4, 1] = True
    assert filled_box(filled) == (slice(2, 5), slice(1, 4))
