"""The local payment provider, and a shop that hears its webhooks, in one process and no socket."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from local.payments import deliveries
from local.payments.app import Api
from local.payments.provider import Provider

API_KEY, WEBHOOK_SECRET = "the-api-key", "the-webhook-secret"
WEBHOOK_URL = "http://shop.example/v1/payments/webhook"
SECONDS = 60  # for what is under way to arrive, on a machine that is busy


def provider(state: Path | None = None) -> Provider:
    return Provider(
        api_key=API_KEY, webhook_secret=WEBHOOK_SECRET, webhook_url=WEBHOOK_URL, state=state
    )


class Shop:
    """Whoever calls the provider, and what it has heard: each webhook with its headers."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.heard: list[httpx.Request] = []
        self.answers: list[int] = []  # to the next webhooks; 200 after these

    def hear(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        return httpx.Response(self.answers.pop(0) if self.answers else 200)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.heard]

    @property
    def told(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def call(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {API_KEY}"}
        if key:
            headers["idempotency-key"] = key
        return await self.client.request(method, path, json=body, headers=headers)

    async def begun(self, key: str = "begin", **over: Any) -> dict[str, Any]:
        wanted = {"order_id": "ord_1", "amount_minor": 1000, "currency": "EUR"}
        answer = await self.call(
            "POST", "/payments", wanted | {"capture": "automatic"} | over, key=key
        )
        assert answer.status_code == 201, answer.text
        payment: dict[str, Any] = answer.json()
        return payment

    async def confirm(self, payment: dict[str, Any], card: str = "ok") -> httpx.Response:
        wanted = {"client_secret": payment["client_secret"], "card": card}
        return await self.client.post(f"/payments/{payment['id']}/confirm", json=wanted)

    async def paid(self, **over: Any) -> dict[str, Any]:
        payment = await self.begun(**over)
        assert (await self.confirm(payment)).status_code == 200
        return payment

    async def refund(
        self, payment: dict[str, Any], amount_minor: int, refund_id: str = "rfd_1"
    ) -> httpx.Response:
        wanted = {
            "payment_id": payment["id"],
            "amount_minor": amount_minor,
            "refund_id": refund_id,
        }
        return await self.call("POST", "/refunds", wanted, key=refund_id)

    async def behave(self, **how: Any) -> httpx.Response:
        return await self.call("PUT", "/behaviour", how)


def with_shop(what: Callable[[Shop], Awaitable[None]], state: Path | None = None) -> None:
    """Runs it with a provider that is running, and stops that."""

    async def run() -> None:
        running = provider(state)
        transport = httpx.ASGITransport(Starlette(routes=Api(running).routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://provider") as client:
            shop = Shop(client)
            async with running.running(transport=httpx.MockTransport(shop.hear)):
                await what(shop)

    asyncio.run(run())


async def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"it did not happen within {SECONDS} s"
        await asyncio.sleep(0.01)


def signature_of(request: httpx.Request, secret: str = WEBHOOK_SECRET) -> tuple[int, bool]:
    """When it was signed, and whether it is that secret's."""
    parts = dict(it.split("=") for it in request.headers["payment-signature"].split(","))
    signed = parts["t"].encode() + b"." + request.content
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return int(parts["t"]), parts["v1"] == expected


def hurried(monkeypatch: Any) -> None:
    """Repetitions come at once."""
    monkeypatch.setattr(deliveries, "FIRST_PAUSE", 0.01)
