"""The provider's HTTP API. The shop calls it with an API key, a buyer with a payment's secret."""

import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.origin_guard import GATEWAY, OriginGuard
from local.payments.behaviour import Behaviour
from local.payments.ledger import Answer, Refusal
from local.payments.provider import Provider
from local.payments.request_bodies import (
    AmountBody,
    ConfirmBody,
    DisputeBody,
    EmptyBody,
    PaymentBody,
    RefundBody,
)

Body = TypeVar("Body", bound=BaseModel)
Result = tuple[int, dict[str, Any]]  # status and JSON
Endpoint = Callable[[Request], Awaitable[Response]]
Operation = Callable[[Request], Awaitable[Result]]


def create_app(
    *, api_key: str, webhook_secret: str, webhook_url: str, state: Path | None = None
) -> Starlette:
    """The provider as an application of its own. The local stack mounts its routes instead."""
    provider = Provider(
        api_key=api_key, webhook_secret=webhook_secret, webhook_url=webhook_url, state=state
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with provider.running():
            yield

    guard = Middleware(OriginGuard, shop_origins=frozenset(), exceptions=GATEWAY)
    return Starlette(routes=Api(provider).routes(), lifespan=lifespan, middleware=[guard])


class Api:
    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[Route]:
        return [
            Route("/payments", self._for_shop(self._create_payment), methods=["POST"]),
            Route("/payments/{id}", self._for_shop(self._get_payment)),
            Route("/payments/{id}/capture", self._for_shop(self._capture), methods=["POST"]),
            Route("/payments/{id}/cancel", self._for_shop(self._cancel), methods=["POST"]),
            Route("/refunds", self._for_shop(self._create_refund), methods=["POST"]),
            Route("/payments/{id}/confirm", _to_endpoint(self._confirm), methods=["POST"]),
            Route(
                "/payments/{id}/dashboard-refund",
                self._for_operator(self._create_dashboard_refund),
                methods=["POST"],
            ),
            Route(
                "/payments/{id}/dispute",
                self._for_operator(self._dispute),
                methods=["POST"],
            ),
            Route("/behaviour", self._for_operator(self._set_behaviour), methods=["GET", "PUT"]),
            Route("/events", self._for_operator(self._list_events)),
        ]

    def _for_shop(self, operation: Operation) -> Endpoint:
        """A call by the shop: it needs the API key, is idempotent, and fails on demand."""
        return self._for_operator(self._with_failures(self._idempotent(operation)))

    def _for_operator(self, operation: Operation) -> Endpoint:
        """A call that needs the API key."""

        async def authenticated(request: Request) -> Result:
            expected = f"Bearer {self._provider.api_key}".encode()
            if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
                raise Refusal(401, "unauthorized", "The API key is wrong. Send the shop's API key.")
            return await operation(request)

        return _to_endpoint(authenticated)

    def _with_failures(self, operation: Operation) -> Operation:
        async def failing(request: Request) -> Result:
            behaviour = self._provider.behaviour
            if behaviour.fail_next:
                behaviour.fail_next -= 1
                raise _unavailable()
            result = await operation(request)
            if behaviour.lose_next:
                behaviour.lose_next -= 1
                raise _unavailable()
            return result

        return failing

    def _idempotent(self, operation: Operation) -> Operation:
        """Repeats the first answer to an Idempotency-Key."""

        async def answer_once(request: Request) -> Result:
            if request.method == "GET":
                return await operation(request)
            key = request.headers.get("idempotency-key")
            if not key:
                raise Refusal(422, "invalid", "The header Idempotency-Key is missing. Send one.")
            sent, path = (await request.body()).decode(errors="replace"), request.url.path
            first = self._provider.ledger.answers.get(key)
            if first is None:
                status, body = await _run(operation, request)
                first = Answer(path=path, request=sent, status=status, body=body)
                self._provider.ledger.answers[key] = first
            elif (first.path, first.request) != (path, sent):
                raise Refusal(
                    409,
                    "idempotency_key_reused",
                    "This Idempotency-Key was used for another request. Send a new key.",
                )
            return first.status, first.body

        return answer_once

    async def _create_payment(self, request: Request) -> Result:
        body = await _read(request, PaymentBody)
        payment = self._provider.ledger.create_payment(**body.model_dump())
        return 201, payment.to_response()

    async def _get_payment(self, request: Request) -> Result:
        return 200, self._provider.ledger.get_payment(request.path_params["id"]).to_response()

    async def _capture(self, request: Request) -> Result:
        body = await _read(request, AmountBody)
        payment = self._provider.ledger.get_payment(request.path_params["id"])
        self._provider.send(self._provider.ledger.capture(payment, body.amount_minor))
        return 200, payment.to_response()

    async def _cancel(self, request: Request) -> Result:
        await _read(request, EmptyBody)
        payment = self._provider.ledger.get_payment(request.path_params["id"])
        event = self._provider.ledger.cancel(payment)
        if event:
            self._provider.send(event)
        return 200, payment.to_response()

    async def _create_refund(self, request: Request) -> Result:
        body = await _read(request, RefundBody)
        return self._refund(body.payment_id, body.amount_minor, body.refund_id)

    async def _create_dashboard_refund(self, request: Request) -> Result:
        """A refund that the shop did not request: somebody made it in the dashboard."""
        body = await _read(request, AmountBody)
        return self._refund(request.path_params["id"], body.amount_minor, None)

    async def _dispute(self, request: Request) -> Result:
        """The buyer's bank opens, reviews or closes a dispute."""
        body = await _read(request, DisputeBody)
        ledger = self._provider.ledger
        payment = ledger.get_payment(request.path_params["id"])
        dispute, event = ledger.dispute(payment, body.amount_minor, body.status)
        self._provider.send(event)
        return 200, dispute.model_dump()

    def _refund(self, payment_id: str, amount_minor: int, refund_id: str | None) -> Result:
        ledger, outcome = self._provider.ledger, self._provider.behaviour.refunds
        payment = ledger.get_payment(payment_id)
        refund, event = ledger.refund(payment, amount_minor, refund_id, outcome)
        self._provider.send(event)
        if refund.status == "pending":
            self._provider.settle_later(refund)
        return 201, refund.to_response()

    async def _confirm(self, request: Request) -> Result:
        """The buyer pays. The payment's secret authenticates the call."""
        body = await _read(request, ConfirmBody)
        ledger = self._provider.ledger
        payment = ledger.get_payment(request.path_params["id"], body.client_secret)
        is_declined = body.card == "declined" or self._provider.behaviour.declines
        self._provider.send(ledger.confirm(payment, is_declined=is_declined))
        return 200, payment.to_public()

    async def _set_behaviour(self, request: Request) -> Result:
        """PUT changes the named fields. Both methods answer with all fields."""
        behaviour = self._provider.behaviour
        if request.method == "PUT":
            changed = Behaviour.model_validate(behaviour.model_dump() | await _read_json(request))
            for name, value in changed:
                setattr(behaviour, name, value)
        return 200, behaviour.model_dump()

    async def _list_events(self, _: Request) -> Result:
        return 200, {"events": [event.to_response() for event in self._provider.ledger.events]}


def _to_endpoint(operation: Operation) -> Endpoint:
    async def respond(request: Request) -> Response:
        status, body = await _run(operation, request)
        return JSONResponse(body, status)

    return respond


async def _run(operation: Operation, request: Request) -> Result:
    try:
        return await operation(request)
    except ValidationError as error:
        return 422, _error("invalid", "; ".join(fault["msg"] for fault in error.errors()))
    except Refusal as refusal:
        return refusal.status, _error(refusal.code, str(refusal))


async def _read(request: Request, model: type[Body]) -> Body:
    return model.model_validate_json(await request.body() or b"{}")


async def _read_json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(422, "invalid", "The body is not a JSON object. Send one.")
    return body


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _unavailable() -> Refusal:
    return Refusal(503, "unavailable", "The payment provider is unavailable. Try again.")
