"""Make a case of one patient's folder from the names in it; no file is opened."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brats3d.cases.case import Case
from brats3d.cases.file_bytes import NIFTI_ENDINGS, entered
from brats3d.cases.layouts import IMAGE_FOLDERS, LAYOUTS, REFERENCE, Layout
from brats3d.cases.remarks import case_fault, warning
from brats3d.errors import Finding, bad_input
from brats3d.vocabulary import MODALITIES, MODALITY_TITLES, Modality


@dataclass(frozen=True, slots=True)
class Match:
    """A file name that a layout knows."""

    name: str
    prefix: str
    """What stands before the modality, comparable between file systems."""
    word: str
    """The modality's or the reference's word, lower case."""
    is_copy: bool
    """Whether it is numbered as a browser numbers a second download."""
    is_pair: bool
    """Whether it is half of a .hdr/.img pair."""


def same_name(text: str) -> str:
    """Return a form in which names are equal that a disk of macOS or Windows takes for equal."""
    return unicodedata.normalize("NFC", text).casefold()


def matches_of(layout: Layout, names: Sequence[str]) -> list[Match]:
    """Return the names that a layout knows as a modality's or the reference's, in their order."""
    if layout.file_names is None:
        return []
    pattern = layout.file_names.pattern
    found = ((name, pattern.fullmatch(name)) for name in names)
    return [
        Match(
            name,
            same_name(match["prefix"]),
            match["word"].lower(),
            match["copy"] is not None,
            not match["ending"].lower().startswith(".nii"),
        )
        for name, match in found
        if match is not None
    ]


def is_known_name(name: str) -> bool:
    """Return whether any layout knows a name as an image's; a folder of such a name stands for the image in it."""
    return any(matches_of(layout, [name]) for layout in LAYOUTS.values())


def layouts_of(patient_id: str, names: Sequence[str], forced: Layout | None) -> list[Layout]:
    """Return the layouts to which files of a folder belong: none, one, or several, which is a fault.

    Args:
        patient_id: the folder's own name.
        names: the names in it.
        forced: the only layout to consider; None for all.
    """
    found: list[Layout] = []
    for layout in LAYOUTS.values() if forced is None else (forced,):
        if forced is None and not patient_id.startswith(layout.id_pattern):
            continue
        if any(layout.file_names is other.file_names for other in found):
            continue
        if matches_of(layout, names):
            found.append(layout)
    with_modality = [each for each in found if any(match.word != REFERENCE for match in matches_of(each, names))]
    return with_modality or found[:1]


def case_of_folder(
    root: Path, folder: Path, names: Sequence[str], layouts: Sequence[Layout], scheme: str | None
) -> Case:
    """Return the case that a folder holds.

    Args:
        root: the folder it was found under.
        folder: the patient's folder.
        names: the names in it, sorted, hidden ones left out.
        layouts: what `layouts_of` said; at least one.
        scheme: the label scheme asked for; None for the layout's own.
    """
    layout = layouts[0]
    matches = matches_of(layout, names)
    by_modality: dict[Modality, list[Match]] = defaultdict(list)
    for match in matches:
        if match.word != REFERENCE and layout.file_names is not None:
            by_modality[layout.file_names.modalities[match.word]].append(match)
    findings: list[Finding] = []
    where = _where(root, folder)
    if len(layouts) > 1:
        said = " and ".join(each.name for each in layouts)
        fault = f"holds files of several layouts ({said})"
        findings.append(case_fault("several-layouts", where, fault, "keep one set of files, or choose with --layout"))
    chosen = {each: _meant(by_modality[each], folder.name) for each in MODALITIES if each in by_modality}
    for modality, match in chosen.items():
        file = (folder / match.name).relative_to(root).as_posix()
        findings.extend(_judge_choice(MODALITY_TITLES[modality], file, match, by_modality[modality]))
    findings.extend(_judge_prefixes(where, chosen, by_modality))
    findings.extend(_judge_missing(where, chosen, names, matches))
    reference, remarks = _reference(root, folder, matches, names, {match.prefix for match in chosen.values()})
    return Case(
        id=folder.name,
        root=root,
        folder=folder,
        layout=layout.name,
        label_scheme=scheme or layout.label_scheme,
        modalities={modality: entered(folder / match.name) for modality, match in chosen.items()},
        reference=reference,
        findings=tuple(findings),
        reference_findings=tuple(remarks),
    )


def _where(root: Path, folder: Path) -> str:
    """Return how messages call a folder: relative to where it was found, or by its own name."""
    return folder.relative_to(root).as_posix() if folder != root else folder.name


def _meant(matches: Sequence[Match], patient_id: str) -> Match:
    """Return the likeliest of several files; the others are a fault, and this one is named first."""

    def unlikeliness(match: Match) -> tuple[bool, bool, bool, bool]:
        is_own = match.prefix.startswith(same_name(patient_id))
        return (match.is_copy, match.is_pair, not is_own, not match.name.lower().endswith(".gz"))

    return min(matches, key=unlikeliness)


def _judge_choice(title: str, file: str, match: Match, all_matches: Sequence[Match]) -> list[Finding]:
    others = [each.name for each in all_matches if each is not match]
    if all(each.is_pair for each in all_matches):
        fault = f"{title} is stored as a .hdr/.img pair"
        return [bad_input("pair", file, fault, "convert the pair to one .nii.gz").finding]
    if others:
        fault = f"more than one file could be {title}: also {', '.join(others)}"
        remedy = "keep the one that is meant; if they are of several patients, give each a folder of its own"
        return [bad_input("several-files", file, fault, remedy).finding]
    if match.is_copy:
        fault = f"its name is that of a numbered copy of {title}, which may be one of several"
        return [bad_input("numbered-copy", file, fault, "give it its own name if it is the one meant").finding]
    return []


