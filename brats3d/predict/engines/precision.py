"""In which numbers the network computes: bfloat16 only where the processor has it, for elsewhere it is slower."""

from enum import StrEnum
from typing import TYPE_CHECKING

from brats3d.errors import DeviceError, RequestError, nearest_name

if TYPE_CHECKING:
    import torch


class Precision(StrEnum):
    """The numbers a network computes in; sums over windows are always float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    """For CUDA cards without bfloat16, in training; nobody can ask for it by name on the command line."""


AUTO = "auto"
FAST_ON_CPU = ("avx512_bf16", "amx_bf16")
"""Either capability makes bfloat16 fast. Without them it is emulated: it works, 2.5 times slower than float32."""


def choose_precision(asked: str, device: "str | torch.device") -> Precision:
    """Return the precision to compute in.

    Args:
        asked: `auto` (bfloat16 where it is fast), `float32`, `bfloat16` (on a processor also where it is slow) or
            `float16` (CUDA alone).
        device: `cpu`, or `cuda` with or without a number.

    Raises:
        RequestError: the word is unknown.
        DeviceError: the device does not offer it.
    """
    if asked == AUTO:
        return Precision.BFLOAT16 if bfloat16_is_fast(device) else Precision.FLOAT32
    if asked not in tuple(Precision):
        raise RequestError(f"unknown precision {asked!r}{nearest_name(asked, (AUTO, 'float32', 'bfloat16'))}")
    on_cuda = str(device).startswith("cuda")
    offered = {
        Precision.FLOAT32: True,
        Precision.BFLOAT16: not on_cuda or bfloat16_is_fast(device),
        Precision.FLOAT16: on_cuda,
    }
    if not offered[Precision(asked)]:
        raise DeviceError(f"device {device} does not compute in {asked}; use --precision auto or float32")
    return Precision(asked)


def bfloat16_is_fast(device: "str | torch.device") -> bool:
    """Return whether the hardware computes bfloat16 by itself."""
    import torch

    if str(device).startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(bool(capabilities.get(name)) for name in FAST_ON_CPU)
