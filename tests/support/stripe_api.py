"""Stripe's API on this machine: `python -m tests.support.stripe_api`, which prints its port.

localstripe, with what it lacks of what the shop relies on: idempotency keys, `amount_received`, and
events for what is authorized, let go of or paid back. Nothing is kept on disk, and nobody but this
machine can reach it.
"""
# ruff: noqa: SLF001 (localstripe has no other place for what it lacks)

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

API_KEY = "sk_test_of_nobody"
WEBHOOK_SECRET = "whsec_of_nobody"
CARD = "4242424242424242"
DECLINED_CARD = "4000000000000341"


class StripeApi:
    """What a buyer, or whoever is in Stripe's own pages, does there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {API_KEY}"})

    def pay(self, payment_id: str, card: str = CARD) -> httpx.Response:
        made = self.post(
            "/v1/payment_methods",
            type="card",
            card={"number": card, "exp_month": 12, "exp_year": 2030, "cvc": "123"},
        )
        self.post(f"/v1/payment_intents/{payment_id}", payment_method=made.json()["id"])
        return self.post(f"/v1/payment_intents/{payment_id}/confirm", check=False)

    def intents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("/v1/payment_intents", limit=100)
        return found

    def refunds(self, payment_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("/v1/refunds", payment_intent=payment_id)
        return found

    def tell(self, url: str) -> None:
        """Its webhooks, to that address."""
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
def running() -> Iterator[StripeApi]:
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
    """Until it is terminated."""
    import asyncio  # noqa: PLC0415 (the rest is imported by tests, which need none of these)

    from aiohttp import web  # noqa: PLC0415
    from localstripe import resources  # noqa: PLC0415

    resources.Store.dump_to_disk = lambda _: None
    _tell_more(resources)
    from localstripe import server  # noqa: PLC0415 (makes its routes of what is there by then)

    failures: list[int] = []

    async def fail_next(request: web.Request) -> web.Response:
        failures.append((await request.json())["status"])
        return web.Response()

    server.app.router.add_post("/_config/fail_next", fail_next)
    server.app.middlewares.insert(0, _failing(web, failures))
    server.app.middlewares.insert(1, _idempotent(web))

    async def run() -> None:
        runner = web.AppRunner(server.app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)  # noqa: T201 (for whoever has started it)
        await asyncio.Event().wait()

    asyncio.run(run())


def _tell_more(resources: Any) -> None:
    intent, event = resources.PaymentIntent, resources.Event

    def amount_received(self: Any) -> int:
        return int(self.amount) if self.status == "succeeded" else 0

    def amount_capturable(self: Any) -> int:
        return int(self.amount) if self.status == "requires_capture" else 0

    intent.amount_received = property(amount_received)
    intent.amount_capturable = property(amount_capturable)

    create_charge, cancel, refund = intent._create_charge, intent._api_cancel, resources.Refund

    def charge_and_tell(self: Any, on_failure_now: Any) -> None:
        create_charge(self, on_failure_now)
        if self.status == "requires_capture":
            resources.schedule_webhook(event("payment_intent.amount_capturable_updated", self))

    def cancel_and_tell(id: str, **given: Any) -> Any:  # noqa: A002 (localstripe's name)
        canceled = cancel(id, **given)
        resources.schedule_webhook(event("payment_intent.canceled", canceled))
        return canceled

    def refund_and_tell(**given: Any) -> Any:
        made = refund(**given)
        resources.schedule_webhook(event("refund.created", made))
        return made

    intent._create_charge = charge_and_tell
    intent._api_cancel = staticmethod(cancel_and_tell)
    resources.Refund._api_create = staticmethod(refund_and_tell)
    resources.extra_apis[:] = [
        (method, path, cancel_and_tell if path.endswith("intents/{id}/cancel") else do)
        for method, path, do in resources.extra_apis
    ]


def _failing(web: Any, failures: list[int]) -> Any:
    """The next calls, before anything is done."""

    @web.middleware
    async def fail(request: Any, handler: Any) -> Any:
        if not failures or request.path.startswith("/_config"):
            return await handler(request)
        return web.json_response(
            {"error": {"type": "api_error", "message": "failed on purpose"}},
            status=failures.pop(0),
        )

    return fail


def _idempotent(web: Any) -> Any:
    """As docs.stripe.com/api/idempotent_requests has it."""
    known: dict[str, tuple[bytes, int, bytes]] = {}

    @web.middleware
    async def answer_once(request: Any, handler: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or key is None:
            return await handler(request)
        asked = request.path.encode() + b" " + await request.read()
        if key not in known:
            answer = await handler(request)
            known[key] = asked, answer.status, answer.body
        before, status, body = known[key]
        if before != asked:
            error = {"type": "idempotency_error", "message": "the key was used otherwise"}
            return web.json_response({"error": error}, status=400)
        return web.Response(status=status, body=body, content_type="application/json")

    return answer_once


if __name__ == "__main__":
    serve()
