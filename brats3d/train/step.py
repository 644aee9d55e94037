"""One training step, as MONAI's engines call it: forward and loss in low precision, clipping, optimiser, average."""

import logging
from collections.abc import Mapping
from typing import Any

import torch
from monai.engines.trainer import SupervisedTrainer
from monai.utils.enums import CommonKeys

from brats3d.errors import MachineError, first_line
from brats3d.networks.layout import channels_last
from brats3d.train.average import WeightAverage, unwrapped
from brats3d.train.heap import keep_freed_memory
from brats3d.train.patches import levels_to_regions

LOG = logging.getLogger(__name__)
COMPILERS = ("torch._dynamo", "torch._inductor")
"""Where the errors of compiling come from."""


def for_training(*, network: torch.nn.Module, device: torch.device, compiled: bool = False) -> torch.nn.Module:
    """Return the network on its device, laid out channels last (a third faster on two CPU cores).

    Args:
        network: as MONAI builds it.
        device: where it is trained.
        compiled: whether torch compiles it at its first step; where that fails, `TrainingStep` goes on without.
    """
    laid = channels_last(network.to(device))
    if compiled:
        laid.compile()
    return laid


def stop_compiling(network: torch.nn.Module, error: Exception) -> bool:
    """Let a network run as it is from now on, and warn, where an error is one of compiling it.

    torch's own `suppress_errors` knows of the forward pass alone; that of the backward pass is compiled when it is run.

    Returns:
        Whether it was: the step may be made again.

    Raises:
        MachineError: it was, and other processes wait for the same gradients: the step cannot be made again.
    """
    compiled = unwrapped(network)
    if not type(error).__module__.startswith(COMPILERS) or compiled._compiled_call_impl is None:
        return False
    if compiled is not network:
        words = f"torch cannot compile this network here ({first_line(error)})"
        raise MachineError(f"{words}: train it as it is, with --set compile=off") from error
    LOG.warning("torch cannot compile this network here, so it is trained as it is (%s)", first_line(error))
    compiled._compiled_call_impl = None
    return True


def is_compiled(*, asked: str, device: torch.device) -> bool:
    """Return whether training compiles its network.

    On two processor cores compiling took 60 to 100 s and made steps no faster; on a GPU it pays within minutes.

    Args:
        asked: `auto` (on CUDA), `on` or `off`.
        device: where training runs.
    """
    return asked == "on" or (asked == "auto" and device.type == "cuda")


def optimizer_of(
    *, network: torch.nn.Module, name: str, rate: float, weight_decay: float, momentum: float
) -> torch.optim.Optimizer:
    """Return the optimiser of a network, one kernel for all its weights.

    Args:
        network: its parameters are trained.
        name: `adamw`, or `sgd` with Nesterov's momentum.
        rate: the highest of the run.
        weight_decay: of AdamW apart from the gradient, of SGD within it.
        momentum: of SGD.
    """
    parameters = network.parameters()
    if name == "sgd":
        return torch.optim.SGD(
            parameters, rate, momentum=momentum, nesterov=momentum > 0, weight_decay=weight_decay, fused=True
        )
    return torch.optim.AdamW(parameters, rate, weight_decay=weight_decay, fused=True)


class TrainingStep:
    """The `iteration_update` of a MONAI trainer.

    MONAI's own step cannot autocast on a CPU and does not clip. Where the precision is float16 (a GPU without bfloat16)
    gradients are scaled; `scaler` belongs into the checkpoint, else a resumed run starts at another scale.

    Args:
        average: told after every step.
        precision: float32, bfloat16 or float16, as resolved for the device.
        clip_norm: gradients are scaled down to this norm.
    """

    def __init__(self, *, average: WeightAverage, precision: str = "float32", clip_norm: float = 1.0) -> None:
        self.average = average
        self.dtype = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
        self.scaler = torch.amp.GradScaler("cuda", enabled=precision == "float16")
        self.clip_norm = clip_norm

    def __call__(self, engine: SupervisedTrainer, batch: Mapping[str, torch.Tensor]) -> dict[str, Any]:
        """Do one step.

        Args:
            engine: the trainer.
            batch: `image` float32 (N, M, ...), `label` uint8 (N, ...): levels.

        Returns:
            `loss`, one number still on the device.
        """
        if engine.state.device.type == "cpu":
            keep_freed_memory()  # not before the cohort lies in memory: among its arrays what is freed lies in pieces
        image, label = (batch[key].to(engine.state.device, non_blocking=True) for key in ("image", "label"))
        engine.network.train()
        loss = self.first_try(engine, image, label)
        if loss is None:  # outside the handler, whose traceback holds the activations of the step that failed
            loss = self.learn(engine, image, label)
        self.scaler.unscale_(engine.optimizer)
        torch.nn.utils.clip_grad_norm_(engine.network.parameters(), self.clip_norm)
        self.scaler.step(engine.optimizer)
        self.scaler.update()
        self.average.update(engine.state.iteration)
        return {CommonKeys.LOSS: loss.detach()}

    def first_try(self, engine: SupervisedTrainer, image: torch.Tensor, label: torch.Tensor) -> torch.Tensor | None:
        """Return the loss of a batch; None where its network cannot be compiled and is from now on run as it is.

        Raises:
            MachineError: it cannot be compiled, and other processes wait for the same gradients.
        """
        try:
            return self.learn(engine, image, label)
        except RuntimeError as error:  # torch's errors of compiling are such
            if not stop_compiling(engine.network, error):
                raise
            return None

    def learn(self, engine: SupervisedTrainer, image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """Compute the gradients of a batch and return its loss."""
        engine.optimizer.zero_grad()
        with torch.autocast(image.device.type, self.dtype or torch.bfloat16, enabled=self.dtype is not None):
            logits = engine.inferer(laid_out(image), engine.network)
        loss = engine.loss_function(logits.float(), levels_to_regions(label))
        self.scaler.scale(loss).backward()
        return torch.as_tensor(loss)


def laid_out(image: torch.Tensor) -> torch.Tensor:
    """Return a batch channels last, as the network is."""
    return image.contiguous(memory_format=torch.channels_last_3d if image.ndim == 5 else torch.channels_last)
