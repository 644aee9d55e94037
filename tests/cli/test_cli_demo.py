"""`brats3d demo`: what it says, and what it refuses."""

from pathlib import Path

import pytest

from brats3d.cli.demo import places_of, tables_of
from brats3d.cli.main import build_parser, main
from brats3d.demo.result import DemoResult, Part
from brats3d.scoring.scores import CaseScores, RegionScores, ScoreStatus
from brats3d.vocabulary import REGIONS


def result() -> DemoResult:
    """Return what a demo of one patient could have come to."""
    figures = {
        region: RegionScores(dice, 1.0, 0.5, 0.5, 1.0, 1.0, 1.0)
        for region, dice in zip(REGIONS, (0.9, 0.8, 0.7), strict=True)
    }
    case = CaseScores("phantom_001", "brats2020", ScoreStatus.SCORED, figures)
    part = Part("tiny 0.1.0, held out", (case,), Path("d/network-masks"), Path("d/network-masks-scores"))
    return DemoResult((part,), Path("d/network"), (Path("d/pictures/patients.png"),), 61.6)


def test_the_table_has_a_row_for_each_patient_under_the_bundles_name() -> None:
    assert tables_of(result()).splitlines() == [
        "",
        "tiny 0.1.0, held out",
        "patient      Dice WT  Dice TC  Dice ET",
        "phantom_001    0.900    0.800    0.700",
        "mean           0.900    0.800    0.700",
    ]


def test_it_says_where_everything_lies() -> None:
    words = places_of(result())
    assert "62 s in all" in words
    for place in ("network-masks", "network-masks-scores", "network", "network/curve.png", "pictures/patients.png"):
        assert str(Path("d") / place) in words


def test_everything_goes_into_one_folder_by_default() -> None:
    assert build_parser("demo").parse_args(["demo"]).out == Path("brats3d-demo")


def test_somebody_elses_folder_is_refused_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["demo", "-o", str(tmp_path)]) == 2
    assert "no demo made; name a new or empty folder" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_place_of_the_folder_is_refused_with_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert main(["demo", "-o", str(tmp_path / "file")]) == 2


def test_it_says_plainly_what_the_figures_are_worth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("brats3d.demo.run.run_demo", lambda *asked, **options: result())
    assert main(["demo", "-o", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "say nothing about real tumours" in out
    assert "not for diagnosis" in out
