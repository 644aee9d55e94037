"""What the tests of several rooms share."""

from pathlib import Path

import pytest
from hypothesis import settings

# Other work on the machine must not fail a test: no example is judged by how long it took.
settings.register_profile("brats3d", deadline=None)
settings.load_profile("brats3d")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the folder of real patients that long proofs read."""
    parser.addoption("--patients", metavar="FOLDER", type=Path, default=None, help="real patients for long proofs")


@pytest.fixture
def patients(request: pytest.FixtureRequest) -> Path:
    """Return the folder of real patients; the test is skipped where none was given."""
    folder = request.config.getoption("--patients")
    if folder is None:
        pytest.skip("needs real patients: --patients FOLDER")
    return Path(folder)


@pytest.fixture
def tiny_bundle(tmp_path: Path) -> Path:
    """Return the folder of a tiny untrained bundle, whole in every check."""
    from bundles_for_tests import write_tiny_bundle

    return write_tiny_bundle(tmp_path / "tiny-bundle")
