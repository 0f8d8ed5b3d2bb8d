"""The layer as `sam build` makes it, for this machine and for Lambda, and its size."""

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Literal

from benchmarks import children
from benchmarks.environment import ROOT, STATE
from benchmarks.report import Budget, Row

SHARED = ROOT / "shared"
BYTES_A_MEGABYTE = 1_000_000
SIZE = Budget(20, "under", " MB")
UNWANTED = Budget(0)

Target = Literal["host", "aws"]


def rows() -> list[Row]:
    """Bytes unzipped: what counts against Lambda's 250 MB, and is unpacked at each cold start."""
    found = []
    for target, name in (("aws", "Lambda"), ("host", "this machine")):
        layer = built(target)  # type: ignore[arg-type]
        size = sum(file.lstat().st_size for file in layer.rglob("*") if file.is_file())
        compiled = any(layer.glob("boto*/*.pyc"))
        detail = "bytecode" if compiled else "sources: no Python of Lambda's version to compile"
        found.append(Row(f"layer for {name}, unzipped", SIZE, size / BYTES_A_MEGABYTE, detail))
        copies = len(list(layer.glob("cryptography*")))
        found.append(Row(f"layer for {name}: cryptography in it", UNWANTED, copies))
    return found


def built(target: Target) -> Path:
    """The folder that Lambda puts on the path; built once for each state of `shared/`."""
    folder = STATE / f"layer-{target}-{_fingerprint()}"
    if not folder.exists():
        for old in STATE.glob(f"layer-{target}-*"):
            shutil.rmtree(old)
        draft = STATE / f"draft-{target}-{os.getpid()}"
        _make(target, draft)
        draft.rename(folder)
    return folder / "python"


def _make(target: Target, into: Path) -> None:
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = os.environ | {"PATH": tools, "ARTIFACTS_DIR": str(into), "SOUK_LAYER": target}
    if target == "host":
        env["SOUK_LAYER_PYTHON"] = sys.executable
    children.use(["make", "build-SharedLayer"], env, cwd=SHARED)


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in sorted(SHARED.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(SHARED)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
