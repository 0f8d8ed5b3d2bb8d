"""The webhook of the payment provider, which the shop receives as signed bytes."""

from typing import Any

from orders.payments.signatures import TOLERANCE_SECONDS
from orders.payments.stripe_events import SUBSCRIBED_EVENTS
from shared.http.request_bodies import JSON

_SIGNED = (
    '`t=<Unix seconds>,v1=<HMAC-SHA256 of "t.body" in hexadecimal>`, with the webhook\'s secret. '
    f"The time may differ from the shop's by {TOLERANCE_SECONDS // 60} minutes."
)
_EXAMPLE = "t=1795515331,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"
_EVENT_ID = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}


def _signature(name: str, sender: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": f"The signature of {sender}: {_SIGNED}",
        "schema": {"type": "string"},
        "example": _EXAMPLE,
    }


WEBHOOK_PARAMETERS = [
    _signature("Stripe-Signature", "Stripe"),
    _signature("Payment-Signature", "the local stack's provider"),
]
WEBHOOK_SCHEMAS: dict[str, Any] = {
    "StripeEvent": {
        "type": "object",
        "title": "StripeEvent",
        "description": "An event of Stripe (docs.stripe.com/api/events). The shop uses "
        f"{', '.join(f'`{name}`' for name in SUBSCRIBED_EVENTS)}, and answers others `ignored`.",
        "required": ["id", "type", "data"],
        "additionalProperties": True,
        "properties": {
            "id": _EVENT_ID,
            "type": {"type": "string"},
            "created": {"type": "integer", "format": "int64"},
            "data": {
                "type": "object",
                "required": ["object"],
                "properties": {"object": {"type": "object", "additionalProperties": True}},
                "additionalProperties": True,
            },
        },
    },
    "LocalPaymentEvent": {
        "type": "object",
        "title": "LocalPaymentEvent",
        "description": "An event of the local stack's provider, which takes no money.",
        "required": ["id", "type", "data"],
        "additionalProperties": True,
        "properties": {
            "id": _EVENT_ID,
            "type": {"type": "string"},
            "created": {"type": "integer", "format": "int64"},
            "data": {
                "type": "object",
                "required": ["id", "order_id"],
                "additionalProperties": True,
                "properties": {"id": _EVENT_ID, "order_id": _EVENT_ID},
            },
        },
    },
}
_ORDER_ID = "ord_gormhll3yg7fvyh23ucykholxjeqa4f3"
_EXAMPLES: dict[str, Any] = {
    "stripe": {
        "summary": "A captured payment, from Stripe",
        "value": {
            "id": "evt_1QJmXa2eZvKYlo2C",
            "type": "payment_intent.succeeded",
            "created": 1795515330,
            "data": {
                "object": {
                    "id": "pi_3QJmXa2eZvKYlo2C",
                    "object": "payment_intent",
                    "amount": 2998,
                    "amount_received": 2998,
                    "currency": "eur",
                    "status": "succeeded",
                    "metadata": {"order_id": _ORDER_ID},
                }
            },
        },
    },
    "local": {
        "summary": "A captured payment, from the local stack's provider",
        "value": {
            "id": "evt_5c9d3a",
            "type": "payment.captured",
            "created": 1795515330,
            "data": {
                "id": "pay_7f21b0",
                "order_id": _ORDER_ID,
                "amount_minor": 2998,
                "captured_minor": 2998,
                "currency": "EUR",
            },
        },
    },
}
WEBHOOK_BODY: dict[str, Any] = {
    "required": True,
    "description": "The event, byte for byte as it was signed.",
    "content": {
        JSON: {
            "schema": {
                "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in WEBHOOK_SCHEMAS]
            },
            "examples": _EXAMPLES,
        }
    },
}
