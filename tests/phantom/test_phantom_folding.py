import numpy as np

from brats3d.phantom.fields import along
from brats3d.phantom.folding import draw_folds, fold_distance

LINES = tuple(np.arange(-30, 30, 1.5, dtype=np.float32) for _ in range(3))
POINTS = [along(0, LINES[0]), along(1, LINES[1]), along(2, LINES[2] + 45)]


def distance_at(depth):
    shape = [len(line) for line in LINES]
    return fold_distance(draw_folds(np.random.default_rng(0)), POINTS, np.full(shape, depth, np.float32))


def test_sulci_cross_the_cortex_every_centimetre_or_so():
    near = float((distance_at(2.0) < 1.0).mean())
    assert 0.08 < near < 0.4


def test_sulci_end_below_their_floor():
    assert float(distance_at(45.0).min()) > 10
    assert float(distance_at(2.0).min()) < 0.2


def test_a_distance_is_never_negative_and_grows_no_faster_than_one_walks():
    distance = distance_at(2.0)
    assert float(distance.min()) >= 0
    assert float(np.percentile(np.abs(np.diff(distance, axis=0)), 95)) < 2.5
