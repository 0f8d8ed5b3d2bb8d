"""The local payment provider and a shop that receives its webhooks, in one process, no sockets."""

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
TIMEOUT_SECONDS = 60  # for a webhook to arrive on a busy machine


def provider(state: Path | None = None) -> Provider:
    return Provider(
        api_key=API_KEY, webhook_secret=WEBHOOK_SECRET, webhook_url=WEBHOOK_URL, state=state
    )


class Shop:
    """Calls the provider as the shop and as a buyer, and keeps the webhooks that it receives."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.webhooks: list[httpx.Request] = []
        self.answers: list[int] = []  # the status for the next webhooks; 200 when it is empty

    def receive(self, request: httpx.Request) -> httpx.Response:
        self.webhooks.append(request)
        return httpx.Response(self.answers.pop(0) if self.answers else 200)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.webhooks]

    @property
    def event_types(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def call(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {API_KEY}"}
        if key:
            headers["idempotency-key"] = key
        return await self.client.request(method, path, json=body, headers=headers)

    async def create_payment(self, key: str = "create", **changes: Any) -> dict[str, Any]:
        body = {"order_id": "ord_1", "amount_minor": 1000, "currency": "EUR"}
        answer = await self.call(
            "POST", "/payments", body | {"capture": "automatic"} | changes, key=key
        )
        assert answer.status_code == 201, answer.text
        payment: dict[str, Any] = answer.json()
        return payment

    async def confirm(self, payment: dict[str, Any], card: str = "ok") -> httpx.Response:
        body = {"client_secret": payment["client_secret"], "card": card}
        return await self.client.post(f"/payments/{payment['id']}/confirm", json=body)

    async def create_paid_payment(self, **changes: Any) -> dict[str, Any]:
        payment = await self.create_payment(**changes)
        assert (await self.confirm(payment)).status_code == 200
        return payment

    async def refund(
        self, payment: dict[str, Any], amount_minor: int, refund_id: str = "rfd_1"
    ) -> httpx.Response:
        body = {
            "payment_id": payment["id"],
            "amount_minor": amount_minor,
            "refund_id": refund_id,
        }
        return await self.call("POST", "/refunds", body, key=refund_id)

    async def set_behaviour(self, **changes: Any) -> httpx.Response:
        return await self.call("PUT", "/behaviour", changes)


def run_with_shop(scenario: Callable[[Shop], Awaitable[None]], state: Path | None = None) -> None:
    """Runs the scenario while the provider runs."""

    async def run() -> None:
        running = provider(state)
        transport = httpx.ASGITransport(Starlette(routes=Api(running).routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://provider") as client:
            shop = Shop(client)
            async with running.running(transport=httpx.MockTransport(shop.receive)):
                await scenario(shop)

    asyncio.run(run())


async def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, f"still false after {TIMEOUT_SECONDS} s"
        await asyncio.sleep(0.01)


def read_signature(request: httpx.Request, secret: str = WEBHOOK_SECRET) -> tuple[int, bool]:
    """The time in the signature, and whether this secret made it."""
    parts = dict(part.split("=") for part in request.headers["payment-signature"].split(","))
    signed = parts["t"].encode() + b"." + request.content
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return int(parts["t"]), parts["v1"] == expected


def retry_at_once(monkeypatch: Any) -> None:
    """The provider repeats webhooks without a pause."""
    monkeypatch.setattr(deliveries, "RETRY_SECONDS_MIN", 0.01)
