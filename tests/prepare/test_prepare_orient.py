"""Turning to RAS and back, for every order and direction of the axes there is."""

from itertools import permutations, product

import numpy as np
import pytest

from brats3d.prepare.orient import turn_of, turned

ORIENTATIONS = [(order, signs) for order in permutations(range(3)) for signs in product((1, -1), repeat=3)]
SHAPE = (3, 4, 5)


def affine_of(order, signs):
    """Return the affine of an array whose axis i runs along RAS axis `order[i]`, with unequal spacing and a tilt."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, (ras, sign) in enumerate(zip(order, signs, strict=True)):
        affine[ras, axis] = sign * (1.0, 2.0, 0.5)[axis]
    tilt = np.array([[1, 0.1, 0], [-0.1, 1, 0.05], [0, -0.05, 1]])
    affine[:3, :3] = tilt @ affine[:3, :3]
    affine[:3, 3] = 10, -20, 30
    return affine


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_every_orientation_comes_back(order, signs):
    array = np.arange(120).reshape(2, *SHAPE)
    turn = turn_of(affine_of(order, signs))
    assert np.array_equal(turned(turned(array, turn.to_ras), turn.from_ras), array)


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_after_the_turn_indices_grow_to_the_right_the_front_and_the_top(order, signs):
    affine = affine_of(order, signs)
    indices = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    places = np.moveaxis(indices @ affine[:3, :3].T + affine[:3, 3], -1, 0)
    ras = turned(places, turn_of(affine).to_ras)
    assert ras.shape == (3, *(SHAPE[order.index(axis)] for axis in range(3)))
    for axis in range(3):
        assert (np.diff(ras[axis], axis=axis) > 0).all()


def test_ras_stays_as_it_is_and_nothing_is_copied():
    array = np.zeros((4, *SHAPE), np.float32)
    assert np.shares_memory(turned(array, turn_of(np.eye(4)).to_ras), array)
