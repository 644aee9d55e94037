"""Patients without a mask: what their records say."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from brats3d.batch.names import record_may_stand
from brats3d.batch.summary import Outcome, OutcomeStatus
from brats3d.cases.case import Case, worst
from brats3d.cases.find import places
from brats3d.errors import Finding
from brats3d.output.record import forget, record_path, write_failed, write_refused
from brats3d.vocabulary import CaseStatus, Severity


def record_refused(out: Path, case: Case, findings: tuple[Finding, ...], overwrite: bool) -> Outcome:
    """Record that a patient's files are refused; an earlier mask of ours goes."""
    outcome = Outcome(case.id, OutcomeStatus.REFUSED, findings=findings)
    return recorded(out, outcome, overwrite, lambda: write_refused(out, case.id, findings))


def record_failed(out: Path, case: Case, findings: tuple[Finding, ...], seconds: float, overwrite: bool) -> Outcome:
    """Record that a patient whose files are sound has no mask; an earlier mask of ours goes."""
    outcome = Outcome(case.id, OutcomeStatus.FAILED, round(seconds, 3), findings)
    return recorded(out, outcome, overwrite, lambda: write_failed(out, case.id, findings, seconds))


def refuse_group(out: Path, group: Sequence[Case], overwrite: bool) -> list[Outcome]:
    """Refuse all cases of one id, in one record that names every folder: their masks would have one name."""
    folders = places(group)
    findings = tuple(dict.fromkeys(finding for case in group for finding in case.findings))
    if worst(findings) is not CaseStatus.REFUSED:
        findings = (*findings, same_id(group[0].id, folders))
    first, *others = (Outcome(case.id, OutcomeStatus.REFUSED, findings=case_findings(case, findings)) for case in group)
    for other in {each.id for each in others} - {first.id}:
        if record_may_stand(out, other, overwrite=False):
            forget(out, other)
    return [recorded(out, first, overwrite, lambda: write_refused(out, first.id, findings, folders)), *others]


def case_findings(case: Case, shared: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings of one case of a group: its own, or those of the group where its own refuse nothing."""
    return case.findings if case.status is CaseStatus.REFUSED else shared


def recorded(out: Path, outcome: Outcome, overwrite: bool, write: Callable[[], None]) -> Outcome:
    """Write a record where one may stand, else say in the outcome that it was left out."""
    if record_may_stand(out, outcome.id, overwrite):
        write()
        return outcome
    name = record_path(out, outcome.id).name
    words = f"the output folder holds no record of this: {name} cannot be, or is no record of ours"
    return replace(outcome, findings=(*outcome.findings, Finding("no-record", Severity.WARNING, words)))


def same_id(case_id: str, folders: Sequence[str]) -> Finding:
    """Return the finding on several cases of one id."""
    words = f"{len(folders)} folders have the id {case_id}: {', '.join(folders)}"
    return Finding("same-id", Severity.ERROR, f"{words}; rename all but one, so that each mask has a name of its own")


def unexpected(error: Exception) -> Finding:
    """Return the finding on an error that nobody foresaw; its own text stays out, as it may hold anything."""
    words = f"a bug of the program ({type(error).__name__}); run again with --log-file FILE and report the traceback"
    return Finding("bug", Severity.ERROR, words)
