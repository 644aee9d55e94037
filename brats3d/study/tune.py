"""`brats3d tune`: rules found on patients that a bundle never saw, and stored in it with what they brought."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import open_bundle
from brats3d.cases.find import find_cases
from brats3d.errors import RequestError
from brats3d.predict.predictor import Predictor
from brats3d.study import calibration, search
from brats3d.study.flags import choose_limits
from brats3d.study.kept import KeptCase, keep_predictions
from brats3d.study.rules import PLAIN, Rules, outcome, regions_of, tables_of
from brats3d.study.store import Tuning, store
from brats3d.train.cohort import cases_named
from brats3d.train.run import check_data
from brats3d.train.splits import Split, read_folds, read_json, read_split
from brats3d.vocabulary import REGIONS, Region

RELIABILITY_FILE = "docs/reliability.png"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TuneRequest:
    """What is tuned on what."""

    bundles: tuple[Path, ...]
    """One, with a split; or one a fold, with a list of splits. Rules go into all of them."""
    data: Path
    """Folder of patients with references."""
    splits: Path
    """A split, or a list of as many as there are bundles; each bundle predicts its own validation list."""
    into: tuple[Path, ...] = ()
    """Bundles that get the rules too: the one trained on all patients by the recipe that the folds tried."""
    device: str = "auto"


def tune_bundles(request: TuneRequest, say: Say = lambda line: None) -> Tuning:
    """Find rules on held-out predictions and store them.

    Args:
        request: what to tune on what.
        say: told, in a line each, how far it is.

    Raises:
        RequestError: bundles, data and splits do not go together.
        BundleError: a bundle is missing, damaged or refused.
        OutputError: a bundle cannot be written.
    """
    check_data(request.data)
    splits = splits_for(request)
    for bundle in (*request.bundles, *request.into):
        open_bundle(bundle)
    with tempfile.TemporaryDirectory(prefix="brats3d-tune-") as folder:
        kept = list(predictions(request, splits, Path(folder), say))
        say(f"{len(kept)} held-out patients predicted; looking for rules")
        tuning, counts = find_rules(kept)
        for bundle in (*request.bundles, *request.into):
            store(bundle, tuning)
            calibration.draw_reliability(counts, tuning.rules.temperature, bundle / RELIABILITY_FILE)
    return tuning


def splits_for(request: TuneRequest) -> list[Split]:
    """Return the split of each bundle.

    Raises:
        RequestError: their numbers differ, or nobody is held out.
    """
    is_list = isinstance(read_json(request.splits), list)
    splits = read_folds(request.splits) if is_list else [read_split(request.splits, None)]
    if len(splits) != len(request.bundles):
        raise RequestError(
            f"{len(request.bundles)} bundles and {len(splits)} splits in {request.splits}: give the bundle of each "
            "fold, in the order of the folds, or one bundle and a file with a single split"
        )
    if not all(split.validation for split in splits):
        raise RequestError(f"{request.splits}: a split without validation patients has nobody to tune on")
    return splits


def predictions(request: TuneRequest, splits: Sequence[Split], folder: Path, say: Say) -> Iterator[KeptCase]:
    """Yield what each bundle says of the patients that it never saw."""
    cases = find_cases(request.data)
    for fold, (bundle, split) in enumerate(zip(request.bundles, splits, strict=True)):
        say(f"{bundle}: predicting {len(split.validation)} patients")
        predictor = Predictor.from_bundle(bundle, device=request.device)
        yield from keep_predictions(predictor, cases_named(cases, split.validation), fold, folder)


def find_rules(kept: Sequence[KeptCase]) -> tuple[Tuning, NDArray[np.int64]]:
    """Return what the search finds, and the counts of all voxels by logit and truth."""
    folds = np.array([case.fold for case in kept])
    counts = [calibration.counts_of(case) for case in kept]
    together = calibration.total(counts)
    temperature = {r: calibration.best_temperature(each) for r, each in zip(REGIONS, together, strict=True)}
    thresholds, by_threshold = {}, {}
    both = list(zip(counts, kept, strict=True))
    for index, region in enumerate(REGIONS):
        dice = np.stack([search.threshold_dice(c[index], k.outside[index], temperature[region]) for c, k in both])
        thresholds[region], by_threshold[region] = search.best_threshold(dice), dice
    unruled = Rules(temperature, thresholds, PLAIN.parts)
    tables = [tables_of(case, *regions_of(case, unruled)) for case in kept]
    scores = {
        region: search.score_rules([table[index] for table in tables], search.rules_of(region is Region.ET))
        for index, region in enumerate(REGIONS)
    }
    everyone = np.arange(len(kept))
    parts = {region: each.rules[each.choose(everyone)] for region, each in scores.items()}
    rules = Rules(temperature, thresholds, parts)
    before, after = outcome(kept, PLAIN), outcome(kept, rules)
    limits, flags, flags_nested = choose_limits(after.measures, after.dice["brats2020"], folds)
    tuning = Tuning(
        patients=len(kept),
        rules=rules,
        before=before.means,
        after=after.means,
        nested=nested_means(before.means, folds, by_threshold, scores),
        calibration={
            region: (calibration.calibration_error(each, 1.0), calibration.calibration_error(each, temperature[region]))
            for region, each in zip(REGIONS, together, strict=True)
        },
        limits=limits,
        flags=flags,
        flags_nested=flags_nested,
    )
    return tuning, together


def nested_means(
    before: Mapping[str, float],
    folds: NDArray[np.intp],
    by_threshold: Mapping[Region, NDArray[np.float64]],
    scores: Mapping[Region, search.RuleScores],
) -> dict[str, float]:
    """Return the means by protocol when each fold is scored by what the others choose.

    Thresholds are judged by whole regions; their gain is not counted again lesion-wise.
    """
    everyone, gains = np.arange(len(folds)), dict.fromkeys(before, 0.0)
    half = search.THRESHOLDS.index(0.5)
    for region in REGIONS:
        dice, ruled = by_threshold[region], scores[region]

        def by_dice(cases: NDArray[np.intp], dice: NDArray[np.float64] = dice) -> int:
            return search.THRESHOLDS.index(search.best_threshold(dice[cases]))

        chosen = dice[everyone, search.nested(folds, by_dice)]
        rule = search.nested(folds, ruled.choose)
        gained = chosen - dice[:, half] + ruled.dice[rule, everyone] - ruled.dice[0]
        gains["brats2020"] += float(gained.mean())
        gains["brats2023"] += float((ruled.lesion_dice[rule, everyone] - ruled.lesion_dice[0]).mean())
    return {name: value + gains[name] / len(REGIONS) for name, value in before.items()}
