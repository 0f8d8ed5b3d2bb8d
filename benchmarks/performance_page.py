"""docs/performance.md: prose that people write, and below it what `make bench WRITE=1` measured."""

import ast
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import instructions, subprocesses
from benchmarks.environment import REFERENCE_PYTHON, ROOT
from benchmarks.report import HEADINGS, Row

PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- `make bench WRITE=1` replaces everything below this line. -->"
REQUIREMENTS = ROOT / "benchmarks" / "requirements.txt"
LIBRARIES = ("botocore", "pynamodb", "pydantic", "aws-lambda-powertools", "fastapi", "mangum")
CPU_LIST = Path("/proc/cpuinfo")  # Linux


def write_page(sections: Mapping[str, Sequence[Row]], page: Path = PAGE) -> None:
    """Replaces the measured part, and keeps the rest. Raises ValueError without a place for it."""
    prose, begin, _ = page.read_text(encoding="utf-8").partition(BEGIN)
    if not begin:
        raise ValueError(f"{page.name} does not have the line {BEGIN}")
    parts = [f"{prose}{BEGIN}", _describe_circumstances()]
    parts += [_format_section(name, rows) for name, rows in sections.items()]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _describe_circumstances() -> str:
    """What the numbers depend on. The machine's name and paths stay out."""
    pythons: dict[str, str | Path] = {
        "cold starts": instructions.find_python(),
        "warm requests": REFERENCE_PYTHON,
        "the rest": sys.executable,
    }
    versions = dict(re.findall(r"^([\w.-]+)==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE))
    python = "; ".join(
        f"{subprocesses.version(path).removeprefix('Python ')} for {use}"
        for use, path in pythons.items()
    )
    facts = {
        "Date": f"{datetime.now(UTC):%Y-%m-%d}",
        "Machine": f"{_cpu_model()}, {os.cpu_count()} cores, {platform.system()}",
        "Python": python,
        "Instructions": _valgrind_version() or "not counted, since valgrind is not installed",
        "Libraries": ", ".join(f"{name} {versions[name]}" for name in LIBRARIES),
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items())


def _cpu_model() -> str:
    if CPU_LIST.exists() and (
        found := re.search(r"^model name\s*: (.+)$", CPU_LIST.read_text(), re.MULTILINE)
    ):
        return found[1]
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return platform.machine()


def _valgrind_version() -> str:
    program = shutil.which("valgrind")
    if program is None:
        return ""
    command = [program, "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _format_section(name: str, rows: Sequence[Row]) -> str:
    title = name.replace("_", " ").capitalize()
    table = [_format_line(HEADINGS), _format_line(("---",) * len(HEADINGS))]
    table += [_format_line(row.cells) for row in rows]
    return f"## {title}\n\n{_describe_method(name)}\n\n" + "\n".join(table)


def _describe_method(section: str) -> str:
    """The module's docstring says how it measures. Read, because its imports are large."""
    module = ast.parse((ROOT / "benchmarks" / f"{section}.py").read_text(encoding="utf-8"))
    return ast.get_docstring(module) or ""


def _format_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
