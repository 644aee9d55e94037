"""Recipes: joined, checked key by key, and every shipped one sound to its network."""

from importlib import resources

import pytest
import yaml
from training_for_tests import write_recipe

from brats3d.bundle import check_definition, open_bundle, shipped_bundles
from brats3d.errors import RequestError
from brats3d.networks import outline
from brats3d.train.augment import Augmentation
from brats3d.train.recipe import (
    as_plain,
    augmentation_of,
    common_of,
    network_def_of,
    parse_change,
    read_recipe,
    shipped_configs,
)


@pytest.mark.parametrize("name", shipped_configs())
def test_every_shipped_recipe_reads_and_its_network_builds(name):
    recipe = read_recipe(name)
    assert recipe["name"] == name
    assert check_definition(common_of(recipe)).name == name
    assert all(weight.is_meta for weight in outline(network_def_of(recipe)).parameters())


def test_a_file_a_change_and_the_base_are_joined(tmp_path):
    config = write_recipe(tmp_path)
    recipe = read_recipe(config, ["epochs=9", "epochs=7", "optimizer.rate=1e-4", "network_arguments.dropout=0.1"])
    assert (recipe["epochs"], recipe["steps"], recipe["optimizer"]["rate"]) == (7, 3, 0.0001)
    assert recipe["optimizer"]["weight_decay"] == 0.01
    assert network_def_of(recipe)["dropout"] == 0.1
    assert network_def_of(recipe)["channels"] == [4, 8]


def test_fewer_modalities_make_fewer_channels():
    recipe = read_recipe("unet", ["modalities=[t1ce, flair]"])
    assert network_def_of(recipe)["in_channels"] == 2
    assert common_of(recipe)["modalities"] == ["t1ce", "flair"]


def test_a_change_is_nested_by_its_dots():
    assert parse_change("a.b.c=[1, {d: x}]") == {"a": {"b": {"c": [1, {"d": "x"}]}}}
    assert parse_change("rate=-1.5E+3") == {"rate": -1500.0}
    assert parse_change("name=v1") == {"name": "v1"}


