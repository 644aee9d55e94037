"""The pictures: what they say, and where on them the tumour is."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from views_for_tests import make_view, regions

from brats3d.show.page import WIDTH_PX, shortened
from brats3d.show.planes import Orientation
from brats3d.show.slices import case_page, case_picture, gallery, gallery_page
from brats3d.vocabulary import REGION_COLOURS, Region

LEFT = np.s_[2:6, 8:14, 5:10]
RIGHT = np.s_[14:18, 8:14, 5:10]


def texts_of(page: object) -> list[str]:
    """Return all words on a page."""
    return [text.get_text() for text in page.texts]


def pixels_of(picture: bytes, region: Region) -> np.ndarray:
    """Return where a picture has a region's colour below its head: (N, 2), row and column."""
    page = imread(io.BytesIO(picture))[..., :3]
    near = np.abs(page - np.array(to_rgb(REGION_COLOURS[region]))).max(axis=-1) < 0.08
    near[:96] = False
    return np.argwhere(near)


@pytest.mark.parametrize("orientation", list(Orientation))
@pytest.mark.parametrize(("place", "mark"), [(LEFT, "L"), (RIGHT, "R")])
def test_a_tumour_is_drawn_on_the_side_that_bears_its_mark(
    place: tuple[slice, ...], mark: str, orientation: Orientation
) -> None:
    view = make_view(regions(place))
    page = case_page(view, orientation)
    top = next(text for text in page.texts if text.get_text() == "R").get_position()[1]
    marks = {text.get_text(): text.get_position()[0] for text in page.texts if text.get_position()[1] == top}
    # The last column of the first row: T1ce with the prediction; the marks of the last panel are left in the mapping.
    height = imread(io.BytesIO(case_picture(view, orientation))).shape[0]
    pixels = pixels_of(case_picture(view, orientation), Region.WT) / (height, WIDTH_PX)
    assert (marks["L"] < marks["R"]) == (orientation is Orientation.NEUROLOGICAL)
    low, high = sorted((marks["L"], marks["R"]))
    axial = pixels[(pixels[:, 0] < 0.4) & (pixels[:, 1] > low) & (pixels[:, 1] < high)]
    assert len(axial) > 50
    other = "L" if mark == "R" else "R"
    assert (np.abs(axial[:, 1] - marks[mark]) < np.abs(axial[:, 1] - marks[other])).all()
    assert orientation.value in " ".join(texts_of(page)).lower()


def test_a_picture_is_1280_pixels_wide_and_the_same_each_time() -> None:
    view = make_view(regions(LEFT), regions(LEFT))
    first = case_picture(view)
    assert imread(io.BytesIO(first)).shape[1] == 1280
    assert case_picture(view) == first


def test_the_title_gives_dice_and_the_legend_volumes() -> None:
    prediction = regions(np.s_[2:12, 2:12, 2:12], np.s_[2:7, 2:12, 2:12])
    words = texts_of(case_page(make_view(prediction, regions(np.s_[2:12, 2:12, 2:7]))))
    assert words[0] == "somebody   Dice WT 0.67  TC 0.00  ET 1.00"
    assert words[words.index("WT  whole tumour") + 1 :][:2] == ["1.0 ml", "reference 0.5 ml"]
    assert words[words.index("TC  tumour core") + 1 :][:2] == ["0.5 ml", "reference 0.0 ml"]


def test_without_a_reference_there_is_no_dice() -> None:
    words = texts_of(case_page(make_view(regions(LEFT)), note="Made-up patient"))
    assert words[0] == "somebody"
    assert not any("Dice" in word or "reference" in word for word in words)
    assert "Made-up patient" in words[1]
    assert "not for diagnosis" in words[-1]


def test_an_empty_prediction_is_a_picture_too() -> None:
    assert not len(pixels_of(case_picture(make_view(regions(None))), Region.WT))


def test_the_three_regions_have_three_colours() -> None:
    picture = case_picture(make_view(regions(np.s_[2:18, 2:18, 4:6], np.s_[5:15, 5:15, 4:6], np.s_[8:12, 8:12, 4:6])))
    assert all(len(pixels_of(picture, region)) > 50 for region in Region)


def test_a_gallery_has_a_row_for_each_case() -> None:
    views = [make_view(regions(LEFT), regions(LEFT), case_id=name) for name in ("one", "two", "three")]
    words = texts_of(gallery_page(views, "Everybody"))
    assert words[0] == "Everybody"
    assert [word for word in words if word in ("one", "two", "three")] == ["one", "two", "three"]
    assert words.count("Dice WT 1.00  TC 1.00  ET 1.00   ·   WT 0.1 ml  TC 0.0 ml  ET 0.0 ml") == 3
    heights = [imread(io.BytesIO(gallery(views[:count], "Everybody"))).shape[0] for count in (1, 2, 3)]
    assert heights[2] - heights[1] == pytest.approx(heights[1] - heights[0], abs=1)


def test_a_gallery_shows_the_same_of_every_case() -> None:
    with pytest.raises(ValueError, match="b and a do not show the same"):
        gallery([make_view(regions(None), case_id="a"), make_view(regions(None), regions(None), case_id="b")], "x")
    with pytest.raises(ValueError, match="needs a case"):
        gallery([], "x")


@pytest.mark.parametrize("name", [r"$\frac$", "a\nb", "\udc80", "患者", "x" * 243, ""])
def test_any_name_can_stand_in_a_title(name: str) -> None:
    assert case_picture(make_view(regions(LEFT), case_id=name))[:4] == b"\x89PNG"


@pytest.mark.parametrize("orientation", list(Orientation))
def test_title_and_words_below_end_before_the_legend_begins(orientation: Orientation) -> None:
    page = case_page(make_view(regions(LEFT), regions(LEFT), case_id="x" * 243), orientation, "Made-up patient")
    title, below = page.texts[:2]
    legend = next(text for text in page.texts if text.get_text().startswith("WT  "))
    assert title.get_text().endswith("Dice WT 1.00  TC 1.00  ET 1.00")
    assert max(title.get_window_extent().x1, below.get_window_extent().x1) < legend.get_window_extent().x0 - 36


def test_long_names_are_cut_in_their_middle() -> None:
    assert shortened("a" * 100 + "b" * 100) == f"{'a' * 39} … {'b' * 39}"
    assert shortened("line\nbreak") == "line?break"
