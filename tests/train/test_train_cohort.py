"""The cohort: prepared once, kept under a name that everything goes into, and never taken from a damaged entry."""

import shutil

import numpy as np
import pytest

from brats3d.cases.find import find_cases
from brats3d.errors import BadInput, OutputError, RequestError
from brats3d.prepare import Preparation
from brats3d.train.cohort import (
    SEEDS_A_REGION,
    cases_named,
    cohort_of,
    fault_to_train_on,
    load_case,
    make_cache,
    prepare_case,
    read_entry,
    region_seeds,
)
from brats3d.vocabulary import MODALITIES

IDS = [f"BraTS20_Phantom_00{n}" for n in (1, 2, 3)]


@pytest.fixture
def case(room):
    return find_cases(room / "data")[0]


@pytest.fixture
def own(room, tmp_path):
    """A copy of the patients that a test may change."""
    return shutil.copytree(room / "data", tmp_path / "data")


def settings_of(room, **changes):
    """Return the arguments of `cohort_of`."""
    values = {
        "dataset_dir": str(room / "data"),
        "ids": IDS,
        "modalities": [str(each) for each in MODALITIES],
        "preparation": Preparation().as_settings(),
        "cache_dir": str(room / "cache"),
    }
    return {**values, **changes}


def test_a_cohort_holds_the_named_cases_in_their_order(room):
    cohort = cohort_of(**settings_of(room, ids=[IDS[2], IDS[0]]))
    assert [case.id for case in cohort] == [IDS[2], IDS[0]]
    first = cohort[0]
    assert len(cohort) == 2
    assert (first.data.dtype, first.levels.dtype, first.data.shape[0]) == (np.float16, np.uint8, 4)
    assert first.data.shape[1:] == first.levels.shape
    assert set(np.unique(first.levels)) <= {0, 1, 2, 3}
    assert cohort[0:1] == [first]


def test_nobody_to_validate_on_is_an_empty_cohort(room):
    assert len(cohort_of(**settings_of(room, ids=[]))) == 0


def test_seeds_are_voxels_of_their_regions_and_the_same_each_time(case):
    _, levels = prepare_case(case, MODALITIES, Preparation())
    seeds = region_seeds(case.id, levels)
    for index, places in enumerate(seeds):
        assert len(places) == min((levels > index).sum(), SEEDS_A_REGION)
        assert (levels[tuple(places.T)] > index).all()
    again = region_seeds(case.id, levels)
    assert all(np.array_equal(one, other) for one, other in zip(seeds, again, strict=True))


def test_an_empty_region_has_no_seeds():
    levels = np.zeros((4, 4, 4), np.uint8)
    assert region_seeds("x", levels) == ()
    levels[1, 2, 3] = 2
    assert [each.tolist() for each in region_seeds("x", levels)] == [[[1, 2, 3]]] * 2


def test_a_case_comes_from_the_cache_the_second_time(case, tmp_path):
    first = load_case(case, MODALITIES, Preparation(), tmp_path)
    (entry,) = tmp_path.iterdir()
    marked = first.data + np.float16(1)
    np.savez(entry, data=marked, levels=first.levels)
    assert np.array_equal(load_case(case, MODALITIES, Preparation(), tmp_path).data, marked)


@pytest.mark.parametrize("change", ["preparation", "modalities", "reference", "volume"])
def test_whatever_the_arrays_depend_on_makes_another_entry(own, tmp_path, change):
    cache, (case, other) = tmp_path / "cache", find_cases(own)[:2]
    cache.mkdir()
    load_case(case, MODALITIES, Preparation(), cache)
    modalities, preparation = MODALITIES, Preparation()
    if change == "preparation":
        preparation = Preparation(percentiles=(1.0, 99.0))
    elif change == "modalities":
        modalities = MODALITIES[:2]
    elif change == "reference":
        shutil.copy(other.reference, case.reference)
    else:
        shutil.copy(other.modalities[MODALITIES[3]], case.modalities[MODALITIES[3]])
    load_case(case, modalities, preparation, cache)
    assert len(list(cache.iterdir())) == 2


def test_no_flipped_byte_of_an_entry_goes_unseen(case, tmp_path):
    truth = load_case(case, MODALITIES, Preparation(), tmp_path)
    (entry,) = tmp_path.iterdir()
    whole, rng = entry.read_bytes(), np.random.default_rng(0)
    places = [*range(120), *rng.integers(len(whole), size=200), *range(len(whole) - 200, len(whole))]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        entry.write_bytes(damaged)
        found = read_entry(entry)
        assert found is None or (np.array_equal(found[0], truth.data) and np.array_equal(found[1], truth.levels))
    entry.write_bytes(whole[: len(whole) // 2])
    assert read_entry(entry) is None
    assert np.array_equal(load_case(case, MODALITIES, Preparation(), tmp_path).data, truth.data)
    assert entry.read_bytes() == whole


def test_a_damaged_reference_refuses_the_case(own, tmp_path):
    case = find_cases(own)[0]
    case.reference.write_bytes(case.reference.read_bytes()[:-9])
    with pytest.raises(BadInput, match="_seg"):
        load_case(case, MODALITIES, Preparation(), tmp_path)


def test_the_cache_is_its_owners_alone(tmp_path):
    make_cache(tmp_path / "cache")
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    make_cache(tmp_path / "cache")


def test_a_cache_that_cannot_be_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    for place in ("file", "file/in"):
        with pytest.raises(RequestError, match="name a folder with --cache"):
            make_cache(tmp_path / place)
    with pytest.raises(OutputError, match="cache"):
        make_cache(tmp_path / ("long" * 100) / "cache")


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
