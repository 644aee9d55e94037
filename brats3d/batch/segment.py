"""Segment a folder of patients with a bundle: the call behind `brats3d segment`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brats3d.batch.folder import Listener, segment_cases
from brats3d.batch.recipe import Recipe
from brats3d.batch.summary import Summary
from brats3d.batch.work import SegmentsCases
from brats3d.bundle import DEFAULT_BUNDLE, BundleNames, open_bundles
from brats3d.cases.case import Case
from brats3d.predict.asked import asked_settings
from brats3d.predict.engines import choose_device
from brats3d.predict.engines.precision import AUTO
from brats3d.vocabulary import MapKind


@dataclass(frozen=True, slots=True)
class Options:
    """How a network is run; `Predictor.from_bundle` takes the same and says what each means."""

    device: str = AUTO
    engine: str = AUTO
    precision: str = AUTO
    overlap: float | None = None
    tta: bool = False
    threads: int | None = None
    probabilities: bool = False
    uncertainty: bool = False

    @property
    def asked(self) -> dict[str, Any]:
        """What stands in the record as `settings`.

        Raises:
            RequestError: an option is unknown or out of range.
        """
        return asked_settings(
            engine=self.engine, device=self.device, precision=self.precision, overlap=self.overlap, tta=self.tta
        )

    @property
    def maps(self) -> tuple[MapKind, ...]:
        """What is to stand beside each mask."""
        wanted = {MapKind.PROBABILITIES: self.probabilities, MapKind.UNCERTAINTY: self.uncertainty}
        return tuple(kind for kind, is_wanted in wanted.items() if is_wanted)


def segment_folder(
    cases: Sequence[Case],
    out: str | Path,
    bundle: BundleNames = DEFAULT_BUNDLE,
    *,
    options: Options | None = None,
    overwrite: bool = False,
    label_scheme: str | None = None,
    listener: Listener | None = None,
) -> Summary:
    """Write a mask and a record for every case, and a summary; what is already whole is left as it is.

    The bundle is opened and proven at once; its network is loaded only if a patient must be computed.

    Args:
        cases: what `find_cases` found, refused ones too.
        out: the folder of the masks; made if it is not there.
        bundle: the name of a shipped bundle, or a folder; several in a list, whose logits are averaged.
        options: how the network is run.
        overwrite: do again what is whole, and replace files that are not ours.
        label_scheme: the labels written; the layout's own by default.
        listener: hears of every patient.

    Raises:
        RequestError: OUT is a file or lies inside a patient's folder, no case is given, or an option is unknown.
        MachineError: OUT, bundle or device give out; what was finished stays.
        Interrupted: Ctrl-C or SIGTERM; likewise.
    """
    how = options or Options()
    opened = open_bundles(bundle)
    recipe = Recipe(opened.identity.sha256, opened.modalities, how.asked, opened.serves, how.maps)
    if how.device != AUTO:
        choose_device(how.device)  # one that is not here is said at once, whatever becomes of the patients

    def load() -> SegmentsCases:
        from brats3d.predict.predictor import Predictor  # torch takes seconds to import

        return Predictor.from_bundle(bundle, **asdict(how))

    return segment_cases(cases, out, recipe, load, overwrite=overwrite, label_scheme=label_scheme, listener=listener)
