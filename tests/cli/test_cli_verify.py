"""`brats3d verify`."""

import json
import subprocess
import sys

import numpy as np
import pytest

from brats3d.cli.main import main
from brats3d.grid import Grid
from brats3d.output.record import write_done
from brats3d.output.sidecar import Record, RecordStatus


@pytest.fixture
def out(tmp_path):
    """One patient done."""
    record = Record("p1", RecordStatus.DONE, label_scheme="brats2020")
    write_done(tmp_path, record, np.zeros((8, 8, 8), np.uint8), Grid((8, 8, 8), np.eye(4)))
    return tmp_path


def test_a_whole_folder_exits_0(out, capsys):
    assert main(["verify", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"masks": 1, "whole": 1, "bad": []}
    assert main(["verify", str(out)]) == 0
    assert capsys.readouterr().out == "1 of 1 masks are whole\n"


def test_what_is_not_whole_is_named_and_exits_4(out, capsys):
    (out / "p1.nii.gz").write_bytes(b"changed")
    assert main(["verify", str(out), "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["bad"][0]["id"] == "p1"
    assert main(["verify", str(out)]) == 4
    assert "p1.nii.gz: changed" in capsys.readouterr().out


def test_a_folder_that_is_not_there_exits_2(tmp_path, capsys):
    assert main(["verify", str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_torch_is_not_imported(out):
    script = "import sys; from brats3d.cli.main import main; main(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script, "verify", str(out)], check=False).returncode == 0


def test_a_folder_without_masks_is_doubted(tmp_path, capsys):
    assert main(["verify", str(tmp_path)]) == 0
    assert "is this the folder that `brats3d segment` wrote?" in capsys.readouterr().out
