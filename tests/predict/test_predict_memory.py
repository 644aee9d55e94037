"""The ladder, and telling memory that ran out from other faults."""

import numpy as np
import pytest
import torch

from brats3d.errors import SegmentationFailed
from brats3d.predict.memory import is_out_of_memory, ladder, memory_fails_the_case


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            True,
        ),
        (RuntimeError("Seems to be OOM. Please try smaller patch size"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_memory_that_ran_out_is_told_from_other_faults(error, expected):
    assert is_out_of_memory(error) is expected


def test_what_torch_and_numpy_really_raise_is_known():
    for allocate in (lambda: torch.empty(2**60), lambda: np.empty(2**55)):
        with pytest.raises((RuntimeError, MemoryError)) as caught:
            allocate()
        assert is_out_of_memory(caught.value)


def test_the_ladder_ends_on_the_processor():
    assert ladder("cpu", slices=False) == []
    assert [rung.at_once for rung in ladder("cpu", slices=True)] == [1]
    assert [rung.device for rung in ladder("cuda:1", slices=True)] == ["cuda:1", "cuda:1", "cpu"]
    assert [rung.stitch_device for rung in ladder("cuda:0", slices=False)] == ["cpu", None]


def test_memory_fails_one_patient_and_other_faults_pass_through():
    with (
        pytest.raises(SegmentationFailed, match="not enough memory for this patient") as caught,
        memory_fails_the_case(),
    ):
        raise MemoryError
    assert caught.value.finding.code == "out-of-memory"
    with pytest.raises(RuntimeError, match="a bug"), memory_fails_the_case():
        raise RuntimeError("a bug")
