"""The payment provider of the local stack (`local/payments.py`), over HTTP as any other."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from orders.lifecycle.balances import (
    AUTHORIZED,
    CAPTURED,
    FAILED,
    REQUESTED,
    STARTED,
    SUCCEEDED,
    VOID,
)
from orders.payments.credentials import Credentials
from orders.payments.provider import (
    ENDS,
    Authorized,
    Captured,
    Payment,
    ProviderEvent,
    Refund,
    RefundUpdate,
    Voided,
)
from orders.payments.signatures import require_authentic
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.money import Money

SECONDS = 5  # to connect, and again for each part of the answer
UNSET = 401, 403  # the shop's key is wrong: nothing that a buyer could do
BUSY = 429

PAYMENT_STATUSES = {
    "awaiting": STARTED,
    "authorized": AUTHORIZED,
    "captured": CAPTURED,
    "void": VOID,
}
REFUND_STATUSES = {"pending": REQUESTED, "succeeded": SUCCEEDED, "failed": FAILED}


class _Event(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)  # a crash is logged

    id: str
    type: str
    data: dict[str, Any]


class LocalProvider:
    name = "local"

    def __init__(self, keys: Credentials, url: str, *, is_manual: bool) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path.rstrip("/")
        self._keys = keys
        self._capture = "manual" if is_manual else "automatic"

    def begin(self, order_id: str, amount: Money, key: str) -> Payment:
        wanted = amount.model_dump() | {"order_id": order_id, "capture": self._capture}
        return _payment(self._post("/payments", wanted, key))

    def find(self, payment_id: str) -> Payment:
        return _payment(self._call("GET", f"/payments/{payment_id}"))

    def capture(self, payment_id: str, amount: Money) -> Payment:
        return self._change(payment_id, "capture", {"amount_minor": amount.amount_minor})

    def void(self, payment_id: str) -> Payment:
        return self._change(payment_id, "cancel", {})

    def refund(self, payment_id: str, amount: Money, refund_id: str) -> Refund:
        wanted = {
            "payment_id": payment_id,
            "amount_minor": amount.amount_minor,
            "refund_id": refund_id,
        }
        return _refund(self._post("/refunds", wanted, refund_id))

    def find_refund(self, payment_id: str, refund_id: str) -> Refund | None:
        made = self._call("GET", f"/payments/{payment_id}")["refunds"]
        return next((_refund(it) for it in made if it["refund_id"] == refund_id), None)

    def event_of(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent | None:
        require_authentic(body, headers.get("payment-signature"), self._keys.webhook_secrets)
        event = _Event.model_validate_json(body)
        about = event.data
        told = event.id, event.type, about["order_id"]
        amount = Money(amount_minor=about["amount_minor"], currency=about["currency"])
        if event.type == "payment.authorized":
            return Authorized(*told, about["id"], amount)
        if event.type == "payment.captured":
            received = Money(amount_minor=about["captured_minor"], currency=about["currency"])
            return Captured(*told, about["id"], received)
        if event.type == "payment.voided":
            return Voided(*told, about["id"])
        if event.type == "refund.updated":
            return RefundUpdate(
                *told, about["payment_id"], about["refund_id"], _refund(about), amount
            )
        return None

    def _change(self, payment_id: str, how: str, wanted: dict[str, Any]) -> Payment:
        try:
            return _payment(self._post(f"/payments/{payment_id}/{how}", wanted, uuid4().hex))
        except PaymentRefused:
            payment = self.find(payment_id)
            if payment.status not in ENDS:
                raise
            return payment

    def _post(self, path: str, body: dict[str, Any], key: str) -> Any:
        return self._call("POST", path, json.dumps(body), {"Idempotency-Key": key})

    def _call(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = {}
    ) -> Any:
        connection = HTTPConnection(self._host, timeout=SECONDS)
        given = {"Authorization": f"Bearer {self._keys.api_key}", **headers}
        if body is not None:
            given["Content-Type"] = "application/json"
        try:
            connection.request(method, self._path + path, body, given)
            answer = connection.getresponse()
            return _read(answer.status, answer.read())
        except (OSError, HTTPException) as error:
            raise _unavailable() from error
        finally:
            connection.close()


def _read(status: int, body: bytes) -> Any:
    if status in UNSET or status == BUSY or status >= 500:  # noqa: PLR2004 (RFC 9110)
        raise _unavailable()
    answer = json.loads(body)
    if status >= 400:  # noqa: PLR2004
        reason = answer["error"]["code"]
        raise PaymentRefused("The payment provider has refused this.", reason=reason)
    return answer


def _unavailable() -> PaymentUnavailable:
    return PaymentUnavailable("The payment provider does not answer. Try again.")


def _payment(shown: dict[str, Any]) -> Payment:
    return Payment(
        payment_id=shown["id"],
        client_secret=shown["client_secret"],
        status=PAYMENT_STATUSES[shown["status"]],
        captured_minor=shown["captured_minor"],
    )


def _refund(shown: dict[str, Any]) -> Refund:
    return Refund(shown["id"], REFUND_STATUSES[shown["status"]])
