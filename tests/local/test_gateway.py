import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self
from urllib.parse import unquote

import httpx
import pytest

from local import gateway, instances
from local.emulator import StackError
from local.instances import InstanceQueues
from tests.local.gateway_client import BASE, Ministack, ask, create_app


def call_nothing(_: httpx.Request) -> httpx.Response:
    pytest.fail("the request reached MiniStack")


def test_a_request_is_forwarded_unchanged() -> None:
    received: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return httpx.Response(201, json={"id": "ord_1"})

    headers = [("Authorization", "Bearer t"), ("X-Tag", "a"), ("X-Tag", "b")]
    ask(answer, "/v1/orders/a%2Fb?tag=x&tag=%20y", "POST", content=b'{"a": 1}', headers=headers)

    [request] = received
    assert request.method == "POST"
    assert request.url.raw_path == (
        b"/_aws/execute-api/abc/$default/v1/orders/a%2Fb?tag=x&tag=%20y"
    )
    assert request.content == b'{"a": 1}'
    assert request.headers["host"] == "127.0.0.1:4566"
    assert request.headers.get_list("x-tag") == ["a", "b"]
    assert request.headers["x-forwarded-proto"] == "http"


def test_the_client_address_is_added_to_forwarded_addresses() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=request.headers["x-forwarded-for"])

    response = ask(answer, "/v1/health", headers={"X-Forwarded-For": "203.0.113.9"})

    assert response.text == "203.0.113.9, 127.0.0.1"


def test_a_response_keeps_its_status_headers_and_bytes() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("ETag", '"1"')]
        return httpx.Response(412, headers=headers, content=b"\x00\xff")

    response = ask(answer, "/v1/products/prd_1")

    assert response.status_code == 412
    assert response.content == b"\x00\xff"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert response.headers["etag"] == '"1"'


def test_a_crashed_function_gives_500_without_details() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(502, json={"errorMessage": "the secret is 42"})

    response = ask(answer, "/v1/health")

    assert response.status_code == 500
    assert response.json() == {"message": "Internal Server Error"}


def test_an_unreachable_ministack_gives_503() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    response = ask(answer, "/v1/health")

    assert response.status_code == 503


def test_a_body_over_10_mb_does_not_reach_a_function() -> None:
    response = ask(call_nothing, "/v1/orders", content=bytes(10 * 1024 * 1024 + 1), method="POST")

    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


@contextmanager
def keep_busy(queues: InstanceQueues) -> Iterator[asyncio.Task[None]]:
    """Another request holds the only instance until its task is cancelled."""

    async def hold() -> None:
        async with queues.turn("GET", "/v1/orders"):
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    try:
        yield holder
    finally:
        holder.cancel()


def test_a_request_that_queues_too_long_gives_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "QUEUE_SECONDS_MAX", 0.01)

    async def scenario() -> tuple[int, int]:
        queues = InstanceQueues({}, instances=1)
        transport = Ministack(lambda _: httpx.Response(200, json={}))
        async with (
            httpx.AsyncClient(transport=transport) as ministack,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(create_app(ministack, queues)), base_url=BASE
            ) as client,
        ):
            with keep_busy(queues):
                await asyncio.sleep(0)
                queued = await client.get("/v1/health")
            later = await client.get("/v1/health")
            return queued.status_code, later.status_code

    assert asyncio.run(scenario()) == (503, 200)


def test_a_client_that_leaves_the_queue_calls_no_function() -> None:
    async def scenario() -> None:
        queues = InstanceQueues({}, instances=1)
        messages = [{"type": "http.request"}, {"type": "http.disconnect"}]
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/v1/health",
            "raw_path": b"/v1/health",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }

        async def receive() -> Any:
            return messages.pop(0)

        async def send(_: Any) -> None:
            pass

        async with httpx.AsyncClient(transport=Ministack(call_nothing)) as ministack:
            with keep_busy(queues) as holder:
                await asyncio.sleep(0)
                left = asyncio.create_task(create_app(ministack, queues)(scope, receive, send))
                await asyncio.sleep(0)
                holder.cancel()
                await left
            async with queues.turn("GET", "/v1/health"):
                pass

    asyncio.run(scenario())


def test_another_host_name_is_refused() -> None:
    response = ask(call_nothing, "/mailbox.json", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "host_not_allowed"


def test_ministack_sees_nothing_of_a_foreign_page() -> None:
    foreign = {"Origin": "http://evil.example"}

    response = ask(call_nothing, "/v1/orders", "POST", headers=foreign)

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "origin_not_allowed"


def test_an_own_page_is_forwarded_without_its_origin() -> None:
    """MiniStack's port has other own pages, and the API's CORS knows none of these."""
    received: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return httpx.Response(200)

    headers = {"Origin": BASE, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    ask(answer, "/v1/orders", "POST", headers=headers)

    [request] = received
    assert not [name for name in request.headers if name == "origin" or name.startswith("sec-")]


@pytest.mark.parametrize(
    "target", ["/v1/../../../_ministack/reset", "/v1/%2e%2e/x", "/v1/.", "/v1/x%0Ay", "/v1/%00"]
)
def test_no_path_leads_out_of_the_api(target: str) -> None:
    """httpx removes dot segments, so the paths are given to the application as a server does."""
    path, sent = unquote(target), list[dict[str, Any]]()
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": target.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "server": ("127.0.0.1", 8000),
    }

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def scenario() -> None:
        async with httpx.AsyncClient(transport=Ministack(call_nothing)) as ministack:
            await create_app(ministack, InstanceQueues({}))(scope, receive, send)

    asyncio.run(scenario())

    assert sent[0]["status"] == 400


class FakeSocket:
    """A socket whose `refused` address families raise an error at bind."""

    refused: ClassVar[dict[int, int]] = {}

    def __init__(self, family: int, _: int) -> None:
        self.family = family

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def setsockopt(self, *_: int) -> None:
        pass

    def connect_ex(self, _: object) -> int:
        return errno.ECONNREFUSED

    def bind(self, _: object) -> None:
        if self.family in self.refused:
            raise OSError(self.refused[self.family], "cannot bind")

    def listen(self) -> None:
        pass

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 8000)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_port_in_use_is_reported(monkeypatch: pytest.MonkeyPatch, family: int) -> None:
    monkeypatch.setattr(FakeSocket, "refused", {family: errno.EADDRINUSE})
    monkeypatch.setattr(gateway.socket, "socket", FakeSocket)

    with pytest.raises(StackError, match=r"port 8000 is in use.*PORT=8001 make run"):
        gateway.reserve_port(8000)


def test_a_machine_without_ipv6_serves_on_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSocket, "refused", {socket.AF_INET6: errno.EADDRNOTAVAIL})
    monkeypatch.setattr(gateway.socket, "socket", FakeSocket)

    assert [reserved.family for reserved in gateway.reserve_port(8000)] == [socket.AF_INET]


def test_a_head_response_has_no_length_of_its_empty_body() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-length": "0", "etag": '"7"'})

    head = ask(answer, "/v1/products", "HEAD")
    get = ask(answer, "/v1/products")

    assert (head.status_code, head.headers["etag"], head.content) == (200, '"7"', b"")
    assert "content-length" not in head.headers
    assert get.headers["content-length"] == "0"
