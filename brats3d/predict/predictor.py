"""The one way from a case's files to a mask; command line, MONAI's runner and web page all take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from brats3d.bundle import DEFAULT_BUNDLE, Bundle, BundleNames, Ensemble, open_bundles
from brats3d.cases.case import Case
from brats3d.errors import RequestError
from brats3d.labels import LabelScheme, scheme_named
from brats3d.predict.asked import asked_settings
from brats3d.predict.complete import Way, result_of
from brats3d.predict.compute import Computation, Member, Prediction, engine_of
from brats3d.predict.engines import choose_device
from brats3d.predict.engines.precision import AUTO
from brats3d.predict.finish import Finished, finish
from brats3d.predict.maps import as_map
from brats3d.predict.memory import memory_fails_the_case
from brats3d.predict.ready import ReadyCase, read_case, timed
from brats3d.predict.result import Result
from brats3d.predict.scheme import scheme_of
from brats3d.prepare import to_patient_box
from brats3d.vocabulary import MapKind


class Predictor:
    """The network of a bundle, or of several, loaded once and never changed by a case.

    Args:
        ensemble: the bundle or bundles.
        computation: their networks on their engines.
        asked: `settings` of the record.
        probabilities: whether results hold the probabilities.
    """

    def __init__(
        self, ensemble: Ensemble, computation: Computation, asked: Mapping[str, Any], probabilities: bool = False
    ) -> None:
        self.ensemble = ensemble
        self.computation = computation
        self.asked = asked
        """The options that can change a voxel, as asked."""
        self.probabilities = probabilities

    @classmethod
    def from_bundle(
        cls,
        bundle: BundleNames = DEFAULT_BUNDLE,
        *,
        device: str = AUTO,
        engine: str = AUTO,
        precision: str = AUTO,
        overlap: float | None = None,
        tta: bool = False,
        threads: int | None = None,
        probabilities: bool = False,
        uncertainty: bool = False,
    ) -> Predictor:
        """Open a bundle, or several, and load each network.

        Args:
            bundle: the name of a shipped bundle, or a folder; several in a list, whose logits are averaged.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.
            engine: `auto` or `torch`.
            precision: `auto` (bfloat16 where it is fast), `float32` or `bfloat16`.
            overlap: share that a window's neighbour covers, 0 to 0.9; None is the bundle's.
            tta: test-time augmentation, the mean of the logits over all flips.
            threads: processor threads of network and resampling; None is all. It holds for the whole process.
            probabilities: results hold the probabilities.
            uncertainty: results hold the uncertainty, for which the flips are computed even without `tta`; the label
                map stays what it is without.

        Raises:
            BundleError: a bundle is missing, damaged or refused.
            DeviceError: the device is not on this machine, or does not compute in this precision.
            RequestError: an option is unknown or out of range, or the bundles cannot be averaged.
        """
        used = choose_device(device)
        asked = asked_settings(engine=engine, device=device, precision=precision, overlap=overlap, tta=tta)
        ensemble = open_bundles(bundle)
        if threads is not None:
            set_threads(threads)
        members = tuple(
            Member(each, engine_of(each, used, precision), each.windows.overlap if overlap is None else overlap)
            for each in ensemble.members
        )
        return cls(ensemble, Computation(members, tta, precision, uncertainty), asked, probabilities)

    @property
    def bundle(self) -> Bundle:
        """The bundle it was made from; of several the first, whose rules on small parts hold."""
        return self.ensemble.first

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
            BadInput: a file is refused, or the case lacks modalities that the bundle cannot do without.
            SegmentationFailed: the network's output is not finite, or memory ran out.
            RequestError: the label scheme is unknown.
        """
        if label_scheme is not None:
            scheme_named(label_scheme)
        ready = self.read(case)  # a case without any layout is refused here, for its files
        return self.complete(ready, scheme_of(case, label_scheme))

    def read(self, case: Case) -> ReadyCase:
        """Read and prepare a case; needs no network, so it may run ahead in another thread.

        Raises:
            BadInput: a file is refused, or the case lacks modalities that the bundle cannot do without.
            SegmentationFailed: memory ran out.
        """
        return read_case(case, self.ensemble.modalities, self.ensemble.preparation, self.ensemble.serves)

    def complete(self, ready: ReadyCase, scheme: LabelScheme) -> Result:
        """Take a case that was read the rest of the way.

        Raises:
            SegmentationFailed: the network's output is not finite, or memory ran out.
        """
        seconds = dict(ready.seconds)
        rules = self.ensemble
        with memory_fails_the_case():
            with timed(seconds, "network"):
                prediction = self.computation.predict(ready.prepared)
            with timed(seconds, "finish"):
                finished = finish(
                    prediction.probabilities,
                    ready.prepared,
                    rules.thresholds,
                    rules.smallest_enhancing_ml,
                    scheme,
                    rules.islands,
                )
                engine = prediction.engine
                way = Way(self.asked, engine.name, engine.device, str(engine.precision), prediction.findings)
                result = result_of(ready, finished, rules, way)
                maps = self.maps_of(ready, prediction, finished)
        return replace(result, maps=maps, seconds=seconds)

    def maps_of(self, ready: ReadyCase, prediction: Prediction, finished: Finished) -> dict[MapKind, NDArray[np.uint8]]:
        """Return what was asked for beside the label map, (X, Y, Z, 3) on the patient's own grid."""
        maps = {}
        if self.probabilities:
            maps[MapKind.PROBABILITIES] = as_map(finished.probabilities, ready.prepared)
        if prediction.uncertainty is not None:
            spread = to_patient_box(prediction.uncertainty, ready.prepared)
            maps[MapKind.UNCERTAINTY] = as_map(spread, ready.prepared)
        return maps


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
