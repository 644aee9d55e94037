"""The predictor's stages as MONAI transforms, so that MONAI's runner gives the same masks as `brats3d segment`."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms.transform import MapTransform

from brats3d.bundle import COMMON_FILE, Islands, Subset, islands_of, open_bundles, temperature_of
from brats3d.cases.find import find_cases
from brats3d.errors import BundleError
from brats3d.predict.asked import asked_settings
from brats3d.predict.calibrate import calibrated
from brats3d.predict.complete import Way, result_of
from brats3d.predict.engines.precision import AUTO, choose_precision
from brats3d.predict.finish import finish
from brats3d.predict.ready import read_case
from brats3d.predict.scheme import scheme_of
from brats3d.prepare import Preparation
from brats3d.vocabulary import Modality, Region

READY = "ready"
"""The key of a `ReadyCase`: what leads from the network's box back to the patient."""
FINISHED = "finished"
"""The key of a `Finished`: the label map with what it means."""
APPLIED = "applied"
"""The key of the names of those keys of `common.yaml` that a config older than they are would pass over."""
Data = Mapping[Hashable, Any]


def case_items(*, dataset_dir: str, layout: str | None = None, allow_missing: bool = False) -> list[dict[str, Any]]:
    """Return the patients under a folder as MONAI's datasets want them: one dictionary each, under `case`.

    Args:
        dataset_dir: the folder.
        layout: the only layout to look for; None to recognise them.
        allow_missing: accept patients that lack modalities.

    Raises:
        NoPatientFound: there is none.
    """
    return [{"case": case} for case in find_cases(dataset_dir, layout, allow_missing=allow_missing)]


def one_case(items: Sequence[Data]) -> dict[Hashable, Any]:
    """Be the loader's `collate_fn`: patients have boxes of unlike shapes, so a batch is one of them.

    Raises:
        ValueError: the loader's `batch_size` is not 1.
    """
    if len(items) != 1:
        raise ValueError(f"a batch of {len(items)} patients cannot be stacked: set batch_size to 1")
    return {key: value[None] if isinstance(value, torch.Tensor) else [boxed(value)] for key, value in items[0].items()}


def boxed(value: Any) -> Any:
    """Return an object as an array without axes: the one shape in which MONAI's `decollate_batch` lets it through."""
    box = np.empty((), object)
    box[()] = value
    return box


