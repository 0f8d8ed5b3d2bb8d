"""Puts a compiled copy of `functions/` into SAM's build, and has every function deploy that copy.

    python -m local.bundle .aws-sam/build

SAM does not build the functions, because they are plain code and it would build one copy for each.
Lambda would compile the sources on each cold start: a function cannot write beside its code. See
docs/decisions/0045-ship-functions-with-bytecode.md.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local import paths

SOURCES = paths.ROOT / "functions"
FOLDER = "Functions"  # in the build, beside the folders of the layers
NOT_DEPLOYED = ("__pycache__", "*.pyc", "Makefile", "requirements.txt")  # of the other layers too
TARGET = "compile-functions"
TEMPLATE = "template.yaml"  # as `sam build` writes it: its paths are relative to the build
FUNCTION = re.compile(r"^ +Type: AWS::Serverless::Function$", re.MULTILINE)
CODE = re.compile(r"^( +CodeUri: )(?:\S*/)?functions/?$", re.MULTILINE)


class BundleError(Exception):
    """The build has no compiled functions. The message says why."""


def bundle_functions(built: Path, environment: Mapping[str, str]) -> None:
    """Adds the folder to a build of SAM's. The environment says for which Python, as for layers.

    Raises BundleError. The build's template names the folder only after it is complete.
    """
    template = built / TEMPLATE
    text = template.read_text(encoding="utf-8")
    bundled, replaced = CODE.subn(rf"\g<1>{FOLDER}", text)
    functions = len(FUNCTION.findall(text))
    if not functions or replaced != functions:
        raise BundleError(f"{template} has {functions} functions, {replaced} with functions/")
    copy_compiled(built / FOLDER, environment)
    template.write_text(bundled, encoding="utf-8")


def copy_compiled(folder: Path, environment: Mapping[str, str]) -> None:
    """A new folder with what the functions need at run time, and bytecode. Raises BundleError."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        draft = shutil.copytree(
            SOURCES, Path(scratch) / FOLDER, ignore=shutil.ignore_patterns(*NOT_DEPLOYED)
        )
        # shared/Makefile knows the Python that runs functions, and how to compile for it.
        command = [
            "make",
            "--no-print-directory",
            "--directory",
            str(paths.ROOT / "shared"),
            TARGET,
        ]
        made = subprocess.run(
            command,
            env={**environment, "ARTIFACTS_DIR": str(draft)},
            stdout=sys.stderr,
            check=False,
        )
        if made.returncode:
            raise BundleError("the functions could not be compiled")
        draft.rename(folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.bundle")
    parser.add_argument("built", type=Path, help="the folder that `sam build` has written")
    options = parser.parse_args()
    try:
        bundle_functions(options.built.resolve(), os.environ)
    except BundleError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
