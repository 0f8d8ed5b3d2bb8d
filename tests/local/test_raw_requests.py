"""The local stack's address, with real sockets and a MiniStack that knows nothing."""

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local import gateway, http_protocol, request_reader
from local.api_calls import Gateway
from local.instances import InstanceQueues
from local.mailbox import Mailbox
from local.site import Parts
from tests.attacks.request_lines import END, HOST, LOGIN, RAW_ATTACKS, RawAttack, get, mutations
from tests.local.activity_stack import FakeReader
from tests.local.gateway_client import FACTS, GATEWAY, Ministack
from tests.local.payments import provider
from tests.support.raw_http import RawAnswer, exchange, parse

pytestmark = pytest.mark.enable_socket

MUTATIONS = 400
NOT_FOUND = {"error": {"code": "not_found", "message": "", "details": {}, "request_id": ""}}


def know_nothing(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/_ministack/ses/messages":
        return httpx.Response(200, json={"messages": {}})
    if request.url.path.startswith("/_aws/execute-api/abc/$default/v1"):
        return httpx.Response(404, json=NOT_FOUND)
    raise AssertionError(f"the request left the API: {request.url}")


@contextmanager
def serve() -> Iterator[int]:
    """The port of a running gateway."""
    ministack = httpx.AsyncClient(transport=Ministack(know_nothing))
    mailbox = Mailbox("http://127.0.0.1:1", ministack, Path("no mails from earlier runs"))
    engine = Gateway(GATEWAY, ministack, InstanceQueues({}))
    parts = Parts(FACTS, mailbox, provider(), FakeReader())
    server = gateway.create_server(gateway.create_app(engine, parts))
    server.config.timeout_keep_alive = 1
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_protocol, "HEADER_SECONDS_MAX", 0.5)
        patch.setattr(request_reader, "SILENCE_SECONDS_MAX", 0.5)
        with serve() as port:
            yield port


def assert_is_proper(answer: RawAnswer) -> None:
    """A success, a closed connection, or a refusal in the envelope."""
    assert answer.status < 500
    assert b"text/html" not in answer.head
    if answer.status >= 400:
        assert set(answer.error) == {"code", "message", "details", "request_id"}


@pytest.mark.parametrize("attack", RAW_ATTACKS, ids=lambda attack: attack.name)
def test_a_broken_request_is_refused_in_the_envelope(
    attack: RawAttack, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = exchange(port, attack.sent)

    assert_is_proper(answer)
    assert answer.status in {*attack.statuses, 404}  # this MiniStack answers all with 404
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_no_mutation_of_a_request_is_a_500(port: int, caplog: pytest.LogCaptureFixture) -> None:
    for sent in mutations(MUTATIONS, seed=13):
        assert_is_proper(exchange(port, sent))

    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert exchange(port, get(b"/v1/health")).status == 404


def read_to_end(connection: socket.socket) -> RawAnswer:
    received = b""
    while part := connection.recv(65_536):
        received += part
    return parse(received)


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /v1/health HTTP/1.1\r\nHost: local", 400, "malformed_request"),
        (b"GET /v1/health HTTP/1.1\rHost: localhost\r\r", 400, "malformed_request"),
        (LOGIN + b"Content-Length: 9\r\n" + END + b"{}", 408, "request_timeout"),
        (LOGIN + b"Transfer-Encoding: chunked\r\n" + END + b"9\r\n{}", 408, "request_timeout"),
    ],
    ids=["in the headers", "without a line feed", "in the body", "in a chunk"],
)
def test_a_request_that_stops_is_answered(port: int, sent: bytes, status: int, code: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(sent)
        answer = read_to_end(connection)

    assert (answer.status, answer.error["code"]) == (status, code)


def test_a_client_that_leaves_is_no_error(port: int, caplog: pytest.LogCaptureFixture) -> None:
    for sent in (b"GET /v1/h", LOGIN + b"Content-Length: 9\r\n" + END, get(b"/v1/health")):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(sent)

    assert exchange(port, get(b"/v1/health")).status == 404
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_second_request_may_be_broken(port: int) -> None:
    proper = b"GET /v1/health HTTP/1.1\r\n" + HOST + b"\r\n"

    received = exchange(port, proper + b"broken\r\n\r\n")

    assert received.status == 404
    assert parse(received.rest).error["code"] == "malformed_request"


def test_a_browser_sees_a_page_where_nothing_is(port: int) -> None:
    in_browser = exchange(port, get(b"/missing", b"Accept: text/html,*/*;q=0.8\r\n"))
    in_program = exchange(port, get(b"/missing", b"Accept: */*\r\n"))

    assert b"text/html" in in_browser.head
    assert (in_program.status, json.loads(in_program.body)["error"]["code"]) == (404, "not_found")


def test_the_server_answers_at_once(port: int) -> None:
    began = time.monotonic()

    assert exchange(port, get(b"/v1/health#x")).status == 400
    assert time.monotonic() - began < 10
