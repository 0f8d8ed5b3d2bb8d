"""MiniStack as a child process: on loopback only, with IAM enforced, its state in one folder.

It saves its state every few seconds, but not the records of streams. So an event that is less than
a second old when the stack stops may stay in the outbox unsent.
"""

import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import botocore.session

from local import paths, saved_state
from local.restoring import ministack_log, restore_state
from local.saved_state import UnreadableState

REGION = "us-east-1"
ACCESS_KEY = "test"  # MiniStack's key of the account's root; it is valid on this machine only
ACCOUNT = "000000000000"
# Generous limits: a busy machine needs a fraction of each.
START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 60  # it saves its state, including S3 objects
ANSWER_TIMEOUT_SECONDS = 30


class StackError(Exception):
    """The local stack cannot start or go on. The message is one line for a person at a terminal."""


def root_session() -> boto3.Session:
    """A session of the root of MiniStack's account."""
    # Blank session variables, so that no profile of the user's AWS configuration applies.
    isolated = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=ACCESS_KEY,
        region_name=REGION,
        botocore_session=isolated,
    )


class Emulator:
    """A running MiniStack. `client` calls it as the account's root."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, state: Path) -> None:
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self.log = ministack_log(state)
        self._state = state
        self._process = process
        self._session = root_session()

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self.endpoint_url)  # type: ignore[call-overload]

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._is_healthy():
            if not self.is_running() or time.monotonic() > deadline:
                raise StackError(f"MiniStack did not start (log: {self.log})")
            time.sleep(0.05)

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=5):  # noqa: S310
                return True
        except (urllib.error.URLError, OSError):
            return False

    def reset(self) -> None:
        """Deletes everything: stacks, rows, objects, mail, and the files with the saved state."""
        url = f"{self.endpoint_url}/_ministack/reset"
        request = urllib.request.Request(url, method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_SECONDS):  # noqa: S310
            pass
        saved_state.forget(self._state)

    def save_soon(self) -> None:
        """Asks MiniStack to save its state now. Does not wait for it."""
        assert self._process.stdin is not None  # noqa: S101 (it is a pipe)
        with suppress(BrokenPipeError):
            self._process.stdin.write(b"s")
            self._process.stdin.flush()

    def stop(self) -> None:
        """Sends SIGTERM and waits: MiniStack saves its state once more."""
        if self.is_running():
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # ends functions that still run
        self._process.communicate()  # reaps the process and closes its pipe


@contextmanager
def run_emulator(
    state: Path, port: int, shop_origins: list[str], lock: int, say: Callable[[str], None]
) -> Iterator[Emulator]:
    """Runs MiniStack with the state in this folder, and saves the state at the end.

    Pages of `shop_origins` may upload files; pages of other origins may do nothing. MiniStack holds
    the descriptor `lock` until it has ended. `say` receives what a killed run has lost.
    """
    if not paths.MINISTACK_PYTHON.exists():
        raise StackError("MiniStack is not installed. Run `make setup`")
    scratch = state / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # function code that a killed run left
    scratch.mkdir(parents=True)
    try:
        restore_state(state, port, say)
    except UnreadableState as error:
        raise StackError(str(error)) from error
    log = ministack_log(state)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                paths.MINISTACK_PYTHON,
                "-I",
                Path(__file__).with_name("emulator_entry.py"),
                *shop_origins,
            ],
            env=_environment(state, scratch, port),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
            start_new_session=True,  # Ctrl-C reaches only the parent, which stops this process
        )
    emulator = Emulator(process, port, state)
    try:
        emulator.wait_until_healthy()
        yield emulator
    finally:
        emulator.stop()


def _environment(state: Path, scratch: Path, port: int) -> dict[str, str]:
    """MiniStack's whole environment. It passes all of it to the functions."""
    return {
        "PATH": os.defpath,
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state / "aws"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "IOT_MTLS_ENABLED": "0",  # its port is fixed, so two stacks could not run
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///dev/null/none",  # otherwise it deletes containers
    }
