"""What happens around MONAI's trainer: seeds, history, progress, and the four ways a run ends."""

import math
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ignite.engine import Engine, Events
from tqdm import tqdm

from brats3d.errors import TrainingStopped
from brats3d.train.dataset import PatchDataset
from brats3d.train.heap import give_back_freed_memory
from brats3d.train.history import History
from brats3d.vocabulary import REGIONS

LOOKS_EVERY = 25
"""Steps on a GPU between looks at the loss."""
CURVE_SECONDS = 30.0
"""Between two drawings of the curve, which take a card as long as some steps; after a validation it is always drawn."""
METRIC = "val_mean_dice"
"""The key under which the evaluator keeps its Dice, and the details of it."""


class Reseed:
    """Before each epoch, makes chance depend on the seed, the epoch and the rank alone, so that resuming is exact."""

    def __init__(self, *, dataset: PatchDataset, seed: int, rank: int = 0) -> None:
        self.dataset = dataset
        self.seed = seed
        self.rank = rank

    def attach(self, engine: Engine) -> None:
        """Reseed at the start of each epoch, which comes before the loader's iterator is made."""
        engine.add_event_handler(Events.EPOCH_STARTED, self.reseed)

    def reseed(self, engine: Engine) -> None:
        """Seed every generator a network or a loader may draw from."""
        epoch = int(engine.state.epoch)
        self.dataset.epoch = epoch
        seed = int(np.random.SeedSequence([self.seed, epoch, self.rank]).generate_state(1)[0])
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)


class RateSchedule:
    """Steps the learning rate after every training step (MONAI's handler prints the rate each time)."""

    def __init__(self, *, rate: torch.optim.lr_scheduler.LRScheduler) -> None:
        self.rate = rate

    def attach(self, engine: Engine) -> None:
        """Step after each iteration."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, lambda _: self.rate.step())


class StopOnNaN:
    """Ends a run whose loss is no number: nothing good comes after it, and no weights of it may ship.

    Looking at a loss on a GPU waits for the step to end; so there it is looked at now and then, and before an epoch
    is saved.
    """

    def __init__(self) -> None:
        self.total: torch.Tensor | float = 0.0

    def attach(self, engine: Engine) -> None:
        """Add up the loss after each iteration, and look at the sum; attach before whatever keeps an epoch."""
        engine.add_event_handler(Events.EPOCH_STARTED, self.start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.add)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.look)

    def start(self, _: Engine) -> None:
        """Forget the epoch before."""
        self.total = 0.0

    def add(self, engine: Engine) -> None:
        """Add the loss of a step."""
        self.total = self.total + loss_of(engine)
        if may_look(engine):
            self.look(engine)

    def look(self, engine: Engine) -> None:
        """Raise where a loss of this epoch is not finite.

        Raises:
            TrainingStopped: the loss is NaN or infinite.
        """
        total = float(self.total)
        if not math.isfinite(total):
            raise TrainingStopped(
                f"the loss became {total} in step {engine.state.iteration} (epoch {engine.state.epoch}), so training "
                "was stopped and no weights were written; train anew in another folder with a lower rate "
                "(--set optimizer.rate=...)"
            )


class GiveBackMemory:
    """Hands freed memory back after the steps of an epoch; attach before the validation, which takes as much anew."""

    def attach(self, engine: Engine) -> None:
        """Act after each epoch."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, give_back_freed_memory)


class StopInTime:
    """Ends this part of a run after the first epoch that is over the minutes given.

    Args:
        max_minutes: since this was made; 0 means no limit.
    """

    def __init__(self, *, max_minutes: float = 0.0) -> None:
        self.max_minutes = max_minutes
        self.started = time.monotonic()

    def attach(self, engine: Engine) -> None:
        """Look at the clock after each epoch."""
        if self.max_minutes > 0:
            engine.add_event_handler(Events.EPOCH_COMPLETED, self.look)

    def look(self, engine: Engine) -> None:
        """Terminate where the time of this part is used up, on all ranks at once: clocks differ."""
        is_over = torch.tensor(float(time.monotonic() - self.started >= 60 * self.max_minutes))
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            state: Any = engine.state
            is_over = is_over.to(state.device)
            torch.distributed.all_reduce(is_over, torch.distributed.ReduceOp.MAX)
        if is_over.item():
            engine.terminate()


class StopWithoutGain:
    """Ends a run whose validation Dice has not risen for a number of validations."""

    def __init__(self, *, history: History, patience: int = 0) -> None:
        self.history = history
        self.patience = patience

    def attach(self, engine: Engine) -> None:
        """Look after each epoch, and before the first of a run that is resumed; a patience of 0 means never."""
        if self.patience > 0:
            engine.add_event_handler(Events.STARTED, self.look)
            engine.add_event_handler(Events.EPOCH_COMPLETED, self.look)

    def look(self, engine: Engine) -> None:
        """Terminate where the best validation lies too far back."""
        scores = [row["dice_mean"] for row in self.history.validated()]
        if scores and len(scores) - 1 - int(np.argmax(scores)) >= self.patience:
            engine.terminate()


