"""Probabilities of a prepared case: windows through an engine, and the way down where memory runs out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from brats3d.bundle import Bundle, load_network
from brats3d.errors import Finding
from brats3d.predict.engines import Engine
from brats3d.predict.engines.precision import AUTO, choose_precision
from brats3d.predict.engines.torch import TorchEngine
from brats3d.predict.memory import Rung, is_out_of_memory, ladder, went_down
from brats3d.predict.windows import WindowInferer
from brats3d.prepare import Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the network says of a prepared case."""

    probabilities: NDArray[np.float32]
    """(3, x, y, z), R in the order of `Region`, 0 to 1."""
    engine: Engine
    """The one that computed it."""
    findings: tuple[Finding, ...] = ()
    """Warnings: what memory did not allow."""


@dataclass(frozen=True, slots=True, eq=False)
class Computation:
    """A bundle's network ready on an engine; no case changes it."""

    bundle: Bundle
    engine: Engine
    overlap: float
    """Share that a window's neighbour covers, 0 to 0.9."""
    tta: bool = False
    """Whether logits are averaged over flips."""
    precision: str = field(default=AUTO)
    """As asked, for an engine on another device."""

    def predict(self, prepared: Prepared) -> Prediction:
        """Return the probabilities of a prepared case, going down the ladder where memory runs out.

        Raises:
            SegmentationFailed: the network's output is not finite.
            MemoryError, RuntimeError: memory ran out on the last rung.
        """
        device = self.engine.device
        usual = Rung(device, None, None, "")
        rungs = [usual, *ladder(device, slices=len(self.engine.divisor) == 2)]
        for rung in rungs:
            try:
                return self.on_rung(prepared, rung)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error) or rung is rungs[-1]:
                    raise
            # Here, outside the handler, the error no longer holds the tensors that filled the memory.
            torch.cuda.empty_cache()
        raise MemoryError("no rung was left")

    def on_rung(self, prepared: Prepared, rung: Rung) -> Prediction:
        """Return the probabilities, computed as one rung says."""
        same = rung.device == self.engine.device
        engine = self.engine if same else engine_of(self.bundle, rung.device, self.precision)
        inferer = WindowInferer(
            size=self.bundle.windows.size,
            overlap=self.overlap,
            tta=self.tta,
            at_once=rung.at_once,
            stitch_device=rung.stitch_device,
        )
        with torch.inference_mode():
            logits = inferer(torch.from_numpy(prepared.data)[None].to(engine.device), engine)
            probabilities: NDArray[np.float32] = torch.sigmoid(logits)[0].cpu().numpy()
        findings = (went_down(self.engine.device, rung),) if rung.words else ()
        return Prediction(probabilities, engine, findings)


def engine_of(bundle: Bundle, device: str, precision: str) -> Engine:
    """Return a bundle's network on a device.

    Args:
        bundle: an opened bundle.
        device: `cpu` or `cuda:N`.
        precision: as asked.

    Raises:
        BundleError: the weights are refused.
    """
    return TorchEngine(load_network(bundle), device, choose_precision(precision, device))
