"""The end of a run, however it came: the averaged weights become `model.pt`, and the bundle says what it is."""

import json
import platform
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import torch
from monai.engines.trainer import SupervisedTrainer

from brats3d.bundle import METADATA_FILE, WEIGHTS_FILE, weights_entry, write_weights
from brats3d.train.average import WeightAverage
from brats3d.train.history import History
from brats3d.train.peak import peak_memory, reset_peak
from brats3d.train.write_bundle import describe_bundle

HELD_BACK = (signal.SIGINT, signal.SIGTERM)


class BundleFinisher:
    """Runs a trainer to its end and completes its bundle.

    Args:
        folder: the bundle.
        trainer: MONAI's trainer with every handler attached.
        average: its weights ship.
        history: what the run measured.
        weights: float32 or float16, how `model.pt` keeps them.
        precision: what training computed in.
        device: where.
        writes: whether this process writes (rank 0 alone does).
    """

    def __init__(
        self,
        *,
        folder: str,
        trainer: SupervisedTrainer,
        average: WeightAverage,
        history: History,
        weights: str,
        precision: str,
        device: torch.device,
        writes: bool = True,
    ) -> None:
        self.folder = Path(folder)
        self.trainer = trainer
        self.average = average
        self.history = history
        self.dtype = torch.float16 if weights == "float16" else torch.float32
        self.precision = precision
        self.device = device
        self.writes = writes

    def run(self) -> None:
        """Train, then write weights and metadata.

        Raises:
            TrainingStopped: the loss became no number.
        """
        # A finished run that is resumed has nothing left to do; ignite would start it anew.
        begun_at = self.trainer.state.iteration
        if self.trainer.state.epoch < self.trainer.state.max_epochs:
            reset_peak(self.device)
            self.trainer.run()
        has_steps = self.trainer.state.iteration > begun_at
        if self.writes and (has_steps or not self.is_complete):
            with undisturbed():  # between the two, the weights are not those that the metadata names
                write_weights(self.folder / WEIGHTS_FILE, self.average.network.state_dict(), self.dtype)
                describe_bundle(self.folder, self.training(has_steps))

    @property
    def is_complete(self) -> bool:
        """Whether weights and metadata are those of the last step."""
        metadata = json.loads((self.folder / METADATA_FILE).read_text(encoding="utf-8"))
        about, weights = metadata.get("brats3d", {}), self.folder / WEIGHTS_FILE
        is_of_last = about.get("training", {}).get("steps") == self.history.rows[-1]["step"]
        return is_of_last and weights.is_file() and about.get("weights") == weights_entry(weights)

    def training(self, has_steps: bool) -> dict[str, Any]:
        """Return what the bundle says of its training; of its memory nothing where this process made no step of it."""
        last = self.history.rows[-1]
        validated = self.history.validated()
        return {
            "steps": last["step"],
            "epochs": last["epoch"],
            "seconds": last["seconds"],
            "device": torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else processor(),
            "precision": self.precision,
            "peak_memory_bytes": peak_memory(self.device) if has_steps else None,
            "torch": installed_version("torch"),
            "last_validation": validated[-1] if validated else None,
            "best_validation": max(validated, key=lambda row: row["dice_mean"]) if validated else None,
        }


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back while the block lasts; one that came is raised after it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python takes signals in the main thread alone
        return
    came: list[int] = []
    before = {each: signal.signal(each, lambda number, _: came.append(number)) for each in HELD_BACK}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def processor() -> str:
    """Return how many threads of what kind of processor trained."""
    count = torch.get_num_threads()
    return f"{count} thread{'' if count == 1 else 's'}, {platform.machine()}"
