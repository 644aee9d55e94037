"""The moving average by hand: warm-up, decay, buffers, and weights that have two names."""

import pytest
import torch

from brats3d.networks import build_network
from brats3d.train.average import WeightAverage, tensors_of, unwrapped


def linear(value):
    """Return a network of one weight."""
    network = torch.nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(value)
    return network


def test_the_average_is_as_computed_by_hand():
    network = linear(0.0)
    average = WeightAverage(network=network, decay=0.3)
    expected = 0.0
    for step in range(1, 7):
        network.weight.data.fill_(float(step))
        average.update(step)
        decay = min(0.3, (1 + step) / (10 + step))  # 2/11, 3/12, then 0.3
        expected = decay * expected + (1 - decay) * step
        assert float(average.network.weight) == pytest.approx(expected, rel=1e-6)


def test_a_decay_of_0_keeps_the_weights_as_they_are():
    network = linear(1.0)
    average = WeightAverage(network=network, decay=0.0)
    network.weight.data.fill_(7.25)
    average.update(1)
    assert float(average.network.weight) == 7.25


def test_the_average_is_apart_from_what_is_trained():
    network = linear(1.0)
    average = WeightAverage(network=network, decay=0.9)
    assert not average.network.training
    assert not any(weight.requires_grad for weight in average.network.parameters())
    assert network.weight.requires_grad
    network.weight.data.fill_(2.0)
    assert float(average.network.weight) == 1.0


def test_counters_are_copied_and_running_means_averaged():
    network = torch.nn.BatchNorm1d(1)
    average = WeightAverage(network=network, decay=0.5)
    network.num_batches_tracked.fill_(9)
    network.running_mean.fill_(8.0)
    average.update(1000)
    assert int(average.network.num_batches_tracked) == 9
    assert float(average.network.running_mean) == 4.0


def test_a_weight_under_two_names_is_moved_once():
    definition = {
        "_target_": "DynUNet",
        "spatial_dims": 2,
        "in_channels": 1,
        "out_channels": 3,
        "kernel_size": [3, 3, 3],
        "strides": [1, 2, 2],
        "upsample_kernel_size": [2, 2],
        "filters": [2, 4, 4],
    }
    network = build_network(definition)
    assert len(network.state_dict()) > len(tensors_of(network))
    average = WeightAverage(network=network, decay=0.5)
    before = {name: tensor.clone() for name, tensor in average.network.state_dict().items()}
    with torch.no_grad():
        for weight in network.parameters():
            weight += 1
    average.update(1000)
    for name, tensor in average.network.state_dict().items():
        assert torch.allclose(tensor, before[name] + 0.5, atol=1e-6), name


def test_a_wrapper_is_looked_through():
    inner = linear(1.0)
    wrapper = torch.nn.Module()
    wrapper.module = inner
    assert unwrapped(wrapper) is inner
    assert unwrapped(inner) is inner
    assert WeightAverage(network=wrapper).source is inner
