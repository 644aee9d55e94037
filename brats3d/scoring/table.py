"""Scores on paper: one JSON document and one CSV a protocol, and the rows that a terminal shows."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brats3d.output.cells import no_formula
from brats3d.output.whole import write_whole
from brats3d.scoring.aggregates import (
    LEVEL,
    RESAMPLES,
    STATISTICS,
    Figures,
    figure,
    intervals,
    mean_where_present,
    statistic,
)
from brats3d.scoring.lesions import LesionRules
from brats3d.scoring.protocol import Protocol
from brats3d.scoring.scores import CaseScores, ScoreStatus
from brats3d.vocabulary import REGIONS

SEED = 0
"""What the drawing of patients starts from, so that equal scores give equal files."""

SHOWN = {"dice": "Dice", "hd95": "HD95", "f1": "F1", "tp": "TP", "fp": "FP", "fn": "FN"}
"""The figures that a terminal shows, and their headings."""

Document = dict[str, Any]


def document_of(protocol: Protocol, cases: Sequence[CaseScores]) -> Document:
    """Return all that is known of these cases under one protocol, as plain data without NaN."""
    return {
        **rules_of(protocol),
        "counts": {status: sum(case.status is status for case in cases) for status in ScoreStatus},
        "cases": [case_entry(protocol, case) for case in cases],
        **{name: statistic(cases, protocol, name) for name in STATISTICS},
        "mean_nonempty_reference": mean_where_present(cases, protocol),
        "interval": {
            "of": "mean",
            "level": LEVEL,
            "resamples": RESAMPLES,
            "seed": SEED,
            **intervals(cases, protocol, np.random.default_rng(SEED)),
        },
    }


def rules_of(protocol: Protocol) -> Document:
    """Return what a reader must know to compare figures: protocol, definition of HD95, penalty, thresholds."""
    return {
        "protocol": protocol.name,
        "hd95_definition": protocol.hd95,
        **({"nsd_tolerance": protocol.nsd} if protocol.nsd else {}),
        "penalty_mm": protocol.penalty_mm,
        "penalty_rule": "the diagonal of the grid in voxels" if protocol.penalty_mm is None else "fixed",
        "thresholds": thresholds_of(protocol),
    }


def thresholds_of(protocol: Protocol) -> dict[str, float]:
    """Return what makes a lesion: `NAME` as it is for most regions, and `NAME_REGION` where one differs."""
    named: dict[str, Callable[[LesionRules], float | None]] = {
        "dilations": lambda rules: rules.dilations,
        "smallest_lesion_mm3": lambda rules: rules.smallest_mm3,
        "smallest_prediction_voxels": lambda rules: rules.smallest_prediction,
    }
    thresholds: dict[str, float] = {}
    for name, read in named.items():
        values = {region: read(rules) for region, rules in protocol.lesions.items()}
        usual = next(iter(values.values()), None)
        if usual is not None:
            differing = {f"{name}_{region}": value for region, value in values.items() if value not in (usual, None)}
            thresholds |= {name: usual, **{each: value for each, value in differing.items() if value is not None}}
    return thresholds


def case_entry(protocol: Protocol, case: CaseScores) -> Document:
    """Return one case of the document; figures that do not exist are None."""
    entry: Document = {"id": case.id, "status": case.status}
    for region in protocol.regions:
        entry[region] = {name: figure(case.regions.get(region), name) for name in protocol.figures}
    more = {
        "penalty_mm": case.penalty_mm,
        "reference_scheme": case.reference_scheme,
        "prediction_scheme": case.prediction_scheme,
        "message": case.message,
    }
    return entry | more


def csv_of(protocol: Protocol, cases: Sequence[CaseScores]) -> str:
    """Return one row a case, then one a statistic, as the challenge's portal wrote them.

    Columns: id, status, the protocol's rules, every figure of every region as `figure_REGION`, the message.
    """
    columns = [(name, region) for name in protocol.figures for region in protocol.regions]
    rules = rules_of(protocol)
    thresholds: Document = rules.pop("thresholds")
    same = [*(rules[key] for key in ("protocol", "hd95_definition")), *thresholds.values()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["id", "status", "protocol", "hd95_definition", *thresholds, "penalty_mm"]
        + [f"{name}_{region}" for name, region in columns]
        + ["message"]
    )
    for case in cases:
        figures = [figure(case.regions.get(region), name) for name, region in columns]
        writer.writerow(harmless([case.id, case.status, *same, case.penalty_mm, *figures, case.message]))
    for statistic_name in STATISTICS:
        values = statistic(cases, protocol, statistic_name)
        row = [statistic_name, "aggregate", *same, protocol.penalty_mm, *(values[r][name] for name, r in columns), None]
        writer.writerow(harmless(row))
    return text.getvalue()


def harmless(row: Sequence[Any]) -> list[Any]:
    """Return a row whose texts no spreadsheet takes for a formula: those that could be get a quote before them.

    >>> harmless(["=1+1", -2.5, None, "plain"])
    ["'=1+1", -2.5, '', 'plain']
    """
    texts = ("" if cell is None else cell for cell in row)
    return [no_formula(cell) if isinstance(cell, str) else cell for cell in texts]


def write_tables(out: Path, protocol: Protocol, cases: Sequence[CaseScores]) -> tuple[Path, Path]:
    """Write `metrics_<protocol>.csv` and `.json` into a folder that exists, each whole or not at all.

    Raises:
        OutputError: the folder cannot be written.
    """
    table, document = (out / f"metrics_{protocol.name}.{kind}" for kind in ("csv", "json"))
    # Names that are no UTF-8 reach us as lone surrogates, which cannot be encoded.
    write_whole(table, csv_of(protocol, cases).encode("utf-8", "backslashreplace"))
    text = json.dumps(document_of(protocol, cases), indent=1, ensure_ascii=True, allow_nan=False)
    write_whole(document, f"{text}\n".encode("ascii"))
    return table, document


def title_of(protocol: Protocol) -> str:
    """Return the line above a terminal's table: what these figures are."""
    penalty = "the grid's diagonal in voxels" if protocol.penalty_mm is None else f"{protocol.penalty_mm:g} mm"
    line = f"protocol {protocol.name}; HD95 as `{protocol.hd95}`, in mm; penalty {penalty}; {protocol.unit}"
    rules = thresholds_of(protocol)
    if not rules:
        return line
    dilations, smallest = (in_words(rules, name) for name in ("dilations", "smallest_lesion_mm3"))
    return f"{line}, {dilations} dilations, lesions over {smallest} mm³"


