"""The error tree; each class carries the exit code that the command line gives it.

Brats3dError                 1  a bug of the program's own, or the root of what follows
├── RequestError             2  the request cannot be carried out as written
│   └── NoPatientFound       2
├── MachineError             3  the machine or the installation
│   ├── OutputError          3  OUT cannot be written: full, read-only
│   ├── BundleError          3  a bundle is missing, damaged or refused
│   ├── DeviceError          3  the device or engine asked for is not here
│   └── TrainingStopped      3  a loss that is no number
├── CaseError                4  one patient; the others go on
│   ├── BadInput             4  its files are refused
│   └── SegmentationFailed   4  its files are sound, but no mask can be given
└── Interrupted        130/143  Ctrl-C or SIGTERM, in words

KeyboardInterrupt          130  Ctrl-C, Python's own
└── Terminated             143  SIGTERM
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from brats3d.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on an input."""

    code: str
    """A short id in kebab case, the same in every release."""
    severity: Severity
    """An error refuses the case."""
    message: str
    """One line: the file, what is wrong in plain words, what to do."""
    file: str | None = None
    """The file it is about, relative to the folder it was found under, with `/`; None for the case as a whole."""


class Brats3dError(Exception):
    """The root of every error that this package raises on purpose."""

    exit_code = 1


class RequestError(Brats3dError):
    """The request cannot be carried out as written: an unknown option, value, key or path."""

    exit_code = 2


class NoPatientFound(RequestError):
    """No patient lies under the folders given."""


class MachineError(Brats3dError):
    """The machine or the installation does not allow it."""

    exit_code = 3


class OutputError(MachineError):
    """The output folder cannot be written: full, over quota, read-only, not permitted."""


class BundleError(MachineError):
    """A bundle is missing, damaged or refused."""


class DeviceError(MachineError):
    """The device, engine or precision asked for is not on this machine."""


class TrainingStopped(MachineError):
    """Training ended on a loss that is no number."""


class CaseError(Brats3dError):
    """One patient cannot be done; the others go on.

    Args:
        finding: what is wrong, with severity error.
        findings: everything remarked, `finding` among it; that alone where nothing is given.
    """

    exit_code = 4

    def __init__(self, finding: Finding, findings: Sequence[Finding] = ()) -> None:
        super().__init__(finding.message)
        self.finding = finding
        self.findings = tuple(findings) or (finding,)


class BadInput(CaseError):
    """A patient's files are refused."""


class SegmentationFailed(CaseError):
    """A patient's files are sound, but no mask can be given (network output not finite, out of memory)."""


class Interrupted(Brats3dError):
    """Ctrl-C or SIGTERM; `exit_code` tells which."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised where the program stands; not an `Exception`, which libraries catch while they are imported."""

    exit_code = 143


def interrupt_code(error: KeyboardInterrupt) -> int:
    """Return the exit code of an interrupt: 143 for SIGTERM, 130 for Ctrl-C."""
    return error.exit_code if isinstance(error, Terminated) else 130


def naming(case_id: str, finding: Finding) -> Finding:
    """Return a finding whose message says whose it is: where DATA is the patient's own folder, no file's name may.

    >>> naming("1", Finding("empty-file", Severity.ERROR, "t1.nii.gz: is empty")).message
    '1: t1.nii.gz: is empty'
    >>> naming("p1", Finding("empty-file", Severity.ERROR, "p1_t1.nii.gz: is empty")).message
    'p1_t1.nii.gz: is empty'
    """
    where = finding.message.partition(": ")[0]
    if re.search(rf"(?<![^\W_]){re.escape(case_id)}(?![^\W_])", where):
        return finding
    return replace(finding, message=f"{case_id}: {finding.message}")


def bad_input(code: str, file: str | None, fault: str, remedy: str) -> BadInput:
    """Return the error that refuses a case: `FILE: FAULT; REMEDY`."""
    words = f"{fault}; {remedy}" if remedy else fault
    return BadInput(Finding(code, Severity.ERROR, f"{file}: {words}" if file else words, file))


def nearest_name(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'X'?` for the known name nearest to `name`, else the list of known names."""
    names = [str(each) for each in known]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(names)}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's words, cut at 200 letters."""
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
