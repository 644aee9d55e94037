"""The folder of a bundle: plain `common.yaml`, metadata in MONAI's schema, workflows that check, and nobody's edits."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml
from monai.bundle import ConfigWorkflow, verify_metadata
from training_for_tests import write_recipe

from brats3d.bundle import STRANGER, open_bundle
from brats3d.errors import MachineError, OutputError, RequestError
from brats3d.train.model_card import RELIABILITY_FILE, steps_words, validation_words
from brats3d.train.recipe import common_of, read_recipe, shipped_configs
from brats3d.train.splits import Split
from brats3d.train.write_bundle import (
    config_files,
    describe_bundle,
    dump,
    metadata_of,
    same_configs,
    start_bundle,
    take_back_rules,
)

SCHEMA = Path(__file__).parent.parent / "data/metadata_schema.json"
SPLIT = Split(("a", "b"), ("c",), (), "by hand")


@pytest.fixture
def recipe(tmp_path):
    return read_recipe(write_recipe(tmp_path))


def verify(path):
    """Have MONAI judge a `metadata.json`; the schema is on the disk, so nothing is fetched."""
    verify_metadata(meta_file=str(path), filepath=str(SCHEMA), hash_val=hashlib.md5(SCHEMA.read_bytes()).hexdigest())


def test_common_yaml_is_what_the_recipe_says(recipe):
    files = config_files(recipe, SPLIT)
    assert yaml.safe_load(files["configs/common.yaml"]) == common_of(recipe)
    train = yaml.safe_load(files["configs/train.yaml"])
    assert (train["train_ids"], train["validation_ids"]) == (["a", "b"], ["c"])
    assert (train["epochs"], train["val_interval"], train["rate"]) == (4, 2, 0.001)


def test_without_patients_to_validate_on_no_validation_comes(recipe):
    train = yaml.safe_load(config_files(recipe, Split(("a",), ()))["configs/train.yaml"])
    assert train["val_interval"] > train["epochs"]


@pytest.mark.parametrize("name", shipped_configs())
def test_metadata_of_every_shipped_recipe_fit_monais_schema(tmp_path, name):
    path = tmp_path / "metadata.json"
    path.write_text(json.dumps(metadata_of(read_recipe(name), {})))
    verify(path)


def test_metadata_of_a_trained_bundle_fit_monais_schema(trained):
    path = trained / "configs/metadata.json"
    verify(path)
    metadata = json.loads(path.read_text())
    assert set(metadata["eval_metrics"]) == {"dice_WT", "dice_TC", "dice_ET"}
    assert metadata["brats3d"]["training"]["steps"] == 12
    assert metadata["brats3d"]["training"]["last_validation"]["epoch"] == 4
    assert [*metadata["network_data_format"]["inputs"]["image"]["channel_def"].values()] == [
        "T1",
        "T1ce",
        "T2",
        "FLAIR",
    ]


@pytest.mark.parametrize("key", ["version", "task", "network_data_format"])
def test_the_schema_sees_what_is_missing(tmp_path, recipe, key):
    metadata = metadata_of(recipe, {})
    del metadata[key]
    path = tmp_path / "metadata.json"
    path.write_text(json.dumps(metadata))
    with pytest.raises(ValueError, match=f"'{key}' is a required property"):
        verify(path)


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("train", ["common", "train"]),
        ("train", ["common", "train", "evaluate"]),
        ("infer", ["common", "inference"]),
    ],
    ids=lambda value: value if isinstance(value, str) else value[-1],
)
def test_monai_finds_every_property_of_a_workflow(room, trained, kind, files):
    workflow = ConfigWorkflow(
        config_file=[str(trained / f"configs/{name}.yaml") for name in files],
        meta_file=str(trained / "configs/metadata.json"),
        workflow_type=kind,
        logging_file=False,
        bundle_root=str(trained),
        dataset_dir=str(room / "data"),
        cache_dir=str(room / "cache"),
    )
    workflow.initialize()
    assert workflow.check_properties() == []


def test_a_trained_bundle_is_whole_and_its_card_names_its_hash(trained):
    opened = open_bundle(trained)
    assert opened.missing_files == ()
    card = (trained / "docs/README.md").read_text()
    assert STRANGER.format(sha256=opened.sha256) in card
    assert "12 steps" in card
    assert {path.name for path in trained.iterdir()} == {
        "LICENSE", "configs", "curve.png", "docs", "logs", "metrics.csv", "models",
    }  # fmt: skip
    assert {path.name for path in (trained / "models").iterdir()} == {
        "model.pt", "checkpoint_last.pt", "checkpoint_best.pt",
    }  # fmt: skip
    assert list((trained / "logs").glob("events.*"))


def test_an_edited_config_is_not_run_again(tmp_path, recipe):
    start_bundle(tmp_path / "bundle", recipe, SPLIT)
    same_configs(tmp_path / "bundle", recipe, SPLIT)
    for name in ("common", "train", "evaluate", "inference", "multi_gpu_train"):
        edited = shutil.copytree(tmp_path / "bundle", tmp_path / name) / f"configs/{name}.yaml"
        edited.write_text(edited.read_text() + "# more\n")
        with pytest.raises(RequestError, match=f"{name}.yaml differs from what this recipe gives"):
            same_configs(tmp_path / name, recipe, SPLIT)


def test_another_recipe_or_split_is_not_resumed(tmp_path, recipe):
    start_bundle(tmp_path / "bundle", recipe, SPLIT)
    with pytest.raises(RequestError, match="resume with the same config"):
        same_configs(tmp_path / "bundle", {**recipe, "seed": 9}, SPLIT)
    with pytest.raises(RequestError, match="resume with the same config"):
        same_configs(tmp_path / "bundle", recipe, Split(("a",), ("c",)))


def test_a_folder_that_is_no_bundle_is_not_resumed(tmp_path, recipe):
    (tmp_path / "letters").mkdir()
    with pytest.raises(MachineError, match="is no bundle to resume"):
        same_configs(tmp_path, recipe, SPLIT)


def test_a_place_where_no_folder_can_be_made_is_the_machines_fault(tmp_path, recipe):
    with pytest.raises(OutputError):
        start_bundle(tmp_path / ("long" * 100), recipe, SPLIT)


def test_only_what_was_measured_with_these_weights_stands_in_the_metadata(tmp_path, trained):
    bundle = shutil.copytree(trained, tmp_path / "bundle")
    path = bundle / "configs/metadata.json"
    metadata = json.loads(path.read_text())
    metadata["brats3d"]["figures"] = {"count": 8}
    path.write_text(json.dumps(metadata))
    training = metadata["brats3d"]["training"]
    describe_bundle(bundle, training)
    assert json.loads(path.read_text())["brats3d"]["figures"] == {"count": 8}
    (bundle / "models/model.pt").write_bytes(b"others")
    describe_bundle(bundle, {**training, "epochs": 5})
    metadata = json.loads(path.read_text())
    assert "figures" not in metadata["brats3d"]
    assert "eval_metrics" not in metadata


def test_a_card_says_what_the_figures_are_of(trained):
    training = json.loads((trained / "configs/metadata.json").read_text())["brats3d"]["training"]
    values = yaml.safe_load((trained / "configs/train.yaml").read_text())
    assert (steps_words(training, values), steps_words({**training, "steps": 9}, values)) == ("12", "9 of 12")
    assert "(after epoch 4; the weights are of 5)" in validation_words({**training, "epochs": 5})
    assert "after epoch" not in validation_words(training)


def test_the_setting_that_differs_is_shown(tmp_path, recipe):
    start_bundle(tmp_path / "bundle", recipe, SPLIT)
    with pytest.raises(RequestError, match=r"'epochs: 7' here, 'epochs: 4' there"):
        same_configs(tmp_path / "bundle", {**recipe, "epochs": 7}, SPLIT)


def test_a_network_trained_on_subsets_serves_them_all(tmp_path):
    plain, dropped = (
        common_of(read_recipe("unet", [f"augmentation.modality_dropout={share}"])) for share in (0.0, 0.2)
    )
    assert "serves" not in plain
    assert len(dropped["serves"]) == 15
    assert dropped["serves"][0] == dropped["modalities"]
    assert ["flair"] in dropped["serves"]


def test_what_tuning_found_is_no_stranger_in_a_bundle_to_resume(recipe, tmp_path):
    start_bundle(tmp_path, recipe, SPLIT)
    common = tmp_path / "configs/common.yaml"
    settings = yaml.safe_load(common.read_text())
    common.write_text(dump({**settings, "temperature": 1.3, "smallest_enhancing_ml": 0.2}))
    same_configs(tmp_path, recipe, SPLIT)
    common.write_text(dump({**settings, "windows": {"size": [32, 32, 32], "overlap": 0.0}}))
    with pytest.raises(RequestError, match="differs from what this recipe gives"):
        same_configs(tmp_path, recipe, SPLIT)


def test_rules_of_weights_that_are_trained_on_are_taken_back(recipe, tmp_path):
    start_bundle(tmp_path, recipe, SPLIT)
    common, metadata = tmp_path / "configs/common.yaml", tmp_path / "configs/metadata.json"
    plain = common.read_bytes()
    assert not take_back_rules(tmp_path, recipe, SPLIT)
    steps = recipe["epochs"] * recipe["steps"]
    for done, is_taken_back in ((steps, False), (steps - 1, True)):
        common.write_text(dump({**yaml.safe_load(plain), "temperature": 1.3}))
        about = json.loads(metadata.read_text())
        training = {"steps": done, "seconds": 1, "device": "cpu", "precision": "float32", "last_validation": None}
        about["brats3d"] |= {"tuning": {}, "training": training, "weights": {"sha256": "0" * 64}}
        metadata.write_text(json.dumps(about))
        (tmp_path / RELIABILITY_FILE).write_bytes(b"a picture")
        assert take_back_rules(tmp_path, recipe, SPLIT) is is_taken_back
        assert (tmp_path / RELIABILITY_FILE).exists() is not is_taken_back
        assert (common.read_bytes() == plain) is is_taken_back
        assert ("tuning" in json.loads(metadata.read_text())["brats3d"]) is not is_taken_back
    assert "## Rules" not in (tmp_path / "docs/README.md").read_text()


def test_limits_of_the_review_come_from_the_recipe_and_are_checked(tmp_path):
    assert common_of(read_recipe("tiny"))["review"] == {"brain_ml": [50, 2000]}
    assert "review" not in common_of(read_recipe("unet"))
    with pytest.raises(RequestError, match=r"unknown key 'review.brain'"):
        read_recipe("unet", ["review.brain=[50, 2000]"])
