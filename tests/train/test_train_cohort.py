"""The cohort: the named cases where memory allows, divided between ranks, and all who cannot be trained on named."""

import nibabel
import numpy as np
import pytest
import torch

from brats3d.bundle import read_plain_yaml
from brats3d.cases.find import find_cases
from brats3d.errors import BadInput, MachineError, RequestError
from brats3d.prepare import Preparation
from brats3d.train import memory
from brats3d.train.cohort import cases_as_trained, cases_named, cohorts_of, fault_to_train_on
from brats3d.train.run import train_bundle
from brats3d.vocabulary import MODALITIES

IDS = [f"BraTS20_Phantom_00{n}" for n in (1, 2, 3)]


@pytest.fixture
def cohorts(room, trained):
    """Return a function that calls `cohorts_of` with keys changed."""

    def made(**changes):
        values = {
            "dataset_dir": str(room / "data"),
            "train_ids": IDS,
            "validation_ids": IDS[:1],
            "modalities": [str(each) for each in MODALITIES],
            "preparation": Preparation().as_settings(),
            "cache_dir": str(room / "cache"),
            "bundle_root": str(trained),
            "patch": [8, 8, 8],
            "batch": 2,
            "device": torch.device("cpu"),
        }
        return cohorts_of(**{**values, **changes})

    return made


def test_a_cohort_holds_the_named_cases_in_their_order(cohorts):
    train, validation, shares = cohorts(train_ids=[IDS[2], IDS[0]])
    assert [case.id for case in train] == [IDS[2], IDS[0]]
    assert [case.id for case in validation] == [IDS[0]]
    assert (len(train), shares) == (2, 1)
    assert train[0:1] == [train[0]]


def test_nobody_to_train_or_validate_on_is_an_empty_cohort(cohorts, capsys):
    train, validation, _ = cohorts(train_ids=[], validation_ids=[])
    assert (len(train), len(validation)) == (0, 0)
    assert capsys.readouterr().err == ""


def test_a_cohort_on_disk_is_the_same_and_keeps_nothing(cohorts):
    (kept, *_), (read, *_) = cohorts(residence="memory"), cohorts(residence="disk")
    assert read.on_disk
    assert kept[1] is kept[1]
    assert read[1] is not read[1]
    assert torch.equal(read[1].data, kept[1].data)


def test_ranks_divide_the_cases_unless_there_are_too_few(cohorts):
    parts = [cohorts(rank=rank, ranks=2, quiet=True) for rank in range(2)]
    assert [[case.id for case in part.train] for part in parts] == [[IDS[0], IDS[2]], [IDS[1]]]
    assert [part.shares for part in parts] == [2, 2]
    many = cohorts(rank=3, ranks=4, quiet=True)
    assert (len(many.train), many.shares) == (3, 1)


def test_a_rank_keeps_the_validation_cases_that_it_looks_at_and_its_share_of_the_memory(cohorts, monkeypatch, capsys):
    parts = [cohorts(validation_ids=IDS, rank=rank, ranks=2, quiet=True).validation for rank in range(2)]
    assert [sorted(part.kept) for part in parts] == [[0, 2], [1]]
    assert [[each.id for each in part] for part in parts] == [IDS, IDS]
    assert parts[0][-1] is parts[0][2]
    with pytest.raises(IndexError):
        parts[0][3]
    monkeypatch.setattr(memory, "free_memory", lambda: 2**33)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    cohorts()
    assert "2.0 GiB free" in capsys.readouterr().err


def test_the_forecast_is_told_before_anything_is_trained(cohorts, capsys):
    cohorts()
    told = capsys.readouterr().err
    assert told.startswith("memory: about ")
    assert "in memory" in told
    cohorts(quiet=True)
    assert capsys.readouterr().err == ""


def test_with_little_memory_the_cohort_stays_on_disk_and_with_less_training_is_refused(
    cohorts, trained, monkeypatch, capsys
):
    network_def = read_plain_yaml((trained / "configs/common.yaml").read_bytes())["network_def"]
    step = sum(memory.step_bytes(network_def, [8, 8, 8], 2))
    monkeypatch.setattr(memory, "VALIDATION_BYTES_A_VOXEL", 0)
    monkeypatch.setattr(memory, "free_memory", lambda: int(step / 0.9) + 1000)
    assert cohorts().train.on_disk
    assert "on disk" in capsys.readouterr().err
    with pytest.raises(MachineError, match="cohort and step take"):
        cohorts(residence="memory")
    monkeypatch.setattr(memory, "free_memory", lambda: step // 2)
    with pytest.raises(
        MachineError, match=r"not enough memory on cpu: a step or validation takes about .* smaller --set batch"
    ):
        cohorts()


def test_all_who_cannot_be_trained_on_are_named(own):
    (own / IDS[1] / f"{IDS[1]}_seg.nii.gz").unlink()
    (own / IDS[2] / f"{IDS[2]}_t2.nii.gz").unlink()
    with pytest.raises(RequestError) as caught:
        cases_named(find_cases(own), [*IDS, "nobody"])
    words = str(caught.value)
    assert "cannot train on 3 of 4 listed patients" in words
    for told in (f"{IDS[1]} (no reference)", f"{IDS[2]} (refused: ", "nobody (absent)"):
        assert told in words


@pytest.mark.parametrize("case_id", ["$import os", "@epochs", "%train", "a#1", "a::b"])
def test_an_id_that_monai_would_run_or_change_is_refused(case, case_id):
    assert "is a program to MONAI" in fault_to_train_on(case_id, case)
    assert fault_to_train_on(case.id, case) is None


def test_references_are_read_by_the_label_scheme_that_the_recipe_names(own, cohorts, request_of):
    plain = cohorts(dataset_dir=str(own)).train[0]
    for path in own.rglob("*_seg.nii.gz"):
        image = nibabel.load(path)
        as_msd = np.array([0, 2, 1, 0, 3], np.uint8)[np.asarray(image.dataobj).astype(np.uint8)]
        nibabel.save(nibabel.Nifti1Image(as_msd, image.affine), path)
    assert torch.equal(cohorts(dataset_dir=str(own), label_scheme="msd").train[0].levels, plain.levels)
    with pytest.raises(BadInput, match=r"in training --set label_scheme=NAME"):
        cohorts(dataset_dir=str(own))
    bundle = train_bundle(request_of({"epochs": "1"}, data=own, changes=("label_scheme=msd",)))
    assert [case.label_scheme for case in cases_as_trained(own, bundle)] == ["msd"] * 3
