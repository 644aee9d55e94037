"""What a mask depends on besides the patient's files, and whether a mask on disk is already what a run would give."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brats3d.bundle import Subset
from brats3d.cases.case import Case
from brats3d.cases.read import hash_inputs
from brats3d.output.record import mask_path, read_record, record_path
from brats3d.output.sidecar import HashedFile, Record, RecordStatus
from brats3d.output.unfinished import sha256_of
from brats3d.predict.asked import settings_of
from brats3d.vocabulary import Modality


@dataclass(frozen=True, slots=True)
class Recipe:
    """Bundle and settings of a run, known before any network is loaded."""

    bundle_sha256: str
    """Covers `common.yaml` and `model.pt`; of several bundles, all of them."""
    modalities: Subset
    """Those that the bundle takes."""
    settings: Mapping[str, Any]
    """The options that can change a voxel, as asked: the record holds the same."""
    serves: Sequence[Subset] = ()
    """The subsets of its modalities that the bundle can do with; with all of them it always can."""


def whole_record(out: Path, case: Case, recipe: Recipe, label_scheme: str | None) -> Record | None:
    """Return the record of a patient whose mask need not be computed again; None where it must be.

    Existence and time stamps prove nothing: the mask's hash must be the record's, and inputs, bundle, settings and
    label scheme must be the present ones.

    Args:
        out: the output folder.
        case: the patient.
        recipe: of the present run.
        label_scheme: the one that the present run would write.

    Raises:
        BadInput: an input cannot be read.
    """
    record = read_record(record_path(out, case.id))
    if record is None or not fits(record, case, recipe, label_scheme):
        return None
    mask = mask_path(out, case.id)
    if record.mask is None or not mask.is_file() or sha256_of(mask) != record.mask.sha256:
        return None
    return record if proofs(record.inputs) == proofs(hash_inputs(case, recipe.modalities)) else None


def proofs(inputs: Mapping[Modality, HashedFile]) -> dict[Modality, tuple[str, int | None]]:
    """Return what of each input decides the mask: its bytes, and the channel taken of them."""
    return {modality: (each.sha256, each.channel) for modality, each in inputs.items()}


def fits(record: Record, case: Case, recipe: Recipe, label_scheme: str | None) -> bool:
    """Say whether a record is of a mask that this recipe gave this patient."""
    return (
        record.status is RecordStatus.DONE
        and record.id == case.id
        and record.bundle.get("sha256") == recipe.bundle_sha256
        and (record.settings or {}) == json.loads(json.dumps(settings_of(recipe.settings, case, recipe.modalities)))
        and record.label_scheme == label_scheme
    )
