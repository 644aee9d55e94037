"""The out-of-fold table: classes by enhancing volume, means and errors by hand."""

from brats3d.scoring.scores import CaseScores, RegionScores, ScoreStatus
from brats3d.study.strata import HEADER, class_of, mean_dice, strata_rows
from brats3d.vocabulary import REGIONS, Region


def case(name, dice, et_ml, hd95=(1.0, 2.0, 3.0)):
    """Return scores of a case."""
    regions = {
        region: RegionScores(value, far, 0, 0, 0, et_ml if region is Region.ET else 50.0, 1.0)
        for region, value, far in zip(REGIONS, dice, hd95, strict=True)
    }
    return CaseScores(name, "brats2020", ScoreStatus.SCORED, regions)


CASES = [
    case("a", (0.9, 0.8, 1.0), 0.0),
    case("b", (0.9, 0.6, 0.3), 2.9),
    case("c", (0.9, 0.9, 0.9), 3.0),
    case("d", (0.7, 0.6, 0.5), 30.0),
]


def test_cases_fall_into_classes_by_their_enhancing_tumour():
    assert [class_of(each) for each in CASES] == ["no ET", "ET under 3 ml", *["ET 3 ml or more"] * 2]


def test_rows_are_as_computed_by_hand():
    assert [round(mean_dice(each), 3) for each in CASES] == [0.9, 0.6, 0.9, 0.6]
    rows = strata_rows([*CASES, CaseScores("refused", "brats2020", ScoreStatus.REFUSED)])
    assert rows[0] == ["all", "4", "0.850", "0.725", "0.675", "0.750", "0.750", "0.087", "1.0 / 2.0 / 3.0"]
    assert rows[1][:3] == ["no ET", "1", "0.900"]
    assert rows[1][-2] == "-"
    assert rows[3][1] == "2"
    assert all(len(row) == len(HEADER) for row in rows)


def test_a_class_without_cases_has_no_row():
    assert [row[0] for row in strata_rows(CASES[:1])] == ["all", "no ET"]


def test_visits_of_a_patient_are_no_patients_of_their_own():
    visits = [
        case(f"BraTS-GLI-0000{patient}-10{visit}", (dice,) * 3, 5.0)
        for patient, dice in ((1, 0.9), (2, 0.5))
        for visit in (0, 1)
    ]
    row = strata_rows(visits)[0]
    assert row[1] == "4"
    assert row[-2] == "0.200"
