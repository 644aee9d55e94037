"""What of a request stands in the record as `settings`; torch is not needed to know it."""

from collections.abc import Collection, Mapping
from typing import Any

from brats3d.bundle import MAX_OVERLAP
from brats3d.cases.case import Case
from brats3d.errors import RequestError, nearest_name
from brats3d.predict.engines import choose_engine
from brats3d.predict.engines.precision import AUTO, Precision
from brats3d.vocabulary import Modality


def asked_settings(
    *,
    engine: str = AUTO,
    device: str = AUTO,
    precision: str = AUTO,
    overlap: float | None = None,
    tta: bool = False,
) -> dict[str, Any]:
    """Return the options that can change a voxel, as asked; what was left to the program is left out.

    Args:
        engine, device, precision: the words given; `auto` counts as not asked.
        overlap: the share given; None is the bundle's own, which its hash covers.
        tta: whether flips are averaged.

    Raises:
        RequestError: a word is unknown, or the overlap is out of range.
    """
    choose_engine(engine)
    if precision not in (AUTO, *Precision):
        raise RequestError(f"unknown precision {precision!r}{nearest_name(precision, (AUTO, *Precision))}")
    words = {"engine": engine, "device": device, "precision": precision}
    asked: dict[str, Any] = {key: word for key, word in words.items() if word != AUTO}
    if overlap is not None:
        if not 0 <= overlap <= MAX_OVERLAP:
            raise RequestError(f"overlap {overlap}: it must lie between 0 and {MAX_OVERLAP}")
        asked["overlap"] = float(overlap)
    if tta:
        asked["tta"] = True
    return asked


def settings_of(asked: Mapping[str, Any], case: Case, modalities: Collection[Modality]) -> dict[str, Any]:
    """Return the settings of one case: what was asked, and that modalities may be missing where some are.

    A patient that has all of them has the same mask either way, and is not done again when that option comes or goes.

    Args:
        asked: as `asked_settings` gives it.
        case: one that is not refused.
        modalities: those that the bundle takes.
    """
    is_partial = any(modality not in case.modalities for modality in modalities)
    return {**asked, "allow_missing": True} if is_partial else dict(asked)
