import numpy as np
import pytest

from brats3d.scoring.aggregates import figure, intervals, mean_where_present, statistic
from brats3d.scoring.protocols import PROTOCOLS
from brats3d.scoring.scores import CaseScores, RegionScores, ScoreStatus
from brats3d.vocabulary import REGIONS

PROTOCOL = PROTOCOLS["brats2020"]


def scored(name: str, dice: float, reference_ml: float = 1.0, specificity: float = 1.0) -> CaseScores:
    region = RegionScores(dice, 2.0, 0.5, 0.5, specificity, reference_ml, prediction_ml=1.0)
    return CaseScores(name, PROTOCOL.name, ScoreStatus.SCORED, dict.fromkeys(REGIONS, region))


REFUSED = CaseScores("z", PROTOCOL.name, ScoreStatus.REFUSED)
CASES = [scored("a", 0.2), scored("b", 0.4), scored("c", 0.9), scored("d", 1.0, reference_ml=0.0), REFUSED]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mean", 0.625), ("median", 0.65), ("quartile_25", 0.35), ("quartile_75", 0.925), ("std", 0.386221)],
)
def test_statistics_by_hand(name, expected):
    assert statistic(CASES, PROTOCOL, name)["TC"]["dice"] == pytest.approx(expected, abs=1e-6)


def test_a_second_mean_leaves_out_cases_without_the_region():
    assert mean_where_present(CASES, PROTOCOL)["ET"]["dice"] == pytest.approx(0.5)


def test_figures_that_do_not_exist_are_left_out_of_the_mean():
    assert statistic(CASES, PROTOCOL, "mean")["WT"]["volume_error_percent"] == 0.0
    assert figure(scored("a", 0.5, specificity=float("nan")).regions[REGIONS[0]], "specificity") is None


def test_nothing_scored_gives_nothing():
    assert statistic([REFUSED], PROTOCOL, "mean")["WT"]["dice"] is None
    assert statistic([scored("a", 0.2)], PROTOCOL, "std")["WT"]["dice"] is None
    assert intervals([], PROTOCOL, np.random.default_rng(0))["WT"]["dice"] is None
    assert intervals([scored("a", 0.2), REFUSED], PROTOCOL, np.random.default_rng(0))["WT"]["dice"] is None


def test_the_interval_of_a_mean_is_about_two_standard_errors_wide():
    values = np.random.default_rng(1).uniform(0, 1, 200)
    cases = [scored(str(index), float(value)) for index, value in enumerate(values)]
    low, high = intervals(cases, PROTOCOL, np.random.default_rng(0))["WT"]["dice"]
    error = values.std() / np.sqrt(200)
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=error / 4)


def test_visits_of_a_patient_are_drawn_together():
    visits = [scored(f"BraTS-GLI-0000{patient}-10{visit}", patient / 9) for patient in range(9) for visit in range(9)]
    single = [scored(f"BraTS-GLI-0000{patient}-100", patient / 9) for patient in range(9)]
    many, few = (intervals(cases, PROTOCOL, np.random.default_rng(0))["WT"]["dice"] for cases in (visits, single))
    assert many == pytest.approx(few)
