"""Items depend on seed, epoch, index and rank alone; every case comes equally often; ranks share the cases."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from training_for_tests import a_case

from brats3d.train.augment import Augmentation
from brats3d.train.dataset import PatchDataset, WholeCaseDataset

COHORT = [a_case(seed=seed) for seed in range(3)]


def dataset(**changes):
    """Return a data set of 6 patches of 8 x 8 x 8 voxels."""
    values = {"cohort": COHORT, "patch": [8, 8, 8], "count": 6, "augmentation": Augmentation(), "seed": 5, **changes}
    return PatchDataset(**values)


def same(one, other):
    """Say whether two items are equal to the bit."""
    return all(torch.equal(one[key], other[key]) for key in ("image", "label"))


def test_an_item_is_a_patch_and_its_regions():
    item = dataset()[0]
    assert (item["image"].shape, item["image"].dtype) == ((4, 8, 8, 8), torch.float32)
    assert (item["label"].shape, item["label"].dtype) == ((3, 8, 8, 8), torch.uint8)


def test_slices_lose_their_last_axis():
    item = dataset(patch=[12, 10, 1])[3]
    assert item["image"].shape == (4, 12, 10)
    assert item["label"].shape == (3, 12, 10)


def test_items_do_not_depend_on_order_or_on_other_chance():
    one, other = dataset(), dataset()
    forward = [one[index] for index in range(6)]
    np.random.seed(99)
    torch.manual_seed(99)
    backward = [other[index] for index in reversed(range(6))]
    assert all(same(a, b) for a, b in zip(forward, reversed(backward), strict=True))


@pytest.mark.parametrize("change", [{"seed": 6}, {"rank": 1, "ranks": 2}])
def test_another_seed_or_rank_gives_other_items(change):
    assert not same(dataset()[2], dataset(**change)[2])


def test_another_epoch_gives_other_items_and_the_first_comes_back():
    patches = dataset()
    first = patches[2]
    patches.epoch = 2
    assert not same(patches[2], first)
    patches.epoch = 1
    assert same(patches[2], first)


def test_items_do_not_depend_on_the_workers_that_made_them():
    alone = list(DataLoader(dataset(), batch_size=2, num_workers=0))
    beside = list(DataLoader(dataset(), batch_size=2, num_workers=2))
    assert all(same(a, b) for a, b in zip(alone, beside, strict=True))


@pytest.mark.parametrize("ranks", [1, 2])
def test_every_case_comes_equally_often_over_epochs_and_ranks(ranks):
    drawn = Counter()
    for rank in range(ranks):
        patches = dataset(count=4, rank=rank, ranks=ranks)
        for epoch in range(1, 7):
            patches.epoch = epoch
            drawn.update(patches.case_of(index).id for index in range(4))
    assert set(drawn.values()) == {4 * 6 * ranks // 3}


def test_an_index_beyond_the_end_ends_iteration():
    assert len(dataset()) == 6
    for index in (-1, 6):
        with pytest.raises(IndexError):
            dataset()[index]


def test_whole_cases_are_handed_on_as_they_are():
    item = WholeCaseDataset(cohort=COHORT)[1]
    assert item["id"] == "case-1"
    assert np.array_equal(item["image"].numpy(), COHORT[1].data.astype(np.float32))
    assert item["label"].dtype == torch.float32
    assert np.array_equal(item["label"].sum(0).numpy(), COHORT[1].levels)


def test_ranks_share_the_cases_and_none_goes_without():
    shares = [[case.id for case in WholeCaseDataset(cohort=COHORT, rank=rank, ranks=2).cohort] for rank in range(2)]
    assert shares == [["case-0", "case-2"], ["case-1"]]
    # A process without any would wait for the others' scores for ever.
    assert [len(WholeCaseDataset(cohort=COHORT[:1], rank=rank, ranks=2)) for rank in range(2)] == [1, 1]
