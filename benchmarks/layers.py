"""The layers as `sam build` makes them, for this machine and for Lambda, and their size."""

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
BYTES_A_MEGABYTE = 1_000_000
SIZE = Budget(20, "under", " MB")
SIZE_OF_PAYMENTS = Budget(10, "under", " MB")
UNWANTED = Budget(0)

Target = Literal["host", "aws"]


def rows() -> list[Row]:
    found = []
    for target, name in (("aws", "Lambda"), ("host", "this machine")):
        layer = built(target)  # type: ignore[arg-type]
        found.append(_size(layer, f"layer for {name}", SIZE))
        copies = len(list(layer.glob("cryptography*")))
        found.append(Row(f"layer for {name}: cryptography in it", UNWANTED, copies))
        second = built(target, "Payments")  # type: ignore[arg-type]
        found.append(_size(second, f"layer of payments for {name}", SIZE_OF_PAYMENTS))
    return found


def _size(layer: Path, what: str, budget: Budget) -> Row:
    """Bytes unzipped: what counts against Lambda's 250 MB, and is unpacked at each cold start."""
    size = sum(file.lstat().st_size for file in layer.rglob("*") if file.is_file())
    compiled = any(layer.glob("[bs]*/*.pyc"))  # botocore, or stripe
    detail = "bytecode" if compiled else "sources: no Python of Lambda's version to compile"
    return Row(f"{what}, unzipped", budget, size / BYTES_A_MEGABYTE, detail)


def built(target: Target, which: str = "Shared") -> Path:
    """The folder that Lambda puts on the path; built once for each state of its sources."""
    kind = f"{which.lower()}-{target}"
    folder = STATE / f"layer-{kind}-{_fingerprint(FOLDERS[which])}"
    if not folder.exists():
        for old in STATE.glob(f"layer-{kind}-*"):
            shutil.rmtree(old)
        draft = STATE / f"draft-{kind}-{os.getpid()}"
        _make(target, which, draft)
        draft.rename(folder)
    return folder / "python"


def _make(target: Target, which: str, into: Path) -> None:
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = os.environ | {"PATH": tools, "ARTIFACTS_DIR": str(into), "SOUK_LAYER": target}
    if target == "host":
        env["SOUK_LAYER_PYTHON"] = sys.executable
    subprocesses.use(["make", f"build-{which}Layer"], env, cwd=FOLDERS[which])


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
