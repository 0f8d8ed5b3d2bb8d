"""The OpenAPI document of the last release, which the next one must not break.

`python -m tests.contract.release` records it. CONTRIBUTING.md says when.
"""

import json
from typing import Any

from local.paths import ROOT
from tests.contract.document_breaks import find_breaks

DOCUMENT = ROOT / "functions" / "reference" / "openapi.json"
RECORD = ROOT / "docs" / "released" / "openapi.json"
# The breaks that the next release makes on purpose, as the test prints them. The changelog names
# them too. A release empties it.
# An order can be `partially_shipped`; the versioning rules of `/v1` let enums grow.
_ONE_ORDER = (
    *("GET /v1/orders/{order_id} 200.", "GET /v1/guest/orders/{order_id} 200."),
    *("GET /v1/staff/orders/{order_id} 200.", "GET /v1/orders 200.items[]."),
    *("GET /v1/staff/orders 200.items[].", "POST /v1/orders 201.", "POST /v1/guest/orders 201."),
    *("POST /v1/guest/orders/{order_id}/cancel 200.", "POST /v1/orders/{order_id}/cancel 200."),
    *("POST /v1/orders/{order_id}/mark-paid 200.", "POST /v1/orders/{order_id}/ship 200."),
    *("POST /v1/orders/{order_id}/deliver 200.", "POST /v1/orders/{order_id}/return 200."),
    *("POST /v1/orders/{order_id}/refund 202.", "POST /v1/orders/{order_id}/notes 201."),
)
_STATUS_OF_AN_ORDER = (
    *(f"{answer}{field}" for answer in _ONE_ORDER for field in ("status", "history[].status")),
    "GET /v1/exports 200.items[].filters.status",
    "GET /v1/exports/{export_id} 200.filters.status",
    "POST /v1/exports 202.filters.status",
)
# The percentage of a promotion can have decimals. A whole one is shown as an integer, as before.
_PROMOTIONS = (
    "GET /v1/promotions 200.items[].",
    "GET /v1/promotions/{code} 200.",
    "PATCH /v1/promotions/{code} 200.",
    "POST /v1/promotions 201.",
)
# Both fields were required in the release. Now each has a substitute, and the document says so.
_INTEGER = {"type": "integer", "format": "int64"}
_SUBSTITUTES = (
    (
        "POST /v1/promotions request",
        [
            {
                "anyOf": [
                    {"properties": {"is_automatic": {"const": False}, "code": {"type": "null"}}},
                    *(
                        {
                            "properties": {"is_automatic": {"const": True}, limit: _INTEGER},
                            "required": ["is_automatic", limit],
                        }
                        for limit in ("uses_max", "uses_per_customer_max")
                    ),
                ]
            }
        ],
    ),
    (
        "PUT /v1/tax-rates request.destinations[]",
        [{"properties": {"rates": {"type": "null"}, "taxes": {"type": "null"}}}],
    ),
)
# Only staff who set taxes for all other countries (`*`) get them.
GIVEN_UP: frozenset[str] = frozenset(
    (
        *(f"{place}: enum value added (partially_shipped)" for place in _STATUS_OF_AN_ORDER),
        *(f"{answer}percent: type widened (number is not integer)" for answer in _PROMOTIONS),
        *(f"{place}: constraint tightened (not None, now {rule})" for place, rule in _SUBSTITUTES),
    )
) | {
    "GET /v1/tax-rates 200.destinations[].country: enum value added (*)",
    "PUT /v1/tax-rates 200.destinations[].country: enum value added (*)",
}


def find_breaks_since_release() -> set[str]:
    return {str(found) for found in find_breaks(_load(RECORD), _load(DOCUMENT))}


def _load(path: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


if __name__ == "__main__":
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(DOCUMENT.read_text())
