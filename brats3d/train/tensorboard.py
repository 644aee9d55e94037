"""The history as TensorBoard events, where TensorBoard is installed (the extra `train`)."""

import importlib.util
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events

from brats3d.train.history import History


class TensorBoard:
    """Writes each row of the history as scalars; does nothing where TensorBoard is not installed.

    Args:
        history: attach after the journal, so that the epoch's row is there.
        folder: where events go.
        writes: whether this process writes.
    """

    def __init__(self, *, history: History, folder: str, writes: bool = True) -> None:
        self.history = history
        self.folder = Path(folder)
        self.is_on = writes and importlib.util.find_spec("tensorboard") is not None
        self.writer: Any = None

    def attach(self, engine: Engine) -> None:
        """Listen to a trainer."""
        if self.is_on:
            engine.add_event_handler(Events.STARTED, self.open)
            engine.add_event_handler(Events.EPOCH_COMPLETED, self.write)
            engine.add_event_handler(Events.COMPLETED, lambda _: self.writer.close())

    def open(self, engine: Engine) -> None:
        """Open an event file; steps after a resumed epoch that an earlier part wrote are purged."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(self.folder), purge_step=int(engine.state.iteration) + 1)

    def write(self, _: Engine) -> None:
        """Write the last row."""
        row = self.history.rows[-1]
        for key in row.keys() - {"epoch", "step"}:
            self.writer.add_scalar(key, row[key], row["step"])
        self.writer.flush()
