"""Orders that would take more stock than one buyer should have."""

from typing import Any

from tests.attacks.attack import Attack, json_body

ADDRESS = {
    "name": "Ada",
    "line1": "1 Street",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}
TOO_MANY, INVALID = "quantity_limit_exceeded", "invalid_fields"

# Each is the quantities of the lines of an order for one product.
LINES: dict[str, tuple[list[Any], str]] = {
    "a thousand units": ([1_000], TOO_MANY),
    "one unit more than a guest may order": ([21], TOO_MANY),
    "fifty lines that add up": ([1] * 50, TOO_MANY),
    "the most that a line can have": ([10_000], TOO_MANY),
    "fifty lines of ten thousand": ([10_000] * 50, INVALID),
    "more than a line can have": ([10_001], INVALID),
    "more lines than an order can have": ([1] * 51, INVALID),
    "no unit": ([0], INVALID),
    "lines that make up for each other": ([30, -20], INVALID),
    "a part of a unit": ([1.5], INVALID),
    "a number as text": (["20"], INVALID),
    "a number with an exponent": ([1e9], INVALID),
    "a truth value": ([True], INVALID),
    "a list of quantities": ([[20, 20]], INVALID),
}

# What staff may not set as a product's limit. Null removes it.
LIMITS: dict[str, Any] = {
    "zero": 0,
    "below zero": -1,
    "more than any order may have": 10_001,
    "with a fraction": 1.5,
    "as text": "20",
    "a truth value": True,
    "a number of many digits": 10**40,
    "a list": [20],
}


def order_lines(quantities: list[Any], product_id: str = "{product_id}") -> list[dict[str, Any]]:
    return [{"product_id": product_id, "quantity": quantity} for quantity in quantities]


def _guest(name: str, path: str, quantities: list[Any], code: str, **more: Any) -> Attack:
    body = {"lines": order_lines(quantities), "shipping_address": ADDRESS} | more
    headers = {"idempotency-key": "{unique}"}
    return Attack(name, "POST", path, 422, code, headers=headers, body=json_body(body))


def _customer(name: str, quantities: list[Any]) -> Attack:
    body = {"lines": order_lines(quantities), "shipping_address": ADDRESS}
    headers = {"idempotency-key": "{unique}"}
    return Attack(
        f"an account orders {name}",
        "POST",
        "/v1/orders",
        422,
        TOO_MANY,
        headers=headers,
        body=json_body(body),
        caller="customer",
    )


def _limit(name: str, limit: Any) -> Attack:
    price = {"amount_minor": 1000, "currency": "EUR"}
    body = {"sku": "{unique}", "name": "Tea", "price": price, "order_quantity_max": limit}
    return Attack(
        f"a product's limit is {name}",
        "POST",
        "/v1/products",
        422,
        INVALID,
        body=json_body(body),
        caller="staff",
    )


ATTACKS = [
    *(
        _guest(
            f"a guest orders {name}",
            "/v1/guest/orders",
            quantities,
            code,
            email="guest-{unique}@example.com",
        )
        for name, (quantities, code) in LINES.items()
    ),
    *(
        _guest(f"a guest asks for a quote of {name}", "/v1/guest/orders/quote", quantities, code)
        for name, (quantities, code) in LINES.items()
    ),
    _customer("101 units", [101]),
    _customer("three lines of forty", [40] * 3),
    *(_limit(name, limit) for name, limit in LIMITS.items()),
]
