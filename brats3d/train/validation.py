"""Scoring a network on whole validation cases, inside MONAI's evaluator."""

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events
from monai.handlers.ignite_metric import IgniteMetricHandler
from monai.handlers.utils import from_engine
from monai.metrics.meandice import DiceMetric
from monai.transforms.transform import MapTransform

from brats3d.errors import RequestError
from brats3d.output.whole import make_folder, write_whole
from brats3d.train.handlers import dice_of_cases
from brats3d.vocabulary import REGIONS


class NestedRegionsd(MapTransform):
    """Turns the logits under `pred` into region maps: thresholds, and ET inside TC inside WT.

    Args:
        thresholds: a voxel is in a region where its probability is above this; by the region's name.
        temperature: what logits are divided by, likewise; None divides them by nothing.
        keys: the key of the logits.
    """

    def __init__(
        self, *, thresholds: Mapping[str, float], temperature: Mapping[str, float] | None = None, keys: str = "pred"
    ) -> None:
        super().__init__(keys)
        by = torch.tensor([(temperature or {}).get(region, 1.0) for region in REGIONS], dtype=torch.float64)
        cuts = torch.tensor([thresholds[region] for region in REGIONS], dtype=torch.float64)
        self.cuts = (torch.logit(cuts) * by).tolist()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the same dictionary with region maps float32 (3, x, y, z) in place of logits."""
        changed = dict(data)
        for key in self.key_iterator(changed):
            whole, core, enhancing = (each > cut for each, cut in zip(changed[key], self.cuts, strict=True))
            # As `finish` does: an inner region draws the outer ones with it.
            core = core | enhancing
            changed[key] = torch.stack([whole | core, core, enhancing]).float()
        return changed


def region_dice() -> IgniteMetricHandler:
    """Return the Dice of each region, an empty reference counted as in the protocol `brats2020`.

    MONAI's own `MeanDice` handler cannot be told to count empty references; left alone it drops them, false tumours
    included.
    """
    return IgniteMetricHandler(
        metric_fn=DiceMetric(include_background=True, reduction="mean", ignore_empty=False),
        output_transform=from_engine(["pred", "label"]),
        save_details=True,
    )


class ScoreTable:
    """Writes `dice.json` after an evaluation: every case's Dice and the means.

    Args:
        folder: where the file goes; made where absent.
    """

    def __init__(self, *, folder: str) -> None:
        self.folder = Path(folder)
        self.ids: list[str] = []

    def attach(self, engine: Engine) -> None:
        """Listen to an evaluator.

        Raises:
            RequestError: it has no case; MONAI would pass over its run with a warning.
        """
        if not len(getattr(engine, "data_loader", (None,))):
            raise RequestError("no patient to evaluate on: validation_ids in configs/train.yaml is empty")
        engine.add_event_handler(Events.STARTED, lambda _: self.ids.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.note_id)
        engine.add_event_handler(Events.COMPLETED, self.write)

    def note_id(self, engine: Engine) -> None:
        """Remember whose turn it was."""
        batch: Any = engine.state.batch
        self.ids.extend(item["id"] for item in batch)  # MONAI has decollated it by now

    def write(self, engine: Engine) -> None:
        """Write the table."""
        rows = dice_of_cases(engine)
        dice = [dict(zip(REGIONS, row, strict=True)) for row in (*rows.tolist(), rows.mean(dim=0).tolist())]
        document = {
            "metric": "Dice within the brain box; empty reference and prediction 1, one of them 0",
            "cases": dict(zip(self.ids, dice[:-1], strict=True)),
            "mean": dice[-1],
        }
        make_folder(self.folder)
        write_whole(self.folder / "dice.json", (json.dumps(document, indent=1) + "\n").encode())
