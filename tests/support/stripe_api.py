"""Stripe's API on this machine: `python -m tests.support.stripe_api` serves it and prints its port.

It is localstripe, extended with features that the shop relies on: idempotency keys,
`amount_received`, and events for authorized, voided and refunded payments. It stores nothing on
disk and listens on loopback only.
"""
# ruff: noqa: SLF001 (localstripe has no public way to add these features)

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.support.foreign_pages import is_foreign

API_KEY = "sk_test_of_nobody"
WEBHOOK_SECRET = "whsec_of_nobody"
CARD = "4242424242424242"
DECLINED_CARD = "4000000000000341"


class StripeApi:
    """The calls of a buyer and of Stripe's dashboard."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {API_KEY}"})

    def pay(self, payment_id: str, card: str = CARD) -> httpx.Response:
        method = self.post(
            "/v1/payment_methods",
            type="card",
            card={"number": card, "exp_month": 12, "exp_year": 2030, "cvc": "123"},
        )
        self.post(f"/v1/payment_intents/{payment_id}", payment_method=method.json()["id"])
        return self.post(f"/v1/payment_intents/{payment_id}/confirm", check=False)

    def intents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("/v1/payment_intents", limit=100)
        return found

    def refunds(self, payment_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("/v1/refunds", payment_intent=payment_id)
        return found

    def send_webhooks_to(self, url: str) -> None:
        self.post("/_config/webhooks/shop", url=url, secret=WEBHOOK_SECRET)

    def fail_next(self, status: int) -> None:
        self.post("/_config/fail_next", status=status)

    def post(self, path: str, *, check: bool = True, **body: Any) -> httpx.Response:
        answer = self._http.post(path, json=body)
        if check:
            answer.raise_for_status()
        return answer

    def _get(self, path: str, **query: Any) -> Any:
        return self._http.get(path, params=query).raise_for_status().json()["data"]

    def close(self) -> None:
        self._http.close()


@contextmanager
def run_server() -> Iterator[StripeApi]:
    command = [sys.executable, "-m", "tests.support.stripe_api"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout is not None
        api = StripeApi(f"http://127.0.0.1:{int(server.stdout.readline())}")
        try:
            yield api
        finally:
            api.close()
            server.terminate()


def serve() -> None:
    """Runs until the process is terminated."""
    import asyncio  # noqa: PLC0415 (tests import this module and need none of these)

    from aiohttp import web  # noqa: PLC0415
    from localstripe import resources  # noqa: PLC0415

    resources.Store.dump_to_disk = lambda _: None
    _send_more_events(resources)
    from localstripe import server  # noqa: PLC0415 (it reads `resources` when it is imported)

    failures: list[int] = []

    async def fail_next(request: web.Request) -> web.Response:
        failures.append((await request.json())["status"])
        return web.Response()

    server.app.router.add_post("/_config/fail_next", fail_next)
    server.app.middlewares.insert(0, _refuse_foreign_pages(web))
    server.app.middlewares.insert(1, _fail_next_calls(web, failures))
    server.app.middlewares.insert(2, _repeat_answers(web))

    async def run() -> None:
        runner = web.AppRunner(server.app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)  # noqa: T201 (the parent process reads it)
        await asyncio.Event().wait()

    asyncio.run(run())


def _send_more_events(resources: Any) -> None:
    """Adds amounts to payments, and events that localstripe does not send."""
    intent, event = resources.PaymentIntent, resources.Event

    def amount_received(self: Any) -> int:
        return int(self.amount) if self.status == "succeeded" else 0

    def amount_capturable(self: Any) -> int:
        return int(self.amount) if self.status == "requires_capture" else 0

    intent.amount_received = property(amount_received)
    intent.amount_capturable = property(amount_capturable)

    create_charge, cancel, refund = intent._create_charge, intent._api_cancel, resources.Refund

    def charge_and_send(self: Any, on_failure_now: Any) -> None:
        create_charge(self, on_failure_now)
        if self.status == "requires_capture":
            resources.schedule_webhook(event("payment_intent.amount_capturable_updated", self))

    def cancel_and_send(id: str, **fields: Any) -> Any:  # noqa: A002 (localstripe's name)
        canceled = cancel(id, **fields)
        resources.schedule_webhook(event("payment_intent.canceled", canceled))
        return canceled

    def refund_and_send(**fields: Any) -> Any:
        created = refund(**fields)
        resources.schedule_webhook(event("refund.created", created))
        return created

    intent._create_charge = charge_and_send
    intent._api_cancel = staticmethod(cancel_and_send)
    resources.Refund._api_create = staticmethod(refund_and_send)
    resources.extra_apis[:] = [
        (method, path, cancel_and_send if path.endswith("intents/{id}/cancel") else handler)
        for method, path, handler in resources.extra_apis
    ]


def _refuse_foreign_pages(web: Any) -> Any:
    @web.middleware
    async def refuse(request: Any, handler: Any) -> Any:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if is_foreign(headers, request.transport.get_extra_info("sockname")[1]):
            return web.Response(status=403)
        return await handler(request)

    return refuse


def _fail_next_calls(web: Any, failures: list[int]) -> Any:
    """Answers the next calls with an error, before they change anything."""

    @web.middleware
    async def fail(request: Any, handler: Any) -> Any:
        if not failures or request.path.startswith("/_config"):
            return await handler(request)
        return web.json_response(
            {"error": {"type": "api_error", "message": "failed on purpose"}},
            status=failures.pop(0),
        )

    return fail


def _repeat_answers(web: Any) -> Any:
    """Idempotency keys, as docs.stripe.com/api/idempotent_requests describes them."""
    known: dict[str, tuple[bytes, int, bytes]] = {}

    @web.middleware
    async def answer_once(request: Any, handler: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or key is None:
            return await handler(request)
        current = request.path.encode() + b" " + await request.read()
        if key not in known:
            answer = await handler(request)
            known[key] = current, answer.status, answer.body
        original, status, body = known[key]
        if original != current:
            error = {
                "type": "idempotency_error",
                "message": "this key was used for another request",
            }
            return web.json_response({"error": error}, status=400)
        return web.Response(status=status, body=body, content_type="application/json")

    return answer_once


if __name__ == "__main__":
    serve()
