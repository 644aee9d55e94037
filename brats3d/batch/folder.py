"""A folder of patients: one after the other in sorted order, each for itself, and a summary at the end."""

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

from brats3d.batch.preconditions import check_out, open_out
from brats3d.batch.recipe import Recipe
from brats3d.batch.summary import Outcome, Summary
from brats3d.batch.work import SegmentsCases, Work
from brats3d.cases.case import Case
from brats3d.cases.folder import same_name
from brats3d.errors import Interrupted, NoPatientFound, interrupt_code
from brats3d.labels import scheme_named


class Listener(Protocol):
    """Who hears of a run while it goes on; the command line shows it, a library user may not care."""

    def noted(self, line: str) -> None:
        """Something about the run as a whole."""

    def began(self, case_id: str, number: int, total: int) -> None:
        """A patient is taken up, the `number`-th of `total` from 1."""

    def ended(self, outcome: Outcome, number: int, total: int) -> None:
        """A patient has its outcome."""

    def failed_unexpectedly(self, case: Case, error: Exception) -> None:
        """A bug cost this patient; called while the error is handled, so that its traceback is at hand."""


class Silent:
    """Nobody listens."""

    def noted(self, line: str) -> None:
        """Pass over it."""

    def began(self, case_id: str, number: int, total: int) -> None:
        """Pass over it."""

    def ended(self, outcome: Outcome, number: int, total: int) -> None:
        """Pass over it."""

    def failed_unexpectedly(self, case: Case, error: Exception) -> None:
        """Pass over it."""


def segment_cases(
    cases: Sequence[Case],
    out: str | Path,
    recipe: Recipe,
    make_predictor: Callable[[], SegmentsCases],
    *,
    overwrite: bool = False,
    label_scheme: str | None = None,
    listener: Listener | None = None,
) -> Summary:
    """Write a mask and a record for every case, and a summary; what is already whole is left as it is.

    Args:
        cases: what `find_cases` found, refused ones too.
        out: the folder of the masks; made if it is not there.
        recipe: what the masks depend on besides the files.
        make_predictor: loads the network; called only if a patient must be computed.
        overwrite: do again what is whole, and replace files that are not ours.
        label_scheme: the labels written; the layout's own by default.
        listener: hears of every patient.

    Raises:
        RequestError: OUT is a file or lies inside a patient's folder, no case is given, or the scheme is unknown.
        MachineError: OUT, bundle or device give out; what was finished stays.
        Interrupted: Ctrl-C or SIGTERM; likewise.
    """
    heard = listener or Silent()
    out = Path(out)
    if not cases:
        raise NoPatientFound("no patient to segment")
    if label_scheme is not None:
        scheme_named(label_scheme)
    check_out(out, sorted({case.folder for case in cases}))
    warning = open_out(out)
    if warning:
        heard.noted(warning)
    work = Work(out, recipe, make_predictor, heard.failed_unexpectedly, overwrite, label_scheme)
    summary = do_all(work, grouped(cases), len(cases), heard)
    summary.save(out)
    return summary


def grouped(cases: Sequence[Case]) -> list[list[Case]]:
    """Return the cases in sorted order, those whose masks would have one name together."""
    ordered = sorted(cases, key=lambda case: (same_name(case.id), case.id, str(case.folder)))
    groups = [list(group) for _, group in groupby(ordered, key=lambda case: same_name(case.id))]
    return sorted(groups, key=lambda group: group[0].id)


def do_all(work: Work, groups: Sequence[Sequence[Case]], total: int, listener: Listener) -> Summary:
    """Take group after group; an interrupt says how far it came.

    Raises:
        Interrupted: Ctrl-C or SIGTERM.
    """
    outcomes: list[Outcome] = []
    try:
        for group in groups:
            listener.began(group[0].id, len(outcomes) + 1, total)
            for outcome in work.do(group):
                outcomes.append(outcome)
                listener.ended(outcome, len(outcomes), total)
    except KeyboardInterrupt as error:
        words = f"interrupted after {len(outcomes)} of {total} patients; run again to go on"
        raise Interrupted(words, interrupt_code(error)) from error
    return Summary(tuple(outcomes))
