"""DynamoDB is down, with real sockets and real time: a listener on this machine never answers."""

import json
import os
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from shared.request_budget import CALLS_MAX, SECONDS_MAX

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[1]
PLACE_AN_ORDER = """
import json, time
from orders.handler import handler
from shared.storage.dynamo import connection
from tests.support.http import send
connection().client  # a warm function has one
began = time.monotonic()
answer = send(handler, "orders.place")
print(json.dumps([answer.status, answer.headers.get("Retry-After"), time.monotonic() - began]))
"""


def listen(backlog: int) -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(backlog)
    return listener


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


@contextmanager
def nobody_listens():
    with closing(listen(1)) as listener:
        port = port_of(listener)
    yield port, lambda: 0


@contextmanager
def nobody_accepts():
    """The queue of the listener is full, so the kernel drops every further attempt to connect."""
    with closing(listen(0)) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield port_of(listener), lambda: 0
        for each in waiting:
            each.close()


@contextmanager
def nobody_answers():
    """The kernel accepts each connection, and nothing reads from it."""
    with closing(listen(10)) as listener:

        def count_connections() -> int:
            listener.setblocking(False)
            count = 0
            while True:
                try:
                    listener.accept()[0].close()
                except BlockingIOError:
                    return count
                count += 1

        yield port_of(listener), count_connections


@pytest.mark.parametrize("dead", [nobody_listens, nobody_accepts, nobody_answers])
def test_an_order_is_503_within_3_seconds(dead):
    with dead() as (port, count_connections):
        environment = {
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "functions")]),
        }
        ended = subprocess.run(  # noqa: S603 (our own script)
            [sys.executable, "-c", PLACE_AN_ORDER],
            env=os.environ | environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        calls = count_connections()

    status, retry_after, seconds = json.loads(ended.stdout.splitlines()[-1])
    assert (status, retry_after) == (503, "1")
    assert seconds <= SECONDS_MAX
    assert calls <= CALLS_MAX
