"""`brats3d tune`: the whole way on made-up patients, rules stored where they are asked for and nothing else changed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from matplotlib.image import imread
from training_for_tests import write_patients, write_recipe

from brats3d.bundle import open_bundle
from brats3d.cli.main import main
from brats3d.errors import OutputError, RequestError
from brats3d.study import folds
from brats3d.study.folds import FOLDS_FILE, FoldsRequest, fold_folder, run_folds
from brats3d.study.kept import keep
from brats3d.study.store import settings_of, untuned
from brats3d.study.tune import TuneRequest, folder_beside, splits_for, tune_bundles


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Return a folder with patients under `data` and three folds under `out`."""
    folder = tmp_path_factory.mktemp("tune")
    write_patients(folder / "data")
    config = write_recipe(folder, epochs="1", validation_interval="2")
    run_folds(FoldsRequest(config, folder / "data", folder / "out", folds=3, cache=folder / "cache", quiet=True))
    return folder


def request(room, **changes):
    """Return the request to tune all folds."""
    bundles = tuple(fold_folder(room / "out", fold) for fold in (1, 2, 3))
    return TuneRequest(**{"bundles": bundles, "data": room / "data", "splits": room / "out" / FOLDS_FILE, **changes})


def test_rules_found_on_all_folds_go_into_every_bundle_asked_for(room, tmp_path):
    final = shutil.copytree(fold_folder(room / "out", 1), tmp_path / "final")
    weights = (final / "models/model.pt").read_bytes()
    tuning = tune_bundles(request(room, into=(final,)))
    for bundle in (*request(room).bundles, final):
        opened = open_bundle(bundle)
        settings = yaml.safe_load((bundle / "configs/common.yaml").read_text())
        assert {key: settings[key] for key in settings_of(tuning)} == settings_of(tuning)
        words = "3 patients, each segmented by a network of the same recipe that had not seen it"
        assert words in (bundle / "docs/README.md").read_text()
        assert opened.thresholds == tuning.rules.thresholds
        assert opened.islands == tuning.rules.islands
        assert opened.metadata["brats3d"]["tuning"]["held_out_patients"] == 3
        assert "## Rules" in (bundle / "docs/README.md").read_text()
        assert imread(bundle / "docs/reliability.png").ndim == 3
    assert (final / "models/model.pt").read_bytes() == weights


def test_a_bundle_is_not_tuned_on_whom_it_was_trained_on_nor_with_another_network(room, tmp_path):
    bundles = request(room).bundles
    with pytest.raises(RequestError, match="fold_2 was trained on 1 of the patients that its split holds out"):
        tune_bundles(request(room, bundles=(bundles[1], bundles[0], bundles[2])))
    other = shutil.copytree(bundles[0], tmp_path / "other")
    common = other / "configs/common.yaml"
    settings = yaml.safe_load(common.read_text())
    settings["preparation"]["percentiles"] = [1.0, 99.0]
    common.write_text(yaml.safe_dump(settings))
    with pytest.raises(RequestError, match=r"another preparation than .*fold_1"):
        tune_bundles(request(room, into=(other,)))
    (other / "configs/train.yaml").unlink()
    with pytest.raises(RequestError, match=r"other is not whole: configs/train.yaml is missing"):
        tune_bundles(request(room, into=(other,)))


def test_predictions_lie_beside_the_bundle_and_a_full_disk_has_a_word(room, tmp_path):
    with folder_beside(tmp_path / "bundle") as folder:
        assert Path(folder).parent == tmp_path
    assert not any(tmp_path.iterdir())
    with pytest.raises(OutputError, match="nowhere"):
        folder_beside(tmp_path / "nowhere/bundle")
    with pytest.raises(OutputError, match=r"a\.npy"):
        keep(tmp_path / "nowhere/a.npy", np.zeros(1))


def test_folds_that_were_tuned_keep_the_masks_made_before(room, tmp_path, monkeypatch):
    folder = shutil.copytree(room / "out", tmp_path / "out")
    asked = FoldsRequest(str(room / "smallest.yaml"), room / "data", folder, folds=3, cache=room / "cache", quiet=True)
    bundles = tuple(fold_folder(folder, fold) for fold in (1, 2, 3))
    tune_bundles(TuneRequest(bundles, room / "data", folder / FOLDS_FILE))
    masks = {path: path.read_bytes() for path in (folder / "masks").iterdir() if path.stem != "summary"}
    about = fold_folder(folder, 1) / "configs/metadata.json"
    about.write_text(about.read_text().replace('"steps": 3', '"steps": 2'))  # as if it had ended before its time
    monkeypatch.setattr(folds, "train_bundle", pytest.fail)
    said = []
    run_folds(asked, said.append)
    assert said.count("tuned since: the masks made before stay") == 3
    assert {path: path.read_bytes() for path in masks} == masks
    assert (folder / "masks/summary.csv").read_text().count("made before the bundle was tuned") == 3
    next(path for path in masks if path.suffix == ".gz").unlink()
    with pytest.raises(RequestError, match="out of fold no more"):
        run_folds(asked)


def test_tuning_what_is_tuned_finds_the_same_again(room):
    once, twice = tune_bundles(request(room)), tune_bundles(request(room))
    assert settings_of(once) == settings_of(twice)
    assert once.before == pytest.approx(twice.before, abs=1e-3)
    assert (once.flags, once.flags_nested) == (twice.flags, twice.flags_nested)


def test_limits_that_a_tuning_found_are_not_the_recipes_own():
    review, metadata = {"brain_ml": [50, 2000], "unsure_ET": [0.0, 0.2]}, {"brats3d": {"tuning": {"review": []}}}
    assert untuned(review, {"brats3d": {}}) == untuned(review, metadata) == review
    metadata["brats3d"]["tuning"]["review"] = ["unsure_ET"]
    assert untuned(review, metadata) == {"brain_ml": [50, 2000]}


def test_the_command_shows_what_was_found(room, capsys):
    bundles = [str(each) for each in request(room).bundles]
    words = ["tune", *bundles, "--data", str(room / "data"), "--splits", str(room / "out" / FOLDS_FILE)]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["thresholds"]) == {"WT", "TC", "ET"}
    assert document["held_out_patients"] == 3
    assert main(words) == 0
    told = capsys.readouterr()
    assert "brats2023: mean Dice" in told.out
    assert "3 held-out patients predicted" in told.err


def test_bundles_and_splits_must_go_together(room, tmp_path):
    with pytest.raises(RequestError, match="1 bundles and 3 splits"):
        splits_for(request(room, bundles=request(room).bundles[:1]))
    alone = tmp_path / "split.json"
    alone.write_text(json.dumps({"train": ["a"], "validation": []}))
    with pytest.raises(RequestError, match="has nobody to tune on"):
        splits_for(request(room, bundles=request(room).bundles[:1], splits=alone))
    with pytest.raises(RequestError, match="No such file"):
        splits_for(request(room, splits=tmp_path / "absent.json"))
