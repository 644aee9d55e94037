"""What a mask depends on besides the patient's files, and whether a mask on disk is already what a run would give."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brats3d.bundle import Subset
from brats3d.cases.case import Case
from brats3d.cases.read import hash_inputs
from brats3d.output.record import mask_path, read_record, record_path
from brats3d.output.sidecar import HashedFile, Record, RecordStatus
from brats3d.output.unfinished import map_path, sha256_of
from brats3d.predict.asked import settings_of
from brats3d.vocabulary import MapKind, Modality


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
    maps: Sequence[MapKind] = field(default=())
    """What is to stand beside each mask."""


def whole_record(out: Path, case: Case, recipe: Recipe, label_scheme: str | None) -> Record | None:
    """Return the record of a patient whose mask need not be computed again; None where it must be.

    Existence and time stamps prove nothing: the hashes of the mask, and of the maps that are wanted, must be those of
    the record, and inputs, bundle, settings and label scheme must be the present ones.

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
    wanted = {mask_path(out, case.id): record.mask}
    wanted |= {map_path(out, kind, case.id): record.map_of(kind) for kind in recipe.maps}
    if not all(is_whole(path, named) for path, named in wanted.items()):
        return None
    return record if proofs(record.inputs) == proofs(hash_inputs(case, recipe.modalities)) else None


def is_whole(path: Path, named: HashedFile | None) -> bool:
    """Say whether a file holds what the record says; a record that does not name it proves nothing."""
    return named is not None and path.is_file() and sha256_of(path) == named.sha256


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
