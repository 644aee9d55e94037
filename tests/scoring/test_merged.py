from itertools import product

import numpy as np
import pytest
from scipy import ndimage
from scores_for_tests import rounded, score_label_maps

from brats3d.scoring.lesions import LesionRules
from brats3d.scoring.merged import PARTNERS, contacts, join, number_merged, number_region, without_gaps
from brats3d.scoring.protocols import PROTOCOLS
from brats3d.scoring.surface import border_pair, hd95_google
from brats3d.vocabulary import Tissue

MERGED = PROTOCOLS["brats2024"]
NEAR, ALL = ndimage.generate_binary_structure(3, 2), ndimage.generate_binary_structure(3, 3)
LABELS = {"WT": (1, 2, 3), "TC": (1, 3), "NETC": (1,), "SNFH": (2,), "ET": (3,), "RC": (4,)}
ORDER = {"NETC": ("ET", "RC"), "ET": ("NETC", "RC"), "RC": ("ET", "NETC"), "SNFH": ("ET", "RC", "NETC")}


def published_components(label_map, region, predicted):
    """Parts that meet when dilated have one number; of a prediction those of few voxels are taken out."""
    mask = np.isin(label_map, LABELS[region])
    iterations, least = MERGED.lesions[region].dilations, MERGED.lesions[region].smallest_prediction
    lesions = ndimage.label(ndimage.binary_dilation(mask, NEAR, iterations), ALL)[0] * mask
    for number in set(np.unique(lesions)) - {0} if predicted else ():
        if (lesions == number).sum() <= least:
            lesions[lesions == number] = 0
    return lesions


def published_touching(one, other):
    """The pairs of numbers that overlap after one of the two was dilated once."""
    return {
        (first, second)
        for first in set(np.unique(one)) - {0}
        for second in set(np.unique(other)) - {0}
        if (ndimage.binary_dilation(one == first, NEAR) & (other == second)).any()
    }


def published_relabelling(lesions, pairs):
    """New numbers: one for each lesion of the other tissue; each lesion takes that of the first in sorted order."""
    fresh, new, mapping = {}, lesions.max() + 1, {}
    for _, common in sorted(pairs):
        if common not in fresh:
            fresh[common], new = new, new + 1
    for original, common in sorted(pairs):
        mapping.setdefault(original, fresh[common])
    relabelled = lesions.copy()
    for original, number in mapping.items():
        relabelled[lesions == original] = number
    return relabelled


def published_lesions(label_map, predicted):
    parts = {region: published_components(label_map, region, predicted) for region in LABELS}
    combined = dict(parts)
    for tissue, others in ORDER.items():
        for other in others:
            pairs = published_touching(combined[tissue], parts[other])
            if len(pairs) > 1:
                combined[tissue] = published_relabelling(combined[tissue], pairs)
    return combined


def published_scores(prediction, reference, region, spacing_mm):
    """Dice, HD95, both NSD, and the counts of one region, each step over the whole grid."""
    rules = MERGED.lesions[region]
    parts, lesions = published_lesions(prediction, True)[region], published_lesions(reference, False)[region]
    used, kept, found, missed = set(), [], 0, 0
    for number in sorted(set(np.unique(lesions)) - {0}):
        lesion = lesions == number
        hits = set(np.unique(parts[ndimage.binary_dilation(lesion, NEAR, rules.dilations)])) - {0}
        used |= hits
        if lesion.sum() * np.prod(spacing_mm) <= 10 * (1 if region == "ET" else 2):
            continue
        found, missed = found + bool(hits), missed + (not hits)
        if not hits:
            kept.append((0, 337, 0, 0))
            continue
        matched = np.isin(parts, list(hits))
        dice = 2 * (matched & lesion).sum() / (matched.sum() + lesion.sum())
        sides = [side.distances_mm for side in border_pair(matched, lesion, spacing_mm)]
        shares = [np.mean([(side <= tolerance).mean() for side in sides]) for tolerance in (0.5, 1.0)]
        kept.append((dice, hd95_google(matched, lesion, spacing_mm), *shares))
    false = len(set(np.unique(parts)) - {0} - used)
    kept += [(0, 337, 0, 0)] * false
    return (*(np.mean(kept, axis=0) if kept else (1, 0, 1, 1)), found, false, missed)


