"""The engine that runs MONAI's network in torch itself: everywhere, and what the others are compared with."""

import torch

from brats3d.networks import divisor_of
from brats3d.predict.engines.precision import Precision

AUTOCAST = {Precision.BFLOAT16: torch.bfloat16, Precision.FLOAT16: torch.float16}
LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}
"""By the dimensions of a batch; convolutions run faster on these, on CPU and CUDA alike."""


class TorchEngine:
    """A network in evaluation mode on one device.

    Args:
        network: its weights are moved to the device and laid out with channels last.
        device: `cpu` or `cuda:N`.
        precision: the shorter ones compute under autocast; weights stay float32.
    """

    name = "torch"

    def __init__(self, network: torch.nn.Module, device: str, precision: Precision) -> None:
        self.divisor = divisor_of(network)
        self.device = device
        self.precision = precision
        self.layout = LAYOUTS[len(self.divisor) + 2]
        self.network = network.to(device).to(memory_format=self.layout)  # type: ignore[call-overload]

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        """Map windows (N, M, ...) to logits (N, 3, ...), both float32; `network.training` is the caller's affair."""
        half = AUTOCAST.get(self.precision)
        with torch.autocast(torch.device(self.device).type, half, enabled=half is not None):
            logits: torch.Tensor = self.network(windows.contiguous(memory_format=self.layout))
        return logits.float()
