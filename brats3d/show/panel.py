"""One panel of a picture: a slice of one modality, and the borders of its regions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brats3d.show.planes import Slice
from brats3d.vocabulary import MODALITY_TITLES, REGION_COLOURS, REGIONS, Modality, Region

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE_PX: dict[Region, float] = {Region.WT: 1.8, Region.TC: 3.1, Region.ET: 1.4}
"""The core's line is wide, so that it shows on both sides of the enhancing tumour's where the two run together."""
DPI = 100
POINTS_A_PX = 72 / DPI


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of panels shows."""

    modality: Modality
    side: str
    """`prediction`, `reference`, or empty for no outlines."""

    @property
    def heading(self) -> str:
        """What stands above it."""
        return f"{MODALITY_TITLES[self.modality]}  ·  {self.side}" if self.side else MODALITY_TITLES[self.modality]


def columns_of(cut: Slice) -> list[Column]:
    """Return the columns: each modality with prediction and reference, or bare and with the prediction."""
    sides = ("prediction", "reference") if cut.reference is not None else ("", "prediction")
    return [Column(modality, side) for modality in cut.greys for side in sides]


def draw_panel(axes: "Axes", cut: Slice, column: Column) -> None:
    """Draw one slice of one modality and, if the column has a side, the outlines of its regions."""
    grey = cut.greys[column.modality]
    axes.imshow(grey, cmap="gray", vmin=0, vmax=1, interpolation="bicubic", aspect="auto")
    if column.side:
        region_maps = cut.prediction if column.side == "prediction" or cut.reference is None else cut.reference
        for region, region_map in zip(REGIONS, region_maps, strict=True):
            outline(axes, region_map, region)
    rows, columns = grey.shape
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))


def outline(axes: "Axes", region_map: NDArray[np.bool_], region: Region) -> None:
    """Draw the border of a region (rows, columns): half-way between the pixels within and those beside it."""
    from matplotlib.patheffects import withStroke

    if not region_map.any():
        return
    # A frame of zeros closes the line where the region touches the slice's edge.
    framed = np.pad(region_map.astype(np.float32), 1)
    rows, columns = (np.arange(count) - 1.0 for count in framed.shape)
    points = LINE_PX[region] * POINTS_A_PX
    lines = axes.contour(columns, rows, framed, levels=[0.5], colors=[REGION_COLOURS[region]], linewidths=[points])
    if region is not Region.ET:  # it lies on the core's line, which is its halo
        lines.set(path_effects=[withStroke(linewidth=points + 0.9, foreground="black", alpha=0.55)])
