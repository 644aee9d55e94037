"""What segmenting one case gave, and how it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import BundleIdentity
from brats3d.cases.case import Case
from brats3d.cases.read import InputFile
from brats3d.errors import Finding
from brats3d.grid import Grid
from brats3d.labels import LabelScheme
from brats3d.output.record import write_done
from brats3d.output.sidecar import Record, RecordStatus
from brats3d.predict.review import Review
from brats3d.vocabulary import MapKind, Modality, Region


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A label map with everything that its record says."""

    case: Case
    label_map: NDArray[np.uint8]
    """(X, Y, Z) on the patient's own grid."""
    grid: Grid
    label_scheme: LabelScheme
    volumes_ml: Mapping[Region, float]
    volume_intervals_ml: Mapping[Region, tuple[float, float]]
    """The volume at a stricter and at a laxer threshold; see `volume_intervals_ml`."""
    review: Review
    """Whether somebody should look at it first, and why."""
    findings: tuple[Finding, ...]
    """The case's, the reading's, the prediction's and the review's."""
    inputs: Mapping[Modality, InputFile]
    bundle: BundleIdentity
    settings: Mapping[str, Any]
    """The options that can change a voxel, as asked."""
    engine: str
    device: str
    """As used for this case."""
    precision: str
    """As used for this case."""
    seconds: Mapping[str, float]
    """read, prepare, network, finish."""
    maps: Mapping[MapKind, NDArray[np.uint8]] = field(default_factory=dict)
    """What was asked for of probabilities and uncertainty: (X, Y, Z, 3) on the patient's own grid, 255 for 1."""

    def save(self, out: str | Path) -> Path:
        """Write maps, mask and sidecar, each whole or not at all: `<id>.nii.gz`, `<id>.json`, maps in their folders.

        What stands under these names is replaced, whoever wrote it; `segment_folder` looks first.

        Args:
            out: the folder; it is made where it does not exist.

        Returns:
            The mask's path.

        Raises:
            OutputError: the folder cannot be written.
        """
        record = Record(
            id=self.case.id,
            status=RecordStatus.DONE,
            findings=self.findings,
            inputs=self.inputs,
            bundle=self.bundle.as_record(),
            settings=self.settings,
            engine=self.engine,
            device=self.device,
            precision=self.precision,
            label_scheme=self.label_scheme.name,
            volumes_ml=self.volumes_ml,
            volume_intervals_ml=self.volume_intervals_ml,
            review=self.review.as_record(),
            seconds=self.seconds,
        )
        return write_done(Path(out), record, self.label_map, self.grid, self.maps)
