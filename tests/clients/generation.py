"""Clients that are generated from the committed document, as a client developer generates them."""

import json
import os
import shutil
from pathlib import Path

from tests.contract.release import DOCUMENT
from tests.contract.tools import NPM, VENV, run_npm_tool, run_python_tool

HERE = Path(__file__).parent
JOURNEY, WRONG_CODE = "journey", "wrong_code"
PYTHON_PACKAGE = "souk_client"
TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "target": "es2022",
        "module": "nodenext",
        "moduleResolution": "nodenext",
        "lib": ["es2022", "dom"],
        "types": [],
        "outDir": "built",
        "noEmitOnError": True,
    }
}


def generate_python_client(folder: Path) -> Path:
    """A folder with the client's package and the programs of this folder that use it."""
    configuration = folder / "config.json"
    configuration.write_text(
        json.dumps({"package_name_override": PYTHON_PACKAGE, "literal_enums": True})
    )
    finished = run_python_tool(
        "openapi-python-client",
        "generate",
        *("--path", str(DOCUMENT), "--config", str(configuration)),
        *("--meta", "none", "--output-path", str(folder / PYTHON_PACKAGE), "--fail-on-warning"),
        # It formats what it generates with the ruff of its own environment.
        PATH=f"{VENV / 'bin'}:/usr/bin:/bin",
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    _copy_programs(folder, ".py")
    return folder


def generate_typescript_client(folder: Path) -> Path:
    """A folder with the types of the document and the programs of this folder that use them."""
    finished = run_npm_tool(
        "openapi-typescript", str(DOCUMENT), "--output", str(folder / "souk.ts")
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (folder / "node_modules").symlink_to(NPM / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    for program in (JOURNEY, WRONG_CODE):
        configuration = TSCONFIG | {"files": [f"{program}.ts"]}
        (folder / f"{program}.json").write_text(json.dumps(configuration))
    _copy_programs(folder, ".ts")
    return folder


def check_python(folder: Path, program: str) -> list[str]:
    """The errors that mypy finds in the program and in the whole generated package."""
    finished = run_python_tool(
        "mypy",
        *("--strict", "--no-error-summary", "--hide-error-context", "--no-pretty"),
        *("--config-file", os.devnull, "--cache-dir", str(folder / "mypy")),
        *("--package", PYTHON_PACKAGE, "--module", program),
        MYPYPATH=str(folder),
    )
    assert finished.stderr == ""
    return [line for line in finished.stdout.splitlines() if ": error:" in line]


def check_typescript(folder: Path, program: str) -> list[str]:
    """The errors that the compiler finds. Without one it writes the program to `built`."""
    finished = run_npm_tool(
        "tsc", "--project", str(folder / f"{program}.json"), "--pretty", "false"
    )
    assert finished.stderr == ""
    return finished.stdout.splitlines()


def _copy_programs(folder: Path, suffix: str) -> None:
    for program in (JOURNEY, WRONG_CODE):
        shutil.copy(HERE / f"{program}{suffix}", folder)