def test_an_augmentation_is_plain_data_and_back():
    recipe = read_recipe("unet", ["augmentation.scale_range=[0.8, 1.2]"])
    augmentation = augmentation_of(recipe)
    assert augmentation.scale_range == (0.8, 1.2)
    assert {"set": "base", **as_plain(augmentation)} == recipe["augmentation"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("windows.overlapp=0.6", "unknown key 'windows.overlapp'; did you mean 'windows.overlap'?"),
        ("learning_rate=1", "unknown key 'learning_rate'; did you mean 'optimizer.rate'?"),
        ("epochs", "write it as key=value"),
        ("=3", "write it as key=value"),
        ("epochs=[", "cannot be read as YAML"),
        ("epochs=3\nseed: 4", "one key and one value a time"),
        ("epochs=0", "epochs is 0: it must be a whole number from 1"),
        ("epochs=1.5", "epochs is 1.5: it must be a whole number"),
        ("epochs=true", "epochs is True"),
        ("epochs=", "epochs is None"),
        ("seed=-1", "seed is -1"),
        ("ahead=-1", "ahead is -1"),
        ("ahead=soon", "it must be auto, or a whole number from 0 to 64"),
        ("sampling.rare_times=0", "from 1 to 100"),
        ("augmentation.rotation_axes=2", "augmentation.rotation_axes is 2: it must be one of 1, 3"),
        ("optimizer.rate=.nan", "a finite number is needed"),
        ("optimizer.rate=1e999", "optimizer.rate is inf"),
        ("optimizer.rate=fast", "optimizer.rate is 'fast': it must be a number"),
        ("optimizer=3", "holds keys of its own"),
        ("average_decay=1", "average_decay is 1"),
        ("sampling.tumour_share=1.1", "from 0 to 1"),
        ("precision=half", "it must be one of auto, float32, bfloat16"),
        ("label_scheme=brats", "it must be one of layout, brats2020, brats2023, brats2024, msd"),
        ("weights=int8", "it must be one of float32, float16"),
        ("modalities=[t2, t1]", "in this order"),
        ("modalities=t1", "in this order"),
        ("modalities=", "modalities is None"),
        ("network=reunet", "unknown network 'reunet'; did you mean 'resunet'?"),
        ("network=[unet]", "unknown network"),
        ("network_arguments.chanels=[8]", "did you mean 'channels'?"),
        ("network_arguments.in_channels=3", "in_channels' is 3 where 'modalities' names 4"),
        ("patch=[100, 112, 112]", "the network needs multiples of [16, 16, 16], at least 3 times that"),
        ("patch=[32, 112, 112]", "at least 3 times that"),
        ("patch=[112, 112]", "three whole numbers"),
        ("patch=[112.0, 112, 112]", "three whole numbers"),
        ("patch=[1024, 112, 112]", "from 1 to 512"),
        ("windows.size=[60, 64, 64]", "'windows.size' is [60, 64, 64]"),
        ("windows.overlap=0.95", "windows.overlap"),
        ("thresholds.WT=1", "thresholds.WT"),
        ("smallest_enhancing_ml=-1", "smallest_enhancing_ml"),
        ("preparation.version=2", "preparation version 2"),
        ("name=$x", "begins with $, @ or % is refused"),
        ("name=a/b", "letters, digits, dots, dashes"),
        ("augmentation.flip=2", "augmentation.flip is 2: it must lie between 0 and 1.0"),
        ("augmentation.rotation_degrees=181", "between 0 and 180.0"),
        ("augmentation.flip=yes", "augmentation.flip is True"),
        ("augmentation.scale_range=[2, 1]", "low and high"),
        ("augmentation.scale_range=[0, 1]", "low and high"),
        ("augmentation.low_resolution_range=[0.5, 2]", "low and high, above 0 to 1.0"),
        ("augmentation.scale_range=3", "must be like (0.7, 1.4)"),
        ("augmentation.noise=[0, 1]", "must be like 0.1"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_begins(change, words):
    with pytest.raises(RequestError) as caught:
        read_recipe("resunet", [change])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_argument_of_the_network_is_called_as_the_recipe_calls_it():
    with pytest.raises(RequestError, match=r"unknown key 'network_arguments.chanels' of UNet; did you mean 'channels'"):
        read_recipe("unet", ["network_arguments.chanels=[8, 16]"])


def test_networks_of_slices_and_of_several_outputs_are_judged():
    with pytest.raises(RequestError, match=r"a network of slices needs \[x, y, 1\]"):
        read_recipe("unet2d", ["patch=[160, 160, 2]"])
    assert read_recipe("dynunet", ["network_arguments.deep_supervision=true"])["network"] == "dynunet"


@pytest.mark.parametrize("name", ["none", "light", "nnunet", "brats2020"])
def test_a_set_of_augmentations_lies_between_the_base_and_whatever_else_is_said(name):
    chosen = read_recipe("unet", [f"augmentation.set={name}", "augmentation.noise=0.77"])["augmentation"]
    assert (chosen["set"], chosen["noise"]) == (name, 0.77)
    assert chosen != read_recipe("unet", ["augmentation.noise=0.77"])["augmentation"]
    patches = augmentation_of({"augmentation": chosen})
    assert (patches.flip == 0) is (name == "none")


def test_patches_as_they_are_keep_their_modalities_whatever_the_config_says():
    assert read_recipe("unet")["augmentation"]["modality_dropout"] > 0
    assert read_recipe("unet", ["augmentation.set=light"])["augmentation"]["modality_dropout"] > 0
    assert read_recipe("unet", ["augmentation.set=none"])["augmentation"]["modality_dropout"] == 0


def test_an_optimiser_brings_its_own_rate_and_decay(tmp_path):
    assert read_recipe("dynunet", ["optimizer.name=adamw"])["optimizer"] == read_recipe("dynunet")["optimizer"]
    plain = {"name": "sgd", "rate": 0.01, "weight_decay": 0.00003, "momentum": 0.99}
    # The rate of dynunet was meant for AdamW.
    assert read_recipe("dynunet", ["optimizer.name=sgd"])["optimizer"] == plain
    assert read_recipe("dynunet", ["optimizer.rate=0.02", "optimizer.name=sgd"])["optimizer"] == plain | {"rate": 0.02}
    own = tmp_path / "own.yaml"
    own.write_text("optimizer: {name: sgd, momentum: 0.9}\n")
    assert read_recipe(str(own))["optimizer"] == plain | {"momentum": 0.9}
    # Its own choice said again changes nothing; the base's own lies over the config as every other does.
    assert read_recipe(str(own), ["optimizer.name=sgd"])["optimizer"] == plain | {"momentum": 0.9}
    assert read_recipe(str(own), ["optimizer.name=adamw"])["optimizer"] == read_recipe("unet")["optimizer"]
    own.write_text("augmentation: {set: nnunet, flip: 0.1}\n")
    assert read_recipe(str(own))["augmentation"]["flip"] == 0.1
    base = read_recipe("resunet")["augmentation"]
    assert read_recipe(str(own), ["augmentation.set=base"])["augmentation"] == base


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("augmentation.set=nnunett", "unknown augmentation.set 'nnunett'; did you mean 'nnunet'"),
        ("optimizer.name=sdg", "unknown optimizer.name 'sdg'; did you mean 'sgd'"),
        ("optimizer.name=[sgd]", "unknown optimizer.name ['sgd']"),
        ("optimizer=sgd", "optimizer"),
        ("augmentation=none", "augmentation"),
    ],
)
def test_an_unknown_preset_names_its_nearest(change, words):
    with pytest.raises(RequestError) as caught:
        read_recipe("unet", [change])
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed: 1\nseed: 2\n", "stands twice"),
        ("a: &x 1\n", "alias or anchor"),
        ("- 1\n", "holds no keys"),
        ("\udc80", "YAML"),
        ("epoch: 3\n", "did you mean 'epochs'"),
    ],
)
def test_a_config_file_is_plain_data(tmp_path, text, words):
    path = tmp_path / "odd.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RequestError, match=words):
        read_recipe(str(path))


def test_an_unknown_config_names_its_nearest(tmp_path):
    with pytest.raises(RequestError, match="neither a file nor a shipped recipe; did you mean 'resunet'"):
        read_recipe("resunett")
    with pytest.raises(RequestError, match="neither a file"):
        read_recipe(str(tmp_path))


def test_what_the_code_takes_for_granted_is_what_the_base_recipe_says():
    base = yaml.safe_load(resources.files("brats3d.configs").joinpath("base.yaml").read_text())
    assert {"set": "base", **as_plain(Augmentation())} == base["augmentation"]


@pytest.mark.parametrize("name", shipped_bundles())
def test_a_shipped_bundle_leaves_nothing_of_its_augmentation_to_the_code(name):
    values = yaml.safe_load((open_bundle(name).folder / "configs/train.yaml").read_text())["augmentation"]
    assert values.keys() == {"_target_", *as_plain(Augmentation())}
