"""Batches depend on seed, epoch and number alone; every case comes equally often; ranks share the cases."""

from collections import Counter

import numpy as np
import pytest
import torch
from training_for_tests import a_case

from brats3d.train.augmentation import Augmentation
from brats3d.train.cohort import Cohort
from brats3d.train.dataset import PatchDataset, WholeCaseDataset
from brats3d.train.patches import is_rare
from brats3d.train.residence import Residence

COHORT = [a_case(seed=seed) for seed in range(3)]


def dataset(**changes):
    """Return a data set of 6 batches of one patch of 8 x 8 x 8 voxels."""
    values = {"cohort": COHORT, "patch": [8, 8, 8], "batch": 1, "count": 6, "augmentation": Augmentation(), "seed": 5}
    return PatchDataset(**{**values, **changes})


def same(one, other):
    """Say whether two items are equal to the bit."""
    return all(torch.equal(one[key], other[key]) for key in ("image", "label"))


def test_a_batch_holds_patches_and_their_levels():
    batch = dataset(batch=2)[0]
    assert (batch["image"].shape, batch["image"].dtype) == ((2, 4, 8, 8, 8), torch.float32)
    assert (batch["label"].shape, batch["label"].dtype) == ((2, 8, 8, 8), torch.uint8)
    assert not batch["image"][:, 0][batch["label"] == 0].any()


def test_slices_lose_their_last_axis():
    batch = dataset(patch=[12, 10, 1], batch=3)[3]
    assert batch["image"].shape == (3, 4, 12, 10)
    assert batch["label"].shape == (3, 12, 10)


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


@pytest.mark.parametrize("shares", [1, 2])
def test_two_ranks_see_what_one_rank_with_twice_the_batch_sees(shares):
    cohort = [a_case(seed=seed) for seed in range(5)]
    one = dataset(cohort=cohort, batch=2, shares=shares)
    own = [cohort[rank::2] if shares == 2 else cohort for rank in range(2)]
    two = [dataset(cohort=own[rank], rank=rank, ranks=2, shares=shares) for rank in range(2)]
    for epoch in (1, 2):
        for patches in (one, *two):
            patches.epoch = epoch
        for index in range(6):
            joint = {key: torch.cat([each[index][key] for each in two]) for key in ("image", "label")}
            assert same(one[index], joint)


@pytest.mark.parametrize(("ranks", "batch", "shares"), [(1, 1, 1), (2, 1, 1), (1, 2, 2), (1, 3, 3), (1, 6, 2)])
def test_every_case_comes_equally_often_over_epochs_and_ranks(ranks, batch, shares):
    cohort = [a_case(seed=seed) for seed in range(6)]
    drawn = Counter()
    for rank in range(ranks):
        patches = dataset(cohort=cohort, count=4, batch=batch, rank=rank, ranks=ranks, shares=shares)
        for epoch in range(1, 7):
            patches.epoch = epoch
            drawn.update(patches.case_of(number).id for index in range(4) for number in patches.numbers_of(index))
    assert set(drawn.values()) == {4 * 6 * ranks * batch // 6}


@pytest.mark.parametrize("shares", [1, 2])
def test_cases_with_little_enhancing_tumour_come_more_often_where_asked(shares):
    much = torch.full((20, 18, 16), 4, dtype=torch.uint8)
    cohort = [a_case(seed=seed, **({} if seed < 2 else {"levels": much})) for seed in range(6)]
    assert [is_rare(case) for case in cohort] == [True, True, False, False, False, False]
    patches = dataset(cohort=cohort, batch=shares, shares=shares, count=24 // shares, rare_times=3)
    drawn = Counter(patches.case_of(number).id for index in range(24 // shares) for number in patches.numbers_of(index))
    # Two rounds of ten seats and four more patches, over both shares.
    assert all(6 <= drawn[f"case-{seed}"] <= 9 for seed in range(2))
    assert all(2 <= drawn[f"case-{seed}"] <= 3 for seed in range(2, 6))
    assert sum(drawn.values()) == 24


def test_nobody_is_read_to_learn_who_is_rare_where_all_come_alike():
    class Unread(list):
        def __iter__(self):
            raise AssertionError("read")

    assert dataset(cohort=Unread(COHORT)).times == [1, 1, 1]
    with pytest.raises(AssertionError, match="read"):
        dataset(cohort=Unread(COHORT), rare_times=2)


@pytest.mark.parametrize(
    ("device", "on_disk", "worthwhile"), [("cpu", False, False), ("cpu", True, True), ("cuda", False, True)]
)
def test_batches_are_worth_making_ahead_where_a_card_or_the_disk_would_be_waited_for(device, on_disk, worthwhile):
    cohort = Cohort([], Residence.DISK if on_disk else Residence.MEMORY, torch.device("cpu"))
    assert dataset(cohort=cohort, device=torch.device(device)).is_ahead_worthwhile is worthwhile


def test_an_index_beyond_the_end_ends_iteration():
    assert len(dataset()) == 6
    for index in (-1, 6):
        with pytest.raises(IndexError):
            dataset()[index]


def test_whole_cases_are_handed_on_as_they_are():
    item = WholeCaseDataset(cohort=COHORT)[1]
    assert item["id"] == "case-1"
    assert np.array_equal(item["image"].numpy(), COHORT[1].data.float().numpy())
    assert item["label"].dtype == torch.float32
    assert torch.equal(item["label"].sum(0) + (COHORT[1].levels > 0), COHORT[1].levels.float())


def test_ranks_share_the_cases_and_none_goes_without():
    parts = [WholeCaseDataset(cohort=COHORT, rank=rank, ranks=2) for rank in range(2)]
    shares = [[part[index]["id"] for index in range(len(part))] for part in parts]
    assert shares == [["case-0", "case-2"], ["case-1"]]
    # A process without any would wait for the others' scores for ever.
    assert [len(WholeCaseDataset(cohort=COHORT[:1], rank=rank, ranks=2)) for rank in range(2)] == [1, 1]
