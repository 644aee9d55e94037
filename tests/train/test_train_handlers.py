"""Handlers on a real engine whose steps are made up: what ends a run, and what is written down."""

import math

import pytest
import torch
from ignite.engine import Engine, Events
from training_for_tests import a_case

from brats3d.errors import TrainingStopped
from brats3d.train import handlers
from brats3d.train.augment import Augmentation
from brats3d.train.dataset import PatchDataset
from brats3d.train.handlers import (
    METRIC,
    Journal,
    Progress,
    RateSchedule,
    Reseed,
    StopInTime,
    StopOnNaN,
    StopWithoutGain,
    dice_of_cases,
    loss_of,
)
from brats3d.train.history import History
from brats3d.train.schedule import Schedule


def engine(losses=(1.0,)):
    """Return an engine whose losses come from a list, over and over."""
    return Engine(lambda trainer, _: {"loss": torch.tensor(losses[(trainer.state.iteration - 1) % len(losses)])})


def scored(scores):
    """Return a history of epochs that were each validated."""
    history = History()
    for epoch, dice in enumerate(scores, start=1):
        history.add({"epoch": epoch, "dice_mean": dice})
    return history


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_ends_the_run(loss):
    trainer = engine([1.0, 1.0, loss])
    StopOnNaN().attach(trainer)
    with pytest.raises(TrainingStopped, match=r"in step 3 \(epoch 2\).* lower rate"):
        trainer.run([0, 1], max_epochs=3)


@pytest.mark.parametrize(
    ("scores", "patience", "stops"),
    [
        ([0.1, 0.3, 0.2, 0.2], 2, True),
        ([0.1, 0.3, 0.2, 0.2], 3, False),
        ([0.1, 0.2, 0.3], 1, False),
        ([0.3, 0.3], 1, True),  # as good is no gain
        ([], 1, False),
        ([0.3, 0.1, 0.1, 0.1], 0, False),
    ],
)
def test_a_run_ends_where_the_best_validation_lies_too_far_back(scores, patience, stops):
    trainer = engine()
    StopWithoutGain(history=scored(scores), patience=patience).attach(trainer)
    assert trainer.run([0], max_epochs=2).epoch == (0 if stops else 2)


def test_a_run_ends_after_the_epoch_without_gain():
    trainer, history = engine(), scored([0.3])
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: history.add({"dice_mean": 0.2}))
    StopWithoutGain(history=history, patience=1).attach(trainer)
    assert trainer.run([0], max_epochs=3).epoch == 1


def test_a_run_ends_after_the_epoch_that_is_over_its_time():
    trainer, endless = engine(), engine()
    StopInTime(max_minutes=1e-9).attach(trainer)
    StopInTime(max_minutes=0).attach(endless)
    assert trainer.run([0, 1, 2], max_epochs=5).iteration == 3
    assert endless.run([0], max_epochs=5).epoch == 5


def test_the_rate_steps_with_every_step_of_the_trainer():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    trainer = engine()
    RateSchedule(rate=Schedule(optimizer=optimizer, steps=4, power=1.0)).attach(trainer)
    optimizer.step()
    trainer.run([0, 1, 2], max_epochs=1)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.25)


def test_chance_before_an_epoch_depends_on_seed_epoch_and_rank_alone():
    patches = PatchDataset(cohort=[a_case()], patch=[4, 4, 4], batch=1, count=1, augmentation=Augmentation())

    def drawn(seed, rank, epochs):
        trainer, seen = engine(), []
        Reseed(dataset=patches, seed=seed, rank=rank).attach(trainer)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda _: seen.append(float(torch.rand(1))))
        trainer.run([0], max_epochs=epochs)
        return seen

    first = drawn(3, 0, 3)
    assert patches.epoch == 3
    torch.manual_seed(77)
    assert drawn(3, 0, 2) == first[:2]
    assert len({*first, drawn(4, 0, 1)[0], drawn(3, 1, 1)[0]}) == 5