class ReadCased(MapTransform):
    """Reads and prepares the case under a key, by the same proven reading as `brats3d segment`.

    The network's input goes to `image`, a tensor (M, x, y, z); what leads back to the patient goes to `ready`.

    Args:
        modalities: those that the network takes, in its order.
        preparation: the bundle's settings, as they stand in `common.yaml`.
        serves: the subsets of the modalities that will do; all of them always do.
        keys: the key of the case.
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str],
        preparation: Mapping[str, Any],
        serves: Sequence[Sequence[str]] = (),
        keys: str = "case",
    ) -> None:
        super().__init__(keys)
        self.serves: list[Subset] = [tuple(Modality(name) for name in subset) for subset in serves]
        self.modalities = tuple(Modality(name) for name in modalities)
        self.preparation = Preparation.from_settings(dict(preparation))

    def __call__(self, data: Data) -> dict[Hashable, Any]:
        """Return the dictionary with `image` and `ready` added.

        Raises:
            BadInput: a file is refused. MONAI's runner stops at it; `brats3d segment` goes on with the next patient.
        """
        changed = dict(data)
        for key in self.key_iterator(changed):
            ready = read_case(changed[key], self.modalities, self.preparation, self.serves)
            changed["image"] = torch.from_numpy(ready.prepared.data)
            changed[READY] = ready
        return changed


class Calibrated(MapTransform):
    """Divides the logits under a key by the bundle's temperature; put it before `Activationsd`.

    Args:
        temperature: one number for all regions, or one by each region's name.
        keys: the key of the logits, (3, x, y, z).
    """

    def __init__(self, *, temperature: float | Mapping[str, float], keys: str = "pred") -> None:
        super().__init__(keys)
        self.temperature = temperature_of(temperature)

    def __call__(self, data: Data) -> dict[Hashable, Any]:
        """Return the dictionary with the logits divided."""
        changed = dict(data)
        for key in self.key_iterator(changed):
            changed[key] = calibrated(torch.as_tensor(changed[key])[None], self.temperature)[0]
        changed[APPLIED] = (*changed.get(APPLIED, ()), "temperature")
        return changed


class Finishd(MapTransform):
    """Turns the probabilities under a key into the label map on the patient's own grid; put `Activationsd` before it.

    Args:
        thresholds: by the region's name.
        smallest_enhancing_ml: enhancing tumour of less than this in all becomes necrosis.
        label_scheme: the labels to write; None is the case's own.
        islands: which connected parts are dropped, as it stands in `common.yaml`; None drops none.
        keys: the key of the probabilities, (3, x, y, z), 0 to 1.
    """

    def __init__(
        self,
        *,
        thresholds: Mapping[str, float],
        smallest_enhancing_ml: float,
        label_scheme: str | None = None,
        islands: Islands | Mapping[str, Any] | None = None,
        keys: str = "pred",
    ) -> None:
        super().__init__(keys)
        self.islands = islands if isinstance(islands, Islands) else islands_of(islands or {})
        self.applied = () if islands is None else ("islands",)
        self.thresholds = {Region(name): float(value) for name, value in thresholds.items()}
        self.smallest_enhancing_ml = float(smallest_enhancing_ml)
        self.label_scheme = label_scheme

    def __call__(self, data: Data) -> dict[Hashable, Any]:
        """Return the dictionary with a label map, a uint8 tensor (X, Y, Z), in place of probabilities.

        Raises:
            SegmentationFailed: a probability is not finite.
            ValueError: they are not probabilities, but logits.
        """
        changed = dict(data)
        ready = changed[READY]
        scheme = scheme_of(ready.case, self.label_scheme)
        for key in self.key_iterator(changed):
            probabilities = np.asarray(torch.as_tensor(changed[key]).cpu(), np.float32)
            if probabilities.min() < 0 or probabilities.max() > 1:
                raise ValueError(f"{key!r} holds no probabilities: put Activationsd with sigmoid before Finishd")
            rules = (self.thresholds, self.smallest_enhancing_ml, scheme, self.islands)
            finished = finish(probabilities, ready.prepared, *rules)
            changed[key] = torch.from_numpy(finished.label_map)
            changed[FINISHED] = finished
        changed[APPLIED] = (*changed.get(APPLIED, ()), *self.applied)
        return changed


class SaveMaskd(MapTransform):
    """Writes the label map that `Finishd` left, and its sidecar, as `brats3d segment` does.

    The record's settings name MONAI as the runner: its configs can change anything, so that `brats3d segment` never
    takes such a mask for one of its own.

    Args:
        output_dir: made where it is not there.
        bundle_root: the bundle that the weights came from.
        device: where the network computed.
        precision: as asked of the inferer.
        tta: as asked of the inferer.
        keys: the key of the label map.
    """

    def __init__(
        self,
        *,
        output_dir: str,
        bundle_root: str,
        device: "str | torch.device",
        precision: str = AUTO,
        tta: bool = False,
        keys: str = "pred",
    ) -> None:
        super().__init__(keys)
        self.output_dir = Path(output_dir)
        self.ensemble = open_bundles(bundle_root)
        self.device = str(device)
        self.precision = str(choose_precision(precision, device))
        self.settings = {"runner": "monai", **asked_settings(precision=precision, tta=tta)}

    def __call__(self, data: Data) -> dict[Hashable, Any]:
        """Return the dictionary with the mask's path added under `mask`.

        Raises:
            BundleError: the bundle names a rule that its `inference.yaml`, which is older, does not apply.
            OutputError: the folder cannot be written.
        """
        changed = dict(data)
        self.check_applied(changed.get(APPLIED, ()))
        way = Way(self.settings, "torch", self.device, self.precision)
        result = result_of(changed[READY], changed[FINISHED], self.ensemble, way)
        changed["mask"] = result.save(self.output_dir)
        return changed

    def check_applied(self, applied: Collection[str]) -> None:
        """Refuse masks that `brats3d segment` would make by more rules.

        Raises:
            BundleError: so it is.
        """
        bundle = self.ensemble.first
        named = {"temperature": set(bundle.temperature.values()) != {1.0}, "islands": bundle.islands.is_on}
        for key in (key for key, is_named in named.items() if is_named and key not in applied):
            words = f"{COMMON_FILE} names {key!r}, which its configs/inference.yaml is too old to apply"
            raise BundleError(f"bundle {bundle.name}: {words}; take inference.yaml from a bundle trained since")
