"""Outlines lie on the border of the region, to half a pixel."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from views_for_tests import make_view, regions

from brats3d.show.panel import columns_of, draw_panel, outline
from brats3d.show.planes import AXIAL, slice_of
from brats3d.vocabulary import Region


def vertices_of(region_map: np.ndarray) -> np.ndarray:
    """Return the outline's points (N, 2) as column and row."""
    axes = Figure().add_subplot()
    outline(axes, region_map, Region.WT)
    paths = [path for each in axes.collections for path in each.get_paths()]
    return np.concatenate([path.vertices for path in paths]) if paths else np.empty((0, 2))


@pytest.mark.parametrize("touches_edge", [False, True])
def test_every_point_of_an_outline_lies_between_a_pixel_within_and_one_beside(touches_edge: bool) -> None:
    region_map = np.random.default_rng(1).random((9, 11)) > 0.6
    if not touches_edge:
        region_map[[0, -1]] = region_map[:, [0, -1]] = False
    framed = np.pad(region_map, 1)
    points = vertices_of(region_map)
    assert len(points) > 20
    for column, row in points + 1:
        low = framed[int(np.floor(row)), int(np.floor(column))]
        high = framed[int(np.ceil(row)), int(np.ceil(column))]
        assert low != high


def test_one_pixel_has_an_outline_around_it() -> None:
    region_map = np.zeros((5, 5), bool)
    region_map[3, 1] = True
    points = vertices_of(region_map)
    assert points.mean(axis=0) == pytest.approx([1, 3], abs=0.2)
    assert np.abs(points - [1, 3]).max() == pytest.approx(0.5)


def test_an_empty_region_has_none() -> None:
    assert not len(vertices_of(np.zeros((4, 4), bool)))


def test_prediction_stands_beside_the_reference_or_else_beside_the_bare_slice() -> None:
    with_reference = slice_of(make_view(regions(None), regions(None)), AXIAL)
    assert [column.heading for column in columns_of(with_reference)] == [
        "FLAIR  ·  prediction",
        "FLAIR  ·  reference",
        "T1ce  ·  prediction",
        "T1ce  ·  reference",
    ]
    alone = slice_of(make_view(regions(None)), AXIAL)
    assert [column.heading for column in columns_of(alone)][:2] == ["FLAIR", "FLAIR  ·  prediction"]


def test_each_column_has_its_own_outlines() -> None:
    cut = slice_of(make_view(regions(np.s_[2:9, 2:9, 4:6], np.s_[3:5, 3:5, 4:6]), regions(np.s_[2:9, 2:9, 4:6])), AXIAL)
    drawn = []
    for column in columns_of(cut)[:2]:
        axes = Figure().add_subplot()
        draw_panel(axes, cut, column)
        drawn.append(len(axes.collections))
    assert drawn == [2, 1]
