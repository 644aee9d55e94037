"""Experiments under one budget of time: a table of recipes, each trained, segmented and scored; resumable.

`make experiments` runs this for the tables in `configs/experiments/`; each goes into a `table.md` of its own.
"""

import argparse
import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch

from brats3d.batch.segment import Options, segment_folder
from brats3d.bundle import open_bundle
from brats3d.cases.find import find_cases
from brats3d.errors import Interrupted, MachineError, RequestError
from brats3d.labels import scheme_asked
from brats3d.networks import outline
from brats3d.output.whole import make_folder, write_whole
from brats3d.predict.engines import choose_device
from brats3d.predict.memory import is_out_of_memory
from brats3d.scoring.folder import compare
from brats3d.scoring.scores import CaseScores
from brats3d.study.budget import seconds_a_step, steps_within
from brats3d.study.comparison import Result, as_markdown
from brats3d.study.strata import mean_dice
from brats3d.train.heap import give_back_freed_memory
from brats3d.train.memory import forecast
from brats3d.train.recipe import network_def_of, parse_yaml, read_recipe
from brats3d.train.splits import read_split
from brats3d.vocabulary import REGIONS

EPOCHS = range(20, 9, -1)
"""Of each training, so that a killed one is resumed with little lost: the number that leaves fewest steps over."""
TICK = 0.1
"""Seconds, to which `metrics.csv` is exact."""
INTERRUPTED = (130, 143)
RUN_TRAIN = "import sys; from brats3d.cli.main import main; sys.exit(main())"
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
        MachineError: it does not fit into memory, or the training failed.
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
    give_back_freed_memory()  # the next row trains in a process of its own
    scores = compare(place / "masks", lab.data, label_scheme=scheme).scores["brats2020"]
    result = result_of(experiment, place, [each for each in scores if each.id in set(split.validation)])
    write_whole(done, json.dumps(result, indent=1).encode())
    return result


def planned(experiment: Experiment, lab: Laboratory, place: Path, say: Say) -> list[str]:
    """Return the changes that make a training fill its budget; measured once, so that a resumed run has the same.

    Raises:
        RequestError: the row was begun with another recipe, budget or split.
        MachineError: not even a step of it fits into memory.
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
    device = torch.device(choose_device(lab.device))
    forecast(network_def_of(recipe), recipe["patch"], recipe["batch"], [], [], device).choose("auto")
    try:
        seconds = seconds_a_step(recipe, device)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise MachineError(f"not enough memory on {device} for a step") from error
    steps = steps_within(60 * lab.minutes, seconds)
    say(f"{experiment.name}: {seconds:.3f} s a step, {steps} steps in {lab.minutes:g} minutes")
    epochs = max(EPOCHS, key=lambda count: steps // count * count) if steps >= min(EPOCHS) else steps
    ways = {"epochs": epochs, "steps": steps // epochs, "validation_interval": epochs + 1}
    ways["schedule.warmup_steps"] = min(recipe["schedule"]["warmup_steps"], steps // 10)
    changes = [f"{key}={value}" for key, value in ways.items()]
    make_folder(lab.out)
    write_whole(path, json.dumps({"asked": asked, "changes": changes}, indent=1).encode())
    return changes


def train(experiment: Experiment, changes: Sequence[str], lab: Laboratory, place: Path) -> None:
    """Train in a process of its own, whose memory is its own; resumed where it was begun.

    Raises:
        RequestError: data or split cannot be used as asked; no other row could be trained either.
        MachineError: it failed; what it said is on stderr.
        Interrupted: it was.
    """
    words = ["train", experiment.config, "--data", lab.data, "--splits", lab.splits, "-o", place, "--cache", lab.cache]
    words += [part for change in (*experiment.changes, *changes) for part in ("--set", change)]
    words += ["--device", lab.device, *(["--resume"] if place.is_dir() and any(place.iterdir()) else [])]
    code = subprocess.run([sys.executable, "-c", RUN_TRAIN, *map(str, words)], check=False).returncode
    if code in INTERRUPTED:
        raise Interrupted("interrupted; run the same command again to go on", code)
    if code:
        failed = RequestError if code == RequestError.exit_code else MachineError
        raise failed(f"the training of {experiment.name!r} failed; run again to go on with it")


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
        **{key: training[key] for key in ("steps", "device", "precision", "peak_memory_bytes")},
        "steps_a_second": pace(place / "metrics.csv"),
        "dice": {each.id: mean_dice(each) for each in scores},
        "mean": mean,
    }


def pace(metrics: Path) -> float:
    """Return the steps a second of a run from its second epoch on: within the first a card's network is compiled."""
    with metrics.open(encoding="utf-8", newline="") as file:
        steps, seconds = zip(*((int(row["step"]), float(row["seconds"])) for row in csv.DictReader(file)), strict=True)
    if len(steps) == 1:
        return float(steps[0] / max(seconds[0], TICK))
    return float((steps[-1] - steps[0]) / max(seconds[-1] - seconds[0], TICK))


def attempt(experiment: Experiment, lab: Laboratory, say: Say) -> Result:
    """Return what a row came to, or why this machine cannot train it: the others go on."""
    try:
        return run_experiment(experiment, lab, say)
    except MachineError as error:
        say(f"{experiment.name}: {error}")
        return {"name": experiment.name, "failed": str(error)}


def main() -> int:
    """Run the tables named on the command line, one after the other, and print them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", help="names in configs/experiments")
    parser.add_argument("--data", type=Path, required=True, help="folder of patients with references")
    parser.add_argument("--splits", type=Path, required=True, help="a split: trained on one list, scored on the other")
    parser.add_argument("-o", "--out", type=Path, required=True, help="bundles, masks, results; run again to go on")
    parser.add_argument("--minutes", type=float, default=20.0, help="of training each (default 20)")
    parser.add_argument("--device", default="auto")
    asked, failed = parser.parse_args(), 0
    for name in asked.tables:
        lab = Laboratory(asked.data, asked.splits, asked.out / name, asked.minutes, asked.device)
        title, rows = read_table(name)
        results = [attempt(row, lab, lambda line: print(line, file=sys.stderr)) for row in rows]
        failed += sum("failed" in result for result in results)
        table = as_markdown(title, results, lab.minutes)
        write_whole(lab.out / "table.md", table.encode())
        print(table)
    return MachineError.exit_code if failed else 0


if __name__ == "__main__":
    sys.exit(main())
