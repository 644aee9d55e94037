"""A folder of masks against the rules by which the challenge portals refuse a submission.

After `Sage-Bionetworks-Challenges/brats-infra`: `validate.py` of the tag `brats2023`, `validate2024.py`, of 2025
`validate_seg.py`, of 2026 `segmentation/validate.py`. Which case numbers a portal expects only the portal knows.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from brats3d.cases.label_maps import read_mask
from brats3d.errors import BadInput, NoPatientFound, RequestError
from brats3d.labels import SCHEMES
from brats3d.output.record import record_is_ours
from brats3d.output.unfinished import MASK_ENDING, RECORD_ENDING

CASE_NUMBER = re.compile(r"(\d{5}-\d{3})\.nii\.gz\Z")
"""What a name ends with: five digits of the patient, three of the visit."""

HIDDEN = (".", "__", "~")
"""What begins the names that a portal passes over."""
SUMMARY = re.compile(r"summary(-\d+-of-\d+)?\.(csv|json)")
FOLDERS = ("probabilities", "uncertainty")
"""What else `brats3d segment` leaves beside masks and records."""
REMEDIES = {
    "name-lies": "compress it with gzip",
    "label-rounded": "save it again as whole numbers: a portal finds no label where one is off by a millionth",
}
"""What reading takes with a warning and a portal does not, by the code of the finding, and the way out."""
ORIGIN_OF_2023 = ((-1, 0, 0, 0), (0, -1, 0, 239), (0, 0, 1, 0), (0, 0, 0, 1))
"""The qform (4, 4) in RAS; ITK counts its origin as (0, -239, 0)."""

OneByOne = Callable[[Sequence[Path]], Iterable[Path]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the portal of one year demands beside the name, three dimensions and a whole file."""

    label_scheme: str
    shape: tuple[int, int, int] | None = None
    """Voxels along X, Y, Z, which `ORIGIN_OF_2023` excuses; None where any will do."""


RULES: dict[int, Rules] = {
    2023: Rules("brats2023", (240, 240, 155)),
    2024: Rules("brats2024"),
    2025: Rules("brats2024"),
    2026: Rules("brats2024"),
}
"""By year."""


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file for which a portal would refuse the whole submission."""

    file: str
    """Its name."""
    reason: str
    """One line: what is wrong, and the way out."""
    is_mask: bool = True


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of checking a folder."""

    year: int
    masks: int
    """Files `*.nii.gz`."""
    bad: tuple[BadFile, ...]
    """Whatever a portal refuses, by name; a file with several faults is there as often."""
    others: int = 0
    """Files of ours beside the masks, which must not be packed with them."""

    @property
    def sound(self) -> int:
        """How many masks a portal would take."""
        return self.masks - len({each.file for each in self.bad if each.is_mask})

    @property
    def exit_code(self) -> int:
        """0, or 4 where a file is refused."""
        return 4 if self.bad else 0

    def as_json(self) -> dict[str, Any]:
        """Return the document of `brats3d evaluate --check-submission YEAR --json`."""
        bad = [{"file": each.file, "reason": each.reason} for each in self.bad]
        return {"year": self.year, "masks": self.masks, "sound": self.sound, "bad": bad}


def check_submission(predictions: str | Path, year: str | int, one_by_one: OneByOne = iter) -> Submission:
    """Check a folder of masks by the rules of a year's portal; nothing is changed.

    Args:
        predictions: what would be packed; its dot files, and the records that `brats3d segment` wrote, are left alone.
        year: of the challenge.
        one_by_one: hands on the files it is given, in order; a progress bar goes here.

    Raises:
        RequestError: the year is not known, or there is no such folder.
        NoPatientFound: there is nothing to submit.
    """
    rules = rules_of(year)
    folder = Path(predictions)
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith(HIDDEN))
    except OSError as error:
        raise RequestError(f"{folder} cannot be searched: {(error.strerror or 'unknown error').lower()}") from error
    files = [path for path in entries if not is_of_segment(path)]
    if not files:
        raise NoPatientFound(f"no file to submit in {folder}: give the folder that holds <id>{MASK_ENDING}")
    numbers = Counter(number_of(path.name) for path in files if is_mask(path))
    bad = [
        BadFile(path.name, fault, is_mask(path))
        for path in one_by_one(files)
        for fault in faults_of(path, rules, numbers)
    ]
    return Submission(int(year), sum(map(is_mask, files)), tuple(bad), len(entries) - len(files))


