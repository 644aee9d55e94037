"""Make cases of the images that a `dataset.json` lists: the layouts `msd` and `nnunet`."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from brats3d.cases.case import Case
from brats3d.cases.file_bytes import NIFTI_ENDINGS, entered, is_hidden, read_start
from brats3d.cases.layouts import IMAGE_FOLDERS, LAYOUTS, Layout, modality_called
from brats3d.cases.remarks import case_fault, warning
from brats3d.errors import BadInput, Finding, bad_input
from brats3d.vocabulary import MODALITIES, MODALITY_TITLES, Modality

LIST_FILE = "dataset.json"
OWN_FOLDERS = frozenset({*IMAGE_FOLDERS, *IMAGE_FOLDERS.values()})
MAX_LIST_BYTES = 16 << 20
MOST_DIGITS = 10
NUMBERED = re.compile(r"(?P<id>.+)_(?P<channel>\d{4})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ImageList:
    """What a `dataset.json` says."""

    layout: Layout
    channels: Mapping[int, str]
    """The data set's own name of each channel."""
    listed: frozenset[str]
    """Images named one by one, as `imagesTr/x.nii.gz`; empty where none are."""

    def modality_channels(self) -> dict[Modality, list[int]]:
        """Return the channels of each modality, in channel order of ours; more than one is a fault."""
        found: dict[Modality, list[int]] = defaultdict(list)
        for number, name in sorted(self.channels.items()):
            modality = modality_called(name)
            if modality is not None:
                found[modality].append(number)
        return {each: found[each] for each in MODALITIES if each in found}


@dataclass(frozen=True, slots=True)
class ListedImage:
    """The files of one patient in a list folder."""

    id: str
    folder: str
    """`imagesTr` or `imagesTs`."""
    files: Mapping[int | None, Sequence[str]]
    """File names by channel number; None where one file holds all channels."""


def has_list(names: Sequence[str]) -> bool:
    """Return whether the names in a folder are those of a list folder."""
    return LIST_FILE in names and any(name in IMAGE_FOLDERS for name in names)


def read_list(folder: Path, name: str, forced: Layout | None) -> ImageList:
    """Return what the `dataset.json` of a folder says.

    Args:
        folder: the list folder.
        name: how messages call the file.
        forced: the layout asked for; None to recognise it.

    Raises:
        BadInput: there is none, or it cannot be understood.
    """
    path = folder / LIST_FILE
    try:
        content = read_start(path, name, MAX_LIST_BYTES + 1)
        if len(content) > MAX_LIST_BYTES:
            raise bad_input("dataset-json", name, "is too large for a list (the limit is 16 MiB)", "check the file")
        document = json.loads(content)
        listed = frozenset(_listed(document)) if isinstance(document, dict) else frozenset()
        if not all(map(can_be_name, listed)):
            fault = "names an image by signs that no disk takes"
            raise bad_input("dataset-json", name, fault, "fetch it again")
    except (ValueError, RecursionError) as error:
        raise bad_input("dataset-json", name, "is not JSON: it cannot be understood", "fetch it again") from error
    if not isinstance(document, dict):
        raise bad_input("dataset-json", name, "is no dataset.json: an object belongs there", "fetch it again")
    key = "channel_names" if "channel_names" in document else "modality"
    channels = _channels(document.get(key), name)
    layout = forced or (LAYOUTS["nnunet"] if _is_nnunet(folder, key, channels) else LAYOUTS["msd"])
    return ImageList(layout, channels, listed)


def can_be_name(name: str) -> bool:
    """Return whether a path of this name can be asked for at all."""
    try:
        return b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        return False


def _channels(said: Any, name: str) -> dict[int, str]:
    if isinstance(said, list):
        said = dict(enumerate(said))
    if isinstance(said, dict):
        pairs = {str(number): text for number, text in said.items()}
        is_known = all(
            len(number) < MOST_DIGITS and number.isdecimal() and isinstance(text, str) for number, text in pairs.items()
        )
        if pairs and is_known and sorted(map(int, pairs)) == list(range(len(pairs))):
            return {int(number): text for number, text in pairs.items()}
    fault = "does not say which channel is which modality (`modality` or `channel_names`, numbered from 0)"
    raise bad_input("dataset-json", name, fault, "add it, as the data set's makers have it")


def _is_nnunet(folder: Path, key: str, channels: Mapping[int, str]) -> bool:
    """Return whether each channel has a file of its own; nnU-Net 1 wrote `modality` as the decathlon does."""
    if key == "channel_names":
        return True
    numbers = [NUMBERED.fullmatch(stem) for _, name in _names(folder) if (stem := _stem(name)) is not None]
    return bool(numbers) and all(match is not None and int(match["channel"]) in channels for match in numbers)


def _names(folder: Path) -> Iterator[tuple[str, str]]:
    for images in IMAGE_FOLDERS:
        try:
            names = sorted(path.name for path in (folder / images).iterdir())
        except OSError:
            continue
        yield from ((images, name) for name in names if not is_hidden(name))


def _stem(name: str) -> str | None:
    lower = name.lower()
    ending = next((ending for ending in sorted(NIFTI_ENDINGS, key=len, reverse=True) if lower.endswith(ending)), None)
    return name[: -len(ending)] if ending else None


def _listed(document: Mapping[str, Any]) -> Iterator[str]:
    for part in ("training", "test"):
        entries = document.get(part)
        for entry in entries if isinstance(entries, list) else ():
            image = entry.get("image") if isinstance(entry, dict) else entry
            if isinstance(image, str):
                yield str(PurePosixPath(image))


