"""`brats3d cases DATA...`: find the patients, read every file, and say what is wrong."""

import argparse
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brats3d.cli.arguments import place
from brats3d.errors import Brats3dError, Finding, naming
from brats3d.vocabulary import CaseStatus, Severity

if TYPE_CHECKING:
    from brats3d.cases.case import Case
    from brats3d.cases.check import CheckedCase


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to look at, and how."""
    from brats3d.cases.layouts import LAYOUTS
    from brats3d.labels import SCHEMES

    parser.add_argument("data", metavar="DATA", nargs="+", type=place, help="folders of patients, or a patient's own")
    parser.add_argument("--layout", choices=tuple(LAYOUTS), help="how DATA names its files; found by itself")
    parser.add_argument("--label-scheme", choices=tuple(SCHEMES), help="labels of references; default the layout's own")
    parser.add_argument("--allow-missing", action="store_true", help="accept patients that lack modalities")
    parser.add_argument("--quick", action="store_true", help="read headers alone; nothing is proven whole")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Check every patient, show what was found, and return 4 if one is refused."""
    from tqdm import tqdm

    from brats3d.cases.find import find_cases
    from brats3d.cli.console import as_table, say, show, show_json

    found = find_cases(args.data, layout=args.layout, label_scheme=args.label_scheme, allow_missing=args.allow_missing)
    checked = []
    for number, each in enumerate(_checked(found, args), start=1):
        checked.append(each)
        if not args.json:
            for finding in each.case.findings:
                with tqdm.external_write_mode(file=sys.stderr):
                    say(f"{each.case.id}: {finding.severity}: {finding.message}")
        if not args.quiet and not sys.stderr.isatty():
            say(f"[{number}/{len(found)}] {each.case.id}: {each.case.status}")
    counts = Counter(each.case.status for each in checked)
    if args.json:
        show_json({"cases": [as_json(each) for each in checked], "counts": {word: counts[word] for word in CaseStatus}})
    else:
        header = ("patient", "layout", "modalities", "reference", "shape", "spacing mm", "status")
        show(as_table([_row(each) for each in checked], header))
        show(", ".join(f"{counts[word]} {word}" for word in CaseStatus))
    return 4 if counts[CaseStatus.REFUSED] else 0


def _checked(found: Sequence["Case"], args: argparse.Namespace) -> Iterator["CheckedCase"]:
    """Yield each case once it is checked, with a bar where stderr is a terminal."""
    from tqdm import tqdm

    from brats3d.cases.check import CheckedCase, check_case
    from brats3d.cli.main import log_traceback
    from brats3d.predict.memory import out_of_memory

    is_silent = args.quiet or not sys.stderr.isatty()
    bar = tqdm(found, disable=is_silent, leave=False, unit="patient", file=sys.stderr)
    for number, case in enumerate(bar, start=1):
        try:
            yield check_case(case, quick=args.quick)
        except Brats3dError:
            raise  # the machine's: no other patient would fare better
        except MemoryError:
            yield CheckedCase(case.with_findings(out_of_memory()), None, None)
        except Exception as error:  # noqa: BLE001 - the rim of one patient: the others go on
            log_traceback(args.log_file, error, f"patient {number} of {len(found)}")
            where = traceback.extract_tb(error.__traceback__)[-1]
            words = f"{case.place}: a bug of the program: {type(error).__name__} in {where.name}; please report it"
            yield CheckedCase(case.with_findings(Finding("bug", Severity.ERROR, words)), None, None)


def as_json(checked: "CheckedCase") -> dict[str, Any]:
    """Return one entry of the JSON document."""
    case = checked.case
    entry: dict[str, Any] = {
        "id": case.id,
        "layout": case.layout,
        "label_scheme": case.label_scheme,
        "modalities": {str(modality): case.relative(path) for modality, path in case.modalities.items()},
        "reference": None if case.reference is None else case.relative(case.reference),
        "shape": None if checked.shape is None else list(checked.shape),
        "spacing": None if checked.spacing_mm is None else [round(length, 6) for length in checked.spacing_mm],
        "status": str(case.status),
        "findings": [_finding_as_json(naming(case.id, finding)) for finding in case.findings],
    }
    if case.channels is not None:
        entry["channels"] = {str(modality): channel for modality, channel in case.channels.items()}
    return entry


def _finding_as_json(finding: Finding) -> Mapping[str, str | None]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "file": finding.file,
        "message": finding.message,
    }


def _row(checked: "CheckedCase") -> tuple[str, ...]:
    case = checked.case
    return (
        case.id,
        case.layout or "-",
        str(len(case.modalities)),
        "no" if case.reference is None else "yes",
        "-" if checked.shape is None else " x ".join(map(str, checked.shape)),
        "-" if checked.spacing_mm is None else " x ".join(f"{length:.3g}" for length in checked.spacing_mm),
        str(case.status),
    )