class Journal:
    """Adds a row to the history after each epoch and writes table and curve; attach it after the validation.

    Args:
        history: where rows go.
        validator: the evaluator; its Dice per region is taken in epochs in which it ran.
        optimizer: its rate is written down.
        folder: the bundle's folder, where `metrics.csv` and `curve.png` are written.
        writes: whether this process writes.
    """

    def __init__(
        self,
        *,
        history: History,
        validator: Engine,
        optimizer: torch.optim.Optimizer,
        folder: str,
        writes: bool = True,
    ) -> None:
        self.history = history
        self.validator = validator
        self.optimizer = optimizer
        self.folder = Path(folder)
        self.writes = writes
        self.losses: list[torch.Tensor] = []
        self.seconds_before = 0.0
        self.started = self.drawn = 0.0
        self.scores: dict[str, float] = {}

    def attach(self, engine: Engine) -> None:
        """Listen to the trainer and to the validator."""
        engine.add_event_handler(Events.STARTED, self.start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, lambda trainer: self.losses.append(loss_of(trainer)))
        self.validator.add_event_handler(Events.COMPLETED, self.take_scores)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.write_down)
        engine.add_event_handler(Events.COMPLETED, lambda _: self.draw())

    def start(self, _: Engine) -> None:
        """Start the clock."""
        self.seconds_before = self.history.seconds
        self.started = time.monotonic()

    def take_scores(self, validator: Engine) -> None:
        """Keep the mean Dice of each region over the validation cases."""
        dice = dice_of_cases(validator).mean(dim=0).tolist()
        self.scores = {f"dice_{region}": value for region, value in zip(REGIONS, dice, strict=True)}
        self.scores["dice_mean"] = sum(dice) / len(dice)

    def write_down(self, engine: Engine) -> None:
        """Append the epoch's row and write the files."""
        row: dict[str, float | int] = {
            "epoch": int(engine.state.epoch),
            "step": int(engine.state.iteration),
            "seconds": round(self.seconds_before + time.monotonic() - self.started, 1),
            "rate": float(self.optimizer.param_groups[0]["lr"]),
            "loss": float(torch.stack(self.losses).mean()) if self.losses else 0.0,
        }
        self.history.add({**row, **self.scores})
        is_due = bool(self.scores) or time.monotonic() - self.drawn > CURVE_SECONDS
        self.losses, self.scores = [], {}
        if self.writes:
            self.history.write(self.folder)
        if is_due:
            self.draw()

    def draw(self) -> None:
        """Draw the curve as it is now."""
        if self.writes:
            self.history.draw(self.folder)
            self.drawn = time.monotonic()


class Progress:
    """A bar with the loss and the time left where stderr is a terminal; else a line for each epoch.

    Args:
        history: its last row is what a line says; attach after the journal.
        quiet: say nothing.
    """

    def __init__(self, *, history: History, quiet: bool = False) -> None:
        self.history = history
        self.quiet = quiet
        self.bar: tqdm[Any] | None = None

    def attach(self, engine: Engine) -> None:
        """Listen to steps and epochs."""
        if not self.quiet:
            engine.add_event_handler(Events.STARTED, self.start)
            engine.add_event_handler(Events.ITERATION_COMPLETED, self.advance)
            engine.add_event_handler(Events.EPOCH_COMPLETED, self.tell)
            engine.add_event_handler(Events.COMPLETED, self.close)

    def start(self, engine: Engine) -> None:
        """Open the bar."""
        steps = int(engine.state.max_epochs or 0) * int(engine.state.epoch_length or 0)
        hidden = not sys.stderr.isatty()
        self.bar = tqdm(total=steps, initial=int(engine.state.iteration), unit="step", disable=hidden, desc="train")

    def advance(self, engine: Engine) -> None:
        """Move the bar on."""
        if self.bar is not None:
            if may_look(engine):
                self.bar.set_postfix_str(f"loss {float(loss_of(engine)):.3f}", refresh=False)
            self.bar.update()

    def close(self, _: Engine) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.close()

    def tell(self, engine: Engine) -> None:
        """Say what an epoch came to; beside a bar, only where it was validated."""
        row, epochs = self.history.rows[-1], int(engine.state.max_epochs or 0)
        if "dice_mean" in row or not sys.stderr.isatty():
            line = f"epoch {row['epoch']}/{epochs}  step {row['step']}  {row['seconds']:.0f} s  loss {row['loss']:.3f}"
            if "dice_mean" in row:
                line += "  Dice " + "  ".join(f"{region} {row[f'dice_{region}']:.3f}" for region in REGIONS)
            if row["epoch"] < epochs:
                line += f"  {row['seconds'] / row['epoch'] * (epochs - row['epoch']) / 60:.0f} min left"
            tqdm.write(line, file=sys.stderr)


def loss_of(engine: Engine) -> torch.Tensor:
    """Return the loss of the step just made, still on its device."""
    output: Any = engine.state.output
    loss: torch.Tensor = torch.as_tensor(output["loss"])
    return loss


def may_look(engine: Engine) -> bool:
    """Return whether to look at this step's loss: always on a processor, where it is there at once."""
    return loss_of(engine).device.type == "cpu" or engine.state.iteration % LOOKS_EVERY == 0


def dice_of_cases(evaluator: Engine) -> torch.Tensor:
    """Return the Dice float64 (cases, 3) of an evaluator's last run: WT, TC, ET."""
    state: Any = evaluator.state
    return torch.as_tensor(state.metric_details[METRIC], dtype=torch.float64).reshape(-1, len(REGIONS))
