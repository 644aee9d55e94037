"""Put warnings, and faults of a case as a whole, into words, as `errors.bad_input` does for one file."""

from dataclasses import replace

from brats3d.errors import Finding, bad_input
from brats3d.vocabulary import Severity


def warning(code: str, file: str | None, fault: str, remedy: str) -> Finding:
    """Return a warning: `FILE: FAULT; REMEDY`."""
    words = f"{fault}; {remedy}" if remedy else fault
    return Finding(code, Severity.WARNING, f"{file}: {words}" if file else words, file)


def case_fault(code: str, where: str, fault: str, remedy: str) -> Finding:
    """Return an error about a case as a whole: `FOLDER: FAULT; REMEDY`, with no file of its own."""
    return replace(bad_input(code, where, fault, remedy).finding, file=None)
