"""Precision for training: what is asked for, else what the device does fast."""

import pytest
import torch

from brats3d.errors import RequestError
from brats3d.predict.engines.precision import choose_precision
from brats3d.train.device import join_ranks, leave_ranks, precision_for

CPU = torch.device("cpu")


def test_what_is_asked_for_is_taken():
    assert precision_for(precision="float32", device=CPU) == "float32"
    assert precision_for(precision="bfloat16", device=CPU) == "bfloat16"
    with pytest.raises(RequestError, match="unknown precision"):
        precision_for(precision="half", device=CPU)


def test_auto_on_a_processor_is_what_segmenting_takes():
    assert precision_for(precision="auto", device=CPU) == choose_precision("auto", "cpu") != "float16"


def test_auto_on_a_card_without_bfloat16_is_float16(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda **_: False)
    assert precision_for(precision="auto", device=torch.device("cuda", 0)) == "float16"


@pytest.mark.parametrize(
    ("cards", "ranks", "backend"), [(1, 2, "gloo"), (2, 2, "nccl"), (0, 1, "gloo"), (4, 1, "nccl")]
)
@pytest.mark.parametrize("local", [0, 1])
def test_all_processes_choose_alike_whether_there_is_a_card_for_each(monkeypatch, cards, ranks, backend, local):
    begun = []
    monkeypatch.setenv("LOCAL_RANK", str(min(local, ranks - 1)))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(ranks))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(torch.cuda, "set_device", lambda index: None)
    monkeypatch.setattr(torch.distributed, "init_process_group", begun.append)
    device = join_ranks()
    assert (begun, device.type) == ([backend], "cuda" if backend == "nccl" else "cpu")


def test_all_processes_meet_before_the_group_ends(monkeypatch):
    steps = []
    monkeypatch.setattr(torch.distributed, "barrier", lambda: steps.append("barrier"))
    monkeypatch.setattr(torch.distributed, "destroy_process_group", lambda: steps.append("destroy"))
    leave_ranks()
    assert steps == ["barrier", "destroy"]
