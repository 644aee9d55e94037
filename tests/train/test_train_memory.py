"""The forecast: what a step keeps grows with patch and batch, and the cohort lies in the first place with room."""

import pytest
import torch

from brats3d.errors import MachineError
from brats3d.networks import build_network
from brats3d.networks.recipes import RECIPES
from brats3d.train import memory
from brats3d.train.memory import Forecast, forecast, free_memory, step_bytes, usable
from brats3d.train.residence import Residence

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")
MIB = 2**20


def forecast_of(step, cohort, free, host=None, device=CPU, validation=0):
    """Return a forecast in MiB."""
    return Forecast(step * MIB, cohort * MIB, validation * MIB, free * MIB, (host or free) * MIB, device)


def test_a_step_takes_more_with_larger_patches_and_batches():
    (weights, small), (_, larger), (_, twice) = (
        step_bytes(RECIPES["unet"], patch, batch) for patch, batch in (([48] * 3, 1), ([64] * 3, 1), ([48] * 3, 2))
    )
    assert 0 < small < larger
    assert twice == pytest.approx(2 * small, rel=0.01)
    assert weights > 4 * sum(each.numel() for each in build_network(RECIPES["unet"]).parameters())


def test_a_validation_counts_where_it_takes_more_than_a_batch():
    sizes, patch = [9 * 1000, 9 * 4_000_000], [32] * 3
    steps, both = (forecast(RECIPES["unet"], patch, 1, sizes, looked_at, CPU) for looked_at in ([], sizes[1:]))
    weights, activations = step_bytes(RECIPES["unet"], patch, 1)
    assert steps.step == weights + activations
    assert both.step == weights + 4_000_000 * memory.VALIDATION_BYTES_A_VOXEL > steps.step
    assert (both.train, both.validation) == (steps.train, sizes[1])


def test_looking_ahead_draws_nothing():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    step_bytes(RECIPES["unet2d"], [160, 160, 1], 12)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("device", "free", "host", "expected"),
    [
        (CPU, 2000, None, Residence.MEMORY),
        (CPU, 500, None, Residence.DISK),
        (CUDA, 2000, 2000, Residence.DEVICE),
        (CUDA, 500, 2000, Residence.MEMORY),
        (CUDA, 500, 500, Residence.DISK),
    ],
)
def test_the_cohort_lies_in_the_first_place_with_room(device, free, host, expected):
    expected_words = {"device": "on the card", "memory": "in memory", "disk": "on disk"}[expected]
    looked = forecast_of(100, 1000, free, host, device)
    assert looked.choose("auto") is expected
    assert expected_words in looked.words(expected)
    assert looked.choose("disk") is Residence.DISK


def test_on_a_processor_its_memory_is_the_device():
    assert forecast_of(100, 1000, 2000).choose("device") is Residence.MEMORY


def test_what_does_not_fit_is_refused_with_a_way_out():
    with pytest.raises(
        MachineError, match=r"not enough memory on cpu: a step or validation takes about 1.0 GiB, 0.5 GiB are free"
    ):
        forecast_of(1024, 1, 512).choose("auto")
    with pytest.raises(MachineError, match=r"cohort and step take .*leave residence at auto"):
        forecast_of(100, 1000, 500).choose("memory")
    with pytest.raises(MachineError, match=r"on cuda:0: cohort and step take about 21.0 GiB, 20.0 GiB are free"):
        forecast_of(1024, 20480, 20480, 81920, CUDA).choose("device")
    with pytest.raises(MachineError, match=r"of the machine: the patients take about 22.0 GiB, 8.0 GiB are free"):
        forecast_of(1024, 20480, 81920, 8192, CUDA, validation=2048).choose("memory")
    with pytest.raises(MachineError, match=r"on cuda:0: a step or validation takes about 9.0 GiB, 8.0 GiB are free"):
        forecast_of(9 * 1024, 20480, 8192, 81920, CUDA).choose("auto")


def test_a_container_may_have_less_than_its_machine(tmp_path, monkeypatch):
    assert 0 < free_memory() <= memory.physical_free()
    monkeypatch.setattr(memory, "physical_free", lambda: 7)
    assert free_memory() == 7
    assert usable(100) == 90


def test_on_a_processor_both_memories_are_one():
    looked = forecast(RECIPES["unet"], [32] * 3, 1, [2 * MIB, 2 * MIB], [MIB], CPU)
    assert looked.free == looked.host_free
    assert (looked.train, looked.validation) == (4 * MIB, MIB)


def test_a_card_holds_the_step_and_whom_it_trains_on_and_the_machine_the_others():
    looked = forecast_of(1024, 2048, 8192, 16384, CUDA, validation=512)
    assert "about 3.0 GiB of the card at the peak" in looked.words(Residence.DEVICE)
    assert "about 1.1 GiB of the machine's" in looked.words(Residence.DEVICE)
    assert "about 1.0 GiB of the card at the peak" in looked.words(Residence.MEMORY)
    assert "about 3.1 GiB of the machine's" in looked.words(Residence.MEMORY)
    # Validation patients that find no room in the machine's memory are read from disk with all the others.
    assert forecast_of(1024, 2048, 8192, 4096, CUDA, validation=4096).choose("auto") is Residence.DISK