def cases_of_list(root: Path, folder: Path, images: ImageList, scheme: str | None) -> list[Case]:
    """Return the cases of a list folder: the images in it, and those that are listed but absent.

    Args:
        root: the folder it was found under.
        folder: the folder of `dataset.json`.
        images: what `dataset.json` says.
        scheme: the label scheme asked for; None for the layout's own.
    """
    is_msd = images.layout.name == "msd"
    files: dict[tuple[str, str], dict[int | None, list[str]]] = defaultdict(lambda: defaultdict(list))
    for image_folder, name in _all_names(folder, images):
        stem = _stem(name)
        if stem is None:
            continue
        match = None if is_msd else NUMBERED.fullmatch(stem)
        key = match["id"] if match else stem
        files[(key, image_folder)][int(match["channel"]) if match else None].append(name)
    found = [ListedImage(key, image_folder, each) for (key, image_folder), each in sorted(files.items())]
    make = _msd_case if is_msd else _nnunet_case
    return [make(root, folder, images, image, scheme or images.layout.label_scheme) for image in found]


def _all_names(folder: Path, images: ImageList) -> list[tuple[str, str]]:
    names = list(_names(folder))
    for listed in sorted(images.listed):
        parts = PurePosixPath(listed).parts
        # Anything else points out of the image folders: a list is untrusted, so it is not followed.
        if len(parts) == 2 and parts[0] in IMAGE_FOLDERS and not is_hidden(parts[1]) and parts not in names:
            names.append((parts[0], parts[1]))
    return names


def _msd_case(root: Path, folder: Path, images: ImageList, image: ListedImage, scheme: str) -> Case:
    names = image.files[None]
    path = entered(folder / image.folder / names[0])
    file = path.relative_to(root).as_posix()
    findings = list(_several(file, "the image", names))
    if images.listed and f"{image.folder}/{names[0]}" not in images.listed:
        findings.append(warning("not-listed", file, f"is not listed in {LIST_FILE}", "it is taken all the same"))
    channels = images.modality_channels()
    findings += _judge_channels(file, channels, images)
    reference, remarks = _reference(root, folder, image)
    return Case(
        id=image.id,
        root=root,
        folder=folder,
        layout=images.layout.name,
        label_scheme=scheme,
        modalities=dict.fromkeys(channels, path),
        reference=reference,
        channels={modality: numbers[0] for modality, numbers in channels.items()},
        channel_count=len(images.channels),
        findings=tuple(findings),
        reference_findings=remarks,
    )


def _nnunet_case(root: Path, folder: Path, images: ImageList, image: ListedImage, scheme: str) -> Case:
    channels = images.modality_channels()
    where = (folder / image.folder / image.id).relative_to(root).as_posix()
    findings = _judge_channels(where, channels, images)
    modalities: dict[Modality, Path] = {}
    for modality, numbers in channels.items():
        names = image.files.get(numbers[0], ())
        if names:
            path = folder / image.folder / names[0]
            modalities[modality] = entered(path)
            findings += _several(path.relative_to(root).as_posix(), MODALITY_TITLES[modality], names)
    missing = [MODALITY_TITLES[modality] for modality in channels if modality not in modalities]
    if missing:
        fault = f"lacks {', '.join(missing)}: the image is missing"
        findings.append(case_fault("modality-missing", where, fault, "add it, numbered as dataset.json has it"))
    reference, remarks = _reference(root, folder, image)
    return Case(
        id=image.id,
        root=root,
        folder=folder,
        layout=images.layout.name,
        label_scheme=scheme,
        modalities=modalities,
        reference=reference,
        findings=tuple(findings),
        reference_findings=remarks,
    )


def _several(file: str, what: str, names: Sequence[str]) -> list[Finding]:
    if len(names) < 2:
        return []
    fault = f"more than one file could be {what}: also {', '.join(names[1:])}"
    return [bad_input("several-files", file, fault, "keep the one that is meant").finding]


def _judge_channels(file: str, channels: Mapping[Modality, Sequence[int]], images: ImageList) -> list[Finding]:
    said = ", ".join(f"{number} {name}" for number, name in sorted(images.channels.items()))
    missing = [MODALITY_TITLES[modality] for modality in MODALITIES if modality not in channels]
    twice = [MODALITY_TITLES[modality] for modality, numbers in channels.items() if len(numbers) > 1]
    findings: list[BadInput] = []
    if missing:
        fault = f"lacks {', '.join(missing)}: missing among the channels of {LIST_FILE} ({said})"
        findings.append(bad_input("modality-missing", file, fault, "correct the channel names if they are wrong"))
    if twice:
        fault = f"more than one channel of {LIST_FILE} could be {', '.join(twice)} ({said})"
        findings.append(bad_input("several-files", file, fault, "give each channel its own name"))
    return [each.finding for each in findings]


def _reference(root: Path, folder: Path, image: ListedImage) -> tuple[Path | None, tuple[Finding, ...]]:
    labels = folder / IMAGE_FOLDERS[image.folder]
    try:
        names = sorted(
            path.name for path in labels.iterdir() if _stem(path.name) == image.id and not is_hidden(path.name)
        )
    except OSError:
        return None, ()
    if not names:
        return None, ()
    path = labels / names[0]
    return entered(path), tuple(_several(path.relative_to(root).as_posix(), "the reference", names))
