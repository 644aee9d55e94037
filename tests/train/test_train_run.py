"""Whole trainings of seconds: judged before they begin, exact when resumed, complete however they end."""

import json
import resource
import shutil
from dataclasses import replace

import pytest
import torch

from brats3d.bundle import open_bundle
from brats3d.cases.find import find_cases
from brats3d.errors import Interrupted, MachineError, OutputError, RequestError, Terminated, TrainingStopped
from brats3d.train import run
from brats3d.train.request import check_place, split_for
from brats3d.train.run import as_expression, train_bundle

IDS = [f"BraTS20_Phantom_00{n}" for n in (1, 2, 3)]
SOON = 1e-6
"""Minutes: over after the first epoch."""


def model(folder):
    """Return the bytes of a bundle's weights."""
    return (folder / "models/model.pt").read_bytes()


def epochs(folder):
    """Return how many epochs the table of a bundle holds."""
    return len((folder / "metrics.csv").read_text().splitlines()) - 1


def test_a_run_cut_after_every_epoch_ends_in_the_same_weights(request_of, trained):
    request = request_of(max_minutes=SOON)
    for count in range(1, 5):
        train_bundle(replace(request, resume=count > 1))
        assert epochs(request.out) == count
        assert open_bundle(request.out).missing_files == ()
    assert model(request.out) == model(trained)


def test_what_a_killed_run_left_half_written_is_cleared(request_of):
    request = request_of(max_minutes=SOON)
    train_bundle(request)
    parts = [request.out / name / ".brats3d-0123456789abcdef.part" for name in (".", "models", "configs")]
    for part in parts:
        part.write_text("half")
    train_bundle(replace(request, resume=True))
    assert not any(part.exists() for part in parts)


def test_batches_made_ahead_and_cases_read_from_disk_change_nothing(request_of, trained):
    bundle = train_bundle(request_of({"ahead": "2", "residence": "disk"}))
    ours, theirs = (torch.load(each / "models/model.pt", weights_only=True) for each in (bundle, trained))
    # Another number of threads sums in another order.
    assert all(torch.allclose(ours[key], theirs[key], atol=1e-5) for key in theirs)


def test_a_network_with_coarser_heads_is_trained_on_all_of_them_and_segments_with_the_finest(request_of):
    arguments = "{kernel_size: [3, 3, 3], strides: [1, 2, 2], upsample_kernel_size: [2, 2], filters: [4, 8, 8]"
    recipe = {"network": "dynunet", "network_arguments": f"{arguments}, deep_supervision: true}}", "epochs": "1"}
    bundle = train_bundle(request_of({**recipe, "patch": "[16, 16, 16]", "validation_interval": "1"}))
    weights = torch.load(bundle / "models/model.pt", weights_only=True)
    heads = [name for name in weights if name.startswith("deep_supervision_heads") and "weight" in name]
    assert heads
    assert open_bundle(bundle).metadata["brats3d"]["training"]["last_validation"]["epoch"] == 1


def test_another_seed_gives_other_weights(request_of, trained):
    assert model(train_bundle(request_of(changes=("seed=1",), max_minutes=SOON))) != model(trained)


def test_a_run_without_gain_ends_early_with_a_complete_bundle(request_of):
    request = request_of({"validation_interval": "1", "patience": "1", "epochs": "20"}, changes=("optimizer.rate=0",))
    train_bundle(request)
    assert epochs(request.out) == 2
    assert open_bundle(request.out).missing_files == ()
    before = model(request.out)
    train_bundle(replace(request, resume=True))
    assert (epochs(request.out), model(request.out) == before) == (2, True)


def test_nobody_to_validate_on_still_gives_a_complete_bundle(request_of, tmp_path):
    (tmp_path / "all.json").write_text(json.dumps({"train": IDS, "validation": []}))
    request = request_of({"epochs": "1"}, splits=tmp_path / "all.json")
    train_bundle(request)
    assert open_bundle(request.out).missing_files == ()
    assert "not validated" in (request.out / "docs/README.md").read_text()


def test_slices_are_trained_and_validated(request_of):
    network = "{spatial_dims: 2, channels: [4, 8], strides: [2], num_res_units: 0}"
    flat = {"network": "unet2d", "network_arguments": network, "patch": "[12, 12, 1]"}
    request = request_of({**flat, "windows": "{size: [16, 16, 1], overlap: 0.0}", "epochs": "2"})
    train_bundle(request)
    assert "dice_mean" in (request.out / "metrics.csv").read_text()
    assert open_bundle(request.out).missing_files == ()


@pytest.mark.parametrize("recipe", [{}, {"steps": "1", "validation_interval": "1"}], ids=["loss", "validation"])
def test_numbers_that_are_none_stop_the_run_and_ship_nothing(request_of, recipe):
    request = request_of(recipe, changes=("optimizer.rate=1e30",))
    with pytest.raises(TrainingStopped, match="lower rate"):
        train_bundle(request)
    assert not (request.out / "models/model.pt").exists()


