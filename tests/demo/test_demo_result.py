"""What a demo came to, as rows and as an exit code."""

from pathlib import Path

import pytest

from brats3d.demo.result import DemoResult, Part
from brats3d.scoring.scores import CaseScores, RegionScores, ScoreStatus
from brats3d.vocabulary import REGIONS, Region


def scores(case_id: str, dice: float, status: ScoreStatus = ScoreStatus.SCORED) -> CaseScores:
    """Return one case with the same Dice in every region."""
    figures = RegionScores(dice, 1.0, dice, dice, 1.0, 1.0, 1.0)
    return CaseScores(case_id, "brats2020", status, dict.fromkeys(REGIONS, figures))


def result_of(*cases: CaseScores) -> DemoResult:
    """Return a result of one part."""
    return DemoResult((Part("tiny", cases, Path("masks"), Path("tables")),), Path("network"), (), 1.0)


def test_rows_give_each_patient_and_the_mean() -> None:
    (part,) = result_of(scores("a", 0.5), scores("b", 1.0)).parts
    assert part.mean_dice[Region.TC] == pytest.approx(0.75)
    assert part.rows() == [
        ("a", "0.500", "0.500", "0.500"),
        ("b", "1.000", "1.000", "1.000"),
        ("mean", "0.750", "0.750", "0.750"),
    ]


def test_a_patient_without_figures_has_dashes_and_counts_for_none() -> None:
    (part,) = result_of(scores("a", 0.5), CaseScores("b", "brats2020", ScoreStatus.REFUSED)).parts
    assert part.rows()[1:] == [("b", "-", "-", "-"), ("mean", "0.500", "0.500", "0.500")]


def test_the_exit_code_is_4_where_a_patient_has_no_sound_mask() -> None:
    assert result_of(scores("a", 0.5)).exit_code == 0
    assert result_of(scores("a", 0.5), scores("b", 0.0, ScoreStatus.MISSING)).exit_code == 4


def test_the_learning_curve_lies_in_the_bundle() -> None:
    assert result_of(scores("a", 0.5)).curve == Path("network/curve.png")