def random_label_map(generator, shape):
    """Blobs of four tissues with specks, many of them touching."""
    fields = [ndimage.gaussian_filter(generator.normal(size=shape), generator.uniform(0.8, 1.6)) for _ in range(4)]
    label_map = np.zeros(shape, np.uint8)
    for label, field in enumerate(fields, start=1):
        label_map[field > np.quantile(field, generator.uniform(0.85, 0.99))] = label
    return label_map


def random_chain(generator):
    """Runs of the four tissues along a bar, many in contact, others too far apart to merge."""
    label_map, place = np.zeros((150, 4, 3), np.uint8), 8
    while place < 130:
        length, label = int(generator.integers(1, 14)), int(generator.choice([0, 1, 2, 3, 4]))
        width, start = generator.integers(1, 5), generator.integers(0, 3)
        label_map[place : place + length, start : start + width] = label
        place += length
    return label_map


@pytest.mark.parametrize("seed", range(40))
def test_random_chains_are_joined_as_the_published_program_joins_them(seed):
    label_map = random_chain(np.random.default_rng(seed))
    maps = {region: np.isin(label_map, labels) for region, labels in LABELS.items()}
    for predicted in (True, False):
        ours, theirs = number_merged(maps, MERGED.lesions, drop=predicted), published_lesions(label_map, predicted)
        assert all(same_lesions(ours[region], theirs[region]) for region in LABELS)


