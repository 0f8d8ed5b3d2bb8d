"""Adds up what the histories did, over all processes, and prints it at the end of a run."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

FIGURES = (
    *("histories", "operations", "calls", "conflicts", "throttled", "lost replies"),
    *("pairs", "interleavings", "ends", "drills", "mails"),
)
_sums: Counter[str] = Counter()

Report = Callable[[Mapping[str, int]], None]


@pytest.fixture
def report(record_property: Callable[[str, Any], None]) -> Report:
    """Adds figures to those of the run. Only the names in FIGURES count."""

    def add(figures: Mapping[str, int]) -> None:
        for name in FIGURES:
            if figures.get(name):
                record_property(name, figures[name])

    return add


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        for name, value in report.user_properties:
            if name in FIGURES:
                _sums[name] += int(str(value))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _sums:
        figures = ", ".join(f"{_sums[name]:,} {name}" for name in FIGURES if _sums[name])
        terminalreporter.write_line(f"histories: {figures}")
