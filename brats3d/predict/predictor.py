"""The one way from a case's files to a mask; command line, MONAI's runner and web page all take it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from brats3d.bundle import DEFAULT_BUNDLE, Bundle, open_bundle
from brats3d.cases.case import Case
from brats3d.errors import RequestError
from brats3d.labels import LabelScheme
from brats3d.predict.asked import asked_settings
from brats3d.predict.compute import Computation, engine_of
from brats3d.predict.engines import choose_device
from brats3d.predict.engines.precision import AUTO
from brats3d.predict.finish import finish
from brats3d.predict.memory import memory_fails_the_case
from brats3d.predict.ready import ReadyCase, read_case, timed
from brats3d.predict.result import Result
from brats3d.predict.scheme import scheme_of
from brats3d.predict.volumes import volumes_ml


class Predictor:
    """A bundle's network, loaded once and never changed by a case.

    Args:
        computation: the network on its engine.
        asked: `settings` of the record.
    """

    def __init__(self, computation: Computation, asked: Mapping[str, Any]) -> None:
        self.computation = computation
        self.asked = asked
        """The options that can change a voxel, as asked."""

    @classmethod
    def from_bundle(
        cls,
        bundle: str | Path = DEFAULT_BUNDLE,
        *,
        device: str = AUTO,
        engine: str = AUTO,
        precision: str = AUTO,
        overlap: float | None = None,
        tta: bool = False,
        threads: int | None = None,
    ) -> Predictor:
        """Open a bundle and load its network.

        Args:
            bundle: the name of a shipped bundle, or a folder.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.
            engine: `auto` or `torch`.
            precision: `auto` (bfloat16 where it is fast), `float32` or `bfloat16`.
            overlap: share that a window's neighbour covers, 0 to 0.9; None is the bundle's.
            tta: test-time augmentation, the mean of the logits over all flips.
            threads: processor threads of network and resampling; None is all. It holds for the whole process.

        Raises:
            BundleError: the bundle is missing, damaged or refused.
            DeviceError: the device is not on this machine, or does not compute in this precision.
            RequestError: an option is unknown or out of range.
        """
        used = choose_device(device)
        asked = asked_settings(engine=engine, device=device, precision=precision, overlap=overlap, tta=tta)
        opened = open_bundle(bundle)
        if threads is not None:
            set_threads(threads)
        share = opened.windows.overlap if overlap is None else overlap
        return cls(Computation(opened, engine_of(opened, used, precision), share, tta, precision), asked)

    @property
    def bundle(self) -> Bundle:
        """The bundle it was made from."""
        return self.computation.bundle

    @property
    def engine(self) -> str:
        """The engine in use."""
        return self.computation.engine.name

    @property
    def device(self) -> str:
        """The device in use: `cpu` or `cuda:N`."""
        return self.computation.engine.device

    @property
    def precision(self) -> str:
        """The precision in use: `float32` or `bfloat16`."""
        return str(self.computation.engine.precision)

    def segment(self, case: Case, label_scheme: str | None = None) -> Result:
        """Take one patient the whole way, from files to a label map on its own grid.

        Args:
            case: as `find_cases` gives it.
            label_scheme: the labels to write; None is the case's own.

        Raises:
            BadInput: a file is refused.
            SegmentationFailed: the network's output is not finite, or memory ran out.
            RequestError: the label scheme is unknown.
        """
        scheme = scheme_of(case, label_scheme)
        return self.complete(self.read(case), scheme)

    def read(self, case: Case) -> ReadyCase:
        """Read and prepare a case; needs no network, so it may run ahead in another thread.

        Raises:
            BadInput: a file is refused.
            SegmentationFailed: memory ran out.
        """
        return read_case(case, self.bundle.modalities, self.bundle.preparation)

    def complete(self, ready: ReadyCase, scheme: LabelScheme) -> Result:
        """Take a case that was read the rest of the way.

        Raises:
            SegmentationFailed: the network's output is not finite, or memory ran out.
        """
        bundle, grid, seconds = self.bundle, ready.prepared.grid, dict(ready.seconds)
        with memory_fails_the_case():
            with timed(seconds, "network"):
                prediction = self.computation.predict(ready.prepared)
            with timed(seconds, "finish"):
                rules = (bundle.thresholds, bundle.smallest_enhancing_ml, scheme, bundle.islands)
                finished = finish(prediction.probabilities, ready.prepared, *rules)
                volumes = volumes_ml(finished.label_map, grid, scheme)
        return Result(
            case=ready.case,
            label_map=finished.label_map,
            grid=grid,
            label_scheme=scheme,
            volumes_ml=volumes,
            findings=(*ready.findings, *prediction.findings, *finished.findings),
            inputs=ready.inputs,
            bundle=bundle.identity,
            settings=self.asked,
            engine=prediction.engine.name,
            device=prediction.engine.device,
            precision=str(prediction.engine.precision),
            seconds=seconds,
        )


def set_threads(threads: int) -> None:
    """Set how many processor threads torch and SimpleITK use.

    Raises:
        RequestError: fewer than 1.
    """
    import SimpleITK as sitk  # takes a moment to import

    if threads < 1:
        raise RequestError(f"threads {threads}: at least 1 is needed")
    torch.set_num_threads(threads)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)  # type: ignore[no-untyped-call]
