"""The history: a table that a spreadsheet reads, a picture, and a state that comes back."""

import csv

from brats3d.train.history import COLUMNS, History

ROWS = [
    {"epoch": 1, "step": 10, "seconds": 2.5, "rate": 0.001, "loss": 1.5},
    {
        "epoch": 2,
        "step": 20,
        "seconds": 5.0,
        "rate": 0.0005,
        "loss": 1.0,
        "dice_WT": 0.5,
        "dice_TC": 0.25,
        "dice_ET": 0.0,
        "dice_mean": 0.25,
    },
]


def history(*rows):
    """Return a history with rows."""
    made = History()
    for row in rows:
        made.add(row)
    return made


def test_table_and_curve_are_written(tmp_path):
    history(*ROWS).write(tmp_path)
    with (tmp_path / "metrics.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert tuple(table[0]) == COLUMNS
    assert (table[0]["loss"], table[0]["dice_WT"]) == ("1.5", "")
    assert (table[1]["epoch"], table[1]["dice_TC"]) == ("2", "0.25")
    history(*ROWS).draw(tmp_path)
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_an_empty_history_has_a_curve_too():
    assert history().curve().startswith(b"\x89PNG")
    assert history().seconds == 0


def test_only_validated_epochs_count_as_such():
    assert history(*ROWS).validated() == [ROWS[1]]
    assert history(*ROWS).seconds == 5.0


def test_a_state_comes_back_and_is_a_copy():
    first, second = history(*ROWS), History()
    state = first.state_dict()
    second.load_state_dict(state)
    second.rows[0]["epoch"] = 99
    assert first.rows == ROWS
    assert state["rows"] == ROWS
