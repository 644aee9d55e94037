"""Covering the brain box with windows: what the predictor and MONAI's own runner both call."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from monai.inferers.inferer import Inferer, SliceInferer, SlidingWindowInferer

from brats3d.errors import Finding, SegmentationFailed
from brats3d.predict.engines import Engine
from brats3d.predict.engines.precision import AUTO, choose_precision
from brats3d.predict.engines.torch import TorchEngine
from brats3d.predict.flips import mean_over_flips
from brats3d.vocabulary import Severity

SLICES_AT_ONCE = 16
Compute = Callable[[torch.Tensor], torch.Tensor]


class WindowInferer(Inferer):
    """Windows with Gaussian weights over a whole box, as `brats3d segment` lays them.

    A network of two spatial dimensions sees axial slices. A window is cut where the box is smaller: to the box, rounded
    up to what the network divides by, and filled with 0, which is what lies outside the brain.

    Args:
        size: voxels along X, Y, Z; Z is 1 for a network of slices.
        overlap: share its neighbour covers, 0 to 0.9.
        precision: `auto`, `float32` or `bfloat16`; counts where a network is passed, an engine has its own.
        tta: average the logits over flips.
        at_once: windows computed together; None is 1, and 16 for slices.
        stitch_device: where the logits of the windows are summed; None is where the input lies.
    """

    def __init__(
        self,
        *,
        size: Sequence[int],
        overlap: float,
        precision: str = AUTO,
        tta: bool = False,
        at_once: int | None = None,
        stitch_device: str | None = None,
    ) -> None:
        super().__init__()
        self.size = tuple(size)
        self.overlap = overlap
        self.precision = precision
        self.tta = tta
        self.at_once = at_once
        self.stitch_device = stitch_device

    def __call__(self, inputs: torch.Tensor, network: Any) -> torch.Tensor:
        """Return the logits of a box.

        Args:
            inputs: (1, M, x, y, z) float32, on the network's device.
            network: a MONAI network of the table in evaluation mode, or an `Engine`.

        Returns:
            (1, 3, x, y, z) float32.

        Raises:
            SegmentationFailed: a logit is not finite; `sigmoid(NaN) > 0.5` would be an empty mask without a word.
        """
        inside = torch.is_inference_mode_enabled()
        # Outside inference mode: laying a network's weights out anew within it would end their training.
        engine = self.engine_of(network, inputs.device)
        logits = self.cover(inputs, engine.divisor, mean_over_flips(engine) if self.tta else engine)
        # Tensors made in inference mode cannot be changed in place outside it; MONAI's transforms may.
        return logits if inside else logits.clone()

    def cover(self, inputs: torch.Tensor, divisor: tuple[int, ...], compute: Compute) -> torch.Tensor:
        """Return what a function gives for each window, stitched over the box.

        Args:
            inputs: (1, M, x, y, z) float32.
            divisor: what the size of a window must divide by, one number an axis that `compute` sees.
            compute: windows (N, M, ...) to (N, C, ...).

        Returns:
            (1, C, x, y, z) float32, made in inference mode; flips are the affair of `compute`.

        Raises:
            SegmentationFailed: a number is not finite.
        """
        with torch.inference_mode():
            lay = self.inferer(divisor, tuple(inputs.shape[2:]))
            stitched = torch.as_tensor(lay(inputs.float(), compute))
            if not bool(torch.isfinite(stitched).all()):
                raise SegmentationFailed(NOT_FINITE)
        return stitched

    def engine_of(self, network: Any, device: torch.device) -> Engine:
        """Return the engine that a network becomes, or the engine itself."""
        if isinstance(network, torch.nn.Module):
            return TorchEngine(network, str(device), choose_precision(self.precision, str(device)))
        engine: Engine = network
        return engine

    def inferer(self, divisor: tuple[int, ...], box: tuple[int, ...]) -> SlidingWindowInferer:
        """Return MONAI's inferer for a box of this shape."""
        size = window_size(self.size, divisor, box)
        at_once = self.at_once or (SLICES_AT_ONCE if len(divisor) == 2 else 1)
        options: dict[str, Any] = {"overlap": self.overlap, "mode": "gaussian", "device": self.stitch_device}
        if len(divisor) == 2:
            return SliceInferer(spatial_dim=2, roi_size=size, sw_batch_size=at_once, **options)
        return SlidingWindowInferer(roi_size=size, sw_batch_size=at_once, **options)


NOT_FINITE = Finding(
    "output-not-finite",
    Severity.ERROR,
    "the network's output is not finite, so no mask is written; try --precision float32, or check the bundle",
)


def window_size(size: Sequence[int], divisor: Sequence[int], box: Sequence[int]) -> tuple[int, ...]:
    """Return the window for a box: never larger than the box rounded up to the divisor.

    >>> window_size((128, 128, 128), (16, 16, 16), (140, 100, 20))
    (128, 112, 32)

    Args:
        size: the bundle's window, multiples of `divisor`.
        divisor: one number an axis the network sees, 2 or 3.
        box: voxels along X, Y, Z.

    Returns:
        One number an axis the network sees, at least twice its divisor: a single voxel at the bottom of the network
        has no variance, and instance norm refuses it.
    """
    axes = zip(size, divisor, box, strict=False)
    return tuple(min(window, max(2, -(-voxels // step)) * step) for window, step, voxels in axes)
