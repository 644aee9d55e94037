"""The house rules that a machine can check: imports point down, files and functions stay small, docstrings stand."""

import ast
import configparser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "brats3d").rglob("*.py"))
LAYERS = (
    ("vocabulary", "version"),
    ("errors",),
    ("settings", "grid", "labels"),
    ("cases",),
    ("output",),
    ("phantom",),
    ("prepare",),
    ("networks",),
    ("bundle",),
    ("predict",),
    ("scoring",),
    ("train",),
    ("show",),
    ("batch",),
    ("study",),
    ("demo",),
    ("cli",),
)
"""From the words up to the shells: a room imports from its own layer and from those above it in this list."""
DEPTH = {room: depth for depth, rooms in enumerate(LAYERS) for room in rooms}
DATA_FOLDERS = {"bundles", "configs"}
"""Folders of data that live under the package's name."""


def room_of(module: str) -> str | None:
    """Return the room that a dotted module of ours lies in; None for the package itself and for foreign modules."""
    parts = module.split(".")
    return parts[1] if parts[0] == "brats3d" and len(parts) > 1 and parts[1] not in DATA_FOLDERS else None


def imported_rooms(tree: ast.AST) -> set[str]:
    """Return the rooms that a file imports from, at its top or inside functions."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {room for module in modules if (room := room_of(module)) is not None}


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function of a file."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_point_down(file: Path) -> None:
    parts = file.relative_to(ROOT / "brats3d").with_suffix("").parts
    if parts[0] == "__init__":
        return  # the public names gather from everywhere, lazily
    own = DEPTH[parts[0]]
    above = {room for room in imported_rooms(ast.parse(file.read_text())) if DEPTH[room] > own}
    assert not above, f"{parts[0]} imports from above it: {above}"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_files_and_functions_are_small_and_documented(file: Path) -> None:
    text = file.read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 300
    long = [f.name for f in functions(tree) if (f.end_lineno or 0) - f.lineno + 1 > 60]
    assert not long, f"functions of more than 60 lines with docstring: {long}"
    bare = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
        and not is_inner(node, tree)
    ]
    assert not bare, f"without a docstring: {bare}"
    assert not text.strip() or ast.get_docstring(tree) is not None, "the module says nothing of itself"


def is_inner(node: ast.AST, tree: ast.AST) -> bool:
    """Return whether a definition stands inside a function, or only announces an overload."""
    overloaded = any(isinstance(d, ast.Name) and d.id == "overload" for d in getattr(node, "decorator_list", []))
    return overloaded or any(node is not f and node in list(ast.walk(f)) for f in functions(tree))


def test_every_room_is_in_the_wheel() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    listed = set(settings["options"]["packages"].split()) - {f"brats3d.{name}" for name in DATA_FOLDERS}
    rooms = [file.parent.relative_to(ROOT) for file in FILES if file.name == "__init__.py"]
    assert {".".join(room.parts) for room in rooms} == listed


def test_no_room_has_the_name_of_a_public_function() -> None:
    import brats3d

    rooms = {path.stem for path in (ROOT / "brats3d").iterdir()}
    assert not rooms & (set(brats3d.__all__) - {"__version__"})
