"""The two pictures: one case in three planes, and several cases in one plane each."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from brats3d.show.page import Head, Row, page_of, png_of
from brats3d.show.planes import AXIAL, PLANES, Orientation, slice_of
from brats3d.show.view import CaseView
from brats3d.vocabulary import REGIONS, Region

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WHERE_LEFT_IS = {
    Orientation.RADIOLOGICAL: "Radiological view: the patient's left (L) is on the right",
    Orientation.NEUROLOGICAL: "Neurological view: the patient's left (L) is on the left",
}
PURPOSE = "brats3d, research software: not for diagnosis"


def case_picture(
    view: CaseView, orientation: Orientation = Orientation.RADIOLOGICAL, note: str = "", title: str = ""
) -> bytes:
    """Return a picture of one case: axial, coronal and sagittal slices through the tumour's largest cross-sections.

    Args:
        view: what to show.
        orientation: from where the slices are looked at; the picture says it.
        note: more words for the line below the title.
        title: in place of the case's id.

    Returns:
        PNG, 1280 pixels wide.
    """
    return png_of(case_page(view, orientation, note, title))


def case_page(
    view: CaseView, orientation: Orientation = Orientation.RADIOLOGICAL, note: str = "", title: str = ""
) -> "Figure":
    """Return the page of `case_picture`."""
    name = title or view.id
    head = Head(
        title=name if view.dice is None else f"{name}   {dice_words(view.dice)}",
        below=below_of(orientation, note),
        foot=PURPOSE,
        legend=tuple(legend_of(view, region) for region in REGIONS),
    )
    return page_of(head, [Row(slice_of(view, plane, orientation), corner=plane.name) for plane in PLANES])


def gallery(
    views: Sequence[CaseView], title: str, orientation: Orientation = Orientation.RADIOLOGICAL, note: str = ""
) -> bytes:
    """Return a picture of several cases, a row each: the axial slice through the tumour's largest cross-section.

    Args:
        views: at least one; a reference is shown where all have one.
        title: stands above all.
        orientation: from where the slices are looked at; the picture says it.
        note: more words for the line below the title.

    Returns:
        PNG, 1280 pixels wide.
    """
    return png_of(gallery_page(views, title, orientation, note))


def gallery_page(
    views: Sequence[CaseView], title: str, orientation: Orientation = Orientation.RADIOLOGICAL, note: str = ""
) -> "Figure":
    """Return the page of `gallery`.

    Raises:
        ValueError: there is no case, or one lacks a modality or a reference that the first has.
    """
    if not views:
        raise ValueError("a gallery needs a case")
    for view in views[1:]:
        if tuple(view.greys) != tuple(views[0].greys) or (view.reference is None) != (views[0].reference is None):
            raise ValueError(f"{view.id} and {views[0].id} do not show the same: show them apart")
    rows = [Row(slice_of(view, AXIAL, orientation), caption=(view.id, caption_of(view))) for view in views]
    head = Head(title, below_of(orientation, note), PURPOSE, ((),) * len(REGIONS))
    return page_of(head, rows)


def below_of(orientation: Orientation, note: str) -> str:
    """Return the line below the title."""
    return "   ·   ".join(part for part in (WHERE_LEFT_IS[orientation], note) if part)


def legend_of(view: CaseView, region: Region) -> tuple[str, ...]:
    """Return what stands behind a region's name: the volume predicted and, where there is one, the reference's."""
    words = (f"{view.volumes_ml[region]:.1f} ml",)
    return words if view.reference_ml is None else (*words, f"reference {view.reference_ml[region]:.1f} ml")


def dice_words(dice: Mapping[Region, float]) -> str:
    """Return `Dice WT 0.91  TC 0.85  ET 0.80`."""
    return "Dice " + "  ".join(f"{region} {dice[region]:.2f}" for region in REGIONS)


def caption_of(view: CaseView) -> str:
    """Return what a gallery says of a case."""
    volumes = "  ".join(f"{region} {view.volumes_ml[region]:.1f} ml" for region in REGIONS)
    return volumes if view.dice is None else f"{dice_words(view.dice)}   ·   {volumes}"
