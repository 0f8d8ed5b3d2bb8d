"""The local stack's only address: API, reference, mailbox, payments and the pages behind mails.

It listens on loopback only, and pages of other origins cannot use it (local.origin_guard). It does
what API Gateway does and MiniStack does not: it answers 500 without details for a crashed function,
refuses requests that are too large (local.request_reader), and forwards the client's address.
Requests queue for the instances of their function. It runs as a process of its own and ends with
its parent.
"""

import asyncio
import errno
import json
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.requests import Request

from local import emulator, origin_guard
from local.activity.request_log import RequestLog, is_api_path
from local.activity.stack_reader import StackReader
from local.api_calls import Gateway, call_api
from local.emulator import StackError
from local.http_protocol import EnvelopeProtocol
from local.instances import InstanceQueues
from local.mailbox import Mailbox
from local.payments.provider import Provider
from local.refusals import App, Receive, Scope, Send
from local.request_reader import RequestReader
from local.shop_facts import ShopFacts
from local.site import Parts, create_site
from local.state_saver import SAVE_SECONDS
from local.targets import Target

INTEGRATION_SECONDS_MAX = 30  # API Gateway's time limit for a function
WEBHOOK_PATH = "/v1/payments/webhook"  # of the shop, for the payment provider


@dataclass(frozen=True)
class Options:
    """They come on standard input, because other users can read command lines."""

    descriptors: list[int]  # of bound sockets
    shop: dict[str, Any]  # ShopFacts as JSON
    gateway_url: str
    shop_origins: list[str]  # in lower case
    routes: dict[str, str]  # route key to function
    emulator_url: str
    stack_name: str
    mails: str  # a file, with those of earlier runs
    payments: str  # likewise
    payment_keys: dict[str, Any]


def reserve_port(port: int) -> list[socket.socket]:
    """Loopback sockets that listen, so that a second start is refused. Port 0 picks a free port.

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
        bound.listen()  # two sockets can be bound at once, but only one can listen
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


def create_app(gateway: Gateway, parts: Parts) -> App:
    requests = RequestLog()
    site = create_site(parts, requests)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if not is_api_path(scope.get("path", "")):
            await site(scope, receive, send)
            return
        response = await call_api(Request(scope, receive), gateway)
        await response(scope, receive, send)

    guarded = origin_guard.OriginGuard(
        RequestReader(app), gateway.shop_origins, origin_guard.GATEWAY
    )
    return requests.watch(guarded)


def create_server(app: App) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=EnvelopeProtocol,
            ws="none",  # the shop has no websockets
            proxy_headers=False,  # a client cannot choose its address
            access_log=False,
            server_header=False,  # keep MiniStack's header
            date_header=False,
            timeout_graceful_shutdown=2,
        )
    )


async def _serve(options: Options) -> None:
    sockets = [socket.socket(fileno=number) for number in options.descriptors]
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        timeout=INTEGRATION_SECONDS_MAX, limits=limits, trust_env=False
    ) as client:
        mailbox = Mailbox(options.emulator_url, client, Path(options.mails))
        provider = _create_provider(options)
        queues = InstanceQueues(options.routes)
        gateway = Gateway(options.gateway_url, client, queues, frozenset(options.shop_origins))
        facts = ShopFacts.from_json(options.shop)
        target = Target(
            options.stack_name, emulator.root_session(), options.emulator_url, facts.api_url
        )
        parts = Parts(facts, mailbox, provider, StackReader(target))
        server = create_server(create_app(gateway, parts))

        def stop() -> None:
            server.should_exit = True

        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), stop)  # standard input closes when the parent ends
        saving = asyncio.create_task(_save_often(mailbox, provider))
        async with provider.running():
            await server.serve(sockets)
        saving.cancel()
        await mailbox.save()


async def _save_often(mailbox: Mailbox, provider: Provider) -> None:
    """A crash must not lose the mails and payments of the whole run."""
    while True:
        await asyncio.sleep(SAVE_SECONDS)
        await mailbox.save()
        provider.save()


def _create_provider(options: Options) -> Provider:
    return Provider(
        api_key=options.payment_keys["api_key"],
        webhook_secret=options.payment_keys["webhook_secrets"][0],
        webhook_url=f"{options.shop['api_url']}{WEBHOOK_PATH}",
        state=Path(options.payments),
    )


def main() -> None:
    line = sys.stdin.readline()  # empty if the parent ends first
    if line:
        asyncio.run(_serve(Options(**json.loads(line))))


if __name__ == "__main__":
    main()
