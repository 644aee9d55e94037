import json

import nibabel as nib
import numpy as np
import pytest

import brats3d.phantom.files as files_module
from brats3d.cases.find import find_cases
from brats3d.errors import OutputError, RequestError
from brats3d.labels import SCHEMES, to_region_maps
from brats3d.phantom.files import write_phantoms
from brats3d.phantom.make import make_phantom
from brats3d.vocabulary import MODALITIES, CaseStatus, Modality

SHAPE = (24, 26, 20)
LAYOUT_NAMES = ("brats2020", "brats2021", "brats2023", "msd", "nnunet", "plain")


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def voxels(path):
    return np.asarray(nib.load(path).dataobj)


@pytest.mark.parametrize("layout", LAYOUT_NAMES)
def test_every_layout_is_found_as_itself_with_all_files(tmp_path, layout):
    ids = write_phantoms(tmp_path, 2, layout, SHAPE)
    cases = find_cases(tmp_path)
    assert [case.id for case in cases] == sorted(ids)
    for case in cases:
        assert (case.layout, case.status) == (layout, CaseStatus.OK)
        assert set(case.modalities) == set(MODALITIES)
        assert case.reference is not None


@pytest.mark.parametrize("layout", LAYOUT_NAMES)
def test_references_hold_the_tumour_in_the_layouts_own_labels(tmp_path, layout):
    write_phantoms(tmp_path, 1, layout, SHAPE, seed=3)
    (case,) = find_cases(tmp_path)
    label_map = voxels(case.reference)
    scheme = SCHEMES[case.label_scheme]
    made = make_phantom([3, 0], SHAPE)
    assert label_map.dtype == np.uint8
    assert set(np.unique(label_map)) == set(scheme.labels) - {scheme.cavity}
    assert np.array_equal(to_region_maps(label_map, scheme), to_region_maps(made.label_map, SCHEMES["brats2020"]))


@pytest.mark.parametrize("layout", ["brats2020", "brats2023", "nnunet", "plain"])
def test_each_file_holds_the_modality_that_its_name_says(tmp_path, layout):
    write_phantoms(tmp_path, 1, layout, SHAPE)
    (case,) = find_cases(tmp_path)
    made = make_phantom([0, 0], SHAPE)
    for channel, modality in enumerate(MODALITIES):
        assert np.array_equal(voxels(case.modalities[modality]), made.volumes[channel])


def test_msd_stacks_flair_first(tmp_path):
    write_phantoms(tmp_path, 1, "msd", SHAPE)
    made = make_phantom([0, 0], SHAPE)
    stacked = voxels(tmp_path / "imagesTr" / "BRATS_9001.nii.gz")
    assert stacked.shape == (*SHAPE, 4)
    for place, modality in enumerate((Modality.FLAIR, Modality.T1, Modality.T1CE, Modality.T2)):
        assert np.array_equal(stacked[..., place], made.volumes[MODALITIES.index(modality)])


def test_equal_seeds_give_equal_bytes_and_more_patients_do_not_change_the_first(tmp_path):
    write_phantoms(tmp_path / "a", 1, "brats2020", SHAPE, seed=7)
    write_phantoms(tmp_path / "b", 2, "brats2020", SHAPE, seed=7)
    write_phantoms(tmp_path / "c", 1, "brats2020", SHAPE, seed=8)
    one, more, other = (contents(tmp_path / name) for name in "abc")
    assert one.items() <= more.items()
    assert set(one) == set(other)
    assert not one.items() & other.items()


@pytest.mark.parametrize("layout", LAYOUT_NAMES)
def test_what_is_there_is_not_overwritten(tmp_path, layout):
    write_phantoms(tmp_path, 1, layout, SHAPE)
    before = contents(tmp_path)
    with pytest.raises(RequestError, match="already there"):
        write_phantoms(tmp_path, 2, layout, SHAPE, seed=1)
    assert contents(tmp_path) == before


def test_an_empty_folder_of_the_same_name_and_other_files_are_no_hindrance(tmp_path):
    (tmp_path / "BraTS20_Phantom_001").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    assert write_phantoms(tmp_path, 1, shape=SHAPE) == ["BraTS20_Phantom_001"]
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"count": 0}, "at least one"),
        ({"seed": -1}, "must not be negative"),
        ({"layout": "brats2032"}, "did you mean 'brats20"),
        ({"shape": (4, 24, 24)}, "at least 8 voxels"),
    ],
)
def test_a_request_that_cannot_be_leaves_nothing(tmp_path, wrong, words):
    asked = {"count": 1, "layout": "brats2020", "shape": SHAPE, "seed": 0} | wrong
    with pytest.raises(RequestError, match=words):
        write_phantoms(tmp_path / "out", **asked)
    assert not (tmp_path / "out").exists()


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(RequestError, match="is a file"):
        write_phantoms(tmp_path / "out", 1, shape=SHAPE)


@pytest.mark.parametrize("layout", ["brats2020", "msd"])
def test_a_patient_cut_short_leaves_no_file_and_spares_the_others(tmp_path, monkeypatch, layout):
    written = files_module.write_whole
    calls = []

    def full_disk(path, content):
        calls.append(path)
        if path.name in ("BraTS20_Phantom_002_t2.nii.gz", "BRATS_9002.nii.gz"):
            raise OutputError("the disk is full")
        written(path, content)

    monkeypatch.setattr(files_module, "write_whole", full_disk)
    with pytest.raises(OutputError, match="full"):
        write_phantoms(tmp_path, 2, layout, SHAPE)
    monkeypatch.undo()
    cases = find_cases(tmp_path)
    assert [case.status for case in cases] == [CaseStatus.OK]
    assert not [name for name in contents(tmp_path) if "002" in name]


def test_the_list_names_just_the_patients_that_are_there(tmp_path):
    write_phantoms(tmp_path, 3, "nnunet", SHAPE)
    assert json.loads((tmp_path / "dataset.json").read_text())["numTraining"] == 3
    assert len(list((tmp_path / "labelsTr").iterdir())) == 3