@pytest.mark.parametrize("seed", range(12))
def test_random_tissues_score_as_the_published_steps_written_out(seed):
    generator = np.random.default_rng(seed)
    shape = generator.integers(14, 30, 3)
    prediction, reference = (random_label_map(generator, shape) for _ in range(2))
    # Half of the prediction is the reference, so that lesions are found.
    prediction[: shape[0] // 2] = reference[: shape[0] // 2]
    spacing_mm = [(1.0, 1.0, 1.0), (1.0, 0.5, 2.5)][seed % 2]
    scores = score_label_maps(MERGED, prediction, reference, spacing_mm)
    for region in LABELS:
        ours = rounded(scores[region], "dice", "hd95", "nsd_0.5", "nsd_1.0", "tp", "fp", "fn")
        assert ours == pytest.approx(published_scores(prediction, reference, region, spacing_mm), abs=1e-6), region


@pytest.mark.parametrize("seed", range(6))
def test_random_lesions_are_joined_as_the_published_program_joins_them(seed):
    generator = np.random.default_rng(100 + seed)
    label_map = random_label_map(generator, (24, 22, 20))
    maps = {region: np.isin(label_map, labels) for region, labels in LABELS.items()}
    for predicted in (True, False):
        ours = number_merged(maps, MERGED.lesions, drop=predicted)
        theirs = published_lesions(label_map, predicted)
        assert all(same_lesions(ours[region], theirs[region]) for region in LABELS)


def same_lesions(ours, theirs) -> bool:
    """Whether two numberings mean the same lesions."""
    pairs = np.unique(np.stack([ours.ravel(), theirs.ravel()]), axis=1)
    return len(pairs[0]) == len(set(pairs[0])) == len(set(pairs[1]))


@pytest.mark.parametrize("seed", range(10))
def test_a_region_is_numbered_as_on_the_whole_grid(seed):
    generator = np.random.default_rng(seed)
    mask = np.zeros((40, 30, 12), bool)
    mask[9:30, 9:22] = generator.random((21, 13, 12)) < 0.01
    numbered = ndimage.label(ndimage.binary_dilation(mask, NEAR, 3), ALL)[0] * mask
    assert np.array_equal(number_region(mask, LesionRules(3, 0.0, 337.0), drop=False), numbered)


def test_what_goes_first_on_the_whole_grid_goes_first_in_a_box():
    # Necrosis between two enhancing lesions goes with the one whose dilation begins at the lower X; the box around
    # everything begins there, too, and must not cut that off.
    reference = np.zeros((50, 60, 9), np.uint8)
    reference[10:31, 40:44, 3:6] = reference[11:31, 10:14, 3:6] = 3
    reference[12, 14:40, 3:6] = reference[31:35, 40:44, 3:6] = reference[31:40, 10:14, 3:6] = 1
    prediction = np.where(np.arange(50)[:, None, None] < 20, 0, reference).astype(np.uint8)
    ours = score_label_maps(MERGED, prediction, reference)["NETC"]
    assert ours.dice == pytest.approx(published_scores(prediction, reference, "NETC", (1.0, 1.0, 1.0))[0])
    lesions = number_merged(
        {name: np.isin(reference, each) for name, each in LABELS.items()}, MERGED.lesions, drop=False
    )
    assert lesions["NETC"][12, 20, 4] == lesions["NETC"][32, 42, 4] != lesions["NETC"][32, 12, 4]


@pytest.mark.parametrize("step", list(product((-1, 0, 1), repeat=3)))
def test_the_18_nearest_neighbours_touch(step):
    tissues = np.zeros((4, 5, 5, 5), np.int32)
    tissues[0, 2, 2, 2] = 7
    tissues[2][tuple(np.add(2, step))] = 5
    if any(step):
        touching = contacts(list(tissues))
        assert touching[Tissue.NETC, Tissue.ET] == ({(7, 5)} if np.abs(step).sum() < 3 else set())
        assert touching[Tissue.ET, Tissue.NETC] == {(5, 7) for _ in touching[Tissue.NETC, Tissue.ET]}
        assert not touching[Tissue.NETC, Tissue.RC]


def row(**voxels: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Maps of a grid of 60 x 3 x 3 in whose middle row each tissue has these voxels."""
    maps = {name: np.zeros((60, 3, 3), bool) for name in LABELS}
    for name, places in voxels.items():
        maps[name][list(places), 1, 1] = True
    return maps


def middle(lesions: np.ndarray, *places: int) -> list[int]:
    return lesions[list(places), 1, 1].tolist()


def test_lesions_that_touch_one_lesion_of_another_tissue_are_one():
    # Two ends of necrosis too far apart to merge, joined by the enhancing tumour between them.
    maps = row(NETC=(5, 25), ET=tuple(range(6, 25)))
    lesions = number_merged(maps, MERGED.lesions, drop=False)
    assert middle(lesions["NETC"], 5, 25) == [1, 1]
    apart = number_merged(row(NETC=(5, 25), ET=tuple(range(7, 25))), MERGED.lesions, drop=False)
    assert middle(apart["NETC"], 5, 25) == [1, 2]


def test_specks_join_nothing_in_a_prediction():
    maps = row(NETC=(*range(0, 5), *range(16, 40)), ET=tuple(range(5, 16)))
    maps["NETC"][0:5] = True
    kept = number_merged(maps, MERGED.lesions, drop=True)
    assert middle(kept["NETC"], 2, 30) == [1, 1]
    maps["ET"][5] = False  # 10 voxels are left, and deleted
    gone = number_merged(maps, MERGED.lesions, drop=True)
    assert (middle(gone["NETC"], 2, 30), middle(gone["ET"], 8)) == ([1, 2], [0])


def test_wt_and_tc_are_not_joined_across_tissues():
    maps = row(TC=(5, 25), NETC=(5, 25), ET=tuple(range(6, 25)))
    lesions = number_merged(maps, MERGED.lesions, drop=False)
    assert middle(lesions["TC"], 5, 25) == [1, 2]


def test_a_lesion_that_touches_two_goes_with_the_lower():
    lesions = np.array([[[1, 2, 3]]], np.int32)
    assert join(lesions, [{(1, 1), (1, 2), (2, 2), (3, 1)}]).ravel().tolist() == [5, 6, 5]
    assert join(lesions, [{(1, 1)}, {(1, 4), (2, 4)}]).ravel().tolist() == [10, 10, 3]


def test_numbers_are_made_consecutive_in_their_order():
    assert without_gaps(np.array([0, 7, 3, 7], np.int32)).tolist() == [0, 2, 1, 2]


@pytest.mark.parametrize("voxels", [(), (5,)], ids=["empty", "one voxel"])
def test_small_regions_are_numbered_or_deleted(voxels):
    mask = row(ET=voxels)["ET"]
    rules = LesionRules(3, 0.0, 337.0, smallest_prediction=1)
    assert number_region(mask, rules, drop=False).max() == len(voxels)
    assert number_region(mask, rules, drop=True).max() == 0


def test_tissues_are_joined_in_the_published_order():
    # It matters: what a lesion touches first decides what else it can be joined to.
    assert PARTNERS == ORDER
