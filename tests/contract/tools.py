"""The tools that check the document and generate clients from it, in environments of their own."""

import os
import subprocess
from pathlib import Path

import pytest

from local.paths import ROOT, STATE

VENV = STATE / "venvs" / "contract"  # `make setup` installs it
NPM = STATE / "npm"  # `make npm-tools` installs it
SECONDS_MAX = 3600  # for one run of a tool, such as that of `make soak`, on a busy machine
# No tool asks its vendor for anything.
OFFLINE = {
    "CI": "true",
    "NO_COLOR": "1",
    "NO_UPDATE_NOTIFIER": "1",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "REDOCLY_TELEMETRY": "off",
}

needs_npm_tools = pytest.mark.skipif(
    not (NPM / ".made").exists(),
    reason="The npm tools are not installed. Run `make npm-tools`; it needs Node.js with npm.",
)


def run_python_tool(
    name: str, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return _run([str(VENV / "bin" / name), *arguments], environment)


def run_npm_tool(
    name: str, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return _run([str(NPM / "node_modules" / ".bin" / name), *arguments], environment)


def run_node(script: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return _run(["node", str(script)], environment)


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (pinned tools)
        command,
        cwd=ROOT,
        env=os.environ | OFFLINE | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
