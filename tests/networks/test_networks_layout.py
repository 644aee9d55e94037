"""Channels last: the same numbers as torch's own layers, weights under the same names, layouts left alone."""

import pytest
import torch

from brats3d.networks import build_network
from brats3d.networks.layout import ChannelsLastInstanceNorm, channels_last
from brats3d.networks.recipes import RECIPES


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("shape", [(1, 4, 6, 5, 3), (3, 4, 6, 5, 3)])
def test_a_norm_is_torchs_with_the_same_gradients(shape, affine):
    torch.manual_seed(0)
    theirs = torch.nn.InstanceNorm3d(4, affine=affine)
    if affine:
        torch.nn.init.normal_(theirs.weight)
        torch.nn.init.normal_(theirs.bias)
    ours = ChannelsLastInstanceNorm(theirs)
    one, other = (torch.randn(shape, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2))
    weights = torch.randn(shape)
    (ours(one) * weights).sum().backward()
    (theirs(other) * weights).sum().backward()
    assert torch.allclose(ours(one), theirs(other), atol=1e-5)
    assert torch.allclose(one.grad, other.grad, atol=1e-5)


def test_a_norm_leaves_the_layout_of_its_input():
    batch = torch.randn(1, 4, 6, 5, 3).contiguous(memory_format=torch.channels_last_3d)
    assert ChannelsLastInstanceNorm(torch.nn.InstanceNorm3d(4))(batch).is_contiguous(
        memory_format=torch.channels_last_3d
    )


@pytest.mark.parametrize("name", ["unet", "resunet", "unet2d", "dynunet", "swinunetr"])
def test_a_network_computes_what_it_did_and_keeps_the_names_of_its_weights(name):
    size = {"dynunet": 64, "swinunetr": 64}.get(name, 32)
    axes = RECIPES[name]["spatial_dims"]
    torch.manual_seed(0)
    network = build_network(RECIPES[name]).eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    batch = torch.randn(1, 4, *[size] * axes)
    with torch.inference_mode():
        expected = network(batch)
        found = channels_last(network)(batch)
    assert torch.allclose(found, expected, atol=1e-3)
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)
    assert any(isinstance(module, ChannelsLastInstanceNorm) for module in network.modules())
