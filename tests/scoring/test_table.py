import csv
import io
import json
import math

import pytest

from brats3d.scoring.protocols import PROTOCOLS
from brats3d.scoring.scores import CaseScores, RegionScores, ScoreStatus
from brats3d.scoring.table import csv_of, document_of, harmless, terminal_table, title_of, write_tables

WHOLE, LESIONS, MERGED, MATCHED = (PROTOCOLS[f"brats{year}"] for year in (2020, 2023, 2024, 2026))


def scored(name: str, protocol=WHOLE, dice=0.9, **more) -> CaseScores:
    region = RegionScores(dice, 3.0, 0.82, 0.9, float("nan"), reference_ml=2.0, prediction_ml=1.5, **more)
    return CaseScores(name, protocol.name, ScoreStatus.SCORED, dict.fromkeys(protocol.regions, region), 13.0)


CASES = [scored("a"), CaseScores("b", "brats2020", ScoreStatus.REFUSED, message="=b: ends early")]
COUNTED = [scored("a", LESIONS, tp=1, fp=0, fn=2, whole_dice=0.8, whole_hd95_mm=4.0)]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_document_names_the_rules_and_holds_null_for_what_does_not_exist():
    document = json.loads(json.dumps(document_of(WHOLE, CASES), allow_nan=False))
    assert document["protocol"] == "brats2020"
    assert (document["hd95_definition"], document["penalty_mm"], document["thresholds"]) == ("google", None, {})
    assert document["counts"] == {"scored": 1, "missing": 0, "refused": 1}
    first, second = document["cases"]
    assert (first["id"], first["status"], first["penalty_mm"]) == ("a", "scored", 13.0)
    assert (first["WT"]["dice"], first["WT"]["specificity"], first["WT"]["volume_error_ml"]) == (0.9, None, -0.5)
    assert set(second["ET"].values()) == {None}
    assert document["mean"]["WT"]["dice"] == document["median"]["WT"]["dice"] == 0.9
    assert document["interval"]["WT"]["dice"] is None


def test_the_document_of_a_lesion_wise_protocol_counts_lesions():
    document = document_of(LESIONS, COUNTED)
    assert (document["penalty_mm"], document["penalty_rule"]) == (374.0, "fixed")
    assert document["thresholds"] == {"dilations": 3, "smallest_lesion_mm3": 50.0}
    shown = {name: document["cases"][0]["TC"][name] for name in ("dice", "hd95", "tp", "fp", "fn", "whole_dice")}
    assert shown == {"dice": 0.9, "hd95": 3.0, "tp": 1, "fp": 0, "fn": 2, "whole_dice": 0.8}


def test_the_document_of_2024_names_every_region_and_the_thresholds_that_differ():
    (case,) = [scored("a", MERGED, tp=1, fp=0, fn=2, nsd=(0.4, 0.6), whole_nsd=(0.5, 0.7))]
    document = document_of(MERGED, [case])
    assert [key for key in document["cases"][0] if key.isupper()] == ["WT", "TC", "NETC", "SNFH", "ET", "RC"]
    assert (document["cases"][0]["RC"]["nsd_0.5"], document["mean"]["NETC"]["whole_nsd_1.0"]) == (0.4, 0.7)
    assert (document["nsd_tolerance"], document["penalty_mm"]) == ("0.5 and 1.0 mm", 337.0)
    assert document["thresholds"] == {
        "dilations": 3,
        "dilations_NETC": 5,
        "dilations_RC": 5,
        "smallest_lesion_mm3": 20.0,
        "smallest_lesion_mm3_ET": 10.0,
        "smallest_prediction_voxels": 20,
        "smallest_prediction_voxels_ET": 10,
    }


def test_undefined_figures_are_null_and_left_out_of_means():
    undefined = scored(
        "b", MATCHED, dice=math.nan, tp=0, fp=0, fn=0, f1=math.nan, nsd=(math.nan,), whole_nsd=(math.nan,)
    )
    defined = scored("a", MATCHED, dice=0.6, tp=1, fp=1, fn=0, f1=2 / 3, nsd=(1.0,), whole_nsd=(0.5,))
    document = json.loads(json.dumps(document_of(MATCHED, [defined, undefined]), allow_nan=False))
    assert [case["RC"]["dice"] for case in document["cases"]] == [0.6, None]
    assert (document["mean"]["RC"]["dice"], document["mean"]["RC"]["f1"]) == (0.6, pytest.approx(2 / 3))
    assert (document["hd95_definition"], document["thresholds"]) == ("medpy", {})
    assert rows_of(csv_of(MATCHED, [undefined]))[0]["f1_SNFH"] == ""


