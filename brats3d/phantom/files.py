"""Made-up patients as files, laid out and named as each layout has it."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.layouts import LAYOUTS, Layout, layout_named
from brats3d.errors import RequestError
from brats3d.grid import Shape
from brats3d.labels import SCHEMES, to_label_map, to_region_maps
from brats3d.output.mask import mask_bytes
from brats3d.output.whole import make_folder, write_whole
from brats3d.phantom.frame import STANDARD_SHAPE
from brats3d.phantom.make import Phantom, check_shape, make_phantom
from brats3d.phantom.naming import (
    IDS,
    MSD_ORDER,
    listing_of_msd,
    listing_of_nnunet,
    names_in_folder,
    names_in_msd,
    names_in_nnunet,
)
from brats3d.phantom.nifti import volume_bytes
from brats3d.vocabulary import MODALITIES

LOG = logging.getLogger(__name__)
Files = dict[str, bytes]
"""Content by path, relative to the folder of all patients, with `/`."""

LISTING = "dataset.json"


@dataclass(frozen=True, slots=True)
class Writer:
    """How one layout lays a patient out."""

    names: Callable[[Layout, str], list[str]]
    """The files of a patient of this id, as in `Files`: the images first, the reference last."""
    images: Callable[[Phantom], list[bytes]]
    """Their content, but for the reference."""
    listing: Callable[[Layout, Sequence[str]], bytes] | None = None
    """The content of `dataset.json` for patients of these ids; None where the layout has none."""


def write_phantoms(
    out: Path, count: int, layout: str = "brats2020", shape: Shape = STANDARD_SHAPE, seed: int = 0
) -> list[str]:
    """Write made-up patients and return their ids.

    Args:
        out: the folder of all patients; made where it is missing.
        count: how many.
        layout: the name of a layout.
        shape: voxels of 1 mm along X, Y, Z.
        seed: equal seeds give equal bytes; the patient at an index is the same whatever `count` is.

    Raises:
        RequestError: unknown layout, a count below 1, a negative seed, a shape that cannot be, `out` is a file, or a
            patient of that name (or a `dataset.json`) is already there.
        OutputError: the folder cannot be written.
    """
    return list(write_each(out, count, layout, shape, seed))


def write_each(out: Path, count: int, layout: str, shape: Shape, seed: int) -> Iterator[str]:
    """Yield the id of each patient once its files are written; as `write_phantoms`, but one by one."""
    kind = layout_named(layout)
    writer = WRITERS[kind.name]
    if count < 1 or seed < 0:
        fault = f"{count} patients: ask for at least one" if count < 1 else f"seed {seed}: it must not be negative"
        raise RequestError(fault)
    check_shape(shape)
    ids = [IDS[kind.name].format(index + 1) for index in range(count)]
    refuse_to_overwrite(out, kind, writer, ids)
    for index, patient_id in enumerate(ids):
        made = make_phantom([seed, index], shape)
        contents = [*writer.images(made), reference_bytes(made, kind)]
        write_patient(out, dict(zip(writer.names(kind, patient_id), contents, strict=True)))
        if writer.listing is not None:
            # Written anew after each patient, so that the list names just what is there.
            write_whole(out / LISTING, writer.listing(kind, ids[: index + 1]))
        LOG.info("%s: %s voxels, %d of them tumour", patient_id, "x".join(map(str, shape)), (made.label_map > 0).sum())
        yield patient_id


def refuse_to_overwrite(out: Path, layout: Layout, writer: Writer, ids: Sequence[str]) -> None:
    """Raise RequestError if anything that is about to be written is already there."""
    if out.exists() and not out.is_dir():
        raise RequestError(f"{out} is a file; name a folder")
    listing = [out / LISTING] if writer.listing is not None else []
    places = [out / name for patient_id in ids for name in writer.names(layout, patient_id)]
    if layout.file_names is not None:
        places = [folder for folder in dict.fromkeys(place.parent for place in places) if is_filled(folder)]
    for place in (*listing, *places):
        if place.exists() or place.is_symlink():
            raise RequestError(f"{place} is already there and is not overwritten; remove it or choose another folder")


def is_filled(folder: Path) -> bool:
    """Return whether something bears this name that is not an empty folder."""
    return folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir())))


def write_patient(out: Path, files: Files) -> None:
    """Write the files of one patient; where that is cut short, nothing of the patient stays."""
    written: list[Path] = []
    try:
        for name, content in files.items():
            path = out / name
            make_folder(path.parent)
            written.append(path)
            write_whole(path, content)
    except BaseException:
        for path in written:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        for folder in {path.parent for path in written} - {out}:
            with contextlib.suppress(OSError):
                folder.rmdir()  # stays where other patients lie in it
        raise


def reference_bytes(made: Phantom, layout: Layout) -> bytes:
    """Return the reference in the layout's own labels."""
    regions = to_region_maps(made.label_map, SCHEMES["brats2020"])
    return mask_bytes(to_label_map(regions, SCHEMES[layout.label_scheme]), made.grid)


def images_apart(made: Phantom) -> list[bytes]:
    """Return a file for each modality, in channel order."""
    return [volume_bytes(volume, made.grid) for volume in made.volumes]


def image_of_msd(made: Phantom) -> list[bytes]:
    """Return one file whose fourth axis is the modality, in the order of the Medical Segmentation Decathlon."""
    stacked: NDArray[np.int16] = np.stack([made.volumes[MODALITIES.index(modality)] for modality in MSD_ORDER], axis=-1)
    return [volume_bytes(stacked, made.grid)]


IN_FOLDERS = Writer(names_in_folder, images_apart)
WRITERS: Mapping[str, Writer] = {
    **{name: IN_FOLDERS for name, layout in LAYOUTS.items() if layout.file_names is not None},
    "msd": Writer(names_in_msd, image_of_msd, listing_of_msd),
    "nnunet": Writer(names_in_nnunet, images_apart, listing_of_nnunet),
}
"""How each layout is written, by its name."""
