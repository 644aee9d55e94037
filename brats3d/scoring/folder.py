"""Scoring a folder of predictions against a folder of references."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brats3d.cases.case import Case
from brats3d.cases.nifti import read_grid
from brats3d.cases.read import read_mask, read_reference
from brats3d.errors import BadInput, Finding
from brats3d.grid import Grid
from brats3d.labels import SCHEMES, scheme_named
from brats3d.output.unfinished import MASK_ENDING
from brats3d.scoring.align import laid_on
from brats3d.scoring.pairs import MaskFile, Pair, find_pairs, refuse_if_in_doubt, says_its_scheme, scheme_of
from brats3d.scoring.protocol import Protocol, RegionMaps
from brats3d.scoring.protocols import DEFAULT_PROTOCOL, maps_of, protocol_named, score_case
from brats3d.scoring.scores import CaseScores, ScoreStatus

LOG = logging.getLogger(__name__)
OneByOne = Callable[[Sequence[Pair]], Iterable[Pair]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that comparing two folders came to."""

    scores: dict[str, list[CaseScores]]
    """The cases by protocol, by id."""
    unmatched: tuple[str, ...]
    """Ids of predictions without a reference; they are not scored."""
    without_scheme: int
    """How many predictions have no record beside them and no option that names their labels: the protocol's count."""


def evaluate(
    predictions: str | Path,
    references: str | Path,
    protocols: Sequence[str] = (DEFAULT_PROTOCOL,),
    label_scheme: str | None = None,
    prediction_scheme: str | None = None,
) -> list[CaseScores]:
    """Score masks against references.

    Args:
        predictions: a folder of `<id>.nii.gz`.
        references: patient folders of any layout, or a folder of `<id>.nii.gz`.
        protocols: names out of `brats2020`, `brats2023`, `brats2024` and `brats2026`.
        label_scheme: the references' label scheme where it is not their layout's own.
        prediction_scheme: the label scheme of predictions whose sidecar does not say it.

    Returns:
        The cases by id under the first protocol, then under the next; each names its protocol. A reference without a
        sound prediction is among them with 0 and the penalty, a refused reference without figures.

    Raises:
        RequestError: a path, protocol or label scheme does not exist.
        NoPatientFound: there is no reference.
    """
    comparison = compare(predictions, references, protocols, label_scheme, prediction_scheme)
    return [case for cases in comparison.scores.values() for case in cases]


def compare(
    predictions: str | Path,
    references: str | Path,
    protocols: Sequence[str] = (DEFAULT_PROTOCOL,),
    label_scheme: str | None = None,
    prediction_scheme: str | None = None,
    one_by_one: OneByOne = iter,
) -> Comparison:
    """Score masks against references, and say which predictions were left over.

    Args:
        predictions: as in `evaluate`, like all but the last.
        references: as in `evaluate`.
        protocols: as in `evaluate`.
        label_scheme: as in `evaluate`.
        prediction_scheme: as in `evaluate`.
        one_by_one: hands on the pairs it is given, in order; a progress bar goes here.

    Raises:
        RequestError: a path, protocol or label scheme does not exist.
        NoPatientFound: there is no reference.
    """
    chosen = [protocol_named(name) for name in dict.fromkeys(protocols)]
    for name in (label_scheme, prediction_scheme):
        if name is not None:
            scheme_named(name)
    found = find_pairs(Path(predictions), Path(references), label_scheme, prediction_scheme)
    scores: dict[str, list[CaseScores]] = {protocol.name: [] for protocol in chosen}
    for pair in one_by_one(found.pairs):
        if pair.prediction is not None:
            LOG.info("%s: %s against %s", pair.id, pair.prediction.name, pair.reference.name)
        for protocol in chosen:
            scores[protocol.name].append(score_pair(pair, protocol))
    masks = [pair.prediction for pair in found.pairs if pair.prediction is not None]
    return Comparison(scores, found.unmatched, sum(not says_its_scheme(mask) for mask in masks))


def score_pair(pair: Pair, protocol: Protocol) -> CaseScores:
    """Score one pair; what is refused, or too large for the memory, is in the status, not raised."""
    try:
        return scored(pair, protocol)
    except MemoryError:
        words = "there is not enough memory to score this patient; end other programs"
        return CaseScores(pair.id, protocol.name, ScoreStatus.REFUSED, message=words)


def scored(pair: Pair, protocol: Protocol) -> CaseScores:
    """Read one reference and its prediction, and score them."""
    try:
        reference = read_reference_of(pair, protocol)
    except BadInput as error:
        return CaseScores(pair.id, protocol.name, ScoreStatus.REFUSED, message=f"reference: {error}")
    words = f"no prediction: {pair.id}{MASK_ENDING} is not there; segment this patient, or add its mask"
    status, prediction = ScoreStatus.MISSING, None
    if pair.prediction is not None:
        try:
            prediction = read_side(pair.prediction, protocol, reference.grid)
            status, words = ScoreStatus.SCORED, prediction.words
        except BadInput as error:
            status, words = ScoreStatus.REFUSED, f"prediction: {error}"
    spacing_mm = reference.grid.spacing_mm
    maps = None if prediction is None else prediction.region_maps
    return CaseScores(
        pair.id,
        protocol.name,
        status,
        score_case(protocol, maps, reference.region_maps, spacing_mm),
        protocol.penalty_on(reference.grid.shape),
        spacing_mm,
        reference.scheme,
        None if prediction is None else prediction.scheme,
        "; ".join(part for part in (reference.words, words) if part) or None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One label map of a pair, as regions."""

    region_maps: RegionMaps
    grid: Grid
    scheme: str
    words: str
    """What was remarked on its file; empty where nothing was."""


def read_reference_of(pair: Pair, protocol: Protocol) -> Side:
    """Read the reference of a pair, on the grid of the patient's volumes where there are any.

    Raises:
        BadInput: it, or its patient, is refused.
    """
    if pair.case is None:
        return read_side(pair.reference, protocol)
    refuse_if_in_doubt(pair.case)
    grid = grid_of(pair.case)
    if grid is None:
        return read_side(pair.reference, protocol)
    read = read_reference(pair.case, grid)
    maps = maps_of(read.label_map, read.scheme, protocol.regions)
    return Side(maps, grid, read.scheme.name, joined(read.findings))


def grid_of(case: Case) -> Grid | None:
    """Return the grid of the first modality of a case whose header can be read; None where there is none."""
    for path in case.modalities.values():
        with contextlib.suppress(BadInput):
            return read_grid(path, case.relative(path), channels=case.channel_count)[0]
    return None


def read_side(mask: MaskFile, protocol: Protocol, target: Grid | None = None) -> Side:
    """Read a mask by its label scheme, and lay it on another grid if one is given.

    Raises:
        BadInput: the file is refused, holds foreign labels, or lies on another grid.
    """
    scheme = SCHEMES[scheme_of(mask, protocol.label_scheme)]
    read = read_mask(mask.path, mask.name, scheme, mask.option)
    label_map, grid, findings = read.label_map, read.grid, read.findings
    if target is not None:
        label_map, remarks = laid_on(label_map, grid, target, mask.name)
        grid, findings = target, (*findings, *remarks)
    return Side(maps_of(label_map, scheme, protocol.regions), grid, scheme.name, joined(findings))


def joined(findings: Iterable[Finding]) -> str:
    """Return the words of findings in one line."""
    return "; ".join(finding.message for finding in findings)
