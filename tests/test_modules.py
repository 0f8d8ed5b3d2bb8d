"""Checks of each deployed module: its size, its content, and what none of them does."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.support.http import EVENTS
from tests.test_architecture import FUNCTIONS, ROOT, SHARED, entry_points, modules

LINES_MIN, LINES_MAX = 30, 250
# The files of a noun have fixed names, so that a reader finds them; some nouns need little of each.
FIXED_NAMES = {"repository", "routes", "schemas", "service", "views"}
SHORT_MODULES = {
    "files.missing_products.repository": "the one write of its service",
    "pictures.failures": "the refusals of four modules, which do not import each other",
    "shared.clock": "the one clock, which tests replace",
    "shared.events.all_events": "the union of three modules, which the outbox need not import",
    "shared.events.base": "the base of three modules, which may not import each other",
    "shared.security.opaque_tokens": "a primitive that belongs to no other",
    "shared.storage.models.outbox": "one table",
    "shared.storage.models.payments": "one table",
}
CLOCKS = {"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"}
PRINTS = {"print", "pprint.pprint", "sys.stdout.write"}
EACH_MODULE = pytest.mark.parametrize("module", sorted(modules()))


@cache
def files() -> dict[str, Path]:
    """The file of each deployed module that is not a package's __init__."""
    folders = {FUNCTIONS: FUNCTIONS, SHARED: ROOT}
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): path
        for folder, root in folders.items()
        for path in folder.rglob("*.py")
        if path.name != "__init__.py"
    }


def is_short(module: str) -> bool:
    return len(files()[module].read_text().splitlines()) < LINES_MIN


def calls_in(tree: ast.Module) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def strings_in(path: Path) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def only_imports(tree: ast.Module) -> bool:
    """Whether a module has imports and nothing else but a docstring and `__all__`."""
    statements = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [node for node in statements if node not in imports and not is_all(node)]
    return bool(imports) and not others


def is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


@EACH_MODULE
def test_no_module_only_re_exports(module):
    assert not only_imports(modules()[module])


@pytest.mark.parametrize(
    ("source", "re_exports"),
    [
        ("from orders.checkout.service import place_order", True),
        ('"""Orders."""\nimport os\nfrom orders import service\n__all__ = ["service"]', True),
        ('"""Orders."""', False),
        ("", False),
        ("from shared.http.api import create_api\napi = create_api()", False),
    ],
)
def test_a_re_export_is_recognised(source, re_exports):
    assert only_imports(ast.parse(source)) is re_exports


def test_no_module_is_too_long():
    folders = [FUNCTIONS, SHARED, *(ROOT / name for name in ("benchmarks", "docs"))]
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    paths += [path for path in (ROOT / "local").rglob("*.py") if ".state" not in path.parts]
    lines = {path: len(path.read_text().splitlines()) for path in paths}

    assert {path: count for path, count in lines.items() if count > LINES_MAX} == {}


def test_no_module_is_too_short():
    """A short module belongs into its neighbour, unless it is a room of its own."""
    excepted = {
        module
        for module in files()
        if module in entry_points() or module.rpartition(".")[2] in FIXED_NAMES
    }
    short = {module for module in files() if is_short(module)}

    assert short - excepted - SHORT_MODULES.keys() == set()


def test_every_exception_to_the_size_is_short():
    assert [module for module in SHORT_MODULES if not is_short(module)] == []


@EACH_MODULE
def test_only_the_clock_reads_the_time(module):
    """And it reads an aware time, in UTC."""
    reads = [
        ast.unparse(call)
        for call in calls_in(modules()[module])
        if isinstance(call.func, ast.Attribute) and call.func.attr in CLOCKS
    ]

    assert reads == (["datetime.now(UTC)"] if module == "shared.clock" else [])


@EACH_MODULE
def test_no_module_prints(module):
    called = {ast.unparse(call.func) for call in calls_in(modules()[module])}

    assert not called & PRINTS


def test_no_folder_hides_a_standard_module():
    folders = {path.stem for path in (*FUNCTIONS.iterdir(), *ROOT.iterdir()) if path.is_dir()}

    assert folders >= {"auth", "shared", "tests"}
    assert not folders & sys.stdlib_module_names


def test_every_sample_event_is_used_by_a_test():
    samples = {path.stem for path in EVENTS.iterdir()}

    used = set().union(*(strings_in(path) for path in (ROOT / "tests").rglob("*.py")))

    assert samples - used == set()
