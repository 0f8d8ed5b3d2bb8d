"""Runs the tests of a part against one mutant at a time, each in a copy of the project."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal

from tests.mutants import recording
from tests.mutants.mutations import MODULE, Mutant, source_with

Tests = dict[str, dict[str, Any]]  # by test: its seconds and the functions that it runs
Outcome = Literal["killed", "timed out", "survived", "not reached"]
NOT_COPIED = (".venv", ".git", ".state", ".aws-sam", ".hypothesis", "*_cache", "__pycache__")
NO_TESTS_RAN = 5  # pytest's exit codes
BASE_SECONDS = 60  # for the start of pytest on a busy machine
SLOWNESS_MAX = 5  # a mutant that takes this many times as long as the original is stuck
CONTROL_TESTS = 5


@dataclass(frozen=True)
class Part:
    """The modules of a part, and where its tests are. `tests` are in the order to try them."""

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> list[Path]:
        found = []
        for source in self.sources:
            path = root / source
            found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
        return found


class Broken(Exception):
    """The tests fail without a fault, so they say nothing about mutants."""


@dataclass(frozen=True)
class Baseline:
    """What each test of the original runs, and how long it takes."""

    tests: Tests

    def tests_for(self, part: Part, mutant: Mutant) -> list[str]:
        """First the tests that run the function, the quickest first; then the rest of their files.

        What runs on import can matter to any test of the part.
        """
        names = [name for name in self.tests if name.startswith(part.tests)]
        function = f"{mutant.file}::{mutant.function}"
        runs_it = {
            name
            for name in names
            if mutant.function.endswith(MODULE) or function in self.tests[name]["functions"]
        }
        files = {_file_of(name) for name in runs_it}
        names = [name for name in names if _file_of(name) in files]
        return sorted(names, key=lambda name: (name not in runs_it, self.seconds(name)))

    def seconds(self, *names: str) -> float:
        return float(sum(self.tests[name]["seconds"] for name in names))


def _file_of(test: str) -> str:
    return test.partition("::")[0]


@dataclass(frozen=True)
class Copy:
    """A copy of the project, which one process at a time uses."""

    root: Path
    seed: int

    @classmethod
    def create(cls, project: Path, root: Path, seed: int) -> "Copy":
        shutil.copytree(project, root, ignore=shutil.ignore_patterns(*NOT_COPIED))
        return cls(root, seed)

    def record(self, files: list[str], sources: list[str]) -> Tests:
        """What each test of the files runs. Raises Broken when one fails without a fault."""
        originals = {self.root / source: (self.root / source).read_bytes() for source in sources}
        for path, original in originals.items():
            name = path.relative_to(self.root).as_posix()
            self._write(path, recording.with_recording(original.decode(), name).encode())
        try:
            return self._record(files)
        finally:
            for path, original in originals.items():
                self._write(path, original)

    def _record(self, files: list[str]) -> Tests:
        with NamedTemporaryFile(suffix=".json") as file:
            done = self._pytest(files, {recording.RECORD: file.name}, None)
            if done.returncode:
                raise Broken(done.stdout.decode()[-4000:])
            recorded: Tests = json.loads(Path(file.name).read_text())
            return recorded

    def check_control(self, tests: list[str]) -> None:
        """Raises Broken when listed tests fail without a fault."""
        done = self._run_listed(tests, None)
        if done.returncode:
            raise Broken(done.stdout.decode()[-4000:])

    def try_mutant(self, mutant: Mutant, tests: list[str], seconds: float) -> Outcome:
        """`seconds` is what the tests take without the fault."""
        if not tests:
            return "not reached"
        path = self.root / mutant.file
        original = path.read_bytes()
        try:
            self._write(path, source_with(self.root, mutant).encode())
            done = self._run_listed(tests, BASE_SECONDS + SLOWNESS_MAX * seconds)
        except subprocess.TimeoutExpired:
            return "timed out"
        finally:
            self._write(path, original)
        if done.returncode == NO_TESTS_RAN:
            return "not reached"
        return "killed" if done.returncode else "survived"

    def _write(self, path: Path, source: bytes) -> None:
        """Removes the compiled module, whose check does not see a change within one second."""
        path.write_bytes(source)
        Path(cache_from_source(str(path))).unlink(missing_ok=True)

    def _run_listed(self, tests: list[str], limit: float | None) -> "subprocess.CompletedProcess":
        files = list(dict.fromkeys(_file_of(test) for test in tests))
        with NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(tests, file)
            file.flush()
            return self._pytest(files, {recording.TESTS: file.name}, limit)

    def _pytest(
        self, files: list[str], environment: dict[str, str], limit: float | None
    ) -> "subprocess.CompletedProcess":
        options = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", recording.__name__)
        order = (f"--randomly-seed={self.seed}", "--randomly-dont-reorganize")
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "pytest", *options, *order, *files],
            cwd=self.root,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit,
            check=False,
        )
