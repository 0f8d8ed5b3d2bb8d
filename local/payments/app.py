"""The provider's HTTP API: for the shop with its API key, for a buyer with a payment's secret."""

import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.payments.behaviour import Behaviour
from local.payments.ledger import Answer, Refused
from local.payments.provider import Provider

Wanted = TypeVar("Wanted", bound=BaseModel)
Done = tuple[int, dict[str, Any]]
Serve = Callable[[Request], Awaitable[Response]]
Perform = Callable[[Request], Awaitable[Done]]


class _Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Begin(_Wanted):
    order_id: str = Field(min_length=1)
    amount_minor: int = Field(gt=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    capture: Literal["automatic", "manual"]


class _Amount(_Wanted):
    amount_minor: int = Field(gt=0)


class _Refund(_Amount):
    payment_id: str
    refund_id: str


class _Confirm(_Wanted):
    client_secret: str
    card: Literal["ok", "declined"]


class _Nothing(_Wanted):
    pass


def create_app(
    *, api_key: str, webhook_secret: str, webhook_url: str, state: Path | None = None
) -> Starlette:
    """The provider alone; the local stack has it under its front server."""
    provider = Provider(
        api_key=api_key, webhook_secret=webhook_secret, webhook_url=webhook_url, state=state
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with provider.running():
            yield

    return Starlette(routes=Api(provider).routes(), lifespan=lifespan)


class Api:
    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[Route]:
        return [
            Route("/payments", self._shop(self._begin), methods=["POST"]),
            Route("/payments/{id}", self._shop(self._show)),
            Route("/payments/{id}/capture", self._shop(self._capture), methods=["POST"]),
            Route("/payments/{id}/cancel", self._shop(self._cancel), methods=["POST"]),
            Route("/refunds", self._shop(self._refund), methods=["POST"]),
            Route("/payments/{id}/confirm", _answered(self._confirm), methods=["POST"]),
            Route(
                "/payments/{id}/dashboard-refund",
                _answered(self._guarded(self._refund_unasked)),
                methods=["POST"],
            ),
            Route("/behaviour", _answered(self._guarded(self._behave)), methods=["GET", "PUT"]),
            Route("/events", _answered(self._guarded(self._list_events))),
        ]

    def _shop(self, perform: Perform) -> Serve:
        """A call of the shop's: the first answer to a key is given again, and calls may fail."""
        return _answered(self._guarded(self._failing(self._once(perform))))

    def _guarded(self, perform: Perform) -> Perform:
        async def guarded(request: Request) -> Done:
            expected = f"Bearer {self._provider.api_key}".encode()
            if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
                raise Refused(401, "unauthorized", "This is not the API key.")
            return await perform(request)

        return guarded

    def _failing(self, perform: Perform) -> Perform:
        async def failing(request: Request) -> Done:
            behaviour = self._provider.behaviour
            if behaviour.fail_next:
                behaviour.fail_next -= 1
                raise _unavailable()
            done = await perform(request)
            if behaviour.lose_next:
                behaviour.lose_next -= 1
                raise _unavailable()
            return done

        return failing

    def _once(self, perform: Perform) -> Perform:
        async def once(request: Request) -> Done:
            if request.method == "GET":
                return await perform(request)
            key = request.headers.get("idempotency-key")
            if not key:
                raise Refused(422, "invalid", "An Idempotency-Key is needed.")
            asked, path = (await request.body()).decode(errors="replace"), request.url.path
            known = self._provider.ledger.answers.get(key)
            if known is None:
                status, body = await _refusable(perform, request)
                known = Answer(path=path, request=asked, status=status, body=body)
                self._provider.ledger.answers[key] = known
            elif (known.path, known.request) != (path, asked):
                raise Refused(409, "idempotency_key_reused", "This key came with another request.")
            return known.status, known.body

        return once

    async def _begin(self, request: Request) -> Done:
        wanted = await _read(request, _Begin)
        payment = self._provider.ledger.begin(**wanted.model_dump())
        return 201, payment.shown()

    async def _show(self, request: Request) -> Done:
        return 200, self._provider.ledger.payment(request.path_params["id"]).shown()

    async def _capture(self, request: Request) -> Done:
        wanted = await _read(request, _Amount)
        payment = self._provider.ledger.payment(request.path_params["id"])
        self._provider.tell(self._provider.ledger.capture(payment, wanted.amount_minor))
        return 200, payment.shown()

    async def _cancel(self, request: Request) -> Done:
        await _read(request, _Nothing)
        payment = self._provider.ledger.payment(request.path_params["id"])
        event = self._provider.ledger.cancel(payment)
        if event:
            self._provider.tell(event)
        return 200, payment.shown()

    async def _refund(self, request: Request) -> Done:
        wanted = await _read(request, _Refund)
        return self._paid_back(wanted.payment_id, wanted.amount_minor, wanted.refund_id)

    async def _refund_unasked(self, request: Request) -> Done:
        wanted = await _read(request, _Amount)
        return self._paid_back(request.path_params["id"], wanted.amount_minor, None)

    def _paid_back(self, payment_id: str, amount_minor: int, refund_id: str | None) -> Done:
        ledger, outcome = self._provider.ledger, self._provider.behaviour.refunds
        payment = ledger.payment(payment_id)
        refund, event = ledger.refund(payment, amount_minor, refund_id, outcome)
        self._provider.tell(event)
        if refund.status == "pending":
            self._provider.settle_later(refund)
        return 201, refund.shown()

    async def _confirm(self, request: Request) -> Done:
        wanted = await _read(request, _Confirm)
        ledger = self._provider.ledger
        payment = ledger.payment(request.path_params["id"], wanted.client_secret)
        is_declined = wanted.card == "declined" or self._provider.behaviour.declines
        self._provider.tell(ledger.confirm(payment, is_declined=is_declined))
        return 200, payment.told()

    async def _behave(self, request: Request) -> Done:
        behaviour = self._provider.behaviour
        if request.method == "PUT":
            changed = Behaviour.model_validate(behaviour.model_dump() | await _json(request))
            for name, value in changed:
                setattr(behaviour, name, value)
        return 200, behaviour.model_dump()

    async def _list_events(self, _: Request) -> Done:
        return 200, {"events": [event.shown() for event in self._provider.ledger.events]}


def _answered(perform: Perform) -> Serve:
    async def answered(request: Request) -> Response:
        status, body = await _refusable(perform, request)
        return JSONResponse(body, status)

    return answered


async def _refusable(perform: Perform, request: Request) -> Done:
    try:
        return await perform(request)
    except ValidationError as error:
        return 422, _error("invalid", "; ".join(it["msg"] for it in error.errors()))
    except Refused as refused:
        return refused.status, _error(refused.code, str(refused))


async def _read(request: Request, shape: type[Wanted]) -> Wanted:
    return shape.model_validate_json(await request.body() or b"{}")


async def _json(request: Request) -> dict[str, Any]:
    try:
        wanted = json.loads(await request.body())
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict):
        raise Refused(422, "invalid", "A JSON object is needed.")
    return wanted


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _unavailable() -> Refused:
    return Refused(503, "unavailable", "Try again.")
