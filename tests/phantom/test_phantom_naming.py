import json

from brats3d.cases.layouts import LAYOUTS
from brats3d.phantom.naming import IDS, listing_of_msd, listing_of_nnunet, names_in_folder, names_in_msd


def test_every_layout_names_its_patients():
    assert set(IDS) == set(LAYOUTS)
    assert [IDS[name].format(1) for name in ("brats2020", "brats2021", "brats2023")] == [
        "BraTS20_Phantom_001",
        "BraTS2021_90001",
        "BraTS-GLI-90001-000",
    ]


def test_files_of_2023_have_the_words_of_2023():
    names = names_in_folder(LAYOUTS["brats2023"], "p")
    assert names == [f"p/p-{word}.nii.gz" for word in ("t1n", "t1c", "t2w", "t2f", "seg")]


def test_plain_files_are_named_after_the_modality_alone():
    names = names_in_folder(LAYOUTS["plain"], "p")
    assert names == [f"p/{word}.nii.gz" for word in ("t1", "t1ce", "t2", "flair", "seg")]


def test_the_list_of_msd_is_that_of_task_01():
    listing = json.loads(listing_of_msd(LAYOUTS["msd"], ["a", "b"]))
    assert listing["modality"] == {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}
    assert listing["labels"]["1"] == "edema"
    assert listing["labels"]["3"] == "enhancing tumour"
    assert listing["numTraining"] == 2
    assert listing["training"][1] == {"image": "./imagesTr/b.nii.gz", "label": "./labelsTr/b.nii.gz"}
    assert names_in_msd(LAYOUTS["msd"], "a") == ["imagesTr/a.nii.gz", "labelsTr/a.nii.gz"]


def test_the_list_of_nnunet_names_channels_in_our_order():
    listing = json.loads(listing_of_nnunet(LAYOUTS["nnunet"], ["a"]))
    assert listing["channel_names"] == {"0": "T1", "1": "T1ce", "2": "T2", "3": "FLAIR"}
    assert listing["labels"] == {"background": 0, "necrosis": 1, "oedema": 2, "enhancing": 4}
    assert listing["file_ending"] == ".nii.gz"


def test_no_two_layouts_share_an_id_so_that_all_can_lie_under_one_folder():
    assert len({pattern.format(1) for pattern in IDS.values()}) == len(IDS)
