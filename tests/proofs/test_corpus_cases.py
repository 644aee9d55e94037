"""The whole corpus of bad patients through `brats3d cases`, and hundreds of flipped bits through the reader."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from patients_for_tests import brain, nifti_bytes, write_image

from brats3d.cases.nifti import read_nifti
from brats3d.cli.main import main
from brats3d.errors import BadInput

CORPUS = Path(__file__).parent.parent / "corpus"
STATUS = {"ok": "ok", "ok_with_warning": "warning", "refused": "refused"}
SEVERITY = {"warning": "warning", "refused": "error"}

pytestmark = pytest.mark.slow


def run_script(name: str, *words: object) -> None:
    subprocess.run([sys.executable, CORPUS / name, *map(str, words)], check=True, capture_output=True)


def complaint(entry: dict, expected: dict) -> str | None:
    """Return in what one patient's entry is not as expected, or None."""
    status = STATUS[expected["outcome"]]
    if entry["status"] != status:
        return f"is {entry['status']}, expected {status}"
    if status == "ok":
        return "has findings" if entry["findings"] else None
    for finding in entry["findings"]:
        words = finding["message"].replace(entry["id"], "").lower()
        is_about = expected["file"] is None or (expected["file"] in finding["message"] and finding["file"])
        fits = any(word.lower() in words for word in expected["words"])
        if finding["severity"] == SEVERITY[status] and fits and is_about:
            return None
    return f"no finding has one of {expected['words']} and names {expected['file']}: {entry['findings']}"


def test_every_patient_of_the_corpus_is_judged_as_expected(tmp_path, capsys):
    out = tmp_path / "corpus"
    run_script("make_bad_inputs.py", out)
    assert main(["cases", str(out), "--json"]) == 4
    entries = defaultdict(list)
    for entry in json.loads(capsys.readouterr().out)["cases"]:
        entries[entry["id"]].append(entry)
    patients = json.loads((out / "expected.json").read_text())["patients"]
    complaints = {
        folder: words
        for folder, expected in patients.items()
        for entry in entries[folder.split("/")[-1]] or [{"status": "absent"}]
        if (words := complaint(entry, expected))
    }
    assert complaints == {}
    assert sum(map(len, entries.values())) == len(patients) >= 190


def test_four_hundred_flipped_bits_are_never_accepted_with_other_voxels(tmp_path):
    source = tmp_path / "p1_t1.nii.gz"
    write_image(source, brain())
    run_script("flip_bits.py", source, tmp_path / "flips", "-n", 400)
    flips = json.loads((tmp_path / "flips" / "flips.json").read_text())["flips"]
    wrong = []
    for flip in flips:
        try:
            is_accepted = True
            image = read_nifti(tmp_path / "flips" / flip["file"], flip["file"])
            is_sound = np.array_equal(image.stored, brain())
        except BadInput:
            is_accepted = is_sound = False
        if (is_accepted and not is_sound) or (flip["expected"] == "ok" and not is_accepted):
            wrong.append(flip)
    assert wrong == []
    assert len(flips) == 400


def test_every_cut_of_a_file_is_refused(tmp_path):
    path = tmp_path / "p1_t1.nii.gz"
    write_image(path, brain())
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(BadInput):
            read_nifti(path, "p1_t1.nii.gz")
    for length in range(0, len(raw := nifti_bytes(brain())), 97):
        path.write_bytes(raw[:length])
        with pytest.raises(BadInput):
            read_nifti(path, "p1_t1.nii.gz")


def test_no_real_patient_is_refused(patients, capsys):
    assert main(["cases", str(patients), "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert counts["refused"] == 0
    assert counts["ok"] > 0
