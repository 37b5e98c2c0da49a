"""A package imports only from layers below its own; packages of one layer do not know each other."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROWS: list[set[str]] = [
    {"cuda_ops"},
    {"latentlab.core"},
    {"latentlab.store", "latentlab.faces", "latentlab.client"},
    {"latentlab.networks", "latentlab.world", "latentlab.training"},
    {"latentlab.scorers", "latentlab.data"},
    {"latentlab.teaching"},
    {
        f"latentlab.{name}"
        for name in ("directions", "inversion", "editing", "baselines", "backbones", "metrics")
    },
    {"latentlab.studio"},
    {"latentlab.apps", "latentlab.service"},
    {"latentlab.cli"},
]
TOP = {"latentlab.cli", "latentlab.apps", "latentlab.service"}
FILES = [path for folder in ("cuda_ops", "latentlab") for path in sorted((ROOT / folder).rglob("*.py"))]

ABOVE = [
    path
    for path in FILES
    if path.relative_to(ROOT).parts[:2] in {("latentlab", one) for one in ("cli", "apps", "service")}
]


BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))


def package_of(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "latentlab" else parts[0]


def row_of(package: str) -> int | None:
    return next((row for row, names in enumerate(ROWS) if package in names), None)


def inside_of_studio(name: str) -> bool:
    """Whether a module inside the studio is named; what stands above takes public names of `latentlab.studio` alone."""
    from latentlab.studio import __all__ as public

    first, _, rest = name.removeprefix("latentlab.studio").removeprefix(".").partition(".")
    return name.startswith("latentlab.studio.") and (bool(rest) or first not in public)


def complaint(importer: str, imported: str) -> str | None:
    if importer == imported or row_of(importer) is None or row_of(imported) is None:
        return None
    # the command line starts the app and the service
    starts = {"latentlab.apps", "latentlab.service"} if importer == "latentlab.cli" else set()
    if importer in TOP and imported not in {"latentlab.studio", "latentlab.core", *starts}:
        return f"{importer} may not import {imported}: only latentlab.studio and latentlab.core"
    if row_of(imported) >= row_of(importer):  # type: ignore[operator]
        return f"{importer} may not import {imported}: it is not a layer below"
    return None


def imports_of(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    importer = package_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    faults = {complaint(importer, package_of(name)) for name in imports_of(path)} - {None}
    assert not faults, "; ".join(sorted(map(str, faults)))


@pytest.mark.parametrize("path", ABOVE, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_above_reaches_into_the_studio(path: Path) -> None:
    assert not [name for name in imports_of(path) if inside_of_studio(name)]


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.name)
def test_benchmarks_import_the_studio_and_core_only(path: Path) -> None:
    """And `cuda_ops`, whose operators they time; what they measure with has one list, whose names all exist."""
    ours = {"latentlab.studio", "latentlab.studio.parts"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("latentlab"):
            assert node.module in ours or str(node.module).startswith("latentlab.core."), node.module
            assert all(hasattr(import_module(str(node.module)), alias.name) for alias in node.names)


def test_every_public_name_of_the_studio_is_there() -> None:
    import latentlab.studio as studio

    assert set(studio.__all__) == set(studio._HOMES)
    assert all(getattr(studio, name) is not None for name in studio.__all__)
    stated = [
        alias.name
        for node in ast.walk(ast.parse(Path(studio.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("latentlab.")
        for alias in node.names
    ]
    assert sorted(stated) == sorted(studio.__all__)  # what type checkers see is what there is


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_imports_everything_of_another(path: Path) -> None:
    stars = [
        n
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.ImportFrom) and n.names[0].name == "*"
    ]
    assert not stars


def test_the_check_itself_finds_a_wrong_import() -> None:
    assert complaint("latentlab.core", "latentlab.studio") == (
        "latentlab.core may not import latentlab.studio: it is not a layer below"
    )
    assert complaint("latentlab.editing", "latentlab.inversion")
    assert complaint("latentlab.cli", "latentlab.networks")
    assert complaint("latentlab.studio", "latentlab.core") is None
    assert inside_of_studio("latentlab.studio.portraits.edit.Edit")
    assert not inside_of_studio("latentlab.studio.Edit")


def test_help_does_not_import_torch() -> None:
    code = "import sys, latentlab.cli.main as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
