"""How much memory a training will take, forecast before its first step, and where the cohort lies therefore."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from brats3d.errors import MachineError
from brats3d.networks import build_network, divisor
from brats3d.networks.layout import channels_last
from brats3d.train.residence import Residence

GIB = 2**30
WEIGHT_COPIES = 8.5
"""Times the float32 weights: weights, gradients, two moments, moving average, short copies, the processor's layouts."""
KEPT_SHARE = 1.6
"""Peak of a step over what the forward pass keeps for the backward pass; a heap that keeps freed memory is in it."""
BYTES_A_VOXEL = 110
"""Of a patch: four modalities and three regions in float32, as batch, logits, probabilities and gradients."""
VALIDATION_BYTES_A_VOXEL = 200
"""Of a whole case that is validated on: image, reference, logits and regions, of the case before it too."""
PROGRAM_BYTES = 650 * 2**20
"""Python with torch and MONAI."""
SPARE_SHARE = 0.1
"""Of what is free, left to everybody else."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a training takes, in bytes, and what there is."""

    step: int
    """Weights, optimiser, and what a batch keeps, or a validation where that takes more."""
    train: int
    """The prepared cases to train on."""
    validation: int
    """Those to validate on, which never lie on a card."""
    free: int
    """Of the device's memory."""
    host_free: int
    """Of the machine's memory; the same on a processor."""
    device: torch.device

    def choose(self, asked: str) -> Residence:
        """Return where the cohort shall lie.

        Args:
            asked: `auto`, or a residence.

        Raises:
            MachineError: not even a step fits, or what was asked for does not; the message says what would help.
        """
        room = {residence: self.has_room(residence) for residence in Residence}
        if self.is_host:
            room.pop(Residence.DEVICE)  # its memory is the machine's
        wanted = list(room) if asked == "auto" else [Residence(asked)] if Residence(asked) in room else list(room)[:1]
        for residence in wanted:
            if room[residence]:
                return residence
        raise MachineError(
            f"not enough memory {self.lack(wanted[-1])}; give a smaller --set batch or patch or a smaller network, "
            "leave residence at auto, or end other programs"
        )

    def lack(self, residence: Residence) -> str:
        """Return what is missing where the cohort lies there, in words."""
        what = "a step or validation takes" if residence is Residence.DISK else "cohort and step take"
        if self.is_host or self.on_card(residence) > usable(self.free):
            needed = self.on_host(residence) if self.is_host else self.on_card(residence)
            return f"on {self.device}: {what} about {gib(needed)}, {gib(self.free)} are free"
        return f"of the machine: the patients take about {gib(self.on_host(residence))}, {gib(self.host_free)} are free"

    @property
    def is_host(self) -> bool:
        """Whether the machine itself trains."""
        return self.device.type == "cpu"

    def has_room(self, residence: Residence) -> bool:
        """Return whether everything fits where the cohort lies there."""
        on_host = self.on_host(residence) <= usable(self.host_free)
        return on_host and (self.is_host or self.on_card(residence) <= usable(self.free))

    def on_card(self, residence: Residence) -> int:
        """Return the bytes that a card needs."""
        return self.step + (self.train if residence is Residence.DEVICE else 0)

    def on_host(self, residence: Residence) -> int:
        """Return the bytes of the machine's memory that are needed beside the program's."""
        cohort = {
            Residence.DEVICE: self.validation,
            Residence.MEMORY: self.train + self.validation,
            Residence.DISK: 0,
        }[residence]
        return cohort + (self.step if self.is_host else 0)

    def words(self, residence: Residence) -> str:
        """Return the forecast in a line."""
        host = PROGRAM_BYTES + self.on_host(residence)
        step = f"step or validation {gib(self.step)}"
        if self.is_host:
            cohort, where = self.train + self.validation, "on disk" if residence is Residence.DISK else "in memory"
            parts = f"program {gib(PROGRAM_BYTES)}, {step}, cohort {gib(cohort)} {where}"
            return f"memory: about {gib(host)} at the peak ({parts}); {gib(self.free)} free on {self.device}"
        where = {Residence.DEVICE: "on the card", Residence.MEMORY: "in memory", Residence.DISK: "on disk"}[residence]
        return (
            f"memory: about {gib(self.on_card(residence))} of the card at the peak ({step}, training patients "
            f"{gib(self.train)} {where}), {gib(self.free)} free on {self.device}; "
            f"about {gib(host)} of the machine's, {gib(self.host_free)} free"
        )


