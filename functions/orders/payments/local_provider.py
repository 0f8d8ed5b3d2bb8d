"""The client of the local stack's payment provider (`local/payments/`), over HTTP."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from orders.lifecycle.balances import AUTHORIZED, CAPTURED, STARTED, VOID
from orders.payments.credentials import Credentials
from orders.payments.local_events import REFUND_STATUSES, parse_event
from orders.payments.provider import FINAL_STATUSES, UNKNOWN, Payment, ProviderEvent, Refund
from orders.payments.signatures import require_authentic
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.money import Money

TIMEOUT_SECONDS = 5  # to connect, and for each read of the response
# The shop's API key is wrong (401, 403) or it sends too much (429): the buyer can change nothing.
UNAVAILABLE_STATUSES = frozenset({401, 403, 429})

PAYMENT_STATUSES = {
    "awaiting": STARTED,
    "authorized": AUTHORIZED,
    "captured": CAPTURED,
    "void": VOID,
}


class LocalProvider:
    name = "local"

    def __init__(self, credentials: Credentials, url: str, *, is_manual: bool) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path.rstrip("/")
        self._credentials = credentials
        self._capture_method = "manual" if is_manual else "automatic"

    def create_payment(self, order_id: str, amount: Money, idempotency_key: str) -> Payment:
        body = amount.model_dump() | {"order_id": order_id, "capture": self._capture_method}
        return _to_payment(self._post("/payments", body, idempotency_key))

    def get_payment(self, payment_id: str) -> Payment:
        return _to_payment(self._send("GET", f"/payments/{payment_id}"))

    def capture_payment(self, payment_id: str, amount: Money) -> Payment:
        body = {"amount_minor": amount.amount_minor}
        return self._finish(payment_id, f"/payments/{payment_id}/capture", body)

    def void_payment(self, payment_id: str) -> Payment:
        return self._finish(payment_id, f"/payments/{payment_id}/cancel", {})

    def create_refund(self, payment_id: str, amount: Money, refund_id: str) -> Refund:
        body = {
            "payment_id": payment_id,
            "amount_minor": amount.amount_minor,
            "refund_id": refund_id,
        }
        return _to_refund(self._post("/refunds", body, refund_id))

    def find_refund(self, payment_id: str, refund_id: str) -> Refund | None:
        for refund in self._list_refunds(payment_id):
            if refund["refund_id"] == refund_id:
                return _to_refund(refund)
        return None

    def get_refund(self, payment_id: str, provider_refund_id: str) -> Refund:
        for refund in self._list_refunds(payment_id):
            if refund["id"] == provider_refund_id:
                return _to_refund(refund)
        raise PaymentRefused(reason="not_found")

    def get_refunded_minor(self, payment_id: str) -> int:
        return sum(
            refund["amount_minor"]
            for refund in self._list_refunds(payment_id)
            if refund["status"] != "failed"
        )

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent | None:
        signature = headers.get("payment-signature")
        require_authentic(body, signature, self._credentials.webhook_secrets)
        return parse_event(body)

    def _list_refunds(self, payment_id: str) -> list[dict[str, Any]]:
        refunds: list[dict[str, Any]] = self._send("GET", f"/payments/{payment_id}")["refunds"]
        return refunds

    def _finish(self, payment_id: str, path: str, body: dict[str, Any]) -> Payment:
        """Return the payment as it is afterwards; a payment that ended earlier is no error."""
        try:
            return _to_payment(self._post(path, body, uuid4().hex))
        except PaymentRefused:
            payment = self.get_payment(payment_id)
            if payment.status not in FINAL_STATUSES:
                raise
            return payment

    def _post(self, path: str, body: dict[str, Any], idempotency_key: str) -> Any:
        return self._send("POST", path, json.dumps(body), {"Idempotency-Key": idempotency_key})

    def _send(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = {}
    ) -> Any:
        connection = HTTPConnection(self._host, timeout=TIMEOUT_SECONDS)
        all_headers = {"Authorization": f"Bearer {self._credentials.api_key}", **headers}
        if body is not None:
            all_headers["Content-Type"] = "application/json"
        try:
            connection.request(method, self._path + path, body, all_headers)
            response = connection.getresponse()
            return _parse_response(response.status, response.read())
        except (OSError, HTTPException) as error:
            raise PaymentUnavailable from error
        finally:
            connection.close()


def _parse_response(status: int, body: bytes) -> Any:
    if status in UNAVAILABLE_STATUSES or status >= 500:  # noqa: PLR2004 (RFC 9110)
        raise PaymentUnavailable
    try:
        content = json.loads(body)
    except ValueError as error:  # a proxy's page
        raise PaymentUnavailable from error
    if status >= 400:  # noqa: PLR2004
        raise PaymentRefused(reason=content["error"]["code"])
    return content


def _to_payment(content: dict[str, Any]) -> Payment:
    return Payment(
        payment_id=content["id"],
        client_secret=content["client_secret"],
        status=PAYMENT_STATUSES.get(content["status"], UNKNOWN),
        captured_minor=content["captured_minor"],
    )


def _to_refund(content: dict[str, Any]) -> Refund:
    return Refund(content["id"], REFUND_STATUSES.get(content["status"], UNKNOWN))
