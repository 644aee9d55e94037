"""What a run over a folder came to: one outcome a patient, and the two summary files."""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from brats3d.errors import Finding, naming
from brats3d.output.cells import no_formula
from brats3d.output.whole import write_whole
from brats3d.vocabulary import REGIONS, Region, Severity

SUMMARY = "summary"


class OutcomeStatus(StrEnum):
    """What a run did with a patient."""

    DONE = "done"
    SKIPPED = "skipped"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to for one patient."""

    id: str
    status: OutcomeStatus
    seconds: float | None = None
    """From taking the patient up to its record; None where nothing was computed."""
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    """Why it was skipped."""
    volumes_ml: Mapping[Region, float] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """One line: why there is no mask, why it was skipped, or what was remarked."""
        errors = [finding for finding in self.findings if finding.severity is Severity.ERROR]
        return self.reason or "; ".join(naming(self.id, finding).message for finding in errors or self.findings)


@dataclass(frozen=True, slots=True)
class Summary:
    """All outcomes of a run, in the order of the patients."""

    cases: tuple[Outcome, ...]

    @property
    def counts(self) -> dict[OutcomeStatus, int]:
        """How many patients came to each end."""
        found = Counter(outcome.status for outcome in self.cases)
        return {status: found[status] for status in OutcomeStatus}

    @property
    def exit_code(self) -> int:
        """0, or 4 where a patient was refused or failed."""
        counts = self.counts
        return 4 if counts[OutcomeStatus.REFUSED] or counts[OutcomeStatus.FAILED] else 0

    def as_json(self) -> dict[str, Any]:
        """Return the document of `summary.json`."""
        return {
            **{str(status): count for status, count in self.counts.items()},
            "cases": [
                {"id": each.id, "status": str(each.status), "seconds": each.seconds, "message": each.message}
                for each in self.cases
            ],
        }

    def as_csv(self) -> str:
        """Return the text of `summary.csv`; what a spreadsheet would run as a formula is quoted by an apostrophe."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["id", "status", "seconds", *(f"{region}_ml" for region in REGIONS), "message"])
        for each in self.cases:
            volumes = [each.volumes_ml.get(region, "") for region in REGIONS]
            seconds = "" if each.seconds is None else each.seconds
            writer.writerow([no_formula(each.id), str(each.status), seconds, *volumes, no_formula(each.message)])
        return text.getvalue()

    def save(self, out: Path) -> None:
        """Write `summary.csv` and `summary.json`.

        Raises:
            OutputError: OUT cannot be written.
        """
        document = json.dumps(self.as_json(), indent=1, ensure_ascii=True, allow_nan=False) + "\n"
        # Names that are not UTF-8 stand as escapes.
        write_whole(out / f"{SUMMARY}.csv", self.as_csv().encode("utf-8", "backslashreplace"))
        write_whole(out / f"{SUMMARY}.json", document.encode("ascii"))
