"""The stages of a demo as they are told: a line when one begins, a line with its seconds when it ends."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from brats3d.batch.folder import Silent
from brats3d.batch.summary import Outcome

Say = Callable[[str], None]

INDENT = "      "


class Stages:
    """Counts and times the stages of a run.

    Args:
        say: told a line at a time.
        total: how many stages there will be.
    """

    def __init__(self, say: Say, total: int) -> None:
        self.say = say
        self.total = total
        self.number = 0
        self.started = time.monotonic()

    @contextmanager
    def stage(self, words: str) -> Iterator[None]:
        """Say that a stage begins and, unless an error ends it, how long it took."""
        self.number += 1
        self.say(f"[{self.number}/{self.total}] {words}")
        started = time.monotonic()
        yield
        self.detail(f"{time.monotonic() - started:.1f} s")

    def detail(self, line: str) -> None:
        """Say something within a stage."""
        self.say(INDENT + line)

    @property
    def seconds(self) -> float:
        """Since the first stage could begin."""
        return time.monotonic() - self.started


class Patients(Silent):
    """Tells of each patient of a run what came of it; a `brats3d.batch.folder.Listener`."""

    def __init__(self, stages: Stages) -> None:
        self.stages = stages

    def ended(self, outcome: Outcome, number: int, total: int) -> None:
        """Say what came of a patient, and why where there is no mask."""
        words = f"{outcome.id}: {outcome.status}"
        if outcome.seconds is not None:
            words += f" in {outcome.seconds:.1f} s"
        if outcome.message:
            words += f" ({outcome.message})"
        self.stages.detail(words)
