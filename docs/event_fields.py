"""What each field of an event means, what its values look like, and one of them.

A field has the same meaning in every event. `Model.field` names one that differs. This is only for
the document: the functions would pay for it at each cold start.
"""

from datetime import UTC, datetime
from typing import Any

from shared import ids

OCCURRED_AT = datetime(2026, 11, 24, 9, 7, 30, 123456, tzinfo=UTC)
REQUEST_ID = "JKJaXmPLvHcESHA="
NAME_LENGTH_MAX = 200


def _id(*prefixes: str) -> dict[str, Any]:
    """The keywords of an id, as `shared.ids` makes them."""
    alternatives = prefixes[0] if len(prefixes) == 1 else f"({'|'.join(prefixes)})"
    return {"pattern": f"^{alternatives}_[a-z2-7]{{32}}$"}


def _money(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


# Keywords of JSON Schema, beside the type that the class has.
FIELDS: dict[str, dict[str, Any]] = {
    # the event
    "id": {"description": "The id of the event. A repetition has the same id.", **_id("evt")},
    "version": {"description": "The version of the event's form."},
    "type": {"description": "What happened. It is the message's `detail-type` too."},
    "occurred_at": {"description": "When it happened, in UTC."},
    "correlation_id": {
        "description": "The id of what caused the event. After a request, it is the request's "
        "`X-Request-Id`. After a schedule, an import or a change of stock, it is the id of that "
        "run. The log lines of every function that handles the event have it too."
    },
    "data": {"description": "What the event is about."},
    # money
    "amount_minor": {"format": "int64"},
    "currency": {
        "description": "The currency of all amounts of the order (ISO 4217).",
        "pattern": "^[A-Z]{3}$",
    },
    # No list of all codes: another currency must not break a subscriber.
    "Money.currency": {"description": "Currency code (ISO 4217).", "pattern": "^[A-Z]{3}$"},
    # orders
    "order_id": {"description": "The id of the order. It is the order's number too.", **_id("ord")},
    "buyer_id": {
        "description": "The id of a user, or of a guest without an account.",
        **_id("usr", "gst"),
    },
    "previous_buyer_id": {"description": "The buyer before.", **_id("usr", "gst")},
    "total": {"description": "The amount that the buyer pays."},
    "totals": {"description": "What the total consists of."},
    "items": {"description": "The sum of all lines, before the discount."},
    "discount": {"description": "The amount that the promotion takes off the items."},
    "shipping": {"description": "The price of the shipping."},
    "tax": {"description": "The sum of all taxes on items and shipping."},
    "taxes": {"description": "Each tax on items and shipping, by name and rate."},
    "TaxData.name": {"description": "The name of the tax.", "maxLength": 40},
    "rate_ppm": {
        "description": "Parts per million: 190000 is 19 %. Null for an order from before Souk "
        "stored each tax."
    },
    "TaxData.amount": {"description": "The amount of the tax."},
    "lines": {"description": "What was ordered, at the prices of the order.", "maxItems": 50},
    "OrderReturnedData.lines": {"description": "The units that came back.", "maxItems": 50},
    "product_id": {"description": "The id of the product.", **_id("prd")},
    "sku": {"description": "The product's stock keeping unit.", "maxLength": 64},
    "name": {
        "description": "The product's name when the order was placed.",
        "maxLength": NAME_LENGTH_MAX,
    },
    "quantity": {"description": "Units.", "format": "int32", "minimum": 1},
    "unit_price": {"description": "The price of one unit."},
    "stock_policy": {
        "description": "The product's stock policy when the order was placed: `tracked`, "
        "`backorder` or `untracked`."
    },
    "backordered": {
        "description": "Units that were not in stock when the order was placed.",
        "format": "int32",
        "minimum": 0,
    },
    "line_total": {"description": "The price of all units of the line, before the discount."},
    "carrier": {"description": "Who carries the parcel."},
    "tracking_number": {"description": "The carrier's number. Null if staff gave none."},
    "tracking_url": {"description": "The carrier's page. Null if staff gave none."},
    "shipment_id": {
        "description": "The id of the parcel. Null if the order is shipped because staff cancelled "
        "what was left: then no parcel has left now.",
        **_id("shp"),
    },
    "shipped_lines": {"description": "The units in the parcel.", "maxItems": 50},
    "cancellation_id": {"description": "The id of the cancellation.", **_id("cnl")},
    "CancellationData.lines": {
        "description": "The units that will not be shipped.",
        "maxItems": 50,
    },
    "CancellationData.amount": {
        "description": "What the units cost. The buyer gets it back, or does not pay it."
    },
    "refund_id": {"description": "The id of the refund.", **_id("rfd")},
    "amount": {"description": "The amount of the refund."},
    "DisputeData.amount": {"description": "The amount that the buyer's bank claims."},
    "is_full": {"description": "Whether everything that was received is refunded."},
    "dispute_id": {"description": "The payment provider's id of the dispute."},
    "status": {"description": "The payment provider's word, such as `needs_response`."},
    "reason": {"description": "The payment provider's word, such as `fraudulent`."},
    "export_id": {"description": "The id of the export.", **_id("exp")},
    # products
    "group": {
        "description": "The group of which the product is a variant. Null if it is none.",
    },
    "changed": {"description": "The names of the fields that have new values."},
    "previous_group": {"description": "The group that the product left. Null if it left none."},
    "available": {
        "description": "Available units when the change was noticed.",
        "format": "int64",
        "minimum": 0,
    },
    "StockData.backordered": {
        "description": "Units of open orders that are not in stock.",
        "format": "int32",
        "minimum": 0,
    },
    "availability": {
        "description": "Whether the product can be ordered: `in_stock`, `backorder` (it can, but "
        "no unit is available) or `out_of_stock`."
    },
    "category_id": {"description": "The id of the category.", **_id("cat")},
    "path": {"description": "The path of the category, which never changes.", "maxLength": 200},
    "parent": {"description": "The path of the category above it. Null: it is at the top."},
    "previous_parent": {"description": "The path of the category that was above it before."},
    # accounts
    "user_id": {"description": "The id of the user.", **_id("usr")},
    "access_epoch": {
        "description": "Grows when all sessions of the user end.",
        "format": "int64",
        "minimum": 1,
    },
    "enabled": {"description": "Whether the second factor is on now."},
    "key_id": {"description": "The id of the API key. It is no secret.", **_id("key")},
    "order_count": {
        "description": "How many orders the account has placed.",
        "format": "int64",
        "minimum": 0,
    },
    "session_id": {"description": "The id of the session.", **_id("ses")},
    # uploads: their files, and what became of the rows
    "upload_id": {"description": "The id of the upload.", **_id("upl")},
    "filename": {"description": "The name of the file, as its sender gave it.", "maxLength": 255},
    "rows": {"description": "Rows that were processed.", "format": "int32", "minimum": 0},
    "written": {
        "description": "Rows whose product is as the row says.",
        "format": "int32",
        "minimum": 0,
    },
    "rejected": {"description": "Rows with errors.", "format": "int32", "minimum": 0},
    "archived": {
        "description": "Products that the file does not have, now archived.",
        "format": "int32",
        "minimum": 0,
    },
    "code": {"description": "Names the error that ended the import."},
}

_LINE = {
    "product_id": ids.derived_id("prd", "example"),
    "sku": "TEA-GREEN-100",
    "name": "Green tea, 100 g",
    "quantity": 2,
    "unit_price": _money(1250),
    "line_total": _money(2500),
    "stock_policy": "backorder",
    "backordered": 1,
}
EXAMPLES: dict[str, Any] = {
    "order_id": ids.derived_id("ord", "example"),
    "buyer_id": ids.derived_id("usr", "example"),
    "previous_buyer_id": ids.derived_id("gst", "example"),
    "total": _money(3261),
    "currency": "EUR",
    "totals": {
        "items": _money(2500),
        "discount": _money(250),
        "shipping": _money(490),
        "tax": _money(521),
        "taxes": [{"name": "VAT", "rate_ppm": 190_000, "amount": _money(521)}],
        "total": _money(3261),
    },
    "lines": [_LINE],
    "carrier": "DHL",
    "tracking_number": "00340434161094042557",
    "tracking_url": "https://www.dhl.de/track?id=00340434161094042557",
    "shipment_id": ids.derived_id("shp", "example"),
    "shipped_lines": [{key: _LINE[key] for key in ("product_id", "sku", "name", "quantity")}],
    "cancellation_id": ids.derived_id("cnl", "example"),
    "refund_id": ids.derived_id("rfd", "example"),
    "amount": _money(1250),
    "is_full": False,
    "dispute_id": "dp_1MtJUT2eZvKYlo2CNaw2HvEv",
    "status": "needs_response",
    "reason": "fraudulent",
    "export_id": ids.derived_id("exp", "example"),
    "product_id": _LINE["product_id"],
    "sku": _LINE["sku"],
    "group": "green-teas",
    "changed": ["price"],
    "previous_group": None,
    "available": 0,
    "backordered": 0,
    "availability": "out_of_stock",
    "category_id": ids.derived_id("cat", "example"),
    "path": "home/teapots",
    "parent": "kitchen",
    "previous_parent": "home",
    "user_id": ids.derived_id("usr", "example"),
    "access_epoch": 1,
    "enabled": True,
    "key_id": ids.derived_id("key", "example"),
    "order_count": 3,
    "session_id": ids.derived_id("ses", "example"),
    "upload_id": ids.derived_id("upl", "example"),
    "filename": "spring.csv",
    "rows": 1200,
    "written": 1198,
    "rejected": 2,
    "archived": 0,
    "code": "stopped_at_error",
}
# Where an event needs another value than the one above.
EXAMPLES_OF: dict[str, dict[str, Any]] = {
    "order.dispute_closed": {"status": "lost"},
    "product.archived": {"changed": ["status"]},
    "stock.low": {"available": 3, "availability": "in_stock"},
    "stock.replenished": {"available": 12, "availability": "in_stock"},
}
