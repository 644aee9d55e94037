"""The cache: prepared once, kept under a name that everything goes into, and never taken from a damaged entry."""

import logging
import shutil

import numpy as np
import pytest
import torch

from brats3d.cases.find import find_cases
from brats3d.errors import BadInput, OutputError, RequestError
from brats3d.prepare import Preparation
from brats3d.train.cache import SEEDS_A_REGION, CachedCase, make_cache, prepare_case, read_entry, region_seeds
from brats3d.vocabulary import MODALITIES


def load_case(case, modalities, preparation, cache):
    """Return a case by way of the cache."""
    return CachedCase(case, modalities, preparation, cache).load()


def test_seeds_are_voxels_of_their_regions_and_the_same_each_time(case):
    _, levels = prepare_case(case, MODALITIES, Preparation())
    seeds = region_seeds(case.id, levels)
    for index, places in enumerate(seeds):
        assert len(places) == min((levels > index + 1).sum(), SEEDS_A_REGION)
        assert (levels[tuple(places.T)] > index + 1).all()
    again = region_seeds(case.id, levels)
    assert all(np.array_equal(one, other) for one, other in zip(seeds, again, strict=True))


def test_an_empty_region_has_no_seeds():
    levels = np.ones((4, 4, 4), np.uint8)
    assert region_seeds("x", levels) == ()
    levels[1, 2, 3] = 3
    assert [each.tolist() for each in region_seeds("x", levels)] == [[[1, 2, 3]]] * 2


def test_a_case_comes_from_the_cache_the_second_time(case, tmp_path):
    first = load_case(case, MODALITIES, Preparation(), tmp_path)
    (entry,) = tmp_path.iterdir()
    marked = first.data + 1
    np.savez(entry, data=marked.numpy(), levels=first.levels.numpy())
    assert torch.equal(load_case(case, MODALITIES, Preparation(), tmp_path).data, marked)


def test_levels_count_the_brain_and_the_regions_in_it(case):
    data, levels = prepare_case(case, MODALITIES, Preparation())
    assert (data.dtype, levels.dtype, data.shape[1:]) == (np.float16, np.uint8, levels.shape)
    assert set(np.unique(levels)) == {0, 1, 2, 3, 4}
    assert not data[:, levels == 0].any()
    assert (levels[(data != 0).any(0)] > 0).all()


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


def test_no_flipped_byte_of_an_entry_goes_unseen(case, tmp_path, caplog):
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
    with caplog.at_level(logging.WARNING):
        assert torch.equal(load_case(case, MODALITIES, Preparation(), tmp_path).data, truth.data)
    assert f"{case.id}: its prepared copy" in caplog.text
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
