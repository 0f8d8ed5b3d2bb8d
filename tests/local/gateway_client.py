"""Calls the gateway in this process, with fixed answers in place of MiniStack."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from local import gateway
from local.activity.stack_reader import StackReader
from local.instances import InstanceQueues
from local.mailbox import Mailbox
from local.payments.provider import Provider
from local.refusals import App
from local.seeding import Account
from local.shop_facts import ShopFacts
from local.site import Parts
from tests.local.activity_stack import FakeReader
from tests.local.payments import provider

BASE = "http://localhost:8000"
GATEWAY = "http://127.0.0.1:4566/_aws/execute-api/abc/$default"
FACTS = ShopFacts(
    api_url=BASE,
    aws_endpoint_url="http://127.0.0.1:4566",
    staff=Account("staff@souk.example", "amber-basil-birch-1000"),
    customer=Account("customer@souk.example", "cedar-clove-coral-2000"),
    product_id="prd_tea",
)
Answer = Callable[[httpx.Request], httpx.Response]


class Ministack(httpx.AsyncBaseTransport):
    """MiniStack with these answers, which it streams as a server does."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.answer(request)
        stream = httpx.ByteStream(answer.content)
        return httpx.Response(answer.status_code, headers=answer.headers.raw, stream=stream)


def create_app(
    ministack: httpx.AsyncClient,
    queues: InstanceQueues | None = None,
    *,
    reader: StackReader | None = None,
    payments: Provider | None = None,
) -> App:
    """The gateway with `ministack` behind it."""
    mailbox = Mailbox("http://127.0.0.1:4566", ministack, Path("no mails from earlier runs"))
    parts = Parts(FACTS, mailbox, payments or provider(), reader or FakeReader())
    return gateway.create_app(
        gateway.Gateway(GATEWAY, ministack, queues or InstanceQueues({})), parts
    )


def ask(answer: Answer, path: str, method: str = "GET", **request: Any) -> httpx.Response:
    """The gateway's answer when MiniStack answers with `answer`."""

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=Ministack(answer)) as ministack:
            transport = httpx.ASGITransport(create_app(ministack, InstanceQueues({})))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.request(method, path, **request)

    return asyncio.run(call())
