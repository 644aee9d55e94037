"""Laying slices out on a black page, in pixels: a head with title and legend, then rows of panels."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brats3d.show.panel import DPI, columns_of, draw_panel
from brats3d.show.planes import Slice
from brats3d.vocabulary import REGION_COLOURS, REGIONS, Region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES: dict[Region, str] = {
    Region.WT: "WT  whole tumour",
    Region.TC: "TC  tumour core",
    Region.ET: "ET  enhancing tumour",
}

WIDTH_PX = 1280
MARGIN_PX = 18
FOOT_PX = 34
GAP_PX = 8
HEAD_PX = 96
HEADINGS_PX = 26
CAPTION_PX = 28
NAME_PX = 214
"""Of the legend: a region's name with its swatch."""
CELLS_PX = (100, 168)
"""Of the legend: each cell behind a name."""
ROOM = 51
"""Letters of a title at full size."""
BRIGHT, SOFT, DIM = "#F2F2F2", "#B4B8BD", "#7E848B"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of panels."""

    cut: Slice
    corner: str = ""
    """Stands in the first panel's lower left corner."""
    caption: tuple[str, str] | None = None
    """A line above the row: in bright and in soft letters."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above all panels."""

    title: str
    below: str
    """A line in soft letters."""
    foot: str
    """A line in small letters below all panels."""
    legend: tuple[tuple[str, ...], ...]
    """What stands behind each region's name, in the order WT, TC, ET: as many cells for each."""


def page_of(head: Head, rows: Sequence[Row]) -> "Figure":
    """Return a page as a matplotlib figure.

    Args:
        head: title and legend.
        rows: at least one; all have the modalities of the first, and a reference if the first has one.
    """
    from matplotlib.figure import Figure

    columns = columns_of(rows[0].cut)
    width_px = (WIDTH_PX - 2 * MARGIN_PX - (len(columns) - 1) * GAP_PX) / len(columns)
    scale = min(width_px / row.cut.size_mm[1] for row in rows)
    heights = [row.cut.size_mm[0] * scale for row in rows]
    extras = [CAPTION_PX if row.caption else 0 for row in rows]
    height_px = round(HEAD_PX + HEADINGS_PX + sum(heights) + sum(extras) + GAP_PX * len(rows) + FOOT_PX)
    figure = Figure(figsize=(WIDTH_PX / DPI, height_px / DPI), dpi=DPI, facecolor="black")
    draw_head(figure, head)
    top = float(HEAD_PX)
    for number, column in enumerate(columns):
        centre = MARGIN_PX + number * (width_px + GAP_PX) + width_px / 2
        write(figure, centre, top + HEADINGS_PX / 2, column.heading, 11, SOFT, ha="center")
    top += HEADINGS_PX
    for row, row_px, extra in zip(rows, heights, extras, strict=True):
        draw_caption(figure, row, top + extra / 2)
        top += extra
        for number, column in enumerate(columns):
            left = MARGIN_PX + number * (width_px + GAP_PX)
            panel_px = row.cut.size_mm[1] * scale
            axes = add_axes(figure, left + (width_px - panel_px) / 2, top, panel_px, row_px)
            draw_panel(axes, row.cut, column)
            draw_marks(figure, row, (left, top, width_px, row_px), first=number == 0)
        top += row_px + GAP_PX
    write(figure, MARGIN_PX, top + FOOT_PX / 2, head.foot, 9, DIM)
    return figure


def draw_head(figure: "Figure", head: Head) -> None:
    """Write title and legend."""
    title = shortened(head.title)
    write(figure, MARGIN_PX, 32, title, min(17.0, 17.0 * ROOM / len(title)), BRIGHT)
    write(figure, MARGIN_PX, 66, head.below, 10.5, DIM)
    left = WIDTH_PX - MARGIN_PX - NAME_PX - sum(CELLS_PX[: len(head.legend[0])])
    for number, (region, words) in enumerate(zip(REGIONS, head.legend, strict=True)):
        middle = 26 + 22 * number
        swatch = add_axes(figure, left, middle - 2, 26, 4)
        swatch.patch.set_facecolor(REGION_COLOURS[region])
        write(figure, left + 36, middle, NAMES[region], 11, BRIGHT)
        right = left + NAME_PX
        for word, width in zip(words, CELLS_PX, strict=False):
            right += width
            write(figure, right, middle, word, 11, SOFT, ha="right")


def shortened(text: str) -> str:
    """Return text without what cannot be printed, cut in its middle where it is much too long for a title."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text) or "?"
    half = ROOM - 12
    return clean if len(clean) <= 2 * half else f"{clean[:half]} … {clean[-half:]}"


def draw_caption(figure: "Figure", row: Row, middle: float) -> None:
    """Write the line above a row, if it has one."""
    if row.caption is not None:
        write(figure, MARGIN_PX, middle, shortened(row.caption[0]), 12, BRIGHT)
        write(figure, WIDTH_PX - MARGIN_PX, middle, row.caption[1], 11, SOFT, ha="right")


def draw_marks(figure: "Figure", row: Row, place: tuple[float, float, float, float], *, first: bool) -> None:
    """Write the sides of a panel into its upper corners and, in the first of a row, the plane.

    Args:
        figure: the page.
        row: what is drawn.
        place: left, top, width and height of the panel's column in pixels.
        first: whether it is the row's first panel.
    """
    left, top, width, height = place
    write(figure, left + 3, top + 10, row.cut.marks[0], 10, SOFT)
    write(figure, left + width - 3, top + 10, row.cut.marks[1], 10, SOFT, ha="right")
    if first and row.corner:
        write(figure, left + 3, top + height - 8, row.corner, 10, DIM)


def add_axes(figure: "Figure", left: float, top: float, width: float, height: float) -> "Axes":
    """Return bare axes at a place in pixels from the page's upper left corner."""
    page_px = figure.get_size_inches()[1] * DPI
    axes = figure.add_axes((left / WIDTH_PX, 1 - (top + height) / page_px, width / WIDTH_PX, height / page_px))
    axes.set(xticks=[], yticks=[])
    axes.set_facecolor("black")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def write(
    figure: "Figure", left: float, middle: float, text: str, points: float, colour: str, ha: str = "left"
) -> None:
    """Write a line of text, its middle at a place in pixels from the page's upper left corner."""
    page_px = figure.get_size_inches()[1] * DPI
    place = (left / WIDTH_PX, 1 - middle / page_px)
    # Names may hold dollar signs, which matplotlib would take for mathematics.
    figure.text(*place, text, size=points, color=colour, ha=ha, va="center_baseline", parse_math=False)


def png_of(figure: "Figure") -> bytes:
    """Return a page as PNG; equal pages give equal bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    picture = io.BytesIO()
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        FigureCanvasAgg(figure)
        figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
