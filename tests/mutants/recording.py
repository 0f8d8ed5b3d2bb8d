"""A pytest plugin: it records which functions each test runs, or runs a given list of tests.

SOUK_MUTANTS_RECORD names the file to write, SOUK_MUTANTS_TESTS the file with the list.
"""

import ast
import builtins
import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

RECORD, TESTS = "SOUK_MUTANTS_RECORD", "SOUK_MUTANTS_TESTS"
HOOK = "_souk_function_runs"
_DEFAULT = f"__import__('builtins').__dict__.setdefault({HOOK!r}, len)"

_functions: set[str] = set()  # that ran in the current test, or before the first one
if RECORD in os.environ:
    setattr(builtins, HOOK, _functions.add)  # before pytest imports the first conftest


def with_recording(source: str, file: str) -> str:
    """The module, in which each function says that it runs. A trace function is much slower.

    A process that a test starts has no recorder: there the functions run and say nothing.
    """
    tree = ast.parse(source)
    _insert_calls(tree, f"{file}::")
    tree.body.insert(int(ast.get_docstring(tree) is not None), ast.parse(_DEFAULT).body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def _insert_calls(holder: ast.AST, prefix: str) -> None:
    for node in ast.iter_child_nodes(holder):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            _insert_calls(node, f"{prefix}{node.name}.")
        else:
            _insert_calls(node, prefix)
        if isinstance(node, ast.FunctionDef):
            call = ast.parse(f"{HOOK}({prefix + node.name!r})").body[0]
            node.body.insert(int(ast.get_docstring(node) is not None), call)


class _Recorder:
    """Per test: its seconds, and `file::function` of each deployed function that it ran.

    What an import ran can matter to each test.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._at_import: set[str] = set()
        self._tests: dict[str, dict[str, Any]] = {}

    def pytest_collection_finish(self) -> None:
        self._at_import |= _functions

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        _functions.clear()
        before = perf_counter()
        try:
            return (yield)
        finally:
            seconds = round(perf_counter() - before, 3)
            functions = sorted(_functions | self._at_import)
            self._tests[item.nodeid] = {"seconds": seconds, "functions": functions}

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(json.dumps(self._tests))


class _Selection:
    """Runs the listed tests in the order of the list."""

    def __init__(self, file: Path) -> None:
        self._ranks = {test: rank for rank, test in enumerate(json.loads(file.read_text()))}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._ranks),
            key=lambda item: self._ranks[item.nodeid],
        )


def pytest_configure(config: pytest.Config) -> None:
    if file := os.environ.get(RECORD):
        config.pluginmanager.register(_Recorder(Path(file)))
    if file := os.environ.get(TESTS):
        config.pluginmanager.register(_Selection(Path(file)))
