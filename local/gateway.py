"""The one address of the local stack: API, reference, mailbox, payments, and what mails lead to.

On loopback only. It stands where API Gateway's own front end stands in AWS and answers as that does
where MiniStack does not: a crashed function is a bare 500, a body over 10 MB a 413, a client's
address goes along. Requests queue for the instances of their function. Runs as a process of its own
and ends when its parent does.
"""

import argparse
import asyncio
import errno
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from local import shop_pages
from local.errors import StackError
from local.instances import InstanceQueues
from local.mailbox import Mailbox
from local.pages import page
from local.payments.app import Api
from local.payments.pages import Pages
from local.payments.provider import Provider

BODY_BYTES_MAX = 10 * 1024 * 1024  # API Gateway's limit
INTEGRATION_SECONDS_MAX = 30  # API Gateway gives up on a function then
HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade"}
REWRITTEN = {b"host", b"transfer-encoding", b"x-forwarded-for"}
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
PROVIDER = "/provider"  # where functions find the payment provider
WEBHOOK = "/v1/payments/webhook"  # where it finds the shop
# The variable that the keys come in: what a command is given, other users may see.
PAYMENT_KEYS = "LOCAL_PAYMENT_KEYS"
OWN_HOSTS = ["localhost", "127.0.0.1"]  # no other name: a web page cannot rebind its own


def reserve(port: int) -> list[socket.socket]:
    """Loopback sockets, bound but not listening; port 0 picks a free one. Raises StackError."""
    if port and _answers(port):
        raise _taken(port)
    try:
        first = _bound(socket.AF_INET, "127.0.0.1", port)
    except OSError as error:
        raise _taken(port) from error
    try:
        return [first, _bound(socket.AF_INET6, "::1", first.getsockname()[1])]
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not port:
            return [first]  # no IPv6 here, or a free port that is free on IPv4 only
        first.close()
        raise _taken(port) from error


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, port))
    except OSError:
        one.close()
        raise
    return one


def _answers(port: int) -> bool:
    """Binding alone would not tell: macOS lets 127.0.0.1 in beside a wildcard address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _taken(port: int) -> StackError:
    return StackError(f"port {port} is taken: choose another one, as in PORT={port + 1} make run")


@dataclass(frozen=True)
class Gateway:
    """MiniStack's HTTP API, and the queues in front of its functions."""

    url: str
    client: httpx.AsyncClient
    queues: InstanceQueues


def create_app(base_url: str, gateway: Gateway, mailbox: Mailbox, provider: Provider) -> Starlette:
    async def call_api(request: Request) -> Response:
        body = await _body_of(request)
        if body is None:
            return JSONResponse({"message": "Request Entity Too Large"}, 413)
        try:
            async with gateway.queues.turn(request.method, request.scope["path"]):
                if await request.is_disconnected():
                    return Response()  # nobody reads it, and the function has less to do
                forwarded = _forwarded(request, gateway.url, body)
                answer = await gateway.client.send(forwarded, stream=True)
        except (httpx.HTTPError, TimeoutError):
            return JSONResponse({"message": "Service Unavailable"}, 503)
        return await _returned(answer)

    async def show_start(_: Request) -> Response:
        return page("index.html", base_url=base_url)

    async def show_reference(_: Request) -> Response:
        return RedirectResponse("/v1/docs")

    async def show_missing(_: Request, __: Exception) -> Response:
        return page("missing.html", status=404, what="There is nothing at this address.")

    return Starlette(
        routes=[
            Route("/", show_start),
            Route("/docs", show_reference),
            *mailbox.routes(),
            *Pages(provider).routes(),
            *shop_pages.routes(),
            Mount(PROVIDER, routes=Api(provider).routes()),
            Route("/v1", call_api, methods=METHODS),
            Route("/v1/{rest:path}", call_api, methods=METHODS),
        ],
        exception_handlers={404: show_missing},
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=OWN_HOSTS)],
    )


async def _body_of(request: Request) -> bytes | None:
    """None when it is larger than API Gateway takes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)


def _forwarded(request: Request, gateway_url: str, body: bytes) -> httpx.Request:
    """The path and the query go on as they were spelled, a repeated header as often as it came."""
    base = httpx.URL(gateway_url)
    query = request.scope["query_string"]
    target = base.raw_path + request.scope["raw_path"] + (b"?" + query if query else b"")
    sender = request.client.host if request.client else "127.0.0.1"
    passed_on = [*request.headers.getlist("x-forwarded-for"), sender]
    headers = [
        *((name, value) for name, value in request.headers.raw if _is_end_to_end(name)),
        (b"x-forwarded-for", ", ".join(passed_on).encode("latin-1")),
        (b"x-forwarded-proto", b"http"),
    ]
    url = base.copy_with(raw_path=target)
    return httpx.Request(request.method, url, headers=headers, content=body or None)


async def _returned(answer: httpx.Response) -> Response:
    if answer.status_code == httpx.codes.BAD_GATEWAY:  # MiniStack tells what the function raised
        await answer.aclose()
        return JSONResponse({"message": "Internal Server Error"}, 500)

    async def body() -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.aiter_raw():
                yield chunk
        finally:
            await answer.aclose()

    response = StreamingResponse(body(), answer.status_code)
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.headers.raw if _is_end_to_end(name)
    ]
    return response


def _is_end_to_end(name: bytes) -> bool:
    return name.lower() not in HOP_BY_HOP | REWRITTEN


async def _serve(given: argparse.Namespace) -> None:
    sockets = [socket.socket(fileno=int(number)) for number in given.descriptors.split(",")]
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        timeout=INTEGRATION_SECONDS_MAX, limits=limits, trust_env=False
    ) as client:
        mailbox = Mailbox(given.emulator_url, client, given.mails)
        provider = _provider(given)
        queues = InstanceQueues(json.loads(given.routes.read_text()))
        gateway = Gateway(given.gateway_url, client, queues)
        config = uvicorn.Config(
            create_app(given.base_url, gateway, mailbox, provider),
            access_log=False,
            server_header=False,  # MiniStack's own goes through
            date_header=False,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)

        def stop() -> None:
            server.should_exit = True

        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), stop)  # it closes when the parent is gone
        async with provider.running():
            await server.serve(sockets)
        await mailbox.save()


def _provider(given: argparse.Namespace) -> Provider:
    keys = json.loads(os.environ[PAYMENT_KEYS])
    return Provider(
        api_key=keys["api_key"],
        webhook_secret=keys["webhook_secrets"][0],
        webhook_url=f"{given.base_url}{WEBHOOK}",
        state=given.payments,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--descriptors", required=True)  # of listening sockets, comma-separated
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--gateway-url", required=True)
    parser.add_argument("--routes", required=True, type=Path)  # each one's function
    parser.add_argument("--emulator-url", required=True)
    parser.add_argument("--mails", required=True, type=Path)  # those of earlier runs
    parser.add_argument("--payments", required=True, type=Path)  # likewise
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
