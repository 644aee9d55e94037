import errno
import json
import os
import subprocess
import sys

import pytest
from patients_for_tests import reference_labels, write_image, write_patient

from brats3d.cli.main import main


@pytest.fixture
def patients_folder(tmp_path):
    write_image(write_patient(tmp_path / "p1") / "p1_seg.nii.gz", reference_labels())
    return tmp_path


def test_json_is_one_document_as_the_contract_has_it(patients_folder, capsys):
    assert main(["cases", str(patients_folder), "--json"]) == 0
    out = capsys.readouterr().out
    names = {kind: f"p1/p1_{kind}.nii.gz" for kind in ("t1", "t1ce", "t2", "flair")}
    assert json.loads(out) == {
        "cases": [
            {
                "id": "p1",
                "layout": "brats2020",
                "label_scheme": "brats2020",
                "modalities": names,
                "reference": "p1/p1_seg.nii.gz",
                "shape": [24, 22, 20],
                "spacing": [1.0, 1.0, 1.0],
                "status": "ok",
                "findings": [],
            }
        ],
        "counts": {"ok": 1, "warning": 0, "refused": 0},
    }


def test_a_refused_patient_gives_code_4_and_a_line_that_names_it(patients_folder, capsys):
    (patients_folder / "p1" / "p1_t2.nii.gz").write_bytes(b"")
    (patients_folder / "none").mkdir()
    assert main(["cases", str(patients_folder)]) == 4
    captured = capsys.readouterr()
    assert "p1: error: p1/p1_t2.nii.gz: is empty (0 bytes); fetch it again\n" in captured.err
    assert "[2/2] p1: refused\n" in captured.err
    assert "0 ok, 0 warning, 2 refused" in captured.out


def test_quiet_leaves_the_findings(patients_folder, capsys):
    (patients_folder / "p1" / "p1_t2.nii.gz").write_bytes(b"")
    main(["cases", str(patients_folder), "-q"])
    assert capsys.readouterr().err.count("\n") == 1


def test_every_json_message_names_the_patient(tmp_path, capsys):
    folder = write_patient(tmp_path / "p1", names="{kind}.nii.gz")
    (folder / "t2.nii.gz").write_bytes(b"")
    assert main(["cases", str(folder), "--json", "--quick"]) == 4
    (entry,) = json.loads(capsys.readouterr().out)["cases"]
    assert entry["findings"][0]["message"].startswith("p1: t2.nii.gz: is empty")
    assert entry["findings"][0]["file"] == "t2.nii.gz"
    assert entry["reference"] is None


def test_what_cannot_be_carried_out_is_code_2(tmp_path, capsys):
    assert main(["cases", str(tmp_path)]) == 2
    assert main(["cases", str(tmp_path / "gone"), "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 2
    with pytest.raises(SystemExit) as caught:
        main(["cases", str(tmp_path), "--layout", "brats1999"])
    assert caught.value.code == 2


def test_a_name_cannot_forge_a_line(tmp_path, capsys):
    write_patient(tmp_path / "p\nforged: ok")
    assert main(["cases", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert "\nforged" not in captured.out + captured.err
    assert "p\\nforged" in captured.out


def test_a_bug_costs_one_patient_and_is_logged(patients_folder, capsys, monkeypatch):
    def broken(_):
        raise ZeroDivisionError("secret value")
        yield

    monkeypatch.setattr("brats3d.cases.examine.GRID_CHECKS", (broken,))
    log = patients_folder / "log.txt"
    assert main(["cases", str(patients_folder), "--json", "--log-file", str(log)]) == 4
    (entry,) = json.loads(capsys.readouterr().out)["cases"]
    assert entry["findings"][0]["code"] == "bug"
    assert "ZeroDivisionError" in log.read_text()


def test_msd_entries_name_their_channels(tmp_path, capsys):
    import numpy as np
    from patients_for_tests import brain

    write_image(tmp_path / "imagesTr" / "BRATS_001.nii.gz", np.stack([brain(seed) for seed in range(4)], axis=-1))
    channels = {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}
    (tmp_path / "dataset.json").write_text(json.dumps({"modality": channels}))
    assert main(["cases", str(tmp_path), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["cases"]
    assert entry["channels"] == {"t1": 1, "t1ce": 2, "t2": 3, "flair": 0}
    assert len(set(entry["modalities"].values())) == 1


def test_help_waits_for_no_large_library():
    script = "import sys; from brats3d.cli.main import main\n"
    script += "try: main(['cases', '-h'])\nexcept SystemExit: print({'torch', 'scipy', 'nibabel'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "--quick" in run.stdout
    assert run.stdout.endswith("set()\n")


def test_a_patient_without_a_modality_is_a_warning_where_that_is_allowed(patients_folder, capsys):
    (patients_folder / "p1" / "p1_t1ce.nii.gz").unlink()
    assert main(["cases", str(patients_folder), "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["cases"][0]["status"] == "refused"
    assert main(["cases", str(patients_folder), "--json", "--allow-missing"]) == 0
    document = json.loads(capsys.readouterr().out)
    (entry,) = document["cases"]
    assert document["counts"] == {"ok": 0, "warning": 1, "refused": 0}
    assert (entry["status"], list(entry["modalities"])) == ("warning", ["t1", "t2", "flair"])
    assert [(each["code"], each["severity"]) for each in entry["findings"]] == [("modality-missing", "warning")]
    assert entry["shape"] == [24, 22, 20]


def test_the_log_file_says_which_patient_by_its_number(patients_folder, tmp_path, capsys, monkeypatch):
    bug = ZeroDivisionError("stumbled over p1")

    def check(case, *, quick):
        raise bug

    monkeypatch.setattr("brats3d.cases.check.check_case", check)
    assert main(["cases", str(patients_folder), "--log-file", str(tmp_path / "log")]) == 4
    log = (tmp_path / "log").read_text()
    assert ("patient 1 of " in log, "ZeroDivisionError" in log, "stumbled" in log) == (True, True, False)


def test_too_little_memory_for_a_patient_is_no_bug(patients_folder, capsys, monkeypatch):
    def check(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("brats3d.cases.check.check_case", check)
    assert main(["cases", str(patients_folder), "--json"]) == 4
    (finding,) = json.loads(capsys.readouterr().out)["cases"][0]["findings"]
    assert finding["code"] == "out-of-memory"
    assert finding["message"].startswith("p1: not enough memory")


def test_a_machine_that_cannot_read_is_exit_3_and_no_fault_of_a_patient(patients_folder, capsys, monkeypatch):
    def out_of_order(path, flags):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("brats3d.cases.file_bytes._open_at_once", out_of_order)
    assert main(["cases", str(patients_folder)]) == 3
    assert "raise the limit (ulimit -n)" in capsys.readouterr().err
