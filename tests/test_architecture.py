"""The architecture as the design tells it: the floors, who knows which library, small files."""

import ast
import json
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("trialmq", "webui", "orchestrator", "trial_runner", "schema")
SHIPPED = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
EVERYTHING = sorted(
    [*SHIPPED, *(f for d in ("benchmarks", "examples", "tests") for f in (ROOT / d).rglob("*.py"))]
)
MOST_LINES = 400


def named(file: Path) -> str:
    """The file as a person names it."""
    return file.relative_to(ROOT).as_posix()


def test_every_import_contract_is_kept() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout


def test_no_module_imports_in_a_circle_not_even_for_its_types() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}
    in_order = list(TopologicalSorter(imports).static_order())  # raises CycleError with the circle
    assert len(in_order) == len(imports)


def test_schema_is_ours_and_not_the_package_of_that_name() -> None:
    import schema

    assert Path(schema.__file__ or "").parent == ROOT / "schema"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(needed for extra in extras for needed in extra)]
    assert not [needed for needed in wanted if needed.partition(">")[0].strip() == "schema"]


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after ``statement``."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(run.stdout)}


def test_the_front_door_loads_nothing_heavy() -> None:
    loaded = modules_after("import trialmq")
    assert "trial_runner" in loaded
    heavy = {"torch", "numpy", "optuna", "nicegui", "aio_pika", "aiosqlite", "rich", "cyclopts"}
    assert not loaded & {*heavy, "orchestrator", "webui", "asyncio"}


@pytest.mark.parametrize("module", ["trial_runner.child", "trial_runner.slot_main"])
def test_the_process_of_a_slot_loads_nothing_but_what_trains(module: str) -> None:
    assert not modules_after(f"import {module}") & {"torch", "optuna", "aiosqlite", "orchestrator"}


def test_files_are_short() -> None:
    lengths = {named(file): file.read_text("utf-8").count("\n") for file in EVERYTHING}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_module_tells_what_it_is() -> None:
    modules = {file: ast.parse(file.read_text("utf-8")) for file in SHIPPED}
    assert [named(file) for file, tree in modules.items() if not ast.get_docstring(tree)] == []


def test_a_package_holds_nothing_but_its_docstring() -> None:
    doors = [f for f in SHIPPED if f.name == "__init__.py" and f.parent != ROOT / "trialmq"]
    full = [named(file) for file in doors if len(ast.parse(file.read_text("utf-8")).body) != 1]
    assert doors
    assert full == []


def test_no_file_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [named(file) for file in EVERYTHING if file.stem in drawers] == []
