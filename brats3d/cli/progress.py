"""A run over patients as it is seen on stderr: findings always, one line a patient, a bar where there is a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from brats3d.batch.summary import Outcome, OutcomeStatus
from brats3d.cases.case import Case
from brats3d.cli.console import say
from brats3d.cli.interrupts import raise_if_received
from brats3d.cli.main import log_traceback


class Progress:
    """Shows each patient of a run; a `brats3d.batch.folder.Listener`."""

    def __init__(self, bar: Any, *, quiet: bool, verbose: bool, log_file: Path | None) -> None:
        self.bar = bar
        self.quiet = quiet
        """No progress; what was found wrong is said all the same."""
        self.verbose = verbose
        self.log_file = log_file
        self.number = 0
        """Of the patient in work, from 1."""

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        with self.bar.external_write_mode(file=sys.stderr):
            say(line)

    def noted(self, line: str) -> None:
        """Say something about the run as a whole."""
        self.say(f"brats3d: {line}")

    def began(self, case_id: str, number: int, total: int) -> None:
        """Note the number, for the log; with `-v`, say that a patient is taken up.

        Raises:
            KeyboardInterrupt: one was received, and got lost.
        """
        raise_if_received()  # one that an import took for something else
        self.number = number
        if self.verbose and not self.quiet:
            self.say(f"[{number}/{total}] {case_id}: begun")

    def ended(self, outcome: Outcome, number: int, total: int) -> None:
        """Say what was found, unless an earlier run said it, and what came of the patient."""
        if outcome.status is not OutcomeStatus.SKIPPED or self.verbose:
            for finding in outcome.findings:
                self.say(f"{outcome.id}: {finding.severity}: {finding.message}")
        if not self.quiet:
            self.say(f"[{number}/{total}] {outcome.id}: {words(outcome, self.verbose)}")
        self.bar.update()

    def failed_unexpectedly(self, case: Case, error: Exception) -> None:
        """Write the traceback to the log file, under the patient's number and not its name.

        Raises:
            KeyboardInterrupt: it was an interrupt in disguise, and no bug.
        """
        raise_if_received()
        log_traceback(self.log_file, error, f"patient {self.number} of {self.bar.total}")


def words(outcome: Outcome, verbose: bool) -> str:
    """Return what came of a patient, in a few words."""
    said = str(outcome.status)
    if outcome.reason:
        said += f": {outcome.reason}"
    if outcome.seconds is not None:
        said += f" in {outcome.seconds:.1f} s"
    if verbose and outcome.volumes_ml:
        said += " (" + ", ".join(f"{region} {volume:.1f} ml" for region, volume in outcome.volumes_ml.items()) + ")"
    return said


@contextmanager
def progress(total: int, *, quiet: bool, verbose: bool, log_file: Path | None) -> Iterator[Progress]:
    """Show a run of `total` patients while the block lasts; the bar vanishes where stderr is no terminal."""
    hidden = quiet or not sys.stderr.isatty()
    with tqdm(total=total, unit="patient", file=sys.stderr, leave=False, disable=hidden) as bar:
        yield Progress(bar, quiet=quiet, verbose=verbose, log_file=log_file)
