"""From probabilities to a result: the last stage, which the predictor and MONAI's runner share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brats3d.bundle import Ensemble
from brats3d.errors import Finding
from brats3d.predict.asked import settings_of
from brats3d.predict.finish import Finished
from brats3d.predict.ready import ReadyCase
from brats3d.predict.result import Result
from brats3d.predict.review import review
from brats3d.predict.volumes import volume_intervals_ml, volumes_ml


@dataclass(frozen=True, slots=True)
class Way:
    """How a network was computed, as the record says it."""

    asked: Mapping[str, Any]
    """The options that can change a voxel, as asked."""
    engine: str
    device: str
    precision: str
    findings: tuple[Finding, ...] = ()
    """Warnings on the way."""


def result_of(ready: ReadyCase, finished: Finished, ensemble: Ensemble, way: Way) -> Result:
    """Return everything that the record of a mask says.

    Args:
        ready: the case as it was read.
        finished: its label map.
        ensemble: the bundle or bundles that made it.
        way: how.
    """
    case, prepared, grid = ready.case, ready.prepared, ready.prepared.grid
    volumes = volumes_ml(finished.label_map, grid, finished.label_scheme)
    regions, rules = finished.regions, (ensemble.thresholds, ensemble.review)
    look = review(finished.probabilities, regions, prepared, ensemble.modalities, *rules)
    return Result(
        case=case,
        label_map=finished.label_map,
        grid=grid,
        label_scheme=finished.label_scheme,
        volumes_ml=volumes,
        volume_intervals_ml=volume_intervals_ml(finished.probabilities, ensemble.thresholds, volumes, grid.voxel_ml),
        review=look,
        findings=(*ready.findings, *way.findings, *finished.findings, *look.findings),
        inputs=ready.inputs,
        bundle=ensemble.identity,
        settings=settings_of(way.asked, case, ensemble.modalities),
        engine=way.engine,
        device=way.device,
        precision=way.precision,
        seconds=ready.seconds,
    )
