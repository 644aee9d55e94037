"""The layouts as a table: how data sets name folders and files. Another data set is another row."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from brats3d.errors import RequestError, nearest_name
from brats3d.vocabulary import Modality

REFERENCE = "seg"
"""The word for the reference in file names of every layout."""

IMAGE_FOLDERS: dict[str, str] = {"imagesTr": "labelsTr", "imagesTs": "labelsTs"}
"""Each folder of images and the folder of its references."""

SYNONYMS: dict[str, Modality] = {
    **dict.fromkeys(("t1", "t1n", "t1w"), Modality.T1),
    **dict.fromkeys(("t1ce", "t1c", "t1gd", "ct1", "t1wce", "t1wgd", "t1post"), Modality.T1CE),
    **dict.fromkeys(("t2", "t2w"), Modality.T2),
    **dict.fromkeys(("flair", "fla", "t2f", "t2flair"), Modality.FLAIR),
}
"""Foreign names of the modalities, in lower case without signs."""


@dataclass(frozen=True, slots=True)
class FileNames:
    """How a layout with a folder for each patient names the files in it."""

    separator: str | None
    """What stands between the patient's name and the modality; None where the modality is the whole name."""
    modalities: Mapping[str, Modality]
    """The layout's words for the modalities, lower case."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return what fits a whole file name: `prefix`, `word`, `copy` (as browsers number downloads), `ending`."""
        words = "|".join((*self.modalities, REFERENCE))
        prefix = "" if self.separator is None else f".*{re.escape(self.separator)}"
        copy = r"(?P<copy> ?\(\d+\)| - copy.*| copy.*)?"
        ending = r"(?P<ending>\.nii|\.nii\.gz|\.hdr|\.img|\.hdr\.gz|\.img\.gz)"
        return re.compile(f"(?P<prefix>{prefix})(?P<word>{words}){copy}{ending}", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Layout:
    """One row of the table."""

    name: str
    """The word of the command line."""
    label_scheme: str
    """What the labels of its references mean, unless the command line says otherwise."""
    file_names: FileNames | None
    """None where `dataset.json` lists the images of a whole folder."""
    id_pattern: str = ""
    """What the patient's id begins with; any where empty."""


BRATS_2020 = FileNames(
    "_", {"t1": Modality.T1, "t1ce": Modality.T1CE, "t2": Modality.T2, "flair": Modality.FLAIR}
)  # fmt: skip
BRATS_2023 = FileNames(
    "-", {"t1n": Modality.T1, "t1c": Modality.T1CE, "t2w": Modality.T2, "t2f": Modality.FLAIR}
)  # fmt: skip
PLAIN = FileNames(
    None,
    {word: SYNONYMS[word] for word in ("t1", "t1n", "t1ce", "t1c", "t1gd", "t2", "t2w", "flair", "fla", "t2f")},
)

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("brats2021", "brats2020", BRATS_2020, id_pattern="BraTS2021_"),
        Layout("brats2020", "brats2020", BRATS_2020),
        Layout("brats2023", "brats2023", BRATS_2023),
        Layout("msd", "msd", None),
        Layout("nnunet", "brats2020", None),
        Layout("plain", "brats2020", PLAIN),
    )
}
"""Every layout by its name; of two with equal file names the one whose `id_pattern` fits comes first."""


def layout_named(name: str) -> Layout:
    """Return the layout of this name.

    Raises:
        RequestError: there is none; the message names the nearest.
    """
    if name not in LAYOUTS:
        raise RequestError(f"unknown layout {name!r}{nearest_name(name, LAYOUTS)}")
    return LAYOUTS[name]


def modality_called(name: str) -> Modality | None:
    """Return the modality that a data set calls by this name, or None.

    >>> modality_called("T2-FLAIR")
    <Modality.FLAIR: 'flair'>
    """
    return SYNONYMS.get(re.sub(r"[^a-z0-9]", "", name.lower()))