def test_the_csv_has_a_row_a_case_then_a_row_a_statistic():
    rows = rows_of(csv_of(LESIONS, COUNTED))
    assert [row["id"] for row in rows] == ["a", "mean", "std", "quartile_25", "median", "quartile_75"]
    assert rows[0]["penalty_mm"] == "13.0"
    assert (rows[0]["dice_WT"], rows[0]["fn_ET"], rows[0]["specificity_TC"]) == ("0.9", "2", "")
    assert (rows[1]["protocol"], rows[1]["hd95_definition"], rows[1]["penalty_mm"]) == ("brats2023", "google", "374.0")
    assert (rows[1]["dilations"], rows[1]["smallest_lesion_mm3"]) == ("3", "50.0")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\t=1"])
def test_an_id_that_spreadsheets_take_for_a_formula_is_quoted(name):
    first = rows_of(csv_of(WHOLE, [scored(name)]))[0]
    assert first["id"] == f"'{name}"
    assert first["volume_error_ml_WT"] == "-0.5"


def test_messages_are_quoted_too():
    assert rows_of(csv_of(WHOLE, CASES))[1]["message"] == "'=b: ends early"
    assert harmless(["a=1", -1.5, None]) == ["a=1", -1.5, ""]


def test_files_are_written_and_equal_scores_give_equal_bytes(tmp_path):
    cases = [*CASES, *(scored(name, dice=0.1 * place**0.5) for place, name in enumerate("cdefghijk"))]
    first = [path.read_bytes() for path in write_tables(tmp_path, WHOLE, cases)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics_brats2020.csv", "metrics_brats2020.json"]
    assert [path.read_bytes() for path in write_tables(tmp_path, WHOLE, cases)] == first
    assert json.loads(first[1]) == json.loads(json.dumps(document_of(WHOLE, cases)))


def test_a_name_that_is_no_utf8_does_not_stop_the_tables(tmp_path):
    table, document = write_tables(tmp_path, WHOLE, [scored("a\udcff")])
    assert b"a\\udcff" in table.read_bytes()
    assert json.loads(document.read_bytes())["cases"][0]["id"] == "a\udcff"


def test_the_terminal_shows_cases_then_mean_and_median():
    header, rows = terminal_table(LESIONS, COUNTED)
    assert header[:5] == ["case", "status", "WT Dice", "TC Dice", "ET Dice"]
    assert header[-1] == "ET FN"
    assert [row[0] for row in rows] == ["a", "mean", "median"]
    assert rows[0][2:] == ["0.9000"] * 3 + ["3.00"] * 3 + ["1"] * 3 + ["0"] * 3 + ["2"] * 3
    assert terminal_table(WHOLE, CASES)[1][1] == ["b", "refused", *["-"] * 6]


def test_the_terminal_shows_a_row_a_region_where_there_are_six():
    case = scored("a", MATCHED, tp=1, fp=0, fn=2, f1=0.5, nsd=(1.0,), whole_nsd=(0.5,))
    header, rows = terminal_table(MATCHED, [case])
    assert header == ["case", "status", "region", "Dice", "HD95", "F1", "TP", "FP", "FN"]
    assert [row[:3] for row in rows[:7]] == [*(["a", "scored", each] for each in MATCHED.regions), ["mean", "", "WT"]]
    assert rows[5][3:] == ["0.9000", "3.00", "0.5000", "1", "0", "2"]
    assert len(rows) == 18


def test_the_title_names_protocol_definition_penalty_and_thresholds():
    assert title_of(WHOLE) == (
        "protocol brats2020; HD95 as `google`, in mm; penalty the grid's diagonal in voxels; whole regions"
    )
    assert title_of(LESIONS).endswith("penalty 374 mm; lesion-wise, 3 dilations, lesions over 50 mm³")
    assert title_of(MERGED).endswith("lesion-wise, 3 (NETC 5, RC 5) dilations, lesions over 20 (ET 10) mm³")
    assert title_of(MATCHED) == "protocol brats2026; HD95 as `medpy`, in mm; penalty 373 mm; matched parts"
