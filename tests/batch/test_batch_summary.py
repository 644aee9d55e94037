"""What a run came to."""

import csv
import json
import os

from brats3d.batch.summary import Outcome, OutcomeStatus, Summary
from brats3d.errors import Finding
from brats3d.vocabulary import Region, Severity

WARNING = Finding("a", Severity.WARNING, "a.nii: odd; look at it")
ERROR = Finding("b", Severity.ERROR, "b.nii: bad; mend it")
SUMMARY = Summary(
    (
        Outcome("=1+1", OutcomeStatus.DONE, 1.5, (WARNING,), "", dict.fromkeys(Region, 2.25)),
        Outcome("-b,\n\u00e9", OutcomeStatus.SKIPPED, reason="already whole", findings=(WARNING,)),
        Outcome(os.fsdecode(b"c\xff"), OutcomeStatus.REFUSED, None, (WARNING, ERROR)),
    )
)


def test_the_document_is_that_of_the_contract(tmp_path):
    SUMMARY.save(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text("ascii")) == {
        "done": 1,
        "skipped": 1,
        "refused": 1,
        "failed": 0,
        "cases": [
            {"id": "=1+1", "status": "done", "seconds": 1.5, "message": "=1+1: a.nii: odd; look at it"},
            {"id": "-b,\n\u00e9", "status": "skipped", "seconds": None, "message": "already whole"},
            {"id": "c\udcff", "status": "refused", "seconds": None, "message": "c\udcff: b.nii: bad; mend it"},
        ],
    }


def test_the_table_holds_no_formula_and_every_name(tmp_path):
    SUMMARY.save(tmp_path)
    with (tmp_path / "summary.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", "status", "seconds", "WT_ml", "TC_ml", "ET_ml", "message"]
    assert rows[0] == ["'=1+1", "done", "1.5", "2.25", "2.25", "2.25", "'=1+1: a.nii: odd; look at it"]
    assert [row[0] for row in rows[1:]] == ["'-b,\n\u00e9", "c\\udcff"]
    assert sorted(os.listdir(tmp_path)) == ["summary.csv", "summary.json"]


def test_a_patient_without_a_mask_makes_the_exit_code_4():
    assert SUMMARY.exit_code == 4
    assert Summary(SUMMARY.cases[:2]).exit_code == 0
    failed = Outcome("x", OutcomeStatus.FAILED, 1.0, (ERROR,))
    assert Summary((failed,)).exit_code == 4
