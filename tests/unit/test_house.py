"""What a linter cannot say about the house: size, words, docstrings, and that tests mirror the source."""

from __future__ import annotations

import ast
import importlib
import re
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "vedette"
MODULES = sorted(SOURCE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ENTRY = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)", re.MULTILINE)


def name_of(module: Path) -> str:
    parts = module.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def lines_of(module: Path) -> int:
    return len(module.read_text("utf-8").splitlines())


def test_modules_stay_small():
    sizes = sorted(lines_of(module) for module in MODULES)
    too_long = [f"{module.relative_to(ROOT)}: {lines_of(module)}" for module in MODULES if lines_of(module) > 600]
    assert not too_long, "longer than 600 lines"
    assert statistics.quantiles(sizes, n=10)[-1] <= 400, "one module in ten may be longer than 400 lines"


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for(module):
    docstring = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
    assert len(docstring) >= 20, "the first lines tell a stranger what the module is for"


@pytest.mark.parametrize("package", [m for m in MODULES if m.name == "__init__.py"], ids=name_of)
def test_a_package_defines_its_words(package):
    docstring = ast.get_docstring(ast.parse(package.read_text("utf-8"))) or ""
    assert 2 <= len(docstring.splitlines()) <= 40, "a package opens with a few lines that define its words"


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_public_names_exist(module):
    if module.name == "__main__.py":
        return
    loaded = importlib.import_module(name_of(module))
    public = getattr(loaded, "__all__", [])
    assert [name for name in public if not hasattr(loaded, name)] == []
    assert len(set(public)) == len(public)


def test_no_grab_bags():
    bags = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
    assert [str(module) for module in MODULES if module.stem in bags or module.parent.name in bags] == []


def test_nothing_is_left_to_do():
    marks = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
    files = [*MODULES, *(ROOT / "demo").rglob("*.py"), *(ROOT / "bench").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    assert [str(file) for file in files if marks.search(file.read_text("utf-8"))] == []


def test_no_function_is_a_stub():
    found = []
    for module in MODULES:
        tree = ast.parse(module.read_text("utf-8"))
        protocols = {
            child
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "Protocol" for base in node.bases)
            for child in ast.walk(node)
        }
        for node in ast.walk(tree):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node in protocols:
                continue
            body = [part for part in node.body if not _is_docstring(part)]
            if any(isinstance(part, ast.Raise) and "NotImplementedError" in ast.dump(part) for part in body) or (
                body
                and all(isinstance(part, ast.Expr) and _is_ellipsis(part) for part in body)
                and not _is_overload(node)
            ):
                found.append(f"{module.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert found == []


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_ellipsis(node: ast.Expr) -> bool:
    return isinstance(node.value, ast.Constant) and node.value.value is ...


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("overload" in ast.dump(decorator) for decorator in node.decorator_list)


def test_unit_tests_mirror_the_source():
    strays = []
    for test in (ROOT / "tests" / "unit").rglob("test_*.py"):
        place = SOURCE / test.relative_to(ROOT / "tests" / "unit").parent
        wanted = test.stem.removeprefix("test_")
        if wanted == "house":
            continue
        known = (
            {m.stem for m in place.glob("*.py")} | {p.name for p in place.iterdir() if p.is_dir()}
            if place.is_dir()
            else set()
        )
        if not any(wanted == name or wanted.startswith(f"{name}_") for name in known):
            strays.append(str(test.relative_to(ROOT)))
    assert strays == [], "each unit test is named after the module it tests"


def test_help_loads_nothing_heavy():
    heavy = ("numba", "numpy", "pyarrow", "duckdb", "cel_expr_python", "starlette", "uvicorn", "cryptography")
    script = f"import sys, vedette.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- requirements ---------------------------------------------------------------------------------------------------


def test_there_is_a_lock_for_each_command():
    assert [lock.stem for lock in LOCKS] == ["demo", "dev", "run"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_has_hashes_and_no_address(lock):
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^--?(?:index|extra-index|find-links|trusted|i\b|f\b)", text, re.MULTILINE)
    blocks = re.split(r"\n(?=[a-z0-9])", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    assert len(blocks) > 20
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_satisfies_the_ranges(lock):
    pinned = {entry["name"]: entry["version"] for entry in ENTRY.finditer(lock.read_text("utf-8"))}
    extras = PROJECT["optional-dependencies"]
    wanted = {
        "run": [],
        "demo": extras["drill"],
        "dev": [*extras["test"], *extras["lint"], *extras["drill"], *extras["tools"]],
    }
    for line in [*PROJECT["dependencies"], *wanted[lock.stem]]:
        need = Requirement(line)
        version = pinned.get(need.name.lower().replace("_", "-").replace(".", "-"))
        assert version is not None, f"{need.name} is not in {lock.name}: make lock"
        assert need.specifier.contains(version), (
            f"{lock.name} has {need.name} {version}, pyproject.toml wants {need.specifier}"
        )


def test_locks_agree():
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for entry in ENTRY.finditer(lock.read_text("utf-8")):
            versions.setdefault(entry["name"], set()).add(entry["version"])
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}
