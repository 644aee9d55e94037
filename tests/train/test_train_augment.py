"""A whole batch at once is its patches one by one."""

import numpy as np
import torch
from test_train_augmentation import ALWAYS, NEVER
from training_for_tests import a_case

from brats3d.train.augment import augmented_batch
from brats3d.train.augmentation import draw_changes, draw_pose
from brats3d.train.patches import draw_centre

SIZE = (10, 9, 8)
CASES = [a_case(seed=seed) for seed in range(3)]


def drawn(seed, how=ALWAYS):
    """Draw everything that a patch needs."""
    rng = np.random.default_rng(seed)
    case = CASES[seed % 3]
    pose = draw_pose(draw_centre(case, SIZE, rng, 0.5, 4), SIZE, how, rng)
    return case, pose, draw_changes(how, 4, rng)


def batch_of(*patches):
    """Return the batch of drawn patches."""
    return augmented_batch(*zip(*patches, strict=True), SIZE)


def test_a_patch_that_is_not_turned_is_a_block_of_voxels():
    for seed in range(20):
        case, pose, _ = drawn(seed, NEVER)
        first = np.array(pose.centre) - (np.array(SIZE) - 1) / 2
        assert np.array_equal(first, np.round(first))
        x, y, z = (slice(max(0, int(start)), int(start) + n) for start, n in zip(first, SIZE, strict=True))
        block = case.levels[x, y, z]
        levels = batch_of(drawn(seed, NEVER))[1][0]
        assert torch.equal(
            torch.bincount(levels.flatten(), minlength=5)[1:], torch.bincount(block.flatten(), minlength=5)[1:]
        )


def test_a_batch_is_its_patches_one_by_one():
    images, levels = batch_of(*(drawn(seed) for seed in range(4)))
    for seed in range(4):
        image, level = batch_of(drawn(seed))
        assert torch.equal(images[seed], image[0])
        assert torch.equal(levels[seed], level[0])


def test_the_background_is_exactly_0_and_the_cohort_stays_as_it_was():
    before = [case.data.clone() for case in CASES]
    images, levels = batch_of(*(drawn(seed) for seed in range(12)))
    assert images.shape == (12, 4, *SIZE)
    assert not images.movedim(1, 0)[:, levels == 0].any()
    assert torch.isfinite(images).all()
    assert all(torch.equal(case.data, old) for case, old in zip(CASES, before, strict=True))


def test_without_augmentation_a_patch_is_cut_out():
    case, pose, changes = drawn(0, NEVER)
    images, levels = batch_of((case, pose, changes))
    assert set(images.unique().tolist()) <= {*case.data.float().unique().tolist(), 0.0}
    assert torch.equal(images[0, 0] == 0, (levels[0] == 0) | (images[0, 0] == 0))
