"""MiniStack as a child process: on loopback only, IAM enforced, its state in one folder.

It saves its state when it is stopped in order. Stream records are not part of that: an event whose
relay has not run when the stack stops, within a second of its cause, stays in the outbox unsent.
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
from local.errors import StackError

REGION = "us-east-1"
ACCESS_KEY = "test"  # MiniStack's name for the account's root: it never leaves this machine
ACCOUNT = "000000000000"
# No promises: these end a wait for what never comes. A busy machine needs a fraction of each.
START_SECONDS = 120
STOP_SECONDS = 60  # it writes its state, S3 objects included
ANSWER_SECONDS = 30


def root_session() -> boto3.Session:
    """As the root of MiniStack's account."""
    # Blank session variables: a profile in the user's own AWS configuration has no say here.
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
    """A running MiniStack; `client` speaks to it as the account's root."""

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
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.is_running() or time.monotonic() > deadline:
                raise StackError(f"MiniStack did not start (log: {self.log})")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=5):  # noqa: S310
                return True
        except (urllib.error.URLError, OSError):
            return False

    def reset(self) -> None:
        """Forgets everything: stacks, rows, objects, mail, and the files they were saved in."""
        url = f"{self.endpoint_url}/_ministack/reset"
        request = urllib.request.Request(url, method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310
            pass

    def stop(self) -> None:
        """SIGTERM and wait: MiniStack saves its state on a clean stop only."""
        if self.is_running():
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # a function that is still at work
        self._process.communicate()  # reaps it and closes its pipe


@contextmanager
def running(state: Path, port: int) -> Iterator[Emulator]:
    """MiniStack with what `state` holds, healthy; stopped, and its state saved, at the end."""
    if not paths.MINISTACK_PYTHON.exists():
        raise StackError("MiniStack is not installed: run `make setup` first")
    scratch = state / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # code of a run that was killed
    scratch.mkdir(parents=True)
    mend(state, port)
    log = state / "logs" / "ministack.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [paths.MINISTACK_PYTHON, "-I", Path(__file__).with_name("emulator_entry.py")],
            env=_environment(state, scratch, port),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the parent, which then stops this one in order
        )
    emulator = Emulator(process, port, log)
    try:
        emulator.wait_until_healthy()
        yield emulator
    finally:
        emulator.stop()


def mend(state: Path, port: int) -> None:
    """Makes what MiniStack saved fit for a new start, at another port."""
    saved = state / "aws"
    _rewind_streams(saved / "lambda.json")
    last_port = state / "ministack.port"
    if last_port.exists():
        # Queues are known by their addresses, there and in CloudFormation's outputs.
        before = f"http://localhost:{last_port.read_text()}/"
        for path in (saved / "sqs.json", saved / "cloudformation.json"):
            if path.exists():
                path.write_text(path.read_text().replace(before, f"http://localhost:{port}/"))
    last_port.write_text(str(port))


def _rewind_streams(saved: Path) -> None:
    """MiniStack saves how far it has read each stream, but no stream.

    The next one starts empty, so it would skip as many records as it had read of the one before.
    """
    try:
        content = json.loads(saved.read_text())
        content["payload"]["dynamodb_stream_positions"]["data"].clear()
    except (OSError, ValueError, KeyError):
        return  # nothing was saved
    saved.write_text(json.dumps(content))


def _environment(state: Path, scratch: Path, port: int) -> dict[str, str]:
    """Everything MiniStack knows of the machine; it hands all of it on to the functions."""
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
        "IOT_MTLS_ENABLED": "0",  # its port is fixed: two stacks would fight over it
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///dev/null/none",  # else it cleans up containers
    }