def test_the_journal_writes_down_losses_times_and_scores(tmp_path, monkeypatch):
    trainer, validator, history = engine([1.0, 3.0]), Engine(lambda *_: None), History()
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    validator.state.metric_details = {METRIC: torch.tensor([[1.0, 0.5, 0.0], [0.0, 0.5, 0.25]])}

    @trainer.on(Events.EPOCH_COMPLETED(once=2))
    def validate():
        validator.run([0])

    drawn = []
    monkeypatch.setattr(History, "draw", lambda history, folder: drawn.append(len(history.rows)))
    Journal(history=history, validator=validator, optimizer=optimizer, folder=str(tmp_path)).attach(trainer)
    trainer.run([0, 1], max_epochs=4)
    assert drawn == [1, 2, 4]  # at the first, the validated and the last, with no half minute between
    assert [row["loss"] for row in history.rows] == [2.0] * 4
    assert [row["step"] for row in history.rows] == [2, 4, 6, 8]
    assert [row["rate"] for row in history.rows] == [0.5] * 4
    (row,) = history.validated()
    assert row["epoch"] == 2
    assert (row["dice_WT"], row["dice_TC"], row["dice_ET"]) == (0.5, 0.5, 0.125)
    assert row["dice_mean"] == pytest.approx(0.375)
    assert (tmp_path / "metrics.csv").is_file()


def test_seconds_go_on_from_the_part_before(tmp_path):
    history = History()
    history.add({"epoch": 1, "step": 1, "seconds": 100.0, "rate": 1.0, "loss": 1.0})
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    trainer = engine()
    journal = Journal(
        history=history, validator=Engine(lambda *_: None), optimizer=optimizer, folder=str(tmp_path), writes=False
    )
    journal.attach(trainer)
    trainer.run([0], max_epochs=1)
    assert 100 <= history.rows[-1]["seconds"] < 160
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("quiet", [False, True])
def test_a_validated_epoch_is_one_line_on_stderr(capsys, quiet):
    history = scored([0.5])
    history.rows[0].update(step=9, seconds=3.0, loss=1.25, dice_WT=0.75, dice_TC=0.5, dice_ET=0.25)
    trainer = engine()
    Progress(history=history, quiet=quiet).attach(trainer)
    trainer.run([0], max_epochs=1)
    said = capsys.readouterr()
    line = "epoch 1/1  step 9  3 s  loss 1.250  Dice WT 0.750  TC 0.500  ET 0.250\n"
    assert (said.out, said.err) == ("", "" if quiet else line)


def test_each_epoch_is_a_line_with_the_time_left_where_there_is_no_terminal(capsys):
    history = scored([])
    history.add({"epoch": 1, "step": 9, "seconds": 120.0, "loss": 1.25})
    trainer = engine()
    Progress(history=history).attach(trainer)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda each: each.terminate())
    trainer.run([0], max_epochs=4)
    assert capsys.readouterr().err == "epoch 1/4  step 9  120 s  loss 1.250  6 min left\n"


def test_a_loss_on_a_card_is_looked_at_now_and_then_and_at_the_end_of_an_epoch(monkeypatch):
    looked = []
    monkeypatch.setattr(handlers, "may_look", lambda trainer: trainer.state.iteration % 4 == 0)
    stop = StopOnNaN()
    monkeypatch.setattr(stop, "look", lambda trainer: looked.append(trainer.state.iteration))
    trainer = engine()
    stop.attach(trainer)
    trainer.run([0] * 6, max_epochs=2)
    assert looked == [4, 6, 8, 12, 12]
    assert float(loss_of(trainer)) == 1.0


def test_one_case_is_a_row_as_several_are():
    validator = Engine(lambda *_: None)
    validator.state.metric_details = {METRIC: torch.tensor([1.0, 0.5, 0.0])}
    assert dice_of_cases(validator).tolist() == [[1.0, 0.5, 0.0]]
