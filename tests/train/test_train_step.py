"""One training step by hand: loss, clipping, the optimiser and the average."""

from types import SimpleNamespace

import pytest
import torch
from torch._inductor.exc import InductorError

from brats3d.errors import MachineError
from brats3d.train.average import WeightAverage
from brats3d.train.step import TrainingStep, for_training, is_compiled, laid_out, optimizer_of, stop_compiling


def a_step(clip_norm, precision="float32"):
    """Make one step of a network of one weight w, whose loss is the mean of w * image; return weight and loss."""
    network = torch.nn.Conv3d(1, 3, 1, bias=False)
    torch.nn.init.ones_(network.weight)
    average = WeightAverage(network=network, decay=0.0)
    step = TrainingStep(average=average, precision=precision, clip_norm=clip_norm)
    engine = SimpleNamespace(
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=1.0),
        inferer=lambda image, net: net(image),
        loss_function=lambda logits, label: (logits * label).sum(),
        state=SimpleNamespace(device=torch.device("cpu"), iteration=1),
    )
    batch = {"image": torch.full((1, 1, 2, 1, 1), 2.0), "label": torch.full((1, 2, 1, 1), 4, dtype=torch.uint8)}
    loss = step(engine, batch)["loss"]
    assert not loss.requires_grad
    assert torch.equal(average.network.weight, network.weight)
    return network.weight.flatten().tolist(), float(loss)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_step_is_as_computed_by_hand(precision):
    weights, loss = a_step(1e9, precision)
    assert loss == 12  # 3 filters x 2 voxels x 2
    assert weights == [-3, -3, -3]  # 1 - gradient 4


def test_gradients_are_clipped_to_their_norm():
    weights, _ = a_step(3.0)
    assert weights == pytest.approx([1 - 3 / 3**0.5] * 3, rel=1e-5)


def test_networks_and_batches_are_laid_out_channels_last():
    network = for_training(network=torch.nn.Sequential(torch.nn.Conv3d(2, 4, 3)), device=torch.device("cpu"))
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last_3d)
    flat = for_training(network=torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3)), device=torch.device("cpu"))
    assert flat[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert laid_out(torch.zeros(1, 2, 3, 3, 3)).is_contiguous(memory_format=torch.channels_last_3d)
    assert laid_out(torch.zeros(1, 2, 3, 3)).is_contiguous(memory_format=torch.channels_last)


class FailsBackward(torch.autograd.Function):
    """Stands in for a compiled backward pass that the compiler cannot make."""

    @staticmethod
    def forward(ctx, logits):
        return logits.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise InductorError(RuntimeError("no compiler\nand more"), None)


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_a_network_that_cannot_be_compiled_is_trained_as_it_is(monkeypatch, caplog, where):
    def compiled(network, image):
        if where == "forward":
            raise InductorError(RuntimeError("no compiler"), None)
        return FailsBackward.apply(network.forward(image))

    plain = a_step(1e9)
    monkeypatch.setattr(torch.nn.Conv3d, "_compiled_call_impl", None)
    make = torch.nn.Conv3d.__init__

    def with_compiled_call(self, *arguments, **keys):
        make(self, *arguments, **keys)
        self._compiled_call_impl = lambda image: compiled(self, image)

    monkeypatch.setattr(torch.nn.Conv3d, "__init__", with_compiled_call)
    assert a_step(1e9) == plain
    assert "cannot compile this network here" in caplog.text
    assert "no compiler" in caplog.text


def test_processes_that_wait_for_each_other_cannot_try_again():
    network = torch.nn.Conv3d(1, 3, 1)
    network._compiled_call_impl = network.forward
    wrapped = torch.nn.Module()
    wrapped.module = network
    with pytest.raises(MachineError, match="--set compile=off"):
        stop_compiling(wrapped, InductorError(RuntimeError("x"), None))


def test_other_errors_of_a_step_are_raised():
    network = torch.nn.Conv3d(1, 3, 1)
    assert not stop_compiling(network, ValueError("x"))
    assert not stop_compiling(network, InductorError(RuntimeError("x"), None))  # it was not compiled


def test_compiling_is_for_cards_unless_asked_for():
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert [is_compiled(asked=word, device=cpu) for word in ("auto", "on", "off")] == [False, True, False]
    assert [is_compiled(asked=word, device=cuda) for word in ("auto", "on", "off")] == [True, True, False]


def test_each_optimiser_is_torchs_with_the_settings_given():
    network = torch.nn.Linear(2, 2)
    settings = {"network": network, "rate": 0.1, "weight_decay": 0.2, "momentum": 0.9}
    adamw, sgd = (optimizer_of(name=name, **settings) for name in ("adamw", "sgd"))
    assert isinstance(adamw, torch.optim.AdamW)
    assert isinstance(sgd, torch.optim.SGD)
    assert (adamw.defaults["lr"], adamw.defaults["weight_decay"]) == (0.1, 0.2)
    assert (sgd.defaults["lr"], sgd.defaults["momentum"], sgd.defaults["nesterov"]) == (0.1, 0.9, True)
