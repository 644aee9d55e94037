"""A case: one visit of one patient, as files on disk. No arrays."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from brats3d.errors import Finding
from brats3d.vocabulary import CaseStatus, Modality, Severity

VISIT = re.compile(r"(?P<patient>brats-.+)-\d{3}", re.IGNORECASE | re.DOTALL)
"""An id of BraTS 2023 and later: its last three digits number the visits of one patient."""


@dataclass(frozen=True, slots=True)
class Case:
    """What `find_cases` found of one visit of one patient."""

    id: str
    """The folder's own name; in `msd` and `nnunet` the image's name without channel number and ending."""
    root: Path
    """The folder it was found under: paths in messages and JSON are relative to it."""
    folder: Path
    """The patient's own folder (in `msd` and `nnunet` the folder of the list)."""
    layout: str | None
    """The layout's name; None where none was recognised."""
    label_scheme: str | None
    """The label scheme's name; None where the layout is unknown."""
    modalities: Mapping[Modality, Path]
    """The file of each modality found, in channel order."""
    reference: Path | None = None
    """The label map experts drew; None where there is none."""
    channels: Mapping[Modality, int] | None = None
    """In `msd`: which entry of the image's fourth axis each modality is; None where each has a file of its own."""
    channel_count: int | None = None
    """In `msd`: how many entries the fourth axis must have."""
    findings: tuple[Finding, ...] = ()
    """What finding it (or reading it) remarked."""
    reference_findings: tuple[Finding, ...] = ()
    """What finding the reference remarked; kept apart, for a bad reference must not stop a segmentation."""

    @property
    def status(self) -> CaseStatus:
        """The worst of the findings."""
        return worst(self.findings)

    def relative(self, path: Path) -> str:
        """Return a path under `root` as it stands in messages and JSON: relative, with `/`."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name

    @property
    def place(self) -> str:
        """How messages call the case as a whole: its folder, or the image of a list, relative to `root`."""
        is_own = self.folder.name == self.id
        path = self.folder if is_own else next(iter(self.modalities.values()), self.folder)
        return self.relative(path) if path != self.root else path.name

    def with_findings(self, *more: Finding) -> "Case":
        """Return the same case with more findings."""
        return replace(self, findings=(*self.findings, *more))


def worst(findings: tuple[Finding, ...]) -> CaseStatus:
    """Return the status that findings come to: one error refuses."""
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return CaseStatus.REFUSED
    return CaseStatus.WARNING if severities else CaseStatus.OK


def patient_of(case_id: str) -> str:
    """Return the patient whose visit a case is: the id without the visit's number, or the id itself.

    >>> patient_of("BraTS-GLI-00005-100"), patient_of("BraTS2021_00005")
    ('BraTS-GLI-00005', 'BraTS2021_00005')
    """
    visit = VISIT.fullmatch(case_id)
    return visit["patient"] if visit else case_id
