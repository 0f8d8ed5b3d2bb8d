"""Runs the SAM CLI for the local stack: with MiniStack's account, and layers of this machine."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local import emulator, paths
from local.emulator import StackError

PINNED_REQUIREMENTS = ("local/requirements-ministack.txt", "local/requirements-sam.txt")
RECORD = "build.toml"  # SAM's record of the sources of each cached layer, beside the built folder
REASON_LENGTH_MAX = 300


def build(folder: Path, state: Path) -> None:
    """`sam build` of the template into a new folder. Raises StackError.

    It copies a layer whose sources have not changed since the last build with the same tools.
    """
    template = str(paths.ROOT / "template.yaml")
    cache = paths.BUILDS.with_name("sam-cache") / _digest_of_tools()
    cache.mkdir(parents=True, exist_ok=True)
    record, kept = folder.with_name(RECORD), cache / RECORD
    command = ["build", "--template-file", template, "--build-dir", str(folder)]
    command += ["--language-extensions", "--parallel"]
    command += ["--cached", "--cache-dir", str(cache / "layers")]
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # SAM deletes from the cache what its record does not name
        if kept.exists():
            shutil.copy(kept, record)
        run(command, state, {})
        record.replace(kept)


def _digest_of_tools() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in PINNED_REQUIREMENTS:
        digest.update((paths.ROOT / name).read_bytes())
    return digest.hexdigest()[:16]


def run(arguments: list[str], state: Path, more: Mapping[str, str]) -> None:
    """Runs a command of SAM, with more variables. Raises StackError with its reason."""
    if not paths.SAM_PYTHON.exists():
        raise StackError("the SAM CLI is not installed. Run `make setup`")
    log = log_path(state, arguments[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    # SAM leaves temporary folders, so it gets a folder that is deleted.
    with log.open("wb") as output, tempfile.TemporaryDirectory(dir=log.parent) as scratch:
        process = subprocess.Popen(
            [paths.SAM_PYTHON, "-I", Path(__file__).with_name("sam_entry.py"), *arguments],
            cwd=paths.ROOT,
            env={**environment(state), "TMPDIR": scratch, **more},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its children can be ended with it
        )
        try:
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    if status:
        raise StackError(f"sam {arguments[0]} failed: {_read_reason(log)} (log: {log})")


def _read_reason(log: Path) -> str:
    """The last line that starts with `Error:`, otherwise the last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error:")]
    return (errors or lines or ["no reason given"])[-1].removeprefix("Error: ")[:REASON_LENGTH_MAX]


def log_path(state: Path, step: str) -> Path:
    """What the last run of this command printed."""
    return state / "logs" / f"sam-{step}.log"


def environment(state: Path) -> dict[str, str]:
    """The caller's environment, for its proxies and package index, without its AWS settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "PATH": f"{paths.PROJECT_TOOLS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost"])),
        "AWS_ACCESS_KEY_ID": emulator.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": emulator.ACCESS_KEY,
        "AWS_DEFAULT_REGION": emulator.REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(state / "sam"),
        "SOUK_LAYER": "host",  # MiniStack runs the functions with its own interpreter
        "SOUK_LAYER_PYTHON": str(paths.MINISTACK_PYTHON),
    }
