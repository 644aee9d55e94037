"""Building: what MONAI cannot build, what is too large, and outlines without storage."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from brats3d.errors import MachineError, RequestError
from brats3d.networks import RECIPES, build_network, check_network_def, divisor, outline, outline_for
from brats3d.networks import build as build_module

SMALL = ("unet", "resunet", "unet2d", "segresnet")


@pytest.mark.parametrize("recipe", SMALL)
def test_a_recipe_gives_three_logits_for_four_modalities(recipe):
    network = build_network(RECIPES[recipe]).eval()
    axes = RECIPES[recipe]["spatial_dims"]
    with torch.inference_mode():
        assert network(torch.zeros(1, 4, *[32] * axes)).shape == (1, 3, *[32] * axes)


@pytest.mark.parametrize("recipe", [*SMALL, "dynunet"])
def test_an_outline_has_the_names_and_shapes_of_the_network_and_no_storage(recipe):
    sketch, network = outline(RECIPES[recipe]), build_network(RECIPES[recipe])
    assert all(each.is_meta for each in sketch.state_dict().values())
    shapes = [{name: (each.shape, each.dtype) for name, each in one.state_dict().items()} for one in (sketch, network)]
    assert shapes[0] == shapes[1]


class Draws(TorchDispatchMode):
    """Counts the operations that draw."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func._schema.name in ("aten::normal_", "aten::uniform_")
        return func(*args, **(kwargs or {}))


def test_an_outline_draws_no_random_numbers():
    with Draws() as real:
        build_module.construct(RECIPES["dynunet"])
    with Draws() as outlined:
        outline(RECIPES["dynunet"])
    assert real.count > 10
    assert outlined.count == 0


def test_too_many_parameters_are_refused_before_they_are_allocated():
    monster = {**RECIPES["unet"], "channels": [1024] * 5, "kernel_size": 7, "num_res_units": 8}
    with pytest.raises(RequestError, match=r"has [\d,]+ parameters; at most 200,000,000 are accepted"):
        build_network(monster)


def test_what_monai_cannot_build_is_told_in_one_line():
    with pytest.raises(RequestError, match="MONAI cannot build UNet from these arguments") as caught:
        build_network({**RECIPES["unet"], "strides": [2]})
    assert "\n" not in str(caught.value)


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(build_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MachineError, match="SwinUNETR needs the package einops"):
        build_network(RECIPES["swinunetr"])


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_gives_regions_of_the_size_of_its_input(recipe):
    outline_for(RECIPES[recipe], [64, 64, 64 if len(divisor(RECIPES[recipe])) == 3 else 1])


@pytest.mark.parametrize(
    "changes",
    [{"strides": [2, 2, 2]}, {"kernel_size": [2, 3, 3]}, {"upsample_kernel_size": [3, 2]}],
    ids=["first stride", "even kernel", "upsampling"],
)
def test_stages_that_do_not_fit_together_are_refused(changes):
    arguments = {"filters": [4, 8, 8], "kernel_size": [3, 3, 3], "strides": [1, 2, 2], "upsample_kernel_size": [2, 2]}
    with pytest.raises(RequestError, match="of these arguments"):
        outline_for({**RECIPES["dynunet"], **arguments, **changes}, [32, 32, 32])


def test_strides_are_one_an_axis():
    with pytest.raises(RequestError, match="a list among them needs 3 numbers"):
        check_network_def({**RECIPES["unet"], "strides": [[2, 2]] * 4})
