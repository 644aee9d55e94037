"""brats3d segments gliomas in 3D MRI. Research software: not for diagnosis.

The public names stand in `__all__`. They are imported when first used: torch takes seconds, `brats3d --help` must not.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from brats3d.version import VERSION as __version__

if TYPE_CHECKING:
    from brats3d.batch.segment import Options, segment_folder
    from brats3d.bundle import Bundle, open_bundle, shipped_bundles
    from brats3d.cases.case import Case
    from brats3d.cases.find import find_cases
    from brats3d.errors import BadInput, Brats3dError, Finding
    from brats3d.predict.predictor import Predictor
    from brats3d.predict.result import Result
    from brats3d.scoring.folder import evaluate
    from brats3d.scoring.scores import CaseScores

HOMES = {
    "BadInput": "brats3d.errors",
    "Brats3dError": "brats3d.errors",
    "Bundle": "brats3d.bundle",
    "Case": "brats3d.cases.case",
    "CaseScores": "brats3d.scoring.scores",
    "Finding": "brats3d.errors",
    "Options": "brats3d.batch.segment",
    "Predictor": "brats3d.predict.predictor",
    "Result": "brats3d.predict.result",
    "evaluate": "brats3d.scoring.folder",
    "find_cases": "brats3d.cases.find",
    "open_bundle": "brats3d.bundle",
    "segment_folder": "brats3d.batch.segment",
    "shipped_bundles": "brats3d.bundle",
}
"""Where each public name is defined."""

__all__ = [
    "BadInput",
    "Brats3dError",
    "Bundle",
    "Case",
    "CaseScores",
    "Finding",
    "Options",
    "Predictor",
    "Result",
    "__version__",
    "evaluate",
    "find_cases",
    "open_bundle",
    "segment_folder",
    "shipped_bundles",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home (PEP 562)."""
    if name not in HOMES:
        raise AttributeError(f"module 'brats3d' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
