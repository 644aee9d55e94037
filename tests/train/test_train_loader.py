"""Batches made ahead: the same, in order, and an error comes out where its batch would have."""

import threading
import time

import pytest
import torch

from brats3d.train.loader import AheadLoader


class Numbers:
    """Stands in for a data set: batch n is n, and one of them may fail."""

    def __init__(self, count, fails=-1, is_ahead_worthwhile=True):
        self.is_ahead_worthwhile = is_ahead_worthwhile
        self.device = torch.device("cpu")
        self.count, self.fails, self.made = count, fails, []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index == self.fails:
            raise MemoryError("no room")
        self.made.append((index, threading.get_ident(), torch.get_num_threads()))
        return {"image": torch.tensor(index)}


@pytest.mark.parametrize("ahead", [0, 1, 3, 20])
def test_batches_come_in_order_however_many_are_made_ahead(ahead):
    numbers = Numbers(7)
    loader = AheadLoader(dataset=numbers, ahead=ahead)
    assert len(loader) == 7
    for _ in range(2):
        assert [int(batch["image"]) for batch in loader] == list(range(7))
    assert [index for index, *_ in numbers.made] == [*range(7), *range(7)]


def test_another_thread_makes_them_with_one_core_and_leaves_the_others_alone():
    before, numbers = torch.get_num_threads(), Numbers(3)
    list(AheadLoader(dataset=numbers, ahead=2))
    assert {thread for _, thread, _ in numbers.made} != {threading.get_ident()}
    assert {cores for *_, cores in numbers.made} == {1}
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("worthwhile", "ahead"), [(False, 0), (True, 2)])
def test_the_data_set_decides_where_nobody_else_does(worthwhile, ahead):
    assert AheadLoader(dataset=Numbers(3, is_ahead_worthwhile=worthwhile)).ahead == ahead


def test_no_more_than_asked_for_are_made_ahead():
    numbers = Numbers(20)
    batches = iter(AheadLoader(dataset=numbers, ahead=3))
    next(batches)
    time.sleep(0.2)
    assert len(numbers.made) == 3
    batches.close()


@pytest.mark.parametrize("ahead", [0, 2])
def test_an_error_comes_out_where_its_batch_would_have(ahead):
    batches = iter(AheadLoader(dataset=Numbers(7, fails=2), ahead=ahead))
    assert [int(next(batches)["image"]) for _ in range(2)] == [0, 1]
    with pytest.raises(MemoryError, match="no room"):
        next(batches)


def test_leaving_an_epoch_ends_the_thread():
    batches = iter(AheadLoader(dataset=Numbers(50), ahead=2))
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("patches")]
