"""What a run has measured so far: a table on disk, and the learning curve as a picture."""

import csv
import io
from pathlib import Path
from typing import Any

from brats3d.output.whole import write_whole
from brats3d.vocabulary import REGION_COLOURS, REGIONS

COLUMNS = ("epoch", "step", "seconds", "rate", "loss", *(f"dice_{region}" for region in REGIONS), "dice_mean")


class History:
    """One row an epoch; the Dice columns are filled where the epoch was validated."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float | int]] = []

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"rows": [dict(row) for row in self.rows]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what a checkpoint kept."""
        self.rows = [dict(row) for row in state["rows"]]

    def add(self, row: dict[str, float | int]) -> None:
        """Append an epoch."""
        self.rows.append(row)

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those of earlier parts of the run included."""
        return float(self.rows[-1]["seconds"]) if self.rows else 0.0

    def validated(self) -> list[dict[str, float | int]]:
        """Return the rows of epochs that were validated."""
        return [row for row in self.rows if "dice_mean" in row]

    def write(self, folder: Path) -> None:
        """Write `metrics.csv` into a folder, whole."""
        text = io.StringIO()
        table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        write_whole(folder / "metrics.csv", text.getvalue().encode())

    def draw(self, folder: Path) -> None:
        """Draw `curve.png` into a folder, whole."""
        write_whole(folder / "curve.png", self.curve())

    def curve(self) -> bytes:
        """Return the learning curve as a PNG: the loss, and the Dice of each region, over steps."""
        from matplotlib.figure import Figure  # slow to import, and only drawn once an epoch

        figure = Figure(figsize=(8, 4.5), layout="constrained")
        loss_axes = figure.subplots()
        loss_axes.plot([r["step"] for r in self.rows], [r["loss"] for r in self.rows], color="0.6", label="loss")
        loss_axes.set(xlabel="step", ylabel="loss (Dice + cross-entropy)", ylim=(0, None))
        dice_axes = loss_axes.twinx()
        rows = self.validated()
        for region in REGIONS:
            values = [row[f"dice_{region}"] for row in rows]
            dice_axes.plot(
                [row["step"] for row in rows],
                values,
                "o-",
                markersize=3,
                color=REGION_COLOURS[region],
                label=str(region),
            )
        dice_axes.set(ylabel="validation Dice", ylim=(0, 1))
        figure.legend(loc="outside upper center", ncols=4)  # above both axes: within, it would hide a curve
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=110)
        return picture.getvalue()
