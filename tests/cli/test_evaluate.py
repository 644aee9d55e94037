import json
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from brats3d.cli.main import main

FIGURES = {"dice", "iou", "hd95", "sensitivity", "specificity"}
ASSUMED = (
    "predictions without a record beside them (1): labels are read as the protocol has them; "
    "--prediction-scheme NAME says otherwise\n"
)


def write_mask(path, labels):
    path.parent.mkdir(parents=True, exist_ok=True)
    label_map = np.zeros((10, 11, 12), np.uint8)
    for label, edge in labels.items():
        label_map[2 : 2 + edge, 2 : 2 + edge, 2 : 2 + edge] = label
    nibabel.save(nibabel.Nifti1Image(label_map, np.diag([-1.0, -1.0, 1.0, 1.0])), path)


@pytest.fixture
def folders(tmp_path):
    """Predictions and references with one pair `a`, in labels that both protocols know."""
    write_mask(tmp_path / "predictions" / "a.nii.gz", {2: 6, 1: 4})
    write_mask(tmp_path / "references" / "a.nii.gz", {2: 6, 1: 5})
    return [str(tmp_path / "predictions"), str(tmp_path / "references")]


def test_json_is_one_document_as_the_contract_says(folders, capsys):
    assert main(["evaluate", *folders, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (case,) = document["cases"]
    assert (document["protocol"], case["id"], case["status"]) == ("brats2020", "a", "scored")
    assert all(case[region].keys() >= FIGURES for region in ("WT", "TC", "ET"))
    assert case["TC"]["dice"] == document["mean"]["TC"]["dice"] == document["median"]["TC"]["dice"]
    assert case["TC"]["dice"] == pytest.approx(2 * 64 / (64 + 125))
    assert (document["hd95_definition"], document["penalty_mm"]) == ("google", None)


def test_several_protocols_stand_in_a_list(folders, capsys):
    assert main(["evaluate", *folders, "--json", "--protocol", "brats2020", "--protocol", "brats2023"]) == 0
    first, second = json.loads(capsys.readouterr().out)["protocols"]
    assert (first["protocol"], second["protocol"]) == ("brats2020", "brats2023")
    assert {name: second["cases"][0]["WT"][name] for name in ("dice", "hd95", "tp", "fp", "fn")} == {
        "dice": 1.0,
        "hd95": 0.0,
        "tp": 1,
        "fp": 0,
        "fn": 0,
    }


def test_a_missing_prediction_makes_it_4_and_is_said(folders, tmp_path, capsys):
    write_mask(tmp_path / "references" / "b.nii.gz", {2: 6})
    write_mask(tmp_path / "predictions" / "z.nii.gz", {2: 6})
    assert main(["evaluate", *folders, "--json"]) == 4
    printed = capsys.readouterr()
    assert [case["status"] for case in json.loads(printed.out)["cases"]] == ["scored", "missing"]
    assert "b: no prediction" in printed.err
    assert "z: this prediction has no reference" in printed.err


def test_a_refused_reference_makes_it_4_and_has_no_figures(folders, tmp_path, capsys):
    write_mask(tmp_path / "references" / "a.nii.gz", {9: 3})
    assert main(["evaluate", *folders, "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert (document["cases"][0]["status"], document["cases"][0]["WT"]["dice"]) == ("refused", None)
    assert document["mean"]["WT"]["dice"] is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--protocol", "brats2025"], "unknown protocol 'brats2025'"),
        (["--label-scheme", "brats"], "unknown label scheme 'brats'"),
        (["--prediction-scheme", "brats"], "unknown label scheme 'brats'"),
    ],
)
def test_unknown_values_exit_with_2(folders, capsys, more, words):
    assert main(["evaluate", *folders, *more]) == 2
    assert words in capsys.readouterr().err


def test_folders_that_are_not_there_exit_with_2(folders, tmp_path, capsys):
    assert main(["evaluate", str(tmp_path / "nowhere"), folders[1]]) == 2
    (tmp_path / "empty").mkdir()
    assert main(["evaluate", folders[0], str(tmp_path / "empty")]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("protocol", ["brats2024", "brats2026"])
def test_six_regions_are_in_the_document_and_undefined_figures_are_null(folders, capsys, protocol):
    assert main(["evaluate", *folders, "--json", "--protocol", protocol]) == 0
    document = json.loads(capsys.readouterr().out)
    (case,) = document["cases"]
    for region in ("WT", "TC", "NETC", "SNFH", "ET", "RC"):
        assert case[region].keys() >= {"dice", "hd95", "tp", "fp", "fn"}
        assert document["mean"][region].keys() == document["median"][region].keys() == case[region].keys()
    assert case["TC"]["tp"] == 1
    assert case["RC"]["dice"] == document["mean"]["RC"]["dice"] == (1.0 if protocol == "brats2024" else None)


def test_every_protocol_at_once_needs_nothing_more_installed(folders, tmp_path, capsys):
    names = ["brats2020", "brats2023", "brats2024", "brats2026"]
    protocols = [word for name in names for word in ("--protocol", name)]
    assert main(["evaluate", *folders, "--json", *protocols, "-o", str(tmp_path / "out")]) == 0
    assert [each["protocol"] for each in json.loads(capsys.readouterr().out)["protocols"]] == names
    assert len(list((tmp_path / "out").iterdir())) == 8


def test_a_row_a_region_is_shown_where_there_are_six(folders, capsys):
    assert main(["evaluate", *folders, "-q", "--protocol", "brats2026"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["case", "status", "region", "Dice", "HD95", "F1", "TP", "FP", "FN"]
    assert [line.split()[:3] for line in lines[2:4]] == [["a", "scored", "WT"], ["a", "scored", "TC"]]
    assert lines[7].split() == ["a", "scored", "RC", "-", "-", "-", "0", "0", "0"]


@pytest.fixture
def submission(tmp_path):
    """A folder with one mask that the portals take, and a record of ours beside it."""
    write_mask(tmp_path / "masks" / "BraTS-GLI-00005-100.nii.gz", {2: 6, 1: 4})
    (tmp_path / "masks" / "BraTS-GLI-00005-100.json").write_text('{"versions": {"brats3d": "0.1.0"}}')
    return tmp_path / "masks"


def test_a_sound_submission_is_0_and_says_what_not_to_pack(submission, capsys):
    assert main(["evaluate", str(submission), "--check-submission", "2024", "-q"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "1 of 1 masks are sound by the rules of 2024\n"
    assert "beside the masks stand records of brats3d (1); pack the .nii.gz alone" in printed.err


def test_a_bad_submission_is_4_and_names_each_file(submission, capsys):
    write_mask(submission / "patient.nii.gz", {2: 6})
    assert main(["evaluate", str(submission), "--check-submission", "2024"]) == 4
    printed = capsys.readouterr()
    assert "patient.nii.gz  its name does not end with a case number" in printed.out
    assert "1 of 2 masks are sound by the rules of 2024" in printed.out
    assert "2/2 patient.nii.gz" in printed.err


def test_the_document_of_a_submission_is_as_the_contract_says(submission, capsys):
    (submission / "notes.txt").write_text("")
    assert main(["evaluate", "--check-submission", "2024", "--json", str(submission)]) == 4
    document = json.loads(capsys.readouterr().out)
    assert {key: document[key] for key in ("year", "masks", "sound")} == {"year": 2024, "masks": 1, "sound": 1}
    assert [sorted(bad) for bad in document["bad"]] == [["file", "reason"]]
    assert document["bad"][0]["file"] == "notes.txt"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--check-submission", "1999"], "the rules of the year '1999' are not known; known are 2023, 2024"),
        (["--check-submission", "2024", "-o", "out"], "takes no -o"),
        (["references", "--check-submission", "2024", "--protocol", "brats2020"], "takes no REFERENCES, --protocol"),
        (["--check-submission", "2024", "--label-scheme", "msd"], "takes no --label-scheme"),
        ([], "name the REFERENCES after PREDICTIONS, or give --check-submission YEAR"),
    ],
)
def test_requests_that_cannot_be_carried_out_exit_with_2(submission, capsys, words, message):
    assert main(["evaluate", str(submission), *words]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_a_file_to_submit_exits_with_2(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path), "--check-submission", "2023", "--json"]) == 2
    assert capsys.readouterr().out == ""


def test_the_table_names_the_rules_and_shows_mean_and_median(folders, capsys):
    assert main(["evaluate", *folders, "-q"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].startswith("protocol brats2020; HD95 as `google`")
    assert [line.split()[0] for line in lines[1:]] == ["case", "a", "mean", "median"]
    assert printed.err == ASSUMED


def test_one_line_a_patient_remains_without_a_terminal(folders, capsys):
    main(["evaluate", *folders])
    assert capsys.readouterr().err == f"1/1 a\n{ASSUMED}"


def test_labels_that_a_record_or_an_option_explains_need_no_word(folders, capsys):
    assert main(["evaluate", *folders, "-q", "--prediction-scheme", "brats2020"]) == 0
    assert capsys.readouterr().err == ""
    (Path(folders[0]) / "a.json").write_text('{"label_scheme": "brats2020"}')
    assert main(["evaluate", *folders, "-q"]) == 0
    assert capsys.readouterr().err == ""


def test_folders_in_the_wrong_order_are_asked_about(folders, tmp_path, capsys):
    (tmp_path / "nothing").mkdir()
    assert main(["evaluate", str(tmp_path / "nothing"), folders[1]]) == 4
    assert "are they in this order?" in capsys.readouterr().err


def test_tables_are_written_to_out(folders, tmp_path, capsys):
    protocols = ["--protocol", "brats2023", "--protocol", "brats2020"]
    assert main(["evaluate", *folders, "--json", *protocols, "-o", str(tmp_path / "new" / "out")]) == 0
    names = {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert names == {f"metrics_{name}.{kind}" for name in ("brats2020", "brats2023") for kind in ("csv", "json")}
    written = json.loads((tmp_path / "new" / "out" / "metrics_brats2023.json").read_text())
    assert written == json.loads(capsys.readouterr().out)["protocols"][0]


def test_out_may_be_no_file_and_not_among_the_references(folders, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["evaluate", *folders, "-o", str(tmp_path / "file")]) == 2
    assert main(["evaluate", *folders, "-o", folders[1] + "/out"]) == 2
    assert "inside the references" in capsys.readouterr().err


def test_help_imports_no_scipy():
    code = (
        "import sys; from brats3d.cli.main import build_parser; build_parser('evaluate');"
        "sys.exit(bool({'scipy', 'torch', 'nibabel'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_folders_in_the_wrong_order_are_said_to_be(tmp_path, capsys):
    for folder, name in (("a", "p1"), ("b", "p2")):
        (tmp_path / folder).mkdir()
        write_mask(tmp_path / folder / f"{name}.nii.gz", {2: 6, 4: 2})
    assert main(["evaluate", str(tmp_path / "a"), str(tmp_path / "b")]) == 4
    assert "are they in this order?" in capsys.readouterr().err
