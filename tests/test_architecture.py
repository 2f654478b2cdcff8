"""The house keeps its shape: imports run upwards, modules stay small."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "coverage" / "servicecircle"
MODULES = sorted(PACKAGE.rglob("*.py"))
# a module may import what stands above it, and its own floor
FLOORS = (
    ("_kernel",),
    (
        "errors",
        "options",
        "_checks",
        "_compile",
        "_store",
        "_text",
        "_values",
        "_vocabulary",
        "_files",
        "_hours_text",
        "_notebook",
        "_said",
    ),
    (
        "coordinates",
        "tables",
        "networks",
        "_locate",
        "sites",
        "demand",
        "districts",
        "hours",
        "sources",
        "standards",
        "config",
        "samples",
    ),
    ("reach", "areas", "routes"),
    (
        "access",
        "coverage",
        "measures",
        "scores",
        "siting",
        "mobile",
        "week",
        "_sentences",
    ),
    ("maps", "reports"),
    ("batch", "cli"),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "servicecircle" and len(parts) > 1 and parts[1] in FLOOR:
                rooms.add(parts[1])
    return rooms


def type_checking_only(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            for inner in ast.walk(node):
                if isinstance(inner, ast.ImportFrom) and inner.module:
                    rooms.add(inner.module.split(".")[1] if "." in inner.module else "")
    return rooms


def test_every_room_has_a_floor():
    rooms = {room_of(p) for p in MODULES} - {"__init__"}
    assert rooms <= set(FLOOR), rooms - set(FLOOR)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_upwards(path):
    room = room_of(path)
    if room == "__init__":
        return
    for other in imported_rooms(path) - type_checking_only(path) - {room}:
        assert FLOOR[other] <= FLOOR[room], f"{room} imports {other}, which stands below it"


def test_the_kernel_knows_nothing_of_us():
    for path in (PACKAGE / "_kernel").glob("*.py"):
        assert imported_rooms(path) <= {"_kernel"}, path.name


def test_only_maps_imports_folium():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if "import folium" in text or "from folium" in text or "import branca" in text:
            assert room_of(path) == "maps", path.name


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_have_at_most_500_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_no_public_function_is_named_like_a_module():
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    names = {
        alias.asname
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    assert names
    assert not names & {room_of(p) for p in MODULES}


def test_import_leaves_heavy_libraries_alone():
    import subprocess
    import sys

    code = (
        "import sys, servicecircle; "
        "print(sorted({'numba', 'geopandas', 'osmnx', 'folium', 'highspy'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(PACKAGE.parent), "PATH": ""},
    )
    assert found.stdout.strip() == "[]"
