"""What of a request stands in the record as `settings`; torch is not needed to know it."""

from typing import Any

from brats3d.bundle import MAX_OVERLAP
from brats3d.errors import RequestError, nearest_name
from brats3d.predict.engines import choose_engine
from brats3d.predict.engines.precision import AUTO, Precision


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
