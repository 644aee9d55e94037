"""`brats3d segment`, with the tiny bundle, in-process."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from bundles_for_tests import TINY_NETWORK, write_tiny_bundle

from brats3d.cli.main import main
from brats3d.phantom.files import write_phantoms
from brats3d.vocabulary import Measure


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory):
    """Two made-up patients of 24 voxels a side."""
    data = tmp_path_factory.mktemp("phantoms")
    write_phantoms(data, 2, shape=(24, 24, 24))
    return data


@pytest.fixture
def data(phantoms, tmp_path):
    """A copy of them that may be spoilt."""
    return shutil.copytree(phantoms, tmp_path / "data")


@pytest.fixture
def segment(data, tmp_path, tiny_bundle, capsys):
    """What runs the command and returns exit code, stdout and stderr."""

    def run(*options, data=data, out=tmp_path / "out"):
        code = main(["segment", str(data), "-o", str(out), "-b", str(tiny_bundle), *options])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


FIRST, SECOND = "BraTS20_Phantom_001", "BraTS20_Phantom_002"


def test_the_document_is_that_of_the_contract_and_nothing_else(segment, tmp_path):
    code, out, err = segment("--json")
    document = json.loads(out)
    assert code == 0
    assert {key: document[key] for key in ("done", "skipped", "refused", "failed")} == {
        "done": 2,
        "skipped": 0,
        "refused": 0,
        "failed": 0,
    }
    assert [list(case) for case in document["cases"]] == [["id", "status", "seconds", "message"]] * 2
    assert document == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert f"[2/2] {SECOND}: done in" in err


def test_the_sidecar_is_that_of_the_contract(segment, tmp_path):
    segment("--overlap", "0.5", "--device", "cpu", "--precision", "auto")
    record = json.loads((tmp_path / "out" / f"{FIRST}.json").read_text())
    assert list(record) == [
        *("id", "status", "findings", "inputs", "bundle", "settings", "engine", "device", "precision"),
        *("label_scheme", "mask", "volumes_ml", "volume_intervals_ml", "review", "seconds", "versions", "finished"),
    ]
    assert record["settings"] == {"device": "cpu", "overlap": 0.5}
    assert record["inputs"]["t1"]["file"] == f"{FIRST}/{FIRST}_t1.nii.gz"
    assert list(record["seconds"]) == ["read", "prepare", "network", "finish", "write", "total"]


def test_a_second_run_skips_and_other_settings_do_not(segment):
    segment()
    assert json.loads(segment("--json")[1])["skipped"] == 2
    assert json.loads(segment("--json", "--overlap", "0.5")[1])["done"] == 2
    assert json.loads(segment("--json", "--overlap", "0.5", "--threads", "1")[1])["skipped"] == 2


def test_a_bad_patient_is_named_in_one_line_and_the_exit_code_is_4(segment, data):
    path = data / FIRST / f"{FIRST}_t2.nii.gz"
    path.write_bytes(path.read_bytes()[:-100])
    code, out, err = segment("-q")
    assert code == 4
    (line,) = (line for line in err.splitlines() if line.startswith(FIRST))
    assert line.startswith(f"{FIRST}: error: ")
    assert f"{FIRST}_t2.nii.gz" in line
    assert "1 done, 0 skipped, 1 refused, 0 failed" in out


def test_a_bug_costs_one_patient_and_its_traceback_goes_to_the_log_alone(segment, tmp_path, monkeypatch):
    from brats3d.predict.predictor import Predictor

    bug = ZeroDivisionError("stumbled")

    def stumble(*arguments):
        raise bug

    monkeypatch.setattr(Predictor, "segment", stumble)
    code, _, err = segment("--log-file", str(tmp_path / "log"))
    assert code == 4
    assert "Traceback" not in err
    log = (tmp_path / "log").read_text()
    assert log.count("\nZeroDivisionError\n") == 2
    assert "stumbled" not in log  # an error's own words may hold names and paths
    assert "patient 2 of 2" in log
    assert FIRST not in log
    assert "cannot be written" in segment("--log-file", str(tmp_path))[2]


def test_the_patients_own_labels_or_those_asked_for_are_written(segment, tmp_path):
    segment("--label-scheme", "brats2024")
    assert json.loads((tmp_path / "out" / f"{FIRST}.json").read_text())["label_scheme"] == "brats2024"
    segment()
    assert json.loads((tmp_path / "out" / f"{FIRST}.json").read_text())["label_scheme"] == "brats2020"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--overlap", "0.95"], "between 0 and 0.9"),
        (["--overlap", "nan"], "between 0 and 0.9"),
        (["--layout", "brats202"], "did you mean 'brats20"),
        (["--label-scheme", "brats202"], "did you mean 'brats20"),
    ],
    ids=str,
)
def test_a_request_that_cannot_be_carried_out_exits_2_and_writes_nothing(segment, tmp_path, options, words):
    code, _, err = segment(*options)
    assert (code, words in err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--engine=onnx", "--threads=0", "--device=gpu", "--budget-s=9"])
def test_a_word_that_is_not_known_exits_2(segment, option):
    with pytest.raises(SystemExit) as caught:
        segment(option)
    assert caught.value.code == 2


def test_an_out_that_is_a_file_or_inside_data_exits_2(segment, data, tmp_path):
    (tmp_path / "file").touch()
    assert segment(out=tmp_path / "file")[0] == 2
    assert segment(out=data / "masks")[0] == 2
    assert not (data / "masks").exists()
    assert segment(data=data / FIRST, out=data / FIRST / "masks")[0] == 2


def test_no_patient_exits_2_and_no_bundle_3(segment, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert segment(data=tmp_path / "empty")[0] == 2
    assert main(["segment", str(tmp_path / "data"), "-o", str(tmp_path / "out"), "-b", "no-such-bundle"]) == 3
    assert "no-such-bundle" in capsys.readouterr().err


def test_a_single_patients_folder_is_segmented_to_a_folder_beside_it(segment, data):
    code, out, _ = segment("--json", data=data / FIRST, out=data / "masks")
    assert (code, json.loads(out)["done"]) == (0, 1)


def test_names_that_forge_lines_or_are_not_utf8_do_no_harm(segment, data, tmp_path):
    names = ["-x", "a\nb\x1b[31m", os.fsdecode(b"p\xff")]
    for name in names:
        shutil.copytree(data / FIRST, data / name)
    code, out, err = segment()
    assert code == 0
    assert "\x1b" not in out + err
    assert r"a\nb\x1b[31m" in out
    assert all((tmp_path / "out" / f"{name}.nii.gz").exists() for name in names)


def test_a_disk_that_fills_up_exits_3_and_leaves_nothing_half_written(data, tmp_path, tiny_bundle):
    script = """
