"""What each test runs without a fault. Kept for the test files that did not change since."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.runs import Baseline, Copy, Part, Tests

DEPLOYED = ("functions", "shared")


def record_baseline(copies: list[Copy], parts: list[Part], kept: Path) -> Baseline:
    """Runs what `kept` does not have, in all copies at once. Raises Broken."""
    root = copies[0].root
    sources = [path.relative_to(root).as_posix() for part in parts for path in part.files(root)]
    common = _digest(sorted(path for folder in DEPLOYED for path in (root / folder).rglob("*.py")))
    kept.mkdir(parents=True, exist_ok=True)
    places = {
        file: kept / f"{_digest([root / file], common)}.json" for file in _test_files(root, parts)
    }
    missing = [file for file, place in places.items() if not place.exists()]
    shares = [missing[start :: len(copies)] for start in range(len(copies))]
    with ThreadPoolExecutor(len(copies)) as pool:
        jobs = [
            pool.submit(copy.record, share, sources)
            for copy, share in zip(copies, shares, strict=True)
            if share
        ]
        recorded = [tests for job in jobs for tests in job.result().items()]
    for file in missing:
        own = {name: facts for name, facts in recorded if name.startswith(f"{file}::")}
        places[file].write_text(json.dumps(own))
    tests: Tests = {}
    for place in places.values():
        tests |= json.loads(place.read_text())
    return Baseline(tests)


def _test_files(root: Path, parts: list[Part]) -> list[str]:
    folders = sorted({folder for part in parts for folder in part.tests})
    return [
        path.relative_to(root).as_posix()
        for folder in folders
        for path in sorted((root / folder).rglob("test_*.py"))
    ]


def _digest(paths: list[Path], *more: str) -> str:
    digest = hashlib.sha256(" ".join(more).encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
