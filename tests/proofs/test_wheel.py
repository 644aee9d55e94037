"""A wheel, installed into an empty environment and used in an empty folder, brings its bundles along."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_a_wheel_segments_a_made_up_patient_in_an_empty_folder(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path / "dist"), str(ROOT)]
    run(build, tmp_path)
    run([sys.executable, "-m", "venv", str(tmp_path / "env")], tmp_path)
    wheel = next((tmp_path / "dist").glob("brats3d-*.whl"))
    python, program = tmp_path / "env/bin/python", tmp_path / "env/bin/brats3d"
    run([str(python), "-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel)], tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    run([str(program), "phantom", "-o", "patients", "-n", "2"], empty)
    run([str(program), "segment", "patients", "-o", "masks"], empty)
    assert '"whole": 2' in run([str(program), "verify", "masks", "--json"], empty)
    short = ["--folds", "2", "--set", "epochs=1", "--set", "steps=1"]
    run([str(program), "folds", "tiny", "--data", "patients", "-o", "folds", *short], empty)
    splits = ["--data", "patients", "--splits", "folds/folds.json"]
    run([str(program), "tune", "folds/fold_1", "folds/fold_2", *splits], empty)


def run(command: list[str], folder: Path) -> str:
    """Run a command in a folder and return what it printed; its errors are the test's."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
