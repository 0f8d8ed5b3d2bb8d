"""The layers as `sam build` makes them, for this machine and for Lambda, and their sizes."""

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Literal

from benchmarks import subprocesses
from benchmarks.environment import ROOT, STATE
from benchmarks.report import Budget, Row

FOLDERS = {"Shared": ROOT / "shared", "Payments": ROOT / "functions/orders/payments"}
BYTES_PER_MEGABYTE = 1_000_000
SIZE = Budget(20, "under", " MB")
SIZE_OF_PAYMENTS = Budget(10, "under", " MB")
NO_COPIES = Budget(0)

Target = Literal["host", "aws"]


def rows() -> list[Row]:
    rows = []
    for target, name in (("aws", "Lambda"), ("host", "this machine")):
        layer = build_layer(target)  # type: ignore[arg-type]
        rows.append(_size(layer, f"layer for {name}", SIZE))
        copies = len(list(layer.glob("cryptography*")))
        rows.append(Row(f"layer for {name}: copies of cryptography", NO_COPIES, copies))
        second = build_layer(target, "Payments")  # type: ignore[arg-type]
        rows.append(_size(second, f"payments layer for {name}", SIZE_OF_PAYMENTS))
    return rows


def _size(layer: Path, name: str, budget: Budget) -> Row:
    """Unzipped bytes: they count against Lambda's 250 MB, and each cold start unpacks them."""
    size = sum(file.lstat().st_size for file in layer.rglob("*") if file.is_file())
    compiled = any(layer.glob("[bs]*/*.pyc"))  # botocore, or stripe
    detail = (
        "bytecode"
        if compiled
        else "source code: this machine has no Python of Lambda's version to compile it"
    )
    return Row(f"{name}, unzipped", budget, size / BYTES_PER_MEGABYTE, detail)


def build_layer(target: Target, which: str = "Shared", python: str = sys.executable) -> Path:
    """The folder that Lambda puts on the path. It is built once for each state of its sources.

    `python` compiles the layer of this machine.
    """
    version = subprocesses.version(python)
    kind = f"{which.lower()}-{target}-{version.rpartition(' ')[2]}"
    folder = STATE / f"layer-{kind}-{_fingerprint(FOLDERS[which], version)}"
    if not folder.exists():
        for old in STATE.glob(f"layer-{kind}-*"):
            shutil.rmtree(old)
        draft = STATE / f"draft-{kind}-{os.getpid()}"
        _make(target, which, draft, python)
        draft.rename(folder)
    return folder / "python"


def _make(target: Target, which: str, into: Path, python: str) -> None:
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = os.environ | {"PATH": tools, "ARTIFACTS_DIR": str(into), "SOUK_LAYER": target}
    if target == "host":
        env["SOUK_LAYER_PYTHON"] = python
    subprocesses.run(["make", f"build-{which}Layer"], env, cwd=FOLDERS[which])


def _fingerprint(folder: Path, version: str) -> str:
    digest = hashlib.sha256(version.encode())
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
