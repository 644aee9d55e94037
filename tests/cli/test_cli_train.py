"""`brats3d train`: exit codes, one line for each fault, and nothing on stdout."""

import subprocess
import sys

import pytest
from training_for_tests import write_patients, write_recipe

from brats3d.bundle import open_bundle
from brats3d.cli.main import main
from brats3d.train import run


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_patients(tmp_path_factory.mktemp("cli-train") / "data")


@pytest.fixture
def train(data, tmp_path):
    """Return a function that runs the command on three patients."""
    cache = data.parent / "cache"

    def call(*words, config=None):
        config = config or write_recipe(tmp_path, epochs="2")
        return main(["train", config, "--data", str(data), "-o", str(tmp_path / "out"), "--cache", str(cache), *words])

    return call


def test_training_says_what_it_does_on_stderr_alone(train, tmp_path, capfd):
    assert train() == 0
    said = capfd.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0] == "train on 2, validate on 1 patients (every fifth patient validates); 0 left out"
    assert lines[1].startswith("prepared patients are kept in ")
    assert [line.split(": ")[1] for line in lines[2:5]] == ["prepared"] * 3
    assert lines[5].startswith("memory: about ")
    assert lines[6].startswith("epoch 1/2  step 3")
    assert lines[6].endswith("min left")
    assert lines[7].startswith("epoch 2/2  step 6")
    assert "Dice WT" in lines[7]
    assert lines[8] == f"{tmp_path / 'out'}: a complete bundle after 6 of 6 steps"
    assert lines[9].startswith("segment with: ")
    assert len(lines) == 10
    assert open_bundle(tmp_path / "out").missing_files == ()


def test_quiet_is_quiet_and_time_up_is_no_error(train, capfd):
    assert train("-q", "--max-minutes", "1e-6") == 0
    assert capfd.readouterr() == ("", "")


def test_no_number_is_exit_3_in_one_line(train, tmp_path, capfd):
    log = tmp_path / "log.txt"
    assert train("-q", "--set", "optimizer.rate=1e30", "--log-file", str(log)) == 3
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.startswith("brats3d: the loss became ")
    assert len(said.err.splitlines()) == 1
    assert "TrainingStopped" in log.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "windows.overlapp=0.6"], "unknown key 'windows.overlapp'; did you mean 'windows.overlap'?"),
        (["--seed", "-1"], "seed is -1"),
        (["--max-minutes", "-1"], "--max-minutes -1"),
        (["--fold", "1"], "go together"),
        (["--splits", "absent.json"], "splits file absent.json: No such file"),
        (["--resume"], "there is nothing to resume"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--set", "patch=[9, 9, 9]"], "the network needs multiples of [2, 2, 2]"),
    ],
)
def test_what_cannot_be_carried_out_is_exit_2_in_one_line(train, tmp_path, capfd, words, told):
    assert train(*words) == 2
    said = capfd.readouterr()
    assert told in said.err
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_unknown_config_is_exit_2(train, capfd):
    assert train(config="resunett") == 2
    assert "did you mean 'resunet'" in capfd.readouterr().err


@pytest.mark.parametrize("words", [["--sheet", "x.png"], ["--fold", "one"], ["--max-minutes", "soon"], []])
def test_an_option_not_built_or_misused_is_exit_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["train", "resunet", *words])
    assert caught.value.code == 2
    capsys.readouterr()


def test_what_is_asked_for_arrives(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(run, "train_bundle", lambda request, say: asked.append(request))
    words = ["--seed", "4", "--set", "epochs=2", "--fold", "1", "--folds", "3", "--device", "cpu", "--resume", "-q"]
    assert main(["train", "tiny", "--data", "d", "-o", "o", "--max-minutes", "2", "--cache", "c", *words]) == 0
    (request,) = asked
    assert request.changes == ("epochs=2", "seed=4")
    assert (request.fold, request.folds, request.device, request.resume) == (1, 3, "cpu", True)
    assert (str(request.cache_folder), request.max_minutes, request.quiet) == ("c", 2.0, True)


def test_help_imports_neither_torch_nor_monai():
    code = (
        "import sys\nfrom brats3d.cli.main import main\n"
        "try: main(['train', '-h'])\nexcept SystemExit: print({'torch', 'monai'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert answer.stdout.splitlines()[-1] == "set()"
