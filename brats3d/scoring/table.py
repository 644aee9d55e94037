"""Scores on paper: one JSON document and one CSV a protocol, and the rows that a terminal shows."""

import csv
import io
import json
from collections.abc import Sequence
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
from brats3d.scoring.protocols import Protocol
from brats3d.scoring.scores import CaseScores, ScoreStatus
from brats3d.vocabulary import REGIONS

SEED = 0
"""What the drawing of patients starts from, so that equal scores give equal files."""

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
    lesions = protocol.lesions
    return {
        "protocol": protocol.name,
        "hd95_definition": protocol.hd95,
        "penalty_mm": protocol.penalty_mm,
        "penalty_rule": "the diagonal of the grid in voxels" if protocol.penalty_mm is None else "fixed",
        "thresholds": {}
        if lesions is None
        else {"dilations": lesions.dilations, "smallest_lesion_mm3": lesions.smallest_mm3},
    }


def case_entry(protocol: Protocol, case: CaseScores) -> Document:
    """Return one case of the document; figures that do not exist are None."""
    entry: Document = {"id": case.id, "status": case.status}
    for region in REGIONS:
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
    columns = [(name, region) for name in protocol.figures for region in REGIONS]
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
    line = f"protocol {protocol.name}; HD95 as `{protocol.hd95}`, in mm; penalty {penalty}"
    if protocol.lesions is None:
        return f"{line}; whole regions"
    rules = protocol.lesions
    return f"{line}; lesion-wise, {rules.dilations} dilations, lesions over {rules.smallest_mm3:g} mm³"


def terminal_table(protocol: Protocol, cases: Sequence[CaseScores]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows for a terminal: one row a case, then mean and median."""
    shown = [name for name in ("dice", "hd95", "tp", "fp", "fn") if name in protocol.figures]
    titles = {"dice": "Dice", "hd95": "HD95"}
    header = ["case", "status", *(f"{region} {titles.get(name, name.upper())}" for name in shown for region in REGIONS)]
    rows = [[case.id, str(case.status), *cells(case_entry(protocol, case), shown)] for case in cases]
    for name in ("mean", "median"):
        rows.append([name, "", *cells(statistic(cases, protocol, name), shown)])
    return header, rows


def cells(figures: Figures | Document, shown: Sequence[str]) -> list[str]:
    """Return figures as people read them: four places for Dice, two for the rest, whole counts without any."""
    return [as_words(figures[region][name], 4 if name == "dice" else 2) for name in shown for region in REGIONS]


def as_words(value: float | None, places: int) -> str:
    """Return a number with so many places, a count as it is, and a dash for what does not exist."""
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.{places}f}"
