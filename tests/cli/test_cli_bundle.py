"""`brats3d bundle`: what it prints, and its exit codes."""

import json

import pytest
from bundles_for_tests import write_tiny_bundle

from brats3d.bundle import METADATA_FILE, WEIGHTS_FILE, open_bundle
from brats3d.cli.main import main


@pytest.fixture
def shipped(monkeypatch, tmp_path):
    """A folder that stands in for the shipped bundles."""
    folder = tmp_path / "shipped"
    monkeypatch.setattr("brats3d.bundle.folder.shipped_folder", lambda: folder)
    monkeypatch.setattr("brats3d.bundle.DEFAULT_BUNDLE", "tiny")
    write_tiny_bundle(folder / "tiny")
    write_tiny_bundle(folder / "other", name="other")
    return folder


def test_a_bundle_says_what_it_is(tiny_bundle, capsys):
    assert main(["bundle", str(tiny_bundle), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["name"] == "tiny"
    assert document["whole"] is True
    assert document["sha256"] == open_bundle(tiny_bundle).sha256
    assert document["network"]["_target_"] == "UNet"
    assert document["divisor"] == [2, 2, 2]
    assert document["regions"] == ["WT", "TC", "ET"]
    assert document["modalities"] == ["t1", "t1ce", "t2", "flair"]
    assert document["windows"] == {"size": [16, 16, 16], "overlap": 0.25}
    assert document["figures"] == {"mean_dice": 0.1}


def test_people_get_lines(tiny_bundle, capsys):
    assert main(["bundle", str(tiny_bundle)]) == 0
    lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert lines["whole"] == "yes"
    assert lines["modalities"] == "t1 t1ce t2 flair"
    assert lines["thresholds"] == "WT 0.5, TC 0.5, ET 0.5"
    assert lines["islands"] == "smallest_ml WT 0.0, TC 0.0, ET 0.0; least_probability WT 0.0, TC 0.0, ET 0.0"
    assert "review" not in lines


def test_the_subsets_and_rules_of_a_bundle_are_shown(tmp_path, capsys):
    zero = {"WT": 0, "TC": 0, "ET": 0}
    bundle = write_tiny_bundle(
        tmp_path / "ruled",
        serves=[["t1", "t1ce", "t2"], ["flair"]],
        temperature={"WT": 1, "TC": 1.5, "ET": 2},
        islands={"smallest_ml": {**zero, "ET": 0.1}},
        review={"volume_ml": [2, None]},
    )
    assert main(["bundle", str(bundle), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["serves"] == [["t1", "t1ce", "t2", "flair"], ["t1", "t1ce", "t2"], ["flair"]]
    assert document["temperature"] == {"WT": 1.0, "TC": 1.5, "ET": 2.0}
    assert document["islands"]["smallest_ml"]["ET"] == 0.1
    assert document["review"] == {"volume_ml": [2.0, None]}
    assert main(["bundle", str(bundle)]) == 0
    assert "serves                 t1 t1ce t2 flair, t1 t1ce t2, flair\n" in capsys.readouterr().out


def test_alone_it_lists_the_shipped_ones_with_the_default_marked(shipped, capsys):
    assert main(["bundle"]) == 0
    out = capsys.readouterr().out
    assert "tiny (default)" in out
    assert "other (default)" not in out
    assert main(["bundle", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(each["name"], each["default"]) for each in document["bundles"]] == [("other", False), ("tiny", True)]


def test_a_damaged_bundle_is_exit_3_and_says_why(tiny_bundle, capsys):
    (tiny_bundle / WEIGHTS_FILE).write_bytes(b"broken")
    assert main(["bundle", str(tiny_bundle), "--json"]) == 3
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["whole"] is False
    assert "has 6 bytes" in document["reason"]
    assert "has 6 bytes" in err


def test_a_file_that_is_missing_is_exit_3(tiny_bundle, capsys):
    (tiny_bundle / "LICENSE").unlink()
    assert main(["bundle", str(tiny_bundle)]) == 3
    assert "missing: LICENSE" in capsys.readouterr().err


def test_no_such_bundle_is_exit_3_and_lists_what_there_is(shipped, capsys):
    assert main(["bundle", "nowhere", "--json"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "no such bundle or folder; shipped are other, tiny" in err


def test_a_damaged_shipped_bundle_is_listed_as_such(shipped, capsys):
    (shipped / "other" / WEIGHTS_FILE).unlink()
    assert main(["bundle"]) == 3
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["whole", "no", "yes"]


def test_what_a_stranger_wrote_forges_no_line(tiny_bundle, capsys):
    path = tiny_bundle / METADATA_FILE
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "description": "x\nsha256  0000trusted0000"}))
    assert main(["bundle", str(tiny_bundle)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("sha256")] == [open_bundle(tiny_bundle).sha256]
