"""Probabilities of a prepared case: windows through engines, and the way down where memory runs out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from brats3d.bundle import Bundle, load_network
from brats3d.errors import Finding
from brats3d.predict.calibrate import calibrated
from brats3d.predict.engines import Engine
from brats3d.predict.engines.precision import AUTO, choose_precision
from brats3d.predict.engines.torch import TorchEngine
from brats3d.predict.flips import moments_over_flips
from brats3d.predict.memory import Rung, is_out_of_memory, ladder, went_down
from brats3d.predict.spread import spread
from brats3d.predict.windows import WindowInferer
from brats3d.prepare import Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the networks say of a prepared case."""

    probabilities: NDArray[np.float32]
    """(3, x, y, z), R in the order of `Region`, 0 to 1."""
    uncertainty: NDArray[np.float32] | None
    """(3, x, y, z), 0 to 1, as `spread` has it; None where it was not asked for."""
    engine: Engine
    """The one that computed it; of several bundles the first one's."""
    findings: tuple[Finding, ...] = ()
    """Warnings: what memory did not allow."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A bundle's network ready on an engine."""

    bundle: Bundle
    engine: Engine
    overlap: float
    """Share that a window's neighbour covers, 0 to 0.9."""

    def on(self, device: str, precision: str) -> Engine:
        """Return its network on a device: its own engine, or another where it is on another."""
        return self.engine if device == self.engine.device else engine_of(self.bundle, device, precision)


@dataclass(frozen=True, slots=True, eq=False)
class Computation:
    """The networks of one bundle or several on their engines; no case changes them."""

    members: tuple[Member, ...]
    """Their logits, each divided by its bundle's temperature, are averaged."""
    tta: bool = False
    """Whether logits are averaged over flips."""
    precision: str = AUTO
    """As asked, for an engine on another device."""
    uncertainty: bool = False
    """Whether the spread over flips is computed too; it changes no probability."""

    @property
    def engine(self) -> Engine:
        """The first member's."""
        return self.members[0].engine

    def predict(self, prepared: Prepared) -> Prediction:
        """Return the probabilities of a prepared case, going down the ladder where memory runs out.

        Raises:
            SegmentationFailed: a network's output is not finite.
            MemoryError, RuntimeError: memory ran out on the last rung.
        """
        device = self.engine.device
        usual = Rung(device, None, None, "")
        has_slices = any(len(member.engine.divisor) == 2 for member in self.members)
        rungs = [usual, *ladder(device, slices=has_slices)]
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
        first, *others = self.members
        engine = first.on(rung.device, self.precision)
        with torch.inference_mode():
            total = self.of_member(first, engine, prepared, rung)
            for member in others:
                total += self.of_member(member, member.on(rung.device, self.precision), prepared, rung)
            mean = total / len(self.members) if others else total
            probabilities = torch.sigmoid(mean[:, :3])[0].cpu().numpy()
            uncertainty = spread(mean[0, 3:6], mean[0, 6:]).cpu().numpy() if self.uncertainty else None
        findings = (went_down(self.engine.device, rung),) if rung.words else ()
        return Prediction(probabilities, uncertainty, engine, findings)

    def of_member(self, member: Member, engine: Engine, prepared: Prepared, rung: Rung) -> torch.Tensor:
        """Return one bundle's logits, divided by its temperature, (1, 3, x, y, z).

        With uncertainty (1, 9, x, y, z): after the logits the means of the flips' probabilities and of their squares.
        """
        inferer = WindowInferer(
            size=member.bundle.windows.size,
            overlap=member.overlap,
            tta=self.tta,
            at_once=rung.at_once,
            stitch_device=rung.stitch_device,
        )
        inputs = torch.from_numpy(prepared.data)[None].to(engine.device)
        temperature = member.bundle.temperature
        if not self.uncertainty:
            return calibrated(inferer(inputs, engine), temperature)
        compute = moments_over_flips(engine, temperature, tta=self.tta)
        both = inferer.cover(inputs, engine.divisor, compute)
        both[:, :3] = calibrated(both[:, :3], temperature)
        return both


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
