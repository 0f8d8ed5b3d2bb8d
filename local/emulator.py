"""MiniStack as a child process: on loopback only, with IAM enforced, its state in one folder.

A regular stop saves its state, but not the records of streams. So an event that is less than a
second old when the stack stops may stay in the outbox unsent.
"""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import botocore.session

from local import paths

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

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self.log = log
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

    def stop(self) -> None:
        """Sends SIGTERM and waits: MiniStack saves its state only on a regular stop."""
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
def run_emulator(state: Path, port: int, shop_origins: list[str]) -> Iterator[Emulator]:
    """Runs MiniStack with the state in this folder, and saves the state at the end.

    Pages of `shop_origins` may upload files; pages of other origins may do nothing.
    """
    if not paths.MINISTACK_PYTHON.exists():
        raise StackError("MiniStack is not installed. Run `make setup`")
    scratch = state / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # function code that a killed run left
    scratch.mkdir(parents=True)
    repair_saved_state(state, port)
    log = state / "logs" / "ministack.log"
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
            start_new_session=True,  # Ctrl-C reaches only the parent, which stops this process
        )
    emulator = Emulator(process, port, log)
    try:
        emulator.wait_until_healthy()
        yield emulator
    finally:
        emulator.stop()


def repair_saved_state(state: Path, port: int) -> None:
    """Adapts the saved state to a new start, at another port."""
    saved = state / "aws"
    _rewind_streams(saved / "lambda.json")
    last_port = state / "ministack.port"
    if last_port.exists():
        # Queue URLs contain the port, here and in CloudFormation's outputs.
        before = f"http://localhost:{last_port.read_text()}/"
        for path in (saved / "sqs.json", saved / "cloudformation.json"):
            if path.exists():
                path.write_text(path.read_text().replace(before, f"http://localhost:{port}/"))
    last_port.write_text(str(port))


def _rewind_streams(saved: Path) -> None:
    """Deletes the positions in streams. MiniStack saves them, but not the streams.

    The next streams start empty, so old positions would skip their first records.
    """
    try:
        content = json.loads(saved.read_text())
        content["payload"]["dynamodb_stream_positions"]["data"].clear()
    except (OSError, ValueError, KeyError):
        return  # nothing was saved
    saved.write_text(json.dumps(content))


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
