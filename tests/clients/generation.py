"""Clients that are generated from the committed document, as a client developer generates them."""

import json
import shutil
from pathlib import Path

from tests.contract.release import DOCUMENT
from tests.contract.tools import NPM, run_npm_tool, run_python_tool

HERE = Path(__file__).parent
JOURNEY, WRONG_CODE = "journey", "wrong_code"
PYTHON_PACKAGE = "souk_client"
# The default hooks format the code with any version of ruff, whose fixes change types.
PYTHON_CONFIGURATION = {"package_name_override": PYTHON_PACKAGE, "post_hooks": []}
TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "target": "es2022",
        "module": "nodenext",
        "moduleResolution": "nodenext",
        "lib": ["es2022", "dom"],
        "types": [],
        "outDir": "built",
        "skipLibCheck": True,
    }
}


def generate_python_client(folder: Path) -> Path:
    """A folder with the client's package and the programs of this folder that use it."""
    configuration = folder / "config.json"
    configuration.write_text(json.dumps(PYTHON_CONFIGURATION))
    finished = run_python_tool(
        "openapi-python-client",
        "generate",
        *("--path", str(DOCUMENT), "--config", str(configuration)),
        *("--meta", "none", "--output-path", str(folder / PYTHON_PACKAGE), "--fail-on-warning"),
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    _copy_programs(folder, ".py")
    return folder


def generate_typescript_client(folder: Path) -> Path:
    """A folder with the types of the document and the programs of this folder that use them."""
    finished = run_npm_tool(
        "openapi-typescript",
        # A request can leave out a field that has a default.
        *(str(DOCUMENT), "--no-default-non-nullable", "--output", str(folder / "souk.ts")),
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (folder / "node_modules").symlink_to(NPM / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    for program in (JOURNEY, WRONG_CODE):
        configuration = TSCONFIG | {"files": [f"{program}.ts"]}
        (folder / f"{program}.json").write_text(json.dumps(configuration))
    _copy_programs(folder, ".ts")
    return folder


def check_python(folder: Path, *modules: str) -> list[str]:
    """The errors that mypy finds in these modules. It checks all that they import, too."""
    finished = run_python_tool(
        "mypy",
        *("--strict", "--no-error-summary", "--hide-error-context", "--no-pretty"),
        *("--config-file", "", "--cache-dir", str(folder / "mypy")),
        *(option for module in modules for option in ("--package", module)),
        MYPYPATH=str(folder),
    )
    assert finished.stderr == ""
    return [line for line in finished.stdout.splitlines() if ": error:" in line]


def compile_typescript(folder: Path, program: str, *options: str) -> list[str]:
    """Writes the program to `built`. Returns the errors that the compiler finds."""
    configuration = str(folder / f"{program}.json")
    finished = run_npm_tool("tsc", "--project", configuration, "--pretty", "false", *options)
    assert finished.stderr == ""
    return [line for line in finished.stdout.splitlines() if ": error " in line]


def _copy_programs(folder: Path, suffix: str) -> None:
    for program in (JOURNEY, WRONG_CODE):
        shutil.copy(HERE / f"{program}{suffix}", folder)
