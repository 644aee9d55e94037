"""Patients that lack modalities: refused, unless they were allowed."""

from dataclasses import replace

from brats3d.cases.case import Case
from brats3d.vocabulary import Severity

CODE = "modality-missing"
ALLOWED = "a warning alone, as missing modalities are allowed"


def accept_missing(case: Case) -> Case:
    """Return a case for which the lack of modalities is a warning, provided that it has any modality at all.

    Whatever else speaks against it goes on refusing it. Whether a bundle can do without is asked when it is segmented.
    """
    if not case.modalities:
        return case
    findings = (
        replace(each, severity=Severity.WARNING, message=f"{each.message}; {ALLOWED}")
        if each.code == CODE and each.severity is Severity.ERROR
        else each
        for each in case.findings
    )
    return replace(case, findings=tuple(findings))
