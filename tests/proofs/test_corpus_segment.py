"""The whole corpus of bad patients in one `brats3d segment` run, and flipped bits in real patients' files."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brats3d.cases.nifti import read_nifti
from brats3d.errors import BadInput
from brats3d.output.record import read_record

CORPUS = Path(__file__).parent.parent / "corpus"
PROGRAM = "import resource, sys; from brats3d.cli.main import main; code = main(sys.argv[1:]); " + (
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"
)
STATUS = {"ok": "done", "ok_with_warning": "done", "refused": "refused"}
SEVERITY = {"ok_with_warning": "warning", "refused": "error"}
MOST_BYTES = 1_500_000_000

pytestmark = pytest.mark.slow


def segment(data: Path, out: Path, bundle: Path) -> tuple[int, str]:
    """Run the command as a process; return its exit code and what it said, its peak memory in KiB last."""
    command = [sys.executable, "-c", PROGRAM, "segment", str(data), "-o", str(out), "-b", str(bundle)]
    done = subprocess.run(command, capture_output=True, timeout=1200, check=False)
    return done.returncode, done.stderr.decode(errors="replace")


def complaint(out: Path, folder: str, expected: dict) -> str | None:
    """Return in what one patient's mask and record are not as expected, or None."""
    outcome = "ok" if expected["where"] == "cases" else expected["outcome"]
    case_id = folder.split("/")[-1]
    record = json.loads((out / f"{case_id}.json").read_text())
    has_mask = (out / f"{case_id}.nii.gz").is_file()
    if record["status"] != STATUS[outcome] or has_mask != (outcome != "refused"):
        return f"is {record['status']} with mask {has_mask}, expected {outcome}"
    if outcome == "ok":
        extra = [finding for finding in record["findings"] if finding["code"] not in ABOUT_THE_MASK]
        return f"has findings {extra}" if extra else None
    for finding in record["findings"]:
        words = finding["message"].replace(case_id, "").lower()
        is_about = expected["file"] is None or expected["file"] in finding["message"]
        fits = any(word.lower() in words for word in expected["words"])
        if finding["severity"] == SEVERITY[outcome] and fits and is_about:
            return None
    return f"no finding has one of {expected['words']} and names {expected['file']}: {record['findings']}"


ABOUT_THE_MASK = {"empty-mask", "look", "small-enhancing"}
"""Warnings about what an untrained network made of small made-up patients, not about their files."""


def test_one_run_over_the_corpus_does_the_sound_and_refuses_the_bad(tmp_path, tiny_bundle):
    data, out = tmp_path / "corpus", tmp_path / "masks"
    subprocess.run([sys.executable, CORPUS / "make_bad_inputs.py", data], check=True, capture_output=True)
    patients = json.loads((data / "expected.json").read_text())["patients"]
    code, said = segment(data, out, tiny_bundle)
    assert code == 4
    assert "Traceback" not in said
    assert int(said.splitlines()[-1]) * 1024 < MOST_BYTES
    complaints = {folder: words for folder, e in patients.items() if (words := complaint(out, folder, e))}
    assert complaints == {}
    assert not list(out.glob(".brats3d*"))

    # The sound ones by themselves: a bad neighbour must not have changed a byte of their masks.
    for folder, expected in patients.items():
        if expected["outcome"] == "refused" and expected["where"] == "segment":
            shutil.rmtree(data / folder.split("/")[0])  # an emptied site folder would itself be refused
    alone = tmp_path / "alone"
    assert segment(data, alone, tiny_bundle)[0] == 0
    masks = sorted(alone.glob("*.nii.gz"))
    assert len(masks) > 60
    assert [mask.name for mask in masks if mask.read_bytes() != (out / mask.name).read_bytes()] == []
    assert all(read_record(mask.with_name(mask.name.removesuffix(".nii.gz") + ".json")) for mask in masks)


def test_a_thousand_flipped_bits_in_real_files_are_judged_as_they_must_be(tmp_path, patients):
    files = sorted(patients.glob("*/*_t1ce.nii.gz"))[:: max(1, len(list(patients.iterdir())) // 5)][:5]
    wrong, judged = [], 0
    for number, source in enumerate(files):
        folder = tmp_path / str(number)
        script = [sys.executable, CORPUS / "flip_bits.py", source, folder, "-n", "200", "--seed", str(number)]
        subprocess.run(script, check=True, capture_output=True)
        sound = read_nifti(source, source.name).stored
        for flip in json.loads((folder / "flips.json").read_text())["flips"]:
            judged += 1
            answer = answer_to(folder / flip["file"], sound)
            if answer == "wrong" or (flip["expected"] != "either" and answer != flip["expected"]):
                wrong.append((source.name, flip, answer))
        shutil.rmtree(folder)
    assert wrong == []
    assert judged == 1000


def answer_to(path: Path, sound: np.ndarray) -> str:
    """Return `refused`, `ok` where the sound voxels come, or `wrong`."""
    try:
        return "ok" if np.array_equal(read_nifti(path, path.name).stored, sound) else "wrong"
    except BadInput:
        return "refused"
