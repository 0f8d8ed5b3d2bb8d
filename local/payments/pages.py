"""The provider's pages: a list of payments, and a page for each.

A buyer pays there, or has the card declined. Below is what a provider's dashboard has: the webhooks
with the shop's answers, refunds, and the dispute of a buyer's bank.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.activity.stack_reader import StackReader
from local.activity.trace import name_buyer
from local.pages import SAFE_HEADERS, page
from local.payments.ledger import Refusal
from local.payments.provider import Provider
from local.payments.records import Payment
from local.payments.request_bodies import RequestBody
from shared.money import Money

SHOWN_MAX = 100
CLOSED = ("won", "lost")


class DisputeReport(RequestBody):
    """What the buyer's bank says of its dispute, in Stripe's words."""

    status: Literal["needs_response", "won", "lost"]


class Pages:
    """As at a real provider, opening a page changes nothing and paying needs the secret."""

    def __init__(self, provider: Provider, reader: StackReader) -> None:
        self._provider = provider
        self._ledger = provider.ledger
        self._reader = reader

    def routes(self) -> list[Route]:
        return [
            Route("/payments", self._show_list),
            Route("/payments.json", self._list_as_json),
            Route("/payments/{id}.json", self._get_as_json),
            Route("/payments/{id}", self._show_payment),
            Route("/payments/{id}/dispute", self._dispute, methods=["POST"]),
        ]

    async def _show_list(self, _: Request) -> Response:
        return page("payments.html")

    async def _show_payment(self, request: Request) -> Response:
        payment = self._find_payment(request)
        return page("payment.html", payment=payment, amount=_money(payment, payment.amount_minor))

    async def _list_as_json(self, _: Request) -> Response:
        """The newest payments first."""
        newest = list(self._ledger.payments.values())[: -SHOWN_MAX - 1 : -1]
        payments = await self._describe(newest)
        content = {"total": len(self._ledger.payments), "payments": payments}
        return JSONResponse(content, headers=SAFE_HEADERS)

    async def _get_as_json(self, request: Request) -> Response:
        [described] = await self._describe([self._find_payment(request)])
        return JSONResponse(described, headers=SAFE_HEADERS)

    async def _dispute(self, request: Request) -> Response:
        """Opens a dispute about the whole payment, or closes the open one.

        local.origin_guard refuses this to pages of other origins.
        """
        payment = self._find_payment(request)
        try:
            status = DisputeReport.model_validate_json(await request.body()).status
        except ValidationError:
            raise HTTPException(422, "Send a status: needs_response, won or lost.") from None
        try:
            amount = payment.disputes[0].amount_minor if payment.disputes else None
            _require_disputable(payment, closes=status in CLOSED)
            _, event = self._ledger.dispute(payment, amount or payment.captured_minor, status)
        except Refusal as refusal:
            raise HTTPException(refusal.status, str(refusal)) from refusal
        self._provider.send(event)
        return await self._get_as_json(request)

    def _find_payment(self, request: Request) -> Payment:
        payment = self._ledger.payments.get(request.path_params["id"])
        if payment is None:
            raise HTTPException(404, "This payment does not exist.")
        return payment

    async def _describe(self, payments: list[Payment]) -> list[dict[str, Any]]:
        buyers = await asyncio.to_thread(self._name_buyers, payments) if payments else {}
        webhooks = self._list_webhooks({payment.id for payment in payments})
        return [
            {
                "id": payment.id,
                "order_id": payment.order_id,
                "buyer": buyers.get(payment.order_id),
                "status": payment.status,
                "created": payment.created,
                "amount": _format(payment, payment.amount_minor),
                "captured": _format(payment, payment.captured_minor),
                # The page of a payment needs it to pay, as the checkout of a shop does.
                "client_secret": payment.client_secret,
                "refunds": _describe_each(payment, payment.refunds),
                "disputes": _describe_each(payment, payment.disputes),
                "webhooks": webhooks.get(payment.id, []),
            }
            for payment in payments
        ]

    def _name_buyers(self, payments: list[Payment]) -> dict[str, str]:
        """By order. Blocks."""
        orders = self._reader.find_orders([payment.order_id for payment in payments])
        users = self._reader.find_buyers([str(order["buyer_id"]) for order in orders.values()])
        return {order_id: name_buyer(order, users) for order_id, order in orders.items()}

    def _list_webhooks(self, payment_ids: set[str]) -> dict[str, list[dict[str, Any]]]:
        webhooks: dict[str, list[dict[str, Any]]] = {each: [] for each in payment_ids}
        for event in self._ledger.events:
            if event.payment_id in payment_ids:
                shown = {"id", "type", "created", "attempts", "delivered", "answers"}
                webhooks[event.payment_id].append(event.model_dump(include=shown))
        return webhooks


def _require_disputable(payment: Payment, *, closes: bool) -> None:
    """Raises Refusal."""
    is_open = any(dispute.status not in CLOSED for dispute in payment.disputes)
    if payment.status != "captured":
        raise Refusal(409, "status_conflict", "Only a captured payment can be disputed.")
    if closes and not is_open:
        raise Refusal(409, "status_conflict", "No dispute is open. Open one first.")
    if not closes and payment.disputes:
        raise Refusal(409, "status_conflict", "The payment already has its dispute.")


def _describe_each(payment: Payment, parts: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": part.id,
            "status": part.status,
            "created": part.created,
            "amount": _format(payment, part.amount_minor),
        }
        for part in parts
    ]


def _money(payment: Payment, amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency=payment.currency)


def _format(payment: Payment, amount_minor: int) -> str:
    return str(_money(payment, amount_minor))
