"""The public names of the package: there, light to import, and clear of module and folder names."""

import subprocess
import sys
from pathlib import Path

import pytest

import brats3d

PUBLIC = {
    "BadInput",
    "Brats3dError",
    "Bundle",
    "Case",
    "CaseScores",
    "Finding",
    "Options",
    "Predictor",
    "Result",
    "__version__",
    "evaluate",
    "find_cases",
    "open_bundle",
    "segment_folder",
    "shipped_bundles",
}


def test_the_public_names_are_these():
    assert set(brats3d.__all__) == set(dir(brats3d)) == PUBLIC == {*brats3d.HOMES, "__version__"}


@pytest.mark.parametrize("name", sorted(PUBLIC - {"__version__"}))
def test_every_public_name_is_there_and_called_so(name):
    assert getattr(brats3d, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'brats3d' has no attribute 'segment'"):
        _ = brats3d.segment


def test_no_public_name_is_that_of_a_module_or_folder_beside_it():
    # Importing brats3d/x would rebind brats3d.x; brats3d/cli/evaluate.py binds a name in brats3d.cli alone.
    children = {path.stem for path in Path(brats3d.__file__).parent.iterdir()}
    assert "cases" in children
    assert not PUBLIC & children


def test_importing_the_package_is_light():
    code = "import sys, brats3d; print(sorted({'torch', 'monai', 'numpy', 'nibabel'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
