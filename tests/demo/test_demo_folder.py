"""Whose a demo's folder is, and which of its parts are made anew."""

import json
from pathlib import Path

import pytest

from brats3d.demo.folder import MARKER, DemoFolder
from brats3d.errors import RequestError

PLAN = {"seed": 1}


class Maker:
    """Makes parts, and counts."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, place: Path) -> None:
        """Make a part of one file; the folder must not be there."""
        place.mkdir()
        (place / "file").write_text("whole")
        self.made += 1


def interrupted(place: Path) -> None:
    """Leave a part half-made."""
    place.mkdir()
    (place / "half").write_text("half")
    raise KeyboardInterrupt


def test_a_finished_part_is_taken_as_it_is(tmp_path: Path) -> None:
    make = Maker()
    assert DemoFolder.open(tmp_path / "a" / "demo", PLAN).part("x", make)
    assert not DemoFolder.open(tmp_path / "a" / "demo", PLAN).part("x", make)
    assert make.made == 1


def test_a_part_left_unfinished_is_made_anew(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        DemoFolder.open(tmp_path, PLAN).part("x", interrupted)
    assert DemoFolder.open(tmp_path, PLAN).part("x", Maker())
    assert [each.name for each in (tmp_path / "x").iterdir()] == ["file"]


def test_after_another_plan_every_part_is_made_anew(tmp_path: Path) -> None:
    make = Maker()
    DemoFolder.open(tmp_path, PLAN).part("x", make)
    assert DemoFolder.open(tmp_path, {"seed": 2}).part("x", make)
    assert not DemoFolder.open(tmp_path, {"seed": 2}).part("x", make)


def test_a_part_that_is_no_longer_whole_is_made_anew(tmp_path: Path) -> None:
    make = Maker()
    folder = DemoFolder.open(tmp_path, PLAN)
    folder.part("x", make)
    (tmp_path / "x" / "file").unlink()
    assert folder.part("x", make, lambda place: (place / "file").is_file())
    assert json.loads((tmp_path / MARKER).read_text())["finished"] == ["x"]


def test_a_part_being_made_anew_does_not_count_as_finished(tmp_path: Path) -> None:
    folder = DemoFolder.open(tmp_path, PLAN)
    folder.part("x", Maker())
    with pytest.raises(KeyboardInterrupt):
        folder.part("x", interrupted, lambda place: False)
    assert json.loads((tmp_path / MARKER).read_text())["finished"] == []


@pytest.mark.parametrize(
    "marker", [None, "", "{}", "[]", '{"brats3d_demo": 9, "finished": [], "plan": {}}', "[" * 9999]
)
def test_a_folder_of_somebody_elses_files_is_refused_and_left_alone(tmp_path: Path, marker: str | None) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "precious").write_text("mine")
    if marker is not None:
        (tmp_path / MARKER).write_text(marker)
    with pytest.raises(RequestError, match="holds files that no demo made"):
        DemoFolder.open(tmp_path, PLAN)
    assert (tmp_path / "x" / "precious").read_text() == "mine"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(RequestError, match="is a file"):
        DemoFolder.open(tmp_path / "demo", PLAN)


def test_a_link_goes_and_what_it_points_to_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("mine")
    folder = DemoFolder.open(tmp_path / "demo", PLAN)
    (tmp_path / "demo" / "x").symlink_to(elsewhere)
    folder.part("x", Maker())
    assert (elsewhere / "precious").read_text() == "mine"
    assert not (tmp_path / "demo" / "x").is_symlink()


def test_a_room_for_files_of_each_run_keeps_what_is_in_it(tmp_path: Path) -> None:
    folder = DemoFolder.open(tmp_path, PLAN)
    (folder.room("pictures") / "a.png").write_text("a")
    assert (folder.room("pictures") / "a.png").is_file()
