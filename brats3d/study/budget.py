"""How many steps a recipe makes in a given time on this machine, measured with its own network and patch."""

import statistics
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import torch

from brats3d.networks import build_network, divisor
from brats3d.train.average import WeightAverage
from brats3d.train.device import precision_for
from brats3d.train.heap import give_back_freed_memory
from brats3d.train.loss import RegionLoss
from brats3d.train.patches import REGIONS_FROM
from brats3d.train.recipe import network_def_of
from brats3d.train.step import TrainingStep, for_training, is_compiled, optimizer_of

WARM_UP = 2
"""Steps before the clock starts; within the first the network is compiled, where it is."""
MOST_STEPS = 10
MOST_SECONDS = 60.0
"""Whichever comes first ends the measurement."""
MARGIN = 1.1
"""A step with cutting, augmentation and bookkeeping over a bare one, at most."""


def steps_within(seconds: float, seconds_a_step: float) -> int:
    """Return how many whole steps fit into a time, at least one.

    >>> steps_within(60, 1.0)
    54
    """
    return max(1, int(seconds / (MARGIN * seconds_a_step)))


def seconds_a_step(recipe: Mapping[str, Any], device: torch.device) -> float:
    """Return the median time of a bare step on one batch that stays on the device.

    Args:
        recipe: with every key.
        device: where it would train.
    """
    times = step_times(recipe, device)
    give_back_freed_memory()  # a process of its own is about to train
    return statistics.median(times)


def step_times(recipe: Mapping[str, Any], device: torch.device) -> list[float]:
    """Return the seconds of some steps, one at least, after those that warm up."""
    step, engine, batch = bare_step(recipe, device)

    def timed() -> float:
        started = time.perf_counter()
        step(engine, batch)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        engine.state.iteration += 1
        return time.perf_counter() - started

    for _ in range(WARM_UP):
        timed()
    times = [timed()]
    while len(times) < MOST_STEPS and sum(times) < MOST_SECONDS:
        times.append(timed())
    return times


def bare_step(recipe: Mapping[str, Any], device: torch.device) -> tuple[TrainingStep, Any, dict[str, torch.Tensor]]:
    """Return a training step, what stands in for MONAI's trainer, and a batch on the device."""
    network_def = network_def_of(recipe)
    size, batch = recipe["patch"][: len(divisor(network_def))], recipe["batch"]
    torch.manual_seed(0)
    compiled = is_compiled(asked=recipe["compile"], device=device)
    network = for_training(network=build_network(network_def), device=device, compiled=compiled)
    step = TrainingStep(
        average=WeightAverage(network=network, decay=recipe["average_decay"]),
        precision=precision_for(precision=recipe["precision"], device=device),
        clip_norm=recipe["clip_norm"],
    )
    engine = SimpleNamespace(
        network=network,
        optimizer=optimizer_of(network=network, **recipe["optimizer"]),
        inferer=lambda image, net: net(image),
        loss_function=RegionLoss(**recipe["loss"]),
        state=SimpleNamespace(device=device, iteration=1),
    )
    levels = torch.randint(0, REGIONS_FROM + 3, (batch, *size), dtype=torch.uint8, device=device)
    image = torch.randn(batch, len(recipe["modalities"]), *size, device=device)
    return step, engine, {"image": image, "label": levels}
