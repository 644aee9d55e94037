"""The table of networks against MONAI's own signatures, and what it refuses."""

import inspect

import monai.networks.nets
import pytest
import torch

from brats3d.errors import RequestError
from brats3d.networks import NETWORKS, RECIPES, build_network, check_network_def, divisor, divisor_of


@pytest.mark.parametrize("name", NETWORKS)
def test_every_argument_of_the_table_is_one_of_monais_class(name):
    known = inspect.signature(getattr(monai.networks.nets, name).__init__).parameters
    assert set(NETWORKS[name].arguments) <= set(known)
    assert NETWORKS[name].required <= set(NETWORKS[name].arguments)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_argument_that_monai_requires_is_required(name):
    parameters = inspect.signature(getattr(monai.networks.nets, name).__init__).parameters.values()
    required = {each.name for each in parameters if each.default is inspect.Parameter.empty} - {"self"}
    assert required <= NETWORKS[name].required


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_passes_its_own_checks(recipe):
    check_network_def(RECIPES[recipe])


def test_an_unknown_argument_names_its_nearest():
    with pytest.raises(RequestError, match=r"unknown key 'network_def.chanels' of UNet; did you mean 'channels'\?"):
        check_network_def({**RECIPES["unet"], "chanels": [1]})


def test_a_missing_argument_is_named():
    broken = {key: value for key, value in RECIPES["unet"].items() if key != "strides"}
    with pytest.raises(RequestError, match=r"'network_def.strides' of UNet is missing"):
        check_network_def(broken)


@pytest.mark.parametrize("target", ["os.system", "monai.networks.nets.UNet", None, 3, ["UNet"], "UNETR"])
def test_a_foreign_target_is_refused(target):
    with pytest.raises(RequestError, match="unknown network"):
        check_network_def({**RECIPES["unet"], "_target_": target})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("out_channels", 4),
        ("in_channels", 5),
        ("in_channels", True),
        ("channels", [32, 10**9]),
        ("channels", [1] * 13),
        ("strides", "2"),
        ("num_res_units", 10**6),
        ("dropout", float("nan")),
        ("act", "EVAL"),
        ("act", ["RELU", {"__class__": 1}]),
        ("norm", ["GROUP", {"num_groups": "$import os"}]),
        ("norm", ["GROUP", {"num_groups": 8}, 3]),
        ("kernel_size", [3, 3, 3, 3]),
        ("bias", 1),
    ],
)
def test_a_value_out_of_range_is_refused(key, value):
    with pytest.raises(RequestError, match=f"'network_def.{key}' of UNet is"):
        check_network_def({**RECIPES["unet"], key: value})


def test_words_may_bring_plain_options():
    check_network_def({**RECIPES["unet"], "norm": ["group", {"num_groups": 8, "affine": True}], "act": "prelu"})


@pytest.mark.parametrize(
    ("network_def", "expected"),
    [
        (RECIPES["unet"], (16, 16, 16)),
        (RECIPES["unet2d"], (16, 16)),
        (RECIPES["segresnet"], (8, 8, 8)),
        (RECIPES["dynunet"], (32, 32, 32)),
        (RECIPES["swinunetr"], (32, 32, 32)),
        ({**RECIPES["segresnet"], "blocks_down": [1, 1], "blocks_up": [1]}, (2, 2, 2)),
        ({**RECIPES["unet"], "channels": [4, 8, 8], "strides": [[1, 2, 2], [2, 2, 3]]}, (2, 4, 6)),
    ],
)
def test_the_divisor_is_known_from_the_definition_and_from_the_network(network_def, expected):
    assert divisor(network_def) == expected
    assert divisor_of(build_network(network_def)) == expected


def test_the_divisor_of_a_foreign_module_is_not_guessed():
    with pytest.raises(RequestError, match="Conv3d is not among the networks"):
        divisor_of(torch.nn.Conv3d(1, 1, 1))
