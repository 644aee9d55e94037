"""Folds: every patient scored by the bundle that never saw it, killed and resumed, and other folds refused."""

import json
import shutil
from dataclasses import replace

import pytest
from training_for_tests import write_patients, write_recipe

from brats3d.bundle import open_bundle
from brats3d.errors import Interrupted, RequestError
from brats3d.output.record import read_record, record_path
from brats3d.study import folds
from brats3d.study.folds import FOLDS_FILE, MASKS, FoldsRequest, fold_folder, is_complete, run_folds, splits_for

IDS = [f"BraTS20_Phantom_00{n}" for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Return a folder with patients under `data`, a recipe, and a request for three folds."""
    folder = tmp_path_factory.mktemp("folds")
    write_patients(folder / "data")
    config = write_recipe(folder, epochs="1", validation_interval="1")
    return FoldsRequest(config, folder / "data", folder / "out", folds=3, cache=folder / "cache", quiet=True)


@pytest.fixture(scope="module")
def done(room):
    """Return what three folds came to."""
    return run_folds(room)


def test_each_patient_is_scored_once_by_the_fold_that_never_saw_it(room, done):
    assert {name: [case.id for case in cases] for name, cases in done.items()} == {
        "brats2020": IDS,
        "brats2023": IDS,
    }
    lists = json.loads((room.out / FOLDS_FILE).read_text())
    for fold, split in enumerate(lists, start=1):
        bundle = open_bundle(fold_folder(room.out, fold))
        for held_out in split["validation"]:
            assert held_out not in split["train"]
            assert read_record(record_path(room.out / MASKS, held_out)).bundle["sha256"] == bundle.sha256
    assert sorted(each for split in lists for each in split["validation"]) == IDS
    document = json.loads((room.out / "metrics_brats2020.json").read_text())
    assert [case["id"] for case in document["cases"]] == IDS


def test_one_summary_tells_of_all_folds(room, done):
    document = json.loads((room.out / MASKS / "summary.json").read_text())
    assert [case["id"] for case in document["cases"]] == IDS


def test_what_is_done_is_not_done_again(room, done, monkeypatch):
    monkeypatch.setattr(folds, "train_bundle", pytest.fail)
    said = []
    assert run_folds(room, said.append) == done
    assert said[0] == "fold 1 of 3: trained already"
    assert said[1] == "1 skipped"


def test_an_interrupted_run_goes_on_where_it_stopped(room, done, tmp_path, monkeypatch):
    request, train = replace(room, out=tmp_path / "again"), folds.train_bundle
    trained = []

    def interrupted(asked, say):
        if len(trained) == 1:
            trained.append("interrupted")
            raise Interrupted("interrupted", 130)
        trained.append(asked.fold)
        return train(asked, say)

    monkeypatch.setattr(folds, "train_bundle", interrupted)
    with pytest.raises(Interrupted, match="fold 2 interrupted; run the same command again") as caught:
        run_folds(request)
    assert caught.value.exit_code == 130
    assert run_folds(request) == done
    assert trained == [1, "interrupted", 2, 3]


def test_other_folds_or_another_recipe_are_refused(room, done, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(folds, "prepare_all", pytest.fail)  # it is said before anybody is prepared
        with pytest.raises(RequestError, match="holds other folds"):
            run_folds(replace(room, folds=2))
    with pytest.raises(RequestError, match="differs from what this recipe gives"):
        run_folds(replace(room, changes=("optimizer.rate=0.1",)))
    with pytest.raises(RequestError, match="lies inside DATA"):
        run_folds(replace(room, out=room.data / "out"))
    with pytest.raises(RequestError, match=r"cache .* lies inside DATA"):
        run_folds(replace(room, out=tmp_path / "new", cache=room.data / "cache"))
    with pytest.raises(RequestError, match="--folds 0: 3 patients have references"):
        run_folds(replace(room, out=tmp_path / "new", folds=0))
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="file is a file: give a folder"):
        run_folds(replace(room, out=tmp_path / "file"))
    twice = tmp_path / "splits.json"
    twice.write_text(json.dumps([{"train": IDS[1:], "validation": IDS[:1]}] * 2))
    with pytest.raises(RequestError, match=f"{IDS[0]}: validated on in two folds"):
        run_folds(replace(room, splits=twice, out=tmp_path / "out"))
    visits = [{"train": IDS[1:], "validation": [f"BraTS-GLI-00001-10{visit}"]} for visit in (0, 1)]
    twice.write_text(json.dumps(visits))
    with pytest.raises(RequestError, match="BraTS-GLI-00001: validated on in two folds"):
        splits_for(replace(room, splits=twice), [])
    twice.write_text(json.dumps({"train": IDS[1:], "validation": IDS[:1]}))
    with pytest.raises(RequestError, match="holds no list of splits"):
        run_folds(replace(room, splits=twice, out=tmp_path / "out"))


def test_copies_are_found_in_any_fold_before_one_is_trained(room, tmp_path, monkeypatch):
    data = shutil.copytree(room.data, tmp_path / "data")
    copy = data / "BraTS20_Phantom_009"
    copy.mkdir()
    for path in (data / IDS[2]).iterdir():
        shutil.copy(path, copy / path.name.replace(IDS[2], copy.name))
    splits = tmp_path / "splits.json"
    held_out = [[IDS[0]], [IDS[1]], [IDS[2]]]
    all_ids = [*IDS, copy.name]
    folds_ = [{"train": [each for each in all_ids if each not in them], "validation": them} for them in held_out]
    folds_[0]["train"].remove(copy.name)
    folds_[1]["train"].remove(copy.name)
    splits.write_text(json.dumps(folds_))
    monkeypatch.setattr(folds, "train_bundle", pytest.fail)
    with pytest.raises(RequestError, match=f"{copy.name} and {IDS[2]}"):
        run_folds(replace(room, data=data, splits=splits, out=tmp_path / "out"))
    assert not (tmp_path / "out" / FOLDS_FILE).exists()


def test_patients_in_no_fold_are_neither_segmented_nor_scored(room, done, tmp_path):
    splits = tmp_path / "splits.json"
    splits.write_text(json.dumps([{"train": IDS[1:2], "validation": IDS[:1]}]))
    scores = run_folds(replace(room, splits=splits, out=tmp_path / "out"))
    assert [case.id for case in scores["brats2020"]] == IDS[:1]


def test_a_fold_cut_short_is_not_complete(room, done, tmp_path):
    assert is_complete(fold_folder(room.out, 1), 3)
    assert not is_complete(fold_folder(room.out, 1), 4)
    assert not is_complete(tmp_path, 3)
