"""What all checks say of one case, its reference included."""

from dataclasses import dataclass, replace

from brats3d.cases.case import Case
from brats3d.cases.examine import Examination, examine
from brats3d.cases.grid_checks import judge_grid
from brats3d.cases.label_maps import outside_brain, read_reference
from brats3d.cases.nifti import read_grid, read_nifti
from brats3d.errors import BadInput, Finding
from brats3d.grid import Shape, Spacing
from brats3d.vocabulary import MODALITIES


@dataclass(frozen=True, slots=True)
class CheckedCase:
    """A case and all that is to be said of it."""

    case: Case
    """With the findings of reading its files and its reference."""
    shape: Shape | None
    """Of the first modality whose header could be read, as stored; None where there is none."""
    spacing_mm: Spacing | None


def check_case(case: Case, *, quick: bool = False) -> CheckedCase:
    """Read every file of a case to its end and make every check.

    Args:
        case: as `find_cases` gives it.
        quick: headers alone.
    """
    examination = examine(case, MODALITIES, quick=quick)
    said = (*examination.findings, *_judge_reference(case, examination, quick=quick))
    checked = replace(case, findings=tuple(dict.fromkeys(said)))
    grid = examination.grid
    if grid is None:
        return CheckedCase(checked, None, None)
    return CheckedCase(checked, grid.shape, grid.spacing_mm)


def _judge_reference(case: Case, examination: Examination, *, quick: bool) -> tuple[Finding, ...]:
    if case.reference is None or examination.grid is None:
        return (*case.reference_findings, *_read_alone(case, quick=quick))
    name = case.relative(case.reference)
    try:
        if quick:
            grid, findings = read_grid(case.reference, name)
            remark = judge_grid(grid, examination.grid, name, "the first modality")
            return (*case.reference_findings, *findings, *([] if remark is None else [remark]))
        reference = read_reference(case, examination.grid)
    except BadInput as refusal:
        return (*case.reference_findings, refusal.finding)
    outside = None if examination.data is None else outside_brain(reference.label_map, examination.data, name)
    return reference.findings if outside is None else (*reference.findings, outside)


def _read_alone(case: Case, *, quick: bool) -> tuple[Finding, ...]:
    """Return what reading a reference says that has no modality beside it."""
    if case.reference is None or case.reference_findings:
        return ()
    name = case.relative(case.reference)
    try:
        if quick:
            return read_grid(case.reference, name)[1]
        return read_nifti(case.reference, name).findings
    except BadInput as refusal:
        return (refusal.finding,)