def in_words(thresholds: dict[str, float], name: str) -> str:
    """Return one threshold and its exceptions.

    >>> in_words({"dilations": 3, "dilations_RC": 5}, "dilations")
    '3 (RC 5)'
    """
    beside = [
        f"{key.removeprefix(f'{name}_')} {value:g}" for key, value in thresholds.items() if key.startswith(f"{name}_")
    ]
    return f"{thresholds[name]:g}" + (f" ({', '.join(beside)})" if beside else "")


def terminal_table(protocol: Protocol, cases: Sequence[CaseScores]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows for a terminal: the cases, then mean and median.

    A row a case, or, where a protocol has more than the three nested regions, a row a case and region.
    """
    shown = [name for name in SHOWN if name in protocol.figures]
    named = [(case.id, str(case.status), case_entry(protocol, case)) for case in cases]
    named += [(name, "", statistic(cases, protocol, name)) for name in ("mean", "median")]
    if protocol.regions == REGIONS:
        header = [f"{region} {SHOWN[name]}" for name in shown for region in REGIONS]
        return ["case", "status", *header], [[*words, *cells(figures, REGIONS, shown)] for *words, figures in named]
    rows = [
        [*words, region, *cells(figures, [region], shown)] for *words, figures in named for region in protocol.regions
    ]
    return ["case", "status", "region", *(SHOWN[name] for name in shown)], rows


def cells(figures: Figures | Document, regions: Sequence[str], shown: Sequence[str]) -> list[str]:
    """Return figures as people read them: four places for shares, two for the rest, whole counts without any."""
    return [as_words(figures[region][name], 4 if name in ("dice", "f1") else 2) for name in shown for region in regions]


def as_words(value: float | None, places: int) -> str:
    """Return a number with so many places, a count as it is, and a dash for what does not exist."""
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.{places}f}"
