"""The local stack's only address: API, reference, mailbox, payments and the pages behind mails.

It listens on loopback only. It does what API Gateway does and MiniStack does not: it answers 500
without details for a crashed function, 413 for a body over 10 MB, and forwards the client's
address. Requests queue for the instances of their function. It runs as a process of its own and
ends with its parent.
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
from local.emulator import StackError
from local.instances import InstanceQueues
from local.mailbox import Mailbox
from local.pages import page
from local.payments.app import Api
from local.payments.pages import Pages
from local.payments.provider import Provider

BODY_BYTES_MAX = 10 * 1024 * 1024  # API Gateway's limit
INTEGRATION_SECONDS_MAX = 30  # API Gateway's time limit for a function
HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade"}
REWRITTEN = {b"host", b"transfer-encoding", b"x-forwarded-for"}
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
PROVIDER_PATH = "/provider"  # of the payment provider, for the functions
WEBHOOK_PATH = "/v1/payments/webhook"  # of the shop, for the payment provider
# The keys come in an environment variable, because other users can read command lines.
PAYMENT_KEYS_VARIABLE = "LOCAL_PAYMENT_KEYS"
OWN_HOSTS = ["localhost", "127.0.0.1"]  # against DNS rebinding by a web page


def reserve_port(port: int) -> list[socket.socket]:
    """Loopback sockets that are bound but do not listen. Port 0 picks a free port.

    Raises StackError when the port is in use.
    """
    if port and _is_in_use(port):
        raise _port_in_use(port)
    try:
        first = _bind(socket.AF_INET, "127.0.0.1", port)
    except OSError as error:
        raise _port_in_use(port) from error
    try:
        return [first, _bind(socket.AF_INET6, "::1", first.getsockname()[1])]
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not port:
            return [first]  # no IPv6 here, or the picked port is free on IPv4 only
        first.close()
        raise _port_in_use(port) from error


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _is_in_use(port: int) -> bool:
    """Connects, because on macOS binding 127.0.0.1 succeeds beside a wildcard address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _port_in_use(port: int) -> StackError:
    return StackError(f"port {port} is in use. Choose another port: PORT={port + 1} make run")


@dataclass(frozen=True)
class Gateway:
    """MiniStack's HTTP API, and the queues in front of its functions."""

    url: str
    client: httpx.AsyncClient
    queues: InstanceQueues


def create_app(base_url: str, gateway: Gateway, mailbox: Mailbox, provider: Provider) -> Starlette:
    async def call_api(request: Request) -> Response:
        body = await _read_body(request)
        if body is None:
            return JSONResponse({"message": "Request Entity Too Large"}, 413)
        try:
            async with gateway.queues.turn(request.method, request.scope["path"]):
                if await request.is_disconnected():
                    return Response()  # the client is gone, so the function need not run
                forwarded = _to_api_request(request, gateway.url, body)
                answer = await gateway.client.send(forwarded, stream=True)
        except (httpx.HTTPError, TimeoutError):
            return JSONResponse({"message": "Service Unavailable"}, 503)
        return await _to_response(answer)

    async def show_start(_: Request) -> Response:
        return page("index.html", base_url=base_url)

    async def show_reference(_: Request) -> Response:
        return RedirectResponse("/v1/docs")

    async def show_missing(_: Request, __: Exception) -> Response:
        return page("missing.html", status=404, what="This page does not exist.")

    return Starlette(
        routes=[
            Route("/", show_start),
            Route("/docs", show_reference),
            *mailbox.routes(),
            *Pages(provider).routes(),
            *shop_pages.routes(),
            Mount(PROVIDER_PATH, routes=Api(provider).routes()),
            Route("/v1", call_api, methods=METHODS),
            Route("/v1/{rest:path}", call_api, methods=METHODS),
        ],
        exception_handlers={404: show_missing},
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=OWN_HOSTS)],
    )


async def _read_body(request: Request) -> bytes | None:
    """None when the body exceeds API Gateway's limit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)


def _to_api_request(request: Request, gateway_url: str, body: bytes) -> httpx.Request:
    """Keeps the spelling of path and query, and repeated headers."""
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


async def _to_response(answer: httpx.Response) -> Response:
    if answer.status_code == httpx.codes.BAD_GATEWAY:  # MiniStack shows the function's exception
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


async def _serve(options: argparse.Namespace) -> None:
    sockets = [socket.socket(fileno=int(number)) for number in options.descriptors.split(",")]
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        timeout=INTEGRATION_SECONDS_MAX, limits=limits, trust_env=False
    ) as client:
        mailbox = Mailbox(options.emulator_url, client, options.mails)
        provider = _create_provider(options)
        queues = InstanceQueues(json.loads(options.routes.read_text()))
        gateway = Gateway(options.gateway_url, client, queues)
        config = uvicorn.Config(
            create_app(options.base_url, gateway, mailbox, provider),
            access_log=False,
            server_header=False,  # keep MiniStack's header
            date_header=False,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)

        def stop() -> None:
            server.should_exit = True

        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), stop)  # standard input closes when the parent ends
        async with provider.running():
            await server.serve(sockets)
        await mailbox.save()


def _create_provider(options: argparse.Namespace) -> Provider:
    keys = json.loads(os.environ[PAYMENT_KEYS_VARIABLE])
    return Provider(
        api_key=keys["api_key"],
        webhook_secret=keys["webhook_secrets"][0],
        webhook_url=f"{options.base_url}{WEBHOOK_PATH}",
        state=options.payments,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--descriptors", required=True)  # of bound sockets, separated by commas
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--gateway-url", required=True)
    parser.add_argument("--routes", required=True, type=Path)  # JSON: route key to function
    parser.add_argument("--emulator-url", required=True)
    parser.add_argument("--mails", required=True, type=Path)  # of earlier runs
    parser.add_argument("--payments", required=True, type=Path)  # of earlier runs
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
