"""Experiments under one budget of time: a table of recipes, each trained, segmented and scored; resumable.

`make experiments` runs this for the tables in `configs/experiments/`; each goes into a `table.md` of its own.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch

from brats3d.batch.segment import Options, segment_folder
from brats3d.bundle import open_bundle
from brats3d.cases.find import find_cases
from brats3d.errors import MachineError, RequestError
from brats3d.labels import scheme_asked
from brats3d.networks import outline
from brats3d.output.whole import make_folder, write_whole
from brats3d.predict.engines import choose_device
from brats3d.scoring.folder import compare
from brats3d.scoring.scores import CaseScores
from brats3d.study.budget import seconds_a_step, steps_within
from brats3d.study.strata import error_of_mean, mean_dice
from brats3d.train.recipe import parse_yaml, read_recipe
from brats3d.train.splits import read_split
from brats3d.vocabulary import REGIONS

FEW_STEPS = 100
"""A network that makes fewer within the budget has learnt nothing yet, and the table says so."""
EPOCHS = 20
"""Of each training, so that a killed one is resumed with little lost."""
HEADER = ("", "parameters", "steps", "steps/s", "memory", *(f"{r} Dice" for r in REGIONS), "mean", "more", "HD95 mm")
RUN_TRAIN = "import sys; from brats3d.cli.main import main; sys.exit(main())"
Result = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A row of a table."""

    name: str
    config: str
    """The recipe."""
    changes: tuple[str, ...] = ()
    """`key=value` each."""

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What the experiments of a run share."""

    data: Path
    splits: Path
    """A single split: trained on one list, scored on the other."""
    out: Path
    minutes: float
    """Of training, for each."""
    device: str = "auto"

    @property
    def cache(self) -> Path:
        """Prepared patients."""
        return self.out / "cache"


def read_table(name: str) -> tuple[str, list[Experiment]]:
    """Return title and rows of a table that ships; what it sets above its rows holds for each of them."""
    file = resources.files("brats3d.configs").joinpath("experiments", f"{name}.yaml")
    document = parse_yaml(file.read_bytes(), f"experiments {name}")
    shared = document.get("set", [])
    rows = [Experiment(row["name"], row["config"], (*shared, *row.get("set", ()))) for row in document["rows"]]
    return str(document["title"]), rows


def run_experiment(experiment: Experiment, lab: Laboratory, say: Say) -> Result:
    """Train, segment and score one row, or return what an earlier run came to.

    Raises:
        RequestError: the earlier run was asked for something else.
        MachineError: the training failed.
    """
    place = lab.out / experiment.folder
    done = place.with_suffix(".json")
    changes = planned(experiment, lab, place, say)
    if done.is_file():
        say(f"{experiment.name}: done already")
        return dict(json.loads(done.read_text(encoding="utf-8")))
    train(experiment, changes, lab, place)
    split = read_split(lab.splits, None)
    scheme = scheme_asked(read_recipe(experiment.config, experiment.changes)["label_scheme"])
    held_out = [case for case in find_cases(lab.data, label_scheme=scheme) if case.id in set(split.validation)]
    segment_folder(held_out, place / "masks", place, options=Options(device=lab.device))
    scores = compare(place / "masks", lab.data, label_scheme=scheme).scores["brats2020"]
    result = result_of(experiment, place, [each for each in scores if each.id in set(split.validation)])
    write_whole(done, json.dumps(result, indent=1).encode())
    return result


def planned(experiment: Experiment, lab: Laboratory, place: Path, say: Say) -> list[str]:
    """Return the changes that make a training fill its budget; measured once, so that a resumed run has the same.

    Raises:
        RequestError: the row was begun with another recipe, budget or split.
    """
    path = place.with_suffix(".plan.json")
    recipe, split = read_recipe(experiment.config, experiment.changes), read_split(lab.splits, None)
    lists = {"train": list(split.train), "validation": list(split.validation)}
    asked = json.loads(json.dumps({"minutes": lab.minutes, "split": lists, "recipe": recipe}))
    if path.is_file():
        plan = json.loads(path.read_text(encoding="utf-8"))
        other = [key for key, value in asked.items() if "asked" not in plan or plan["asked"][key] != value]
        if other:
            what = {"minutes": "budget", "split": "split", "recipe": "recipe"}[other[0]]
            raise RequestError(f"{path} was made for another {what}: give another folder, or remove it")
        return list(plan["changes"])
    seconds = seconds_a_step(recipe, torch.device(choose_device(lab.device)))
    steps = steps_within(60 * lab.minutes, seconds)
    say(f"{experiment.name}: {seconds:.3f} s a step, {steps} steps in {lab.minutes:g} minutes")
    epochs = min(EPOCHS, steps)
    ways = {"epochs": epochs, "steps": steps // epochs, "validation_interval": epochs + 1}
    ways["schedule.warmup_steps"] = min(recipe["schedule"]["warmup_steps"], steps // 10)
    changes = [f"{key}={value}" for key, value in ways.items()]
    make_folder(lab.out)
    write_whole(path, json.dumps({"asked": asked, "changes": changes}, indent=1).encode())
    return changes


def train(experiment: Experiment, changes: Sequence[str], lab: Laboratory, place: Path) -> None:
    """Train in a process of its own, whose memory is its own; resumed where it was begun.

    Raises:
        MachineError: it failed; what it said is on stderr.
    """
    words = ["train", experiment.config, "--data", lab.data, "--splits", lab.splits, "-o", place, "--cache", lab.cache]
    words += [part for change in (*experiment.changes, *changes) for part in ("--set", change)]
    words += ["--device", lab.device, *(["--resume"] if place.is_dir() and any(place.iterdir()) else [])]
    if subprocess.run([sys.executable, "-c", RUN_TRAIN, *map(str, words)], check=False).returncode:
        raise MachineError(f"the training of {experiment.name!r} failed; run again to go on with it")


def result_of(experiment: Experiment, place: Path, scores: Sequence[CaseScores]) -> Result:
    """Return a row of the table as plain data."""
    bundle = open_bundle(place)
    training = bundle.metadata["brats3d"]["training"]
    parameters = sum(weight.numel() for weight in outline(bundle.network_def).parameters())
    mean = {
        str(region): {
            "dice": sum(each.regions[region].dice for each in scores) / len(scores),
            "hd95": sum(each.regions[region].hd95_mm for each in scores) / len(scores),
        }
        for region in REGIONS
    }
    return {
        "name": experiment.name,
        "parameters": parameters,
        **{key: training[key] for key in ("steps", "seconds", "device", "precision", "peak_memory_bytes")},
        "dice": {each.id: mean_dice(each) for each in scores},
        "mean": mean,
    }


def row_of(result: Result, first: Result) -> list[str]:
    """Return a row as people read it.

    Args:
        result: of the row.
        first: of the row that it is compared with, patient by patient.
    """
    mean, memory = result["mean"], result["peak_memory_bytes"]
    dice = [mean[str(region)]["dice"] for region in REGIONS]
    few = f" (under {FEW_STEPS}: too few to judge)" if result["steps"] < FEW_STEPS else ""
    return [
        result["name"],
        f"{result['parameters'] / 1e6:.1f} M",
        f"{result['steps']}{few}",
        f"{result['steps'] / result['seconds']:.2f}",
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


def as_markdown(title: str, results: Sequence[Result], lab: Laboratory) -> str:
    """Return a table with the sentence that says under what it was made."""
    first = results[0]
    lines = [f"## {title}", ""]
    lines += [
        f"{lab.minutes:g} minutes of training each ({first['device']}, {first['precision']}); Dice and HD95 of "
        f'{len(first["dice"])} patients that were not trained on, protocol `brats2020`. "more" is how much higher '
        "the mean is than the first row's, patient by patient, and its standard error: under two of these it is noise.",
        "",
        "| " + " | ".join(HEADER) + " |",
        "| " + " | ".join(["---"] * len(HEADER)) + " |",
    ]
    lines += ["| " + " | ".join(row_of(result, first)) + " |" for result in results]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the tables named on the command line, one after the other, and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", help="names in configs/experiments")
    parser.add_argument("--data", type=Path, required=True, help="folder of patients with references")
    parser.add_argument("--splits", type=Path, required=True, help="a split: trained on one list, scored on the other")
    parser.add_argument("-o", "--out", type=Path, required=True, help="bundles, masks, results; run again to go on")
    parser.add_argument("--minutes", type=float, default=20.0, help="of training each (default 20)")
    parser.add_argument("--device", default="auto")
    asked = parser.parse_args()
    for name in asked.tables:
        lab = Laboratory(asked.data, asked.splits, asked.out / name, asked.minutes, asked.device)
        title, rows = read_table(name)
        results = [run_experiment(row, lab, lambda line: print(line, file=sys.stderr)) for row in rows]
        table = as_markdown(title, results, lab)
        write_whole(lab.out / "table.md", table.encode())
        print(table)


if __name__ == "__main__":
    main()
