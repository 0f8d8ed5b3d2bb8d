"""docs/performance.md: the prose stays, the measured part is replaced, and it says how."""

import os
import platform
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks import cold_starts, instructions, performance_page
from benchmarks.environment import ROOT
from benchmarks.performance_page import BEGIN
from benchmarks.report import Budget, Row

ROWS = {
    "cold_starts": [Row("cold start: orders", Budget(1.5, unit=" x"), 1.7, "a | b")],
    "layers": [Row("layer", Budget(20, "under", " MB"), 16)],
}


@pytest.fixture
def page(tmp_path) -> Path:
    path = tmp_path / "performance.md"
    path.write_text(f"# Performance\n\nProse.\n\n{BEGIN}\n\nold numbers\n")
    return path


def measured_part(page: Path) -> str:
    return page.read_text().partition(BEGIN)[2]


def test_the_prose_stays_and_the_tables_are_replaced(page):
    for _ in range(2):
        performance_page.write_page(ROWS, page)

        prose, _, measured = page.read_text().partition(BEGIN)
        assert prose == "# Performance\n\nProse.\n\n"
        assert "old numbers" not in measured
        assert re.findall(r"^## (.+)$", measured, re.MULTILINE) == ["Cold starts", "Layers"]


def test_a_row_has_its_budget_and_result(page):
    performance_page.write_page(ROWS, page)

    lines = measured_part(page).splitlines()
    assert "| measurement | budget | measured | result |" in lines
    assert "| cold start: orders | at most 1.5 x | 1.7 x (a &#124; b) | OVER BUDGET |" in lines
    assert "| layer | under 20 MB | 16 MB | within budget |" in lines


def test_each_table_says_how_it_was_measured(page):
    sections = {name: list[Row]() for name in bench.PYTHON_OF_SECTION}

    performance_page.write_page(sections, page)

    parts = measured_part(page).split("\n## ")[1:]
    assert len(parts) == len(sections)
    for part in parts:
        _, method, _ = part.split("\n\n", 2)
        assert len(method.split()) > 8
    assert "Valgrind counts them" in parts[0]


def test_the_page_names_machine_versions_and_date(page):
    performance_page.write_page(ROWS, page)

    text = measured_part(page)
    assert f"- Date: {datetime.now(UTC):%Y-%m-%d}" in text
    assert f"{os.cpu_count()} cores, {platform.system()}" in text
    assert f"{platform.python_version()} for the rest" in text
    for library in performance_page.LIBRARIES:
        assert re.search(rf"\b{library} \d+\.\d+", text)


def test_the_page_names_no_host_and_no_path(page):
    performance_page.write_page(ROWS, page)

    text = measured_part(page)
    for secret in (socket.gethostname(), str(ROOT), str(Path.home()), sys.executable):
        assert secret not in text


@pytest.mark.parametrize("version", ["valgrind-3.19.0", ""])
def test_the_page_says_whether_instructions_were_counted(page, version, monkeypatch):
    monkeypatch.setattr(performance_page, "_valgrind_version", lambda: version)

    performance_page.write_page(ROWS, page)

    expected = version or "not counted, since valgrind is not installed"
    assert f"- Instructions: {expected}\n" in measured_part(page)


def test_a_page_without_a_place_for_tables_is_refused(page):
    page.write_text("# Performance\n")

    with pytest.raises(ValueError, match="does not have the line"):
        performance_page.write_page(ROWS, page)
    assert page.read_text() == "# Performance\n"


def test_the_committed_page_can_be_written(tmp_path):
    copy = tmp_path / "performance.md"
    copy.write_text(performance_page.PAGE.read_text())

    performance_page.write_page(ROWS, copy)

    assert copy.read_text().startswith("# Performance\n")


@pytest.fixture
def measured_sections(monkeypatch, tmp_path) -> list[str]:
    """Sections that `main` measures, without measuring."""
    measured: list[str] = []

    def measure(target: str, **_: object) -> tuple[list[object], None]:
        measured.append(target)
        return [[target, None, 1.0, "", ""]], None

    monkeypatch.setattr(bench.subprocesses, "call_in_subprocess", measure)
    monkeypatch.setattr(bench, "STATE", tmp_path)
    return measured


def test_the_page_is_written_on_request_only(measured_sections, monkeypatch, capsys):
    written = []
    monkeypatch.setattr(performance_page, "write_page", written.append)

    assert bench.main([]) == 0
    assert written == []

    assert bench.main(["--write"]) == 0
    assert [list(sections) for sections in written] == [list(bench.PYTHON_OF_SECTION)]
    assert len(measured_sections) == 2 * len(bench.PYTHON_OF_SECTION)
    assert "benchmarks.layers:rows" in capsys.readouterr().out


@pytest.mark.usefixtures("measured_sections")
def test_a_page_with_some_sections_only_is_refused(capsys):
    with pytest.raises(SystemExit):
        bench.main(["layers", "--write"])

    assert "the page has all sections" in capsys.readouterr().err


@pytest.mark.parametrize(("variable", "written"), [("WRITE=1", True), ("WRITE=", False)])
def test_make_bench_writes_the_page_with_write_1(variable, written):
    command = ["make", "--dry-run", "bench", variable]
    listed = subprocess.run(  # noqa: S603
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()

    assert listed[-1].rstrip().endswith("-m benchmarks --write") is written
    assert "-m benchmarks" in listed[-1]


NOTHING = (["-c", "pass"], "")


@pytest.mark.parametrize(
    ("can_count", "measure"),
    [(True, "instructions"), (False, "CPU minima, since valgrind is not installed")],
)
def test_cold_starts_say_what_decides(can_count, measure, monkeypatch):
    subjects = {cold_starts.BASELINE: NOTHING, "authorizer": NOTHING, "orders": NOTHING}
    counts = {cold_starts.BASELINE: 1000, "authorizer": 900, "orders": 1600}
    monkeypatch.setattr(cold_starts, "TURNS", 1)
    monkeypatch.setattr(cold_starts, "_compiled_functions", lambda scratch, _: scratch)
    monkeypatch.setattr(cold_starts, "_subjects", lambda *_: subjects)
    monkeypatch.setattr(cold_starts, "_counts", lambda *_: dict(counts))
    monkeypatch.setattr(instructions, "can_count", lambda: can_count)

    baseline, *rows = cold_starts.rows()

    assert measure in baseline.detail
    assert {row.name for row in rows} == {"cold start: authorizer", "cold start: orders"}
    if can_count:
        assert [(row.measured, row.is_over_budget) for row in rows] == [(1.6, True), (0.9, False)]