import resource, signal, sys
from brats3d.cli.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from brats3d.output import whole
whole.PROBE_BYTES = 10
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
sys.exit(main(sys.argv[1:]))
"""
    words = ["segment", str(data), "-o", str(tmp_path / "out"), "-b", str(tiny_bundle)]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert f"{FIRST}.nii.gz" in done.stderr
    assert os.listdir(tmp_path / "out") == []


def test_help_does_not_import_numpy_or_torch():
    script = "import sys; from brats3d.cli.main import build_parser; build_parser('segment')"
    script += "; sys.exit(bool({'numpy', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def record_in(folder, case_id=FIRST):
    return json.loads((folder / f"{case_id}.json").read_text())


def statuses(answer):
    return [case["status"] if case["status"] != "failed" else case for case in json.loads(answer[1])["cases"]]


def test_several_bundles_are_averaged_and_one_given_twice_exits_2(segment, tmp_path, tiny_bundle):
    other = write_tiny_bundle(tmp_path / "other", seed=1, name="other")
    assert segment("-b", str(other), "--json")[0] == 0
    bundle = record_in(tmp_path / "out")["bundle"]
    assert (bundle["name"], bundle["version"]) == ("tiny+other", "0.1.0+0.1.0")
    assert [each["name"] for each in bundle["members"]] == ["tiny", "other"]
    assert statuses(segment("-b", str(other), "--json")) == ["skipped", "skipped"]
    assert statuses(segment("--json")) == ["done", "done"]
    code, out, err = segment("-b", str(tiny_bundle))
    assert (code, out) == (2, "")
    assert "is given twice" in err


def test_bundles_of_other_modalities_cannot_be_averaged(segment, tmp_path):
    network_def = {**TINY_NETWORK, "in_channels": 2}
    other = write_tiny_bundle(tmp_path / "two", modalities=["t1ce", "flair"], network_def=network_def)
    code, _, err = segment("-b", str(other))
    assert (code, "cannot be averaged" in err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_probabilities_and_uncertainty_stand_beside_the_masks_and_are_verified(segment, tmp_path, capsys):
    segment()
    mask = (tmp_path / "out" / f"{FIRST}.nii.gz").read_bytes()
    assert json.loads(segment("--json", "--probabilities", "--uncertainty")[1])["done"] == 2
    record = record_in(tmp_path / "out")
    assert record["probabilities"]["file"] == f"probabilities/{FIRST}.nii.gz"
    assert record["uncertainty"]["file"] == f"uncertainty/{FIRST}.nii.gz"
    assert record["settings"] == {}
    assert (tmp_path / "out" / f"{FIRST}.nii.gz").read_bytes() == mask
    assert json.loads(segment("--json", "--probabilities")[1])["skipped"] == 2
    assert main(["verify", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["whole"] == 2


def test_a_patient_without_a_modality_is_segmented_where_bundle_and_request_allow_it(segment, data, tmp_path):
    (data / FIRST / f"{FIRST}_flair.nii.gz").unlink()
    spare = write_tiny_bundle(tmp_path / "spare", seed=1, name="spare", serves=[["t1", "t1ce", "t2"]])
    assert (segment()[0], segment("--allow-missing")[0]) == (4, 4)
    assert record_in(tmp_path / "out")["findings"][-1]["code"] == "not-served"
    words = ["segment", str(data), "-o", str(tmp_path / "spared"), "-b", str(spare)]
    assert (main(words), main([*words, "--allow-missing"])) == (4, 0)
    record = record_in(tmp_path / "spared")
    assert (record["settings"], list(record["inputs"])) == ({"allow_missing": True}, ["t1", "t1ce", "t2"])
    assert record["findings"][0]["severity"] == "warning"
    assert record_in(tmp_path / "spared", SECOND)["settings"] == {}


def test_a_mask_that_stands_out_is_a_line_a_message_and_a_reason_in_the_record(segment, tmp_path):
    code, out, err = segment("-q", "--json")
    assert code == 0
    line = next(line for line in err.splitlines() if line.startswith(f"{FIRST}: warning: look at this one: "))
    assert "the foreground measures" in line
    assert "look at this one" in json.loads(out)["cases"][0]["message"]
    review = record_in(tmp_path / "out")["review"]
    assert review["look"] is True
    assert "unlike-training" in review["reasons"]
    low, high = record_in(tmp_path / "out")["volume_intervals_ml"]["WT"]
    assert low <= record_in(tmp_path / "out")["volumes_ml"]["WT"] <= high


def test_nothing_is_said_of_a_mask_within_the_limits_of_its_bundle(data, tmp_path, capsys):
    wide = {str(measure): [None, None] for measure in Measure}
    bundle = write_tiny_bundle(tmp_path / "wide", review=wide)
    assert main(["segment", str(data), "-o", str(tmp_path / "out"), "-b", str(bundle), "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert record_in(tmp_path / "out")["review"]["reasons"] == []


def test_a_device_that_is_not_here_is_exit_3_though_all_patients_are_refused(segment, data, tmp_path):
    for image in data.rglob("*_t1.nii.gz"):
        image.unlink()
    code, out, err = segment("--device", "cuda:99")
    assert (code, out) == (3, "")
    assert err.startswith("brats3d: device 'cuda:99' is not here")
    assert not (tmp_path / "out").exists()
