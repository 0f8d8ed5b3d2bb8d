import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import httpx
import pytest
from starlette.applications import Starlette

from local import gateway, instances
from local.errors import StackError
from local.instances import InstanceQueues
from local.mailbox import Mailbox
from tests.local.payments import provider

BASE = "http://localhost:8000"
GATEWAY = "http://127.0.0.1:4566/_aws/execute-api/abc/$default"
Answer = Callable[[httpx.Request], httpx.Response]


class Ministack(httpx.AsyncBaseTransport):
    """Streams what `answer` makes of a request, as a server does."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        given = self.answer(request)
        stream = httpx.ByteStream(given.content)
        return httpx.Response(given.status_code, headers=given.headers.raw, stream=stream)


def app_of(ministack: httpx.AsyncClient, queues: InstanceQueues) -> Starlette:
    """The front, with `ministack` behind it."""
    mailbox = Mailbox("http://127.0.0.1:4566", ministack, Path("no mails from earlier runs"))
    return gateway.create_app(
        BASE, gateway.Gateway(GATEWAY, ministack, queues), mailbox, provider()
    )


def ask(answer: Answer, path: str, method: str = "GET", **sent: Any) -> httpx.Response:
    """What the front says with `answer` in MiniStack's place."""

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=Ministack(answer)) as ministack:
            transport = httpx.ASGITransport(app_of(ministack, InstanceQueues({})))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.request(method, path, **sent)

    return asyncio.run(call())


def mailbox_of(*messages: dict[str, Any]) -> Answer:
    return lambda _: httpx.Response(200, json={"messages": {"000000000000": list(messages)}})


def message(**over: Any) -> dict[str, Any]:
    return {
        "MessageId": "m1",
        "Source": "shop@souk.example",
        "To": ["casey@souk.example"],
        "Subject": "Your order",
        "BodyText": "Thank you.",
        "BodyHtml": "<p>Thank you.</p>",
        "Timestamp": 1_700_000_000.0,
        **over,
    }


def test_a_call_reaches_the_gateway_as_it_was_spelled() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"id": "ord_1"})

    headers = [("Authorization", "Bearer t"), ("X-Tag", "a"), ("X-Tag", "b")]
    ask(answer, "/v1/orders/a%2Fb?tag=x&tag=%20y", "POST", content=b'{"a": 1}', headers=headers)

    [request] = seen
    assert request.method == "POST"
    assert request.url.raw_path == (
        b"/_aws/execute-api/abc/$default/v1/orders/a%2Fb?tag=x&tag=%20y"
    )
    assert request.content == b'{"a": 1}'
    assert request.headers["host"] == "127.0.0.1:4566"
    assert request.headers.get_list("x-tag") == ["a", "b"]
    assert request.headers["x-forwarded-proto"] == "http"


def test_the_callers_address_is_added_behind_those_it_claims() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=request.headers["x-forwarded-for"])

    response = ask(answer, "/v1/health", headers={"X-Forwarded-For": "203.0.113.9"})

    assert response.text == "203.0.113.9, 127.0.0.1"


def test_an_answer_comes_back_with_its_status_headers_and_bytes() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("ETag", '"1"')]
        return httpx.Response(412, headers=headers, content=b"\x00\xff")

    response = ask(answer, "/v1/products/prd_1")

    assert response.status_code == 412
    assert response.content == b"\x00\xff"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert response.headers["etag"] == '"1"'


def test_a_crashed_function_is_a_bare_500_as_on_aws() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(502, json={"errorMessage": "the secret is 42"})

    response = ask(answer, "/v1/health")

    assert response.status_code == 500
    assert response.json() == {"message": "Internal Server Error"}


def test_a_gateway_that_is_gone_is_a_503() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    response = ask(answer, "/v1/health")

    assert response.status_code == 503


def test_a_body_over_ten_megabytes_never_reaches_a_function() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        pytest.fail("it went through")

    response = ask(answer, "/v1/orders", content=bytes(10 * 1024 * 1024 + 1), method="POST")

    assert response.status_code == 413


@contextmanager
def busy(queues: InstanceQueues) -> Iterator[asyncio.Task[None]]:
    """Another request has the only instance until the task is cancelled."""

    async def hold() -> None:
        async with queues.turn("GET", "/v1/orders"):
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    try:
        yield holder
    finally:
        holder.cancel()


def test_a_request_that_queues_too_long_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "QUEUE_SECONDS_MAX", 0.01)

    async def scenario() -> tuple[int, int]:
        queues = InstanceQueues({}, instances=1)
        transport = Ministack(lambda _: httpx.Response(200, json={}))
        async with (
            httpx.AsyncClient(transport=transport) as ministack,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app_of(ministack, queues)), base_url=BASE
            ) as client,
        ):
            with busy(queues):
                await asyncio.sleep(0)
                queued = await client.get("/v1/health")
            later = await client.get("/v1/health")
            return queued.status_code, later.status_code

    assert asyncio.run(scenario()) == (503, 200)


