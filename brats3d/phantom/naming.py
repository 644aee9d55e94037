"""What files of made-up patients are called, and the lists that some layouts want beside them."""

import json
from collections.abc import Mapping, Sequence

from brats3d.cases.layouts import REFERENCE, FileNames, Layout
from brats3d.labels import SCHEMES
from brats3d.vocabulary import MODALITIES, MODALITY_TITLES, Modality

IDS: Mapping[str, str] = {
    "brats2020": "BraTS20_Phantom_{:03d}",
    "brats2021": "BraTS2021_9{:04d}",
    "brats2023": "BraTS-GLI-9{:04d}-000",
    "msd": "BRATS_9{:03d}",
    "nnunet": "glioma_{:03d}",
    "plain": "phantom_{:03d}",
}
"""What patients are called, counted from 1: shaped like the real names, but none that a challenge has given."""
MSD_ORDER = (Modality.FLAIR, Modality.T1, Modality.T1CE, Modality.T2)
MSD_WORDS = {Modality.FLAIR: "FLAIR", Modality.T1: "T1w", Modality.T1CE: "t1gd", Modality.T2: "T2w"}


def names_in_folder(layout: Layout, patient_id: str) -> list[str]:
    """Return the files of a patient who has a folder: by channel order, then the reference."""
    names = layout.file_names
    if names is None:
        raise ValueError(f"{layout.name} has no folder for each patient")
    prefix = "" if names.separator is None else patient_id + names.separator
    words = [word_for(names, modality) for modality in MODALITIES]
    return [f"{patient_id}/{prefix}{word}.nii.gz" for word in (*words, REFERENCE)]


def word_for(names: FileNames, modality: Modality) -> str:
    """Return a layout's first word for a modality."""
    return next(word for word, meant in names.modalities.items() if meant == modality)


def names_in_msd(layout: Layout, patient_id: str) -> list[str]:
    """Return the image of four channels and its reference."""
    return [f"imagesTr/{patient_id}.nii.gz", f"labelsTr/{patient_id}.nii.gz"]


def names_in_nnunet(layout: Layout, patient_id: str) -> list[str]:
    """Return an image for each channel, numbered, and the reference."""
    images = [f"imagesTr/{patient_id}_{channel:04d}.nii.gz" for channel in range(len(MODALITIES))]
    return [*images, f"labelsTr/{patient_id}.nii.gz"]


def listing_of_msd(layout: Layout, ids: Sequence[str]) -> bytes:
    """Return `dataset.json` with the keys and words of the Medical Segmentation Decathlon's Task01_BrainTumour."""
    scheme = SCHEMES[layout.label_scheme]
    files = [names_in_msd(layout, patient_id) for patient_id in ids]
    return json_bytes(
        {
            "name": "BRATS phantoms",
            "description": "made-up patients of brats3d; not data of any person",
            "tensorImageSize": "4D",
            "modality": {str(channel): MSD_WORDS[modality] for channel, modality in enumerate(MSD_ORDER)},
            "labels": {
                "0": "background",
                str(scheme.oedema): "edema",
                str(scheme.necrosis): "non-enhancing tumor",
                str(scheme.enhancing): "enhancing tumour",
            },
            "numTraining": len(ids),
            "numTest": 0,
            "training": [{"image": f"./{image}", "label": f"./{label}"} for image, label in files],
            "test": [],
        }
    )


def listing_of_nnunet(layout: Layout, ids: Sequence[str]) -> bytes:
    """Return `dataset.json` with the keys of nnU-Net's version 2; its labels are those of BraTS, not renumbered."""
    scheme = SCHEMES[layout.label_scheme]
    labels = {"background": 0, "necrosis": scheme.necrosis, "oedema": scheme.oedema, "enhancing": scheme.enhancing}
    return json_bytes(
        {
            "channel_names": {str(i): MODALITY_TITLES[modality] for i, modality in enumerate(MODALITIES)},
            "labels": labels,
            "numTraining": len(ids),
            "file_ending": ".nii.gz",
        }
    )


def json_bytes(document: object) -> bytes:
    """Return a JSON document as bytes that end with a newline."""
    return (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii")