def _judge_prefixes(
    where: str, chosen: Mapping[Modality, Match], by_modality: Mapping[Modality, Sequence[Match]]
) -> list[Finding]:
    prefixes = {match.prefix for match in chosen.values()}
    if len(prefixes) < 2 or any(len(matches) > 1 for matches in by_modality.values()):
        return []
    names = ", ".join(match.name for match in chosen.values())
    fault = f"holds files of several patients: the names begin differently ({names})"
    return [case_fault("several-patients", where, fault, "give each patient a folder of its own")]


def _judge_missing(
    where: str, chosen: Mapping[Modality, Match], names: Sequence[str], matches: Sequence[Match]
) -> list[Finding]:
    missing = [MODALITY_TITLES[modality] for modality in MODALITIES if modality not in chosen]
    if not missing:
        return []
    known = {match.name for match in matches}
    fault = f"lacks {', '.join(missing)}: the image is missing"
    unknown = [name for name in names if name not in known and name.lower().endswith(NIFTI_ENDINGS)]
    if unknown:
        fault += f" (not recognised: {', '.join(unknown[:4])}{' ...' if len(unknown) > 4 else ''})"
    return [case_fault("modality-missing", where, fault, "add it, or check the file names")]


def _reference(
    root: Path, folder: Path, matches: Sequence[Match], names: Sequence[str], prefixes: set[str]
) -> tuple[Path | None, list[Finding]]:
    """Return the reference's file and what is to be said of it; `cases` says it, `segment` never looks."""
    found = [match for match in matches if match.word == REFERENCE]
    if found:
        meant = min(found, key=lambda match: (match.is_copy, match.is_pair, match.prefix not in prefixes))
        file = (folder / meant.name).relative_to(root).as_posix()
        faults = _judge_choice("the reference", file, meant, found)
        if not faults and prefixes and meant.prefix not in prefixes:
            faults = [_odd_name(file)]
        return entered(folder / meant.name), faults
    odd = [name for name in names if _may_be_reference(name, matches, prefixes)]
    if not odd:
        return None, []
    file = (folder / odd[0]).relative_to(root).as_posix()
    if len(odd) > 1:
        fault = f"none is taken for the reference, since several names could mean it: {', '.join(odd)}"
        return None, [warning("reference-name", file, fault, "name the reference as its layout does")]
    return entered(folder / odd[0]), [_odd_name(file)]


def _odd_name(file: str) -> Finding:
    fault = "the name of this reference is not recognised, but no other file could be it"
    return warning("reference-name", file, fault, "it is taken; check that it belongs to this patient")


def _may_be_reference(name: str, matches: Sequence[Match], prefixes: set[str]) -> bool:
    lower = same_name(name)
    if any(match.name == name for match in matches) or not lower.endswith(NIFTI_ENDINGS):
        return False
    for prefix in prefixes:
        # A patient whose own name holds "seg" has it in every file.
        lower = lower.removeprefix(prefix) if prefix else lower
    return REFERENCE in lower


def empty_case(
    root: Path,
    folder: Path,
    names: Sequence[str],
    scheme: str | None,
    reason: str | None = None,
    forced: str | None = None,
) -> Case:
    """Return the refused case of a folder that was meant as a patient's but holds no file of one.

    Args:
        root: the folder it was found under.
        folder: the folder.
        names: the names in it.
        scheme: the label scheme asked for.
        reason: why it cannot be used, where that is known.
        forced: the only layout that was looked for.
    """
    where = _where(root, folder)
    images = [name for name in names if name.lower().endswith(NIFTI_ENDINGS)]
    numbered = [name for name in images if re.search(r"_000\d\.nii(\.gz)?$", name, re.IGNORECASE)]
    remedy = "put the four modalities in it, named as in one of the layouts"
    if reason is not None:
        fault, remedy = f"no image can be used: {reason}", ""
    elif forced is not None and (images or IMAGE_FOLDERS.keys() & {folder.name, *names}):
        fault, remedy = f"nothing in it is named as the layout {forced} has it", "leave --layout out, or name another"
    elif IMAGE_FOLDERS.keys() & {folder.name, *names}:
        fault, remedy = "no image can be used: no dataset.json stands beside the folder of images", "add dataset.json"
    elif any(re.search(r"\.(dcm|ima)$", name, re.IGNORECASE) for name in names):
        fault, remedy = "holds DICOM slices and no NIfTI image", "convert the series to NIfTI first (dcm2niix)"
    elif numbered:
        fault = f"images are numbered as nnU-Net does it ({numbered[0]}), and no list says which channel is which"
        remedy = "move them into imagesTs beside a dataset.json with channel_names"
    elif images:
        shown = ", ".join(images[:4]) + (" ..." if len(images) > 4 else "")
        fault = f"no image has a name of a known layout: {shown}"
    elif not names:
        fault = "is an empty folder: no image in it"
    else:
        fault = "no image is in it"
    return Case(
        id=folder.name,
        root=root,
        folder=folder,
        layout=None,
        label_scheme=scheme,
        modalities={},
        findings=(case_fault("no-image", where, fault, remedy),),
    )
