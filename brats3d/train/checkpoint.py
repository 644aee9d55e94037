"""The state from which training goes on, and the best weights so far; both appear whole or not at all."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from ignite.engine import Engine, Events

from brats3d.bundle.weights import UNREADABLE
from brats3d.errors import MachineError, first_line
from brats3d.output.whole import stream_whole
from brats3d.train.average import WeightAverage, unwrapped
from brats3d.train.history import History
from brats3d.train.step import TrainingStep

LAST = "checkpoint_last.pt"
BEST = "checkpoint_best.pt"


class Checkpoints:
    """Saves after every epoch (attach it last) and goes on from the last save where asked to.

    MONAI's `CheckpointSaver` writes in place, does not keep the best score, and a resumed run then replaces the best
    weights at its first validation; so this is our own.

    Args:
        folder: the bundle's `models` folder.
        network: what is trained.
        optimizer: with its moments.
        rate: the schedule.
        average: the moving average of the weights.
        step: holds the gradient scale.
        history: its rows tell the score of an epoch.
        resume: whether to go on from the last save.
        writes: whether this process writes (rank 0 alone does).
    """

    def __init__(
        self,
        *,
        folder: str,
        network: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        rate: torch.optim.lr_scheduler.LRScheduler,
        average: WeightAverage,
        step: TrainingStep,
        history: History,
        resume: bool = False,
        writes: bool = True,
    ) -> None:
        self.folder = Path(folder)
        self.parts: dict[str, Any] = {
            "network": unwrapped(network),
            "optimizer": optimizer,
            "rate": rate,
            "average": average.network,
            "scaler": step.scaler,
            "history": history,
        }
        self.average = average
        self.history = history
        self.resume = resume
        self.writes = writes
        self.best_dice = -1.0

    def attach(self, engine: Engine) -> None:
        """Load the last save into a trainer where asked to, and save after each of its epochs."""
        if self.resume:
            self.load(engine)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.save)

    def load(self, engine: Engine) -> None:
        """Put everything where the last save left it.

        Raises:
            MachineError: there is no save, or it cannot be read.
        """
        path = self.folder / LAST
        try:
            state = torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
            for name, part in self.parts.items():
                part.load_state_dict(state[name])
            self.best_dice = float(state["best_dice"])
            # How long the run is stands in its config; only where it stood is taken from the save.
            engine.state.epoch = int(state["epoch"])
            engine.state.iteration = int(state["iteration"])
        except FileNotFoundError as error:
            raise MachineError(f"{path.name} is not in {self.folder}: there is nothing to resume") from error
        except UNREADABLE as error:
            words = f"{path} cannot be read as a checkpoint ({first_line(error)})"
            raise MachineError(f"{words}; remove the bundle's folder and start anew without --resume") from error

    def save(self, engine: Engine) -> None:
        """Write the best weights where this epoch's are, then the state."""
        if not self.writes:
            return
        row = self.history.rows[-1] if self.history.rows else {}
        if float(row.get("dice_mean", -1.0)) > self.best_dice:
            self.best_dice = float(row["dice_mean"])
            write_state(self.folder / BEST, self.average.network.state_dict())
        state = {name: part.state_dict() for name, part in self.parts.items()}
        position = {"epoch": engine.state.epoch, "iteration": engine.state.iteration, "best_dice": self.best_dice}
        write_state(self.folder / LAST, {**state, **position})


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write what `torch.save` makes of a state, straight to disk: as bytes in memory it would be three times there.

    Raises:
        OutputError: it cannot be written.
    """

    def write(file: BinaryIO) -> None:
        try:
            torch.save(state, file)
        except RuntimeError as error:
            if isinstance(error.__context__, OSError):  # torch says of a full disk that a position was unexpected
                raise error.__context__ from error
            raise

    stream_whole(path, write)
