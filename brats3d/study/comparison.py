"""The table of an experiment: a row each, compared with the first patient by patient."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from brats3d.study.strata import error_of_mean
from brats3d.vocabulary import REGIONS

FEW_STEPS = 100
"""A network that makes fewer within the budget has learnt nothing yet, and the table says so."""
HEADER = ("", "parameters", "steps", "steps/s", "memory", *(f"{r} Dice" for r in REGIONS), "mean", "more", "HD95 mm")
Result = dict[str, Any]


def row_of(result: Result, first: Result) -> list[str]:
    """Return a row as people read it.

    Args:
        result: of the row.
        first: of the row that it is compared with, patient by patient.
    """
    if "failed" in result:
        return [result["name"], result["failed"], *[""] * (len(HEADER) - 2)]
    mean, memory = result["mean"], result["peak_memory_bytes"]
    dice = [mean[str(region)]["dice"] for region in REGIONS]
    few = f" (under {FEW_STEPS}: too few to judge)" if result["steps"] < FEW_STEPS else ""
    return [
        result["name"],
        f"{result['parameters'] / 1e6:.1f} M",
        f"{result['steps']}{few}",
        f"{result['steps_a_second']:.2f}",
        "-" if memory is None else f"{memory / 2**30:.1f} GiB",
        *(f"{value:.3f}" for value in dice),
        f"{sum(dice) / len(dice):.3f}",
        "" if result is first else difference(result["dice"], first["dice"]),
        " / ".join(f"{mean[str(region)]['hd95']:.1f}" for region in REGIONS),
    ]


def difference(ours: Mapping[str, float], theirs: Mapping[str, float]) -> str:
    """Return how much higher the mean of our scores is, patient by patient, and its standard error."""
    each = {name: ours[name] - theirs[name] for name in ours}
    error = error_of_mean(each)
    return f"{np.mean(list(each.values())):+.3f}{'' if error is None else f' ± {error:.3f}'}"


def as_markdown(title: str, results: Sequence[Result], minutes: float) -> str:
    """Return a table with the sentence that says under what it was made; rows that failed say why.

    Args:
        title: of the table.
        results: a row each.
        minutes: of training each.
    """
    lines = [f"## {title}", ""]
    done = [result for result in results if "failed" not in result]
    first = done[0] if done else {}
    if done:
        lines += [
            f"{minutes:g} minutes of training each ({first['device']}, {first['precision']}); Dice and HD95 of "
            f'{len(first["dice"])} patients that were not trained on, protocol `brats2020`. "more" is how much higher '
            "the mean is than the first row's that was trained, patient by patient, and its standard error: under two "
            "of these it is noise.",
            "",
        ]
    lines += ["| " + " | ".join(HEADER) + " |", "| " + " | ".join(["---"] * len(HEADER)) + " |"]
    lines += ["| " + " | ".join(row_of(result, first)) + " |" for result in results]
    return "\n".join(lines) + "\n"