def test_a_disk_that_fills_up_costs_the_epoch_alone(request_of, trained):
    request = request_of(max_minutes=SOON)
    train_bundle(request)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OutputError, match="largest file size"):
            train_bundle(replace(request, resume=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(request.out.rglob("*.part"))
    train_bundle(replace(request, resume=True, max_minutes=0))
    assert model(request.out) == model(trained)


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (Terminated(), 143)])
def test_an_interrupted_run_says_how_to_go_on_and_does(request_of, monkeypatch, error, code):
    def interrupted(*_):
        raise error

    request = request_of({"epochs": "1"})
    with monkeypatch.context() as patched:
        patched.setattr(run, "run_training", interrupted)
        with pytest.raises(Interrupted, match="no checkpoint yet: go on with the same command and --resume") as caught:
            train_bundle(request)
        assert caught.value.exit_code == code
    said = []
    train_bundle(replace(request, resume=True), said.append)
    assert any("holds no checkpoint yet: starting with the first epoch" in line for line in said)
    assert open_bundle(request.out).missing_files == ()
    with monkeypatch.context() as patched:
        patched.setattr(run, "run_training", interrupted)
        with pytest.raises(Interrupted, match="the last checkpoint is kept"):
            train_bundle(replace(request, resume=True))


def test_an_interrupt_while_preparing_keeps_what_is_done(request_of, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run.CachedCase, "arrays", interrupted)
    with pytest.raises(Interrupted, match="patient 1 of 3 was prepared; run the same command again"):
        train_bundle(request_of())


def test_what_was_decided_is_said(request_of, monkeypatch, room):
    monkeypatch.setattr(run, "train", lambda *_: None)
    monkeypatch.setattr(run, "how_it_ended", lambda *_: [])
    said = []
    train_bundle(request_of(), said.append)
    assert said[0] == "train on 2, validate on 1 patients (every fifth patient validates); 0 left out"
    assert said[1] == f"prepared patients are kept in {room / 'cache'}"
    assert said[2:5] == [f"[{n}/3] {each}: prepared" for n, each in enumerate(IDS, start=1)]


def test_every_listed_patient_that_cannot_be_trained_on_is_named_at_once(room, request_of, tmp_path):
    data = shutil.copytree(room / "data", tmp_path / "data")
    (data / IDS[1] / f"{IDS[1]}_seg.nii.gz").unlink()
    cut = data / IDS[2] / f"{IDS[2]}_flair.nii.gz"
    cut.write_bytes(cut.read_bytes()[:-20])
    lists = {"train": [IDS[0], IDS[1]], "validation": ["nobody"], "test": [IDS[2]]}
    (tmp_path / "splits.json").write_text(json.dumps(lists))
    request = request_of(data=data, splits=tmp_path / "splits.json", cache=tmp_path / "cache")
    with pytest.raises(RequestError) as caught:
        train_bundle(request)
    words = str(caught.value)
    for told in ("3 of 4 listed", f"{IDS[1]} (no reference)", "nobody (absent)", f"{IDS[2]} (refused: {IDS[2]}/"):
        assert told in words
    assert not request.out.exists()


def test_patients_in_no_list_are_counted(request_of, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "train", lambda *_: None)
    monkeypatch.setattr(run, "how_it_ended", lambda *_: [])
    (tmp_path / "splits.json").write_text(json.dumps({"train": [IDS[0]], "validation": [IDS[2]]}))
    said = []
    train_bundle(request_of(splits=tmp_path / "splits.json"), said.append)
    assert said[0] == "train on 1, validate on 1 patients (file splits.json); 1 left out"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_minutes": -1.0}, "--max-minutes -1"),
        ({"max_minutes": float("nan")}, "--max-minutes nan"),
        ({"data": "absent"}, "no such folder"),
        ({"out": "file"}, "is a file"),
        ({"out": "data/bundle"}, "lies inside DATA"),
        ({"cache": "data/cache"}, "cache .* lies inside DATA"),
        ({"out": "filled"}, "exists: add --resume"),
        ({"resume": True}, "does not exist: there is nothing to resume"),
    ],
)
def test_places_and_times_that_do_not_fit_are_refused(request_of, tmp_path, changes, words):
    (tmp_path / "data").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "filled").mkdir()
    (tmp_path / "filled/notes.txt").write_text("mine")
    places = {key: tmp_path / value if isinstance(value, str) else value for key, value in changes.items()}
    with pytest.raises(RequestError, match=words):
        check_place(request_of(**{"data": tmp_path / "data", **places}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fold": 1}, "go together"),
        ({"folds": 3}, "go together"),
        ({"splits": "x.json", "folds": 3}, "with --splits give --fold alone"),
        ({"fold": 1, "folds": 4}, "--folds 4: 3 patients have references"),
    ],
)
def test_folds_that_are_asked_for_by_halves_are_refused(room, request_of, tmp_path, changes, words):
    with pytest.raises(RequestError, match=words):
        split_for(request_of(**changes), find_cases(room / "data"))


def test_folds_without_a_file_are_made_by_patient(room, request_of):
    split = split_for(request_of(fold=2, folds=3), find_cases(room / "data"))
    assert (split.train, split.validation) == ((IDS[0], IDS[2]), (IDS[1],))


def test_a_wrong_recipe_or_device_is_refused_before_anything_is_written(request_of, tmp_path):
    for request in (request_of(changes=("epochs=0",)), request_of(device="tpu")):
        with pytest.raises(RequestError):
            train_bundle(request)
    with pytest.raises(MachineError):
        train_bundle(request_of(device="cuda:99"))
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("name", ["plain", "a b", "$(x)", "@a#1::b%", "it's \\ ü \udc80"])
def test_a_path_goes_through_monai_unchanged(tmp_path, name):
    from monai.bundle import ConfigParser

    assert ConfigParser({"x": as_expression(tmp_path / name)}).get_parsed_content("x") == str(tmp_path / name)


def test_a_run_that_ended_before_its_time_says_so(request_of):
    lines = []
    train_bundle(request_of(max_minutes=SOON), lines.append)
    assert "a complete bundle after 3 of 12 steps" in lines[-4]
    assert "add --resume to go on" in lines[-3]
    assert "never validated" in lines[-2]