def rules_of(year: str | int) -> Rules:
    """Return the rules of a year.

    Raises:
        RequestError: they are not known.
    """
    known = {str(each): rules for each, rules in RULES.items()}
    if str(year) not in known:
        raise RequestError(f"the rules of the year {str(year)!r} are not known; known are {', '.join(known)}")
    return known[str(year)]


def is_mask(path: Path) -> bool:
    """Say whether a portal would read this as a mask."""
    return path.name.endswith(MASK_ENDING) and not path.is_dir()


def is_of_segment(path: Path) -> bool:
    """Say whether `brats3d segment` left this beside its masks: a record, a summary, a folder of probabilities."""
    if path.name in FOLDERS:
        return path.is_dir()
    record_of = path.name.removesuffix(RECORD_ENDING)
    return bool(SUMMARY.fullmatch(path.name)) or (record_of != path.name and record_is_ours(path.parent, record_of))


def number_of(name: str) -> str | None:
    """Return the case number that a name ends with.

    >>> number_of("BraTS-GLI-00005-101.nii.gz")
    '00005-101'
    """
    found = CASE_NUMBER.search(name)
    return found and found[1]


def faults_of(path: Path, rules: Rules, numbers: Mapping[str | None, int]) -> list[str]:
    """Return why a portal refuses a file; nothing where it takes it.

    Args:
        path: the file.
        rules: of the year.
        numbers: how often each case number is there.
    """
    if not is_mask(path):
        kind = "a folder" if path.is_dir() else f"no {MASK_ENDING}"
        return [f"is {kind}, and the portals take nothing else than {MASK_ENDING}; take it out, or convert it"]
    number = number_of(path.name)
    faults = [fault_of_content(path, rules)]
    if number is None:
        faults.append(f"its name does not end with a case number; rename it to NAME-12345-678{MASK_ENDING}")
    elif numbers[number] > 1:
        faults.append(f"its case number {number} is that of another file too; keep one of them")
    return [fault for fault in faults if fault]


def fault_of_content(path: Path, rules: Rules) -> str | None:
    """Return what is wrong with the image in a file; None where nothing is."""
    try:
        mask = read_mask(path, path.name, SCHEMES[rules.label_scheme])
    except BadInput as error:
        words = error.finding.message.removeprefix(f"{path.name}: ")
        is_foreign = error.finding.code == "label-values"
        return (
            f"{words}; `segment --label-scheme {rules.label_scheme}` writes the labels asked for"
            if is_foreign
            else words
        )
    for finding in mask.findings:
        if finding.code in REMEDIES:
            fault = finding.message.removeprefix(f"{path.name}: ").partition(";")[0]
            return f"{fault}; {REMEDIES[finding.code]}"
    return fault_of_header(path, rules)


def fault_of_header(path: Path, rules: Rules) -> str | None:
    """Return what is wrong with the grid of a file that is whole; None where nothing is."""
    # The portals look at no more than this, by this library.
    header: Any = nibabel.load(path).header
    shape = tuple(header.get_data_shape())
    words = " x ".join(map(str, shape))
    if len(shape) != 3:
        return f"has {len(shape)} dimensions, {words}; save it with three"
    if rules.shape is None or shape == rules.shape or np.array_equal(header.get_qform(), ORIGIN_OF_2023):
        return None
    wanted = f"{' x '.join(map(str, rules.shape))} or the origin (0, -239, 0)"
    return f"its shape is {words} where {wanted} is asked for; segment the images as the challenge gave them"
