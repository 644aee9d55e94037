"""How good a bundle is with each subset of its modalities, as if the others had never been scanned.

`python -m brats3d.study.subsets BUNDLE... --data PATIENTS --splits FILE` scores the validation patients of a split with
all subsets, whether the bundles say that they serve them or not, and prints one table.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import Subset, subset_words
from brats3d.cases.case import Case
from brats3d.cases.read import read_reference
from brats3d.labels import scheme_named, to_region_maps
from brats3d.predict.finish import finish
from brats3d.predict.predictor import Predictor
from brats3d.predict.ready import read_case
from brats3d.scoring.overlap import overlap
from brats3d.train.cohort import cases_as_trained, cases_named
from brats3d.train.splits import read_split
from brats3d.vocabulary import REGIONS


def subsets_of(modalities: Subset) -> list[Subset]:
    """Return every subset that is not empty, the fullest first."""
    return [each for count in range(len(modalities), 0, -1) for each in combinations(modalities, count)]


def dice_without(predictor: Predictor, case: Case, subset: Subset) -> NDArray[np.float64]:
    """Return the Dice (3,) of WT, TC, ET of a case of which only some modalities are there; both empty are 1.

    Raises:
        BadInput: a file is refused.
        SegmentationFailed: the network's output is not finite, or memory ran out.
    """
    rules, scheme = predictor.ensemble, scheme_named(str(case.label_scheme))
    left = replace(case, modalities={modality: case.modalities[modality] for modality in subset})
    prepared = read_case(left, rules.modalities, rules.preparation, [subset]).prepared
    probabilities = predictor.computation.predict(prepared).probabilities
    label_map = finish(
        probabilities, prepared, rules.thresholds, rules.smallest_enhancing_ml, scheme, rules.islands
    ).label_map
    reference = read_reference(case, prepared.grid)
    pairs = zip(to_region_maps(label_map, scheme), to_region_maps(reference.label_map, reference.scheme), strict=True)
    return np.array([overlap(found, true).dice for found, true in pairs])


def rows_of(bundles: Sequence[Path], cases: Sequence[Case]) -> Iterator[list[str]]:
    """Yield a row a subset: the mean Dice of each region over the cases, bundle by bundle."""
    predictors = [Predictor.from_bundle(bundle) for bundle in bundles]
    for subset in subsets_of(predictors[0].ensemble.modalities):
        means = [np.mean([dice_without(each, case, subset) for case in cases], axis=0) for each in predictors]
        yield [subset_words(subset), *(f"{value:.3f}" for mean in means for value in (*mean, mean.mean()))]


def main() -> None:
    """Print the table of the bundles named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path, help="folders of bundles, of the same modalities")
    parser.add_argument("--data", type=Path, required=True, help="folder of patients with references")
    parser.add_argument("--splits", type=Path, required=True, help="a split whose validation patients are scored")
    asked = parser.parse_args()
    cases = cases_named(cases_as_trained(asked.data, asked.bundles[0]), read_split(asked.splits, None).validation)
    header = ["modalities", *(f"{b.name} {word}" for b in asked.bundles for word in (*REGIONS, "mean"))]
    print(f"Dice of {len(cases)} patients", file=sys.stderr)
    print("| " + " | ".join(header) + " |\n| " + " | ".join(["---"] * len(header)) + " |")
    for row in rows_of(asked.bundles, cases):
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