def test_a_client_that_leaves_the_queue_calls_no_function() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        pytest.fail("it went through")

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

        async with httpx.AsyncClient(transport=Ministack(answer)) as ministack:
            with busy(queues) as holder:
                await asyncio.sleep(0)
                left = asyncio.create_task(app_of(ministack, queues)(scope, receive, send))
                await asyncio.sleep(0)
                holder.cancel()
                await left
            async with queues.turn("GET", "/v1/health"):
                pass

    asyncio.run(scenario())


def test_another_host_name_is_refused() -> None:
    response = ask(mailbox_of(message()), "/mailbox.json", headers={"Host": "evil.example"})

    assert response.status_code == 400


def test_docs_leads_to_the_reference() -> None:
    response = ask(mailbox_of(), "/docs")

    assert response.headers["location"] == "/v1/docs"


def test_the_mailbox_lists_the_newest_mail_first() -> None:
    older = message(MessageId="m1", Subject="Welcome", Timestamp=1_700_000_000.0)
    newer = message(MessageId="m2", Subject="Your order", Timestamp=1_700_000_060.0)

    listed = ask(mailbox_of(older, newer), "/mailbox.json").json()
    newest = ask(mailbox_of(older, newer), "/mailbox.txt").text
    page = ask(mailbox_of(older, newer), "/mailbox").text

    assert [mail["id"] for mail in listed] == ["m2", "m1"]
    assert listed[1] == {
        "id": "m1",
        "from": "shop@souk.example",
        "to": ["casey@souk.example"],
        "subject": "Welcome",
        "text": "Thank you.",
        "html": "<p>Thank you.</p>",
        "sent_at": "2023-11-14T22:13:20Z",
    }
    assert "Subject: Your order" in newest
    assert page.index("Your order") < page.index("Welcome")


def test_a_mail_cannot_break_out_of_its_page() -> None:
    attack = '"></iframe><script>alert(1)</script>'
    mail = message(Subject=attack, BodyText=attack, BodyHtml=attack)

    pages = [ask(mailbox_of(mail), path) for path in ("/mailbox/m1", "/mailbox")]

    for shown in pages:
        assert "<script" not in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
    sandbox = pages[0].text.split('sandbox="')[1].split('"')[0]
    assert set(sandbox.split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}


def test_an_address_in_the_text_of_a_mail_is_a_link() -> None:
    url = "http://localhost:8000/verify-email?token=a-b_c"
    mail = message(BodyText=f'Confirm it:\n\n{url}\n\njavascript:alert(1) "<b>"')

    shown = ask(mailbox_of(mail), "/mailbox/m1").text

    text = shown.split("<pre>")[1].split("</pre>")[0]
    assert f'<a href="{url}" rel="noopener noreferrer" target="_blank">{url}</a>' in text
    assert text.count("<a ") == 1
    assert "&lt;b&gt;" in text


def test_a_mails_html_can_run_nothing_even_when_it_is_opened_by_itself() -> None:
    mail = message(BodyHtml="<p>Hello</p><script>alert(1)</script>")

    shown = ask(mailbox_of(mail), "/mailbox/m1/html")

    policy = shown.headers["content-security-policy"]
    assert "<p>Hello</p>" in shown.text
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; ")
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_mails_outlive_the_stack_that_sent_them(tmp_path: Path) -> None:
    async def run(*messages: dict[str, Any]) -> list[str]:
        async with httpx.AsyncClient(transport=Ministack(mailbox_of(*messages))) as client:
            mailbox = Mailbox("http://127.0.0.1:4566", client, tmp_path / "mails.json")
            await mailbox.save()
            return [mail.id for mail in await mailbox.list_mails()]

    asyncio.run(run(message(MessageId="m1", Timestamp=1.0)))

    assert asyncio.run(run(message(MessageId="m2", Timestamp=2.0))) == ["m2", "m1"]


def test_an_empty_mailbox_says_so() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"messages": {}})

    page = ask(answer, "/mailbox")
    text = ask(answer, "/mailbox.txt")

    assert "No mail has been sent yet" in page.text
    assert "No mail has been sent yet" in text.text


def test_an_unknown_mail_or_page_is_a_404() -> None:
    assert ask(mailbox_of(), "/mailbox/m9").status_code == 404
    assert ask(mailbox_of(), "/nothing").status_code == 404


class FakeSocket:
    """A machine on which the `taken` families refuse to bind."""

    taken: ClassVar[dict[int, int]] = {}

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
        if self.family in self.taken:
            raise OSError(self.taken[self.family], "cannot bind")

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 8000)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_taken_port_is_named_with_a_way_out(monkeypatch: pytest.MonkeyPatch, family: int) -> None:
    monkeypatch.setattr(FakeSocket, "taken", {family: errno.EADDRINUSE})
    monkeypatch.setattr(gateway.socket, "socket", FakeSocket)

    with pytest.raises(StackError, match=r"port 8000 is taken.*PORT=8001 make run"):
        gateway.reserve_port(8000)


def test_a_machine_without_ipv6_serves_on_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSocket, "taken", {socket.AF_INET6: errno.EADDRNOTAVAIL})
    monkeypatch.setattr(gateway.socket, "socket", FakeSocket)

    assert [one.family for one in gateway.reserve_port(8000)] == [socket.AF_INET]