def gib(size: int) -> str:
    """Return bytes for people.

    >>> gib(3 * 2**29)
    '1.5 GiB'
    """
    return f"{size / GIB:.1f} GiB"


def usable(free: int) -> int:
    """Return what of free bytes a training may take."""
    return int(free * (1 - SPARE_SHARE))


def forecast(
    network_def: Mapping[str, Any],
    patch: Sequence[int],
    batch: int,
    train_bytes: Sequence[int],
    validation_bytes: Sequence[int],
    device: torch.device,
) -> Forecast:
    """Return the forecast of a training.

    Args:
        network_def: `_target_` and plain arguments.
        patch: voxels along X, Y, Z.
        batch: patches a step.
        train_bytes, validation_bytes: of each prepared case.
        device: where it trains.
    """
    host = free_memory() // processes_here()
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else host
    # Freed memory goes back to the kernel between epochs, so that the two need not lie beside each other.
    case_bytes = 2 * network_def["in_channels"] + 1  # a voxel of a prepared case: float16 modalities, uint8 levels
    validation = VALIDATION_BYTES_A_VOXEL * max(validation_bytes, default=0) // case_bytes
    weights, activations = step_bytes(network_def, patch, batch)
    step = weights + max(activations, validation)
    return Forecast(step, sum(train_bytes), sum(validation_bytes), free, host, device)


def step_bytes(network_def: Mapping[str, Any], patch: Sequence[int], batch: int) -> tuple[int, int]:
    """Return about how many bytes weights with all their copies, and the activations of a batch, take in a step.

    What is kept grows with the voxels of a patch, by as many bytes each as two small forward passes tell.
    """
    with torch.random.fork_rng(devices=[]):  # what the run draws is none of this network's affair
        network = channels_last(build_network(network_def)).train()
    weights = sum(weight.numel() for weight in network.parameters())
    small, less_small = ([times * step for step in divisor(network_def)] for times in (2, 3))
    low, high = kept_bytes(network, network_def, small), kept_bytes(network, network_def, less_small)
    a_voxel = (high - low) / (voxels_of(less_small) - voxels_of(small))
    voxels = voxels_of(patch) * batch
    return int(4 * weights * WEIGHT_COPIES), int(voxels * (a_voxel * KEPT_SHARE + BYTES_A_VOXEL))


def voxels_of(size: Sequence[int]) -> int:
    """Return the voxels of a patch."""
    return int(torch.Size(size).numel())


def kept_bytes(network: torch.nn.Module, network_def: Mapping[str, Any], size: Sequence[int]) -> int:
    """Return the bytes that a forward pass in bfloat16 keeps for the backward pass."""
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    image = torch.zeros(1, network_def["in_channels"], *size)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), torch.autocast("cpu", torch.bfloat16):
        result = network(image)
    own = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
    total = sum(each.untyped_storage().nbytes() for place, each in kept.items() if place not in own)
    del result
    return total


def processes_here() -> int:
    """Return how many processes train on this machine and share its memory, as torchrun tells each of them."""
    count = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return max(1, int(count)) if count.isdecimal() else 1


def free_memory() -> int:
    """Return the bytes of memory that programs may still take on this machine, or in its container."""
    free = [physical_free()]
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            free.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):
            continue  # no container, or one without a limit ("max")
    return max(0, min(free))


def physical_free() -> int:
    """Return the bytes the kernel could give out; half of the machine's memory where it does not say."""
    try:
        rows = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
