"""Read label maps from the disk: references, and masks. A label that the scheme does not know refuses the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.case import Case
from brats3d.cases.grid_checks import judge_grid, turn_onto
from brats3d.cases.nifti import ProvenImage, read_nifti
from brats3d.cases.remarks import warning
from brats3d.errors import BadInput, Finding, bad_input
from brats3d.grid import Grid
from brats3d.labels import SCHEMES, LabelScheme, scheme_named
from brats3d.vocabulary import Severity

LabelMap = NDArray[np.uint8]

ROUNDING = 0.001
"""A value this near a whole number is that number."""
MOST_OUTSIDE_SHARE = 0.5
SHOWN_VALUES = 8


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceMap:
    """The label map experts drew, on the grid of the case's volumes."""

    label_map: LabelMap
    """(X, Y, Z), labels of `scheme`."""
    findings: tuple[Finding, ...]
    """Warnings."""
    scheme: LabelScheme
    sha256: str
    """Of the file's bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class MaskMap:
    """Any label map on the disk, on its own grid."""

    label_map: LabelMap
    """(X, Y, Z) as stored, labels of the scheme it was judged by."""
    grid: Grid
    sha256: str
    """Of the file's bytes."""
    findings: tuple[Finding, ...]
    """Warnings."""


def read_reference(case: Case, grid: Grid) -> ReferenceMap:
    """Return a case's reference on a grid, turned onto its axes if need be.

    Args:
        case: as `find_cases` gives it.
        grid: of the case's volumes.

    Raises:
        BadInput: there is none, it cannot be read, lies on another grid, or holds what its scheme does not know.
    """
    for finding in case.reference_findings:
        if finding.severity is Severity.ERROR:
            raise BadInput(finding)
    if case.reference is None or case.label_scheme is None:
        raise bad_input("no-reference", None, f"{case.place}: it has no reference", "add one, or leave the case out")
    name, scheme = case.relative(case.reference), scheme_named(case.label_scheme)
    image = read_nifti(case.reference, name)
    remark = judge_grid(image.grid, grid, name, "the first modality")
    if remark is not None and remark.severity is Severity.ERROR:
        raise BadInput(remark)
    label_map, findings = _labels(image, name, scheme, "--label-scheme (in training --set label_scheme=NAME)")
    turned = np.asarray(turn_onto(image.grid, grid).of(label_map), np.uint8)
    remarks = [] if remark is None else [remark]
    if not label_map.any():
        remarks.append(warning("no-tumour", name, "the reference is empty: no tumour at all", "check that it is meant"))
    found = (*case.reference_findings, *image.findings, *findings, *remarks)
    return ReferenceMap(turned, found, scheme, image.sha256)


def read_mask(path: Path, name: str, scheme: LabelScheme, option: str | None = None) -> MaskMap:
    """Return a label map as it lies on the disk.

    Args:
        path: the file.
        name: how messages call it.
        scheme: the labels it may hold.
        option: by which another scheme can be named; None where there is none.

    Raises:
        BadInput: it cannot be read, or holds what the scheme does not know.
    """
    image = read_nifti(path, name)
    label_map, findings = _labels(image, name, scheme, option)
    return MaskMap(label_map, image.grid, image.sha256, (*image.findings, *findings))


def outside_brain(label_map: LabelMap, volumes: NDArray[np.float32], name: str) -> Finding | None:
    """Return a warning where more than half of a reference lies where every modality is 0.

    Args:
        label_map: (X, Y, Z).
        volumes: (M, X, Y, Z) on the same grid.
        name: how messages call the reference.
    """
    tumour = label_map > 0
    count = int(np.count_nonzero(tumour))
    outside = int(np.count_nonzero((volumes[:, tumour] == 0).all(axis=0)))
    if outside <= MOST_OUTSIDE_SHARE * count:
        return None
    fault = f"{outside / count:.0%} of the reference lie outside the brain, where every modality is 0"
    return warning("reference-outside", name, fault, "check that it belongs to this patient")


def _labels(image: ProvenImage, name: str, scheme: LabelScheme, option: str | None) -> tuple[LabelMap, list[Finding]]:
    stored: NDArray[Any] = image.stored
    findings: list[Finding] = []
    if stored.dtype.kind == "f" or image.slope != 1 or image.intercept != 0:
        stored, findings = _rounded(image, name)
    low, high = int(stored.min()), int(stored.max())
    if low < 0 or high > 255:
        found = np.unique(stored)
    else:
        # Counting is twice as fast as `np.unique`, and nearly every label map fits into bytes.
        found = np.flatnonzero(np.bincount(stored.ravel(order="K").astype(np.uint8, copy=False), minlength=256))
    values = [int(value) for value in found]
    if not set(values) <= set(scheme.labels):
        raise _foreign(name, values, scheme, option)
    return stored.astype(np.uint8, order="K"), findings


def _rounded(image: ProvenImage, name: str) -> tuple[NDArray[Any], list[Finding]]:
    with np.errstate(over="ignore", invalid="ignore"):
        values = image.stored.astype(np.float64) * image.slope + image.intercept
    if not np.isfinite(values).all():
        fault = "its label values are not all finite (NaN or infinite)"
        raise bad_input("label-values", name, fault, "save it again as whole numbers")
    whole = np.rint(values)
    away = float(np.abs(values - whole).max())
    if away > ROUNDING:
        fault = f"it holds label values that are not whole numbers (off by up to {away:.3g}): interpolated"
        raise bad_input("label-values", name, fault, "resample labels to the nearest neighbour only")
    if max(abs(float(whole.min())), float(whole.max())) > 2**31:
        raise bad_input("label-values", name, "its label values are beyond all labels", "check the file")
    findings = []
    if away > 0:
        fault = f"its label values are not whole numbers (off by up to {away:.2g})"
        findings.append(warning("label-rounded", name, fault, "rounded"))
    return whole.astype(np.int64), findings


def _foreign(name: str, found: Sequence[int], scheme: LabelScheme, option: str | None) -> BadInput:
    shown = ", ".join(map(str, found[:SHOWN_VALUES])) + (" ..." if len(found) > SHOWN_VALUES else "")
    known = ", ".join(map(str, scheme.labels))
    fault = f"it holds the label values {shown} where label scheme {scheme.name} has {known}"
    fitting = [each.name for each in SCHEMES.values() if set(found) <= set(each.labels)]
    remedy = "check that it is a label map of the tumour"
    if fitting and option:
        remedy = f"if its labels mean what {' or '.join(fitting)} says, name that with {option}"
    return bad_input("label-values", name, fault, remedy)
