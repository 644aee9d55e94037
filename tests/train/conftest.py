"""Patients and a bundle that the tests of training share; none of them may change what lies there."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from training_for_tests import write_patients, write_recipe

from brats3d.cases.case import Case
from brats3d.cases.find import find_cases
from brats3d.train.request import TrainingRequest
from brats3d.train.run import train_bundle


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three made-up patients under `data` and a cache that fills by itself."""
    folder = tmp_path_factory.mktemp("train")
    write_patients(folder / "data")
    return folder


@pytest.fixture
def case(room: Path) -> Case:
    """Return the first of the patients."""
    return find_cases(room / "data")[0]


@pytest.fixture
def own(room: Path, tmp_path: Path) -> Path:
    """Return a copy of the patients that a test may change."""
    return shutil.copytree(room / "data", tmp_path / "data")


@pytest.fixture(scope="session")
def trained(room: Path) -> Path:
    """Return a bundle trained to its end on two of the patients."""
    request = TrainingRequest(write_recipe(room), room / "data", room / "bundle", cache=room / "cache", quiet=True)
    return train_bundle(request)


@pytest.fixture
def request_of(room: Path, tmp_path: Path) -> Callable[..., TrainingRequest]:
    """Return a function that makes a request for a bundle of the test's own, keys of the recipe changed."""

    def made(recipe: dict[str, str] | None = None, **changes: Any) -> TrainingRequest:
        values = {"data": room / "data", "out": tmp_path / "bundle", "cache": room / "cache", "quiet": True}
        return TrainingRequest(write_recipe(tmp_path, **(recipe or {})), **{**values, **changes})

    return made
