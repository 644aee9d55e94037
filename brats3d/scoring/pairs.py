"""Which mask belongs to which reference, and by which label schemes both are to be read."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from brats3d.cases.case import Case
from brats3d.cases.find import find_cases
from brats3d.errors import BadInput, NoPatientFound, RequestError, bad_input
from brats3d.labels import SCHEMES
from brats3d.output.unfinished import MASK_ENDING, RECORD_ENDING
from brats3d.vocabulary import Severity

MAX_RECORD_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A label map on disk and how it is to be read."""

    path: Path
    name: str
    """How messages call it: relative to the folder it was found under."""
    label_scheme: str | None = None
    """What its layout or an option says; a sidecar is asked first, the protocol last."""
    option: str = "--label-scheme"
    """By which another can be named."""

    @property
    def sidecar(self) -> Path:
        """Where a record of ours would lie."""
        return self.path.with_name(f"{self.path.name.removesuffix(MASK_ENDING)}{RECORD_ENDING}")


Listed = tuple[str, MaskFile, Case | None]


@dataclass(frozen=True, slots=True)
class Pair:
    """One reference and its prediction."""

    id: str
    reference: MaskFile
    prediction: MaskFile | None
    """None where it is missing."""
    case: Case | None = None
    """The patient whose reference it is; None where the reference is a mask in a folder of masks."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """All references of a folder, and what is left over."""

    pairs: tuple[Pair, ...]
    """By id."""
    unmatched: tuple[str, ...]
    """Ids of predictions without a reference."""


def find_pairs(
    predictions: Path, references: Path, label_scheme: str | None = None, prediction_scheme: str | None = None
) -> Pairs:
    """Find every reference and its prediction.

    Args:
        predictions: a folder of `<id>.nii.gz`.
        references: patient folders of any layout, or a folder of `<id>.nii.gz`.
        label_scheme: of the references; it wins over what their layout says.
        prediction_scheme: of predictions without a sidecar that says it.

    Raises:
        RequestError: a path is no folder.
        NoPatientFound: there is no reference.
    """
    masks = {
        name: replace(mask, option="--prediction-scheme")
        for name, mask in masks_in(predictions, prediction_scheme).items()
    }
    found = masks_in(references, label_scheme)
    try:
        cases = find_cases(references, label_scheme=label_scheme)
    except NoPatientFound:
        cases = []
    in_doubt = masks.keys() & found.keys()
    if in_doubt:
        patients = [case.place for case in cases if case.modalities and case.reference is not None]
        if patients:
            beside = f"{min(in_doubt)}{MASK_ENDING} beside patients ({patients[0]})"
            raise RequestError(f"{references} holds {beside}: which are the references? keep one kind there")
        return paired([(name, mask, None) for name, mask in found.items()], masks)
    listed: list[Listed] = [
        (case.id, MaskFile(case.reference, case.relative(case.reference), case.label_scheme), case)
        for case in cases
        if case.reference is not None
    ]
    if not listed and not any(case.modalities for case in cases):
        listed = [(name, mask, None) for name, mask in found.items()]
    if not listed:
        raise NoPatientFound(
            f"no reference under {references}: neither patient folders with one, nor <id>{MASK_ENDING}"
        )
    return paired(listed, masks)


def paired(listed: list[Listed], masks: dict[str, MaskFile]) -> Pairs:
    """Return references (id, file, case) with the masks of the same id."""
    pairs = [Pair(name, reference, masks.get(name), case) for name, reference, case in listed]
    unmatched = masks.keys() - {pair.id for pair in pairs}
    return Pairs(tuple(sorted(pairs, key=lambda pair: (pair.id, pair.reference.name))), tuple(sorted(unmatched)))


def masks_in(folder: Path, label_scheme: str | None) -> dict[str, MaskFile]:
    """Return the masks `<id>.nii.gz` right inside a folder, by id; dot files are left alone.

    Raises:
        RequestError: there is no such folder, or it cannot be listed.
    """
    try:
        paths = [path for path in sorted(folder.iterdir()) if path.name.endswith(MASK_ENDING) and path.name[0] != "."]
    except OSError as error:
        raise RequestError(f"{folder} cannot be searched: {(error.strerror or 'unknown error').lower()}") from error
    return {path.name.removesuffix(MASK_ENDING): MaskFile(path, path.name, label_scheme) for path in paths}


def refuse_if_in_doubt(case: Case) -> None:
    """Let a patient pass that only lacks modalities: scoring does not need them.

    Raises:
        BadInput: finding the patient or its reference remarked another error.
    """
    for finding in (*case.findings, *case.reference_findings):
        if finding.severity is Severity.ERROR and finding.code != "modality-missing":
            raise BadInput(finding)


def scheme_of(mask: MaskFile, default: str) -> str:
    """Return the label scheme a mask is to be read by: its sidecar's, else the one given, else `default`.

    Raises:
        BadInput: the sidecar cannot be read, or names a scheme that does not exist.
    """
    named = scheme_in(mask.sidecar) if mask.sidecar.is_file() else None
    return named or mask.label_scheme or default


def says_its_scheme(mask: MaskFile) -> bool:
    """Return whether a sidecar, a layout or an option may say what a mask's labels mean."""
    return mask.label_scheme is not None or mask.sidecar.is_file()


def scheme_in(sidecar: Path) -> str | None:
    """Return the label scheme that a sidecar names; None where it names none.

    Raises:
        BadInput: it cannot be read, or names a scheme that does not exist.
    """
    remedy = "mend it, or take it away and name the label scheme"
    try:
        with sidecar.open("rb") as file:
            record = json.loads(file.read(MAX_RECORD_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise bad_input("bad-sidecar", sidecar.name, "the sidecar cannot be read as JSON", remedy) from error
    named = record.get("label_scheme") if isinstance(record, dict) else None
    if named is not None and (not isinstance(named, str) or named not in SCHEMES):
        raise bad_input("bad-sidecar", sidecar.name, f"the sidecar names no known label scheme: {named!r}", remedy)
    return named
