"""Building a module without drawing its random weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

DRAWS = (torch.Tensor.normal_, torch.Tensor.uniform_)


class Weightless(TorchFunctionMode):
    """Within it nothing is drawn into meta tensors, and SwinUNETR's table of drop rates stays readable.

    For use inside `torch.device("meta")`: drawing normal numbers there would import torch's compiler (1.3 s).
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Skip drawing, keep `linspace` on the processor, call everything else as it is."""
        named = dict(kwargs or {})
        # Most initialisers are seen as themselves, a few only by the drawing they do.
        if func in DRAWS or getattr(func, "__module__", "") == "torch.nn.init":
            return named["tensor"] if "tensor" in named else args[0]
        if func is torch.linspace:
            named["device"] = "cpu"
        return func(*args, **named)
