"""Enums that several schemas share. Each stands in the document once, under a name."""

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

# By the enum's name in the document: the module and the Literal that declares it.
LITERALS = {
    "OrderStatus": "orders.lifecycle.transitions.Status",
    "PaymentStatus": "orders.payment_views.PaymentStatus",
    "RefundStatus": "orders.payment_views.RefundStatus",
    "CartChange": "orders.carts.changes.Change",
    "ProductStatus": "products.fields.Status",
    "StockPolicy": "shared.storage.models.catalog.StockPolicy",
    "Availability": "products.view_parts.Availability",
    "ProductSort": "products.catalog_queries.Sort",
    "StockMovementKind": "products.stock.schemas.MovementKind",
    "Rounding": "orders.pricing.rounding.Rounding",
    "PromotionKind": "orders.pricing.discounts.Kind",
    "ExportFormat": "orders.exports.schemas.Format",
    "ProductExportFormat": "files.exports.schemas.Format",
    "ExportStatus": "shared.exports.views.ExportStatus",
    "ImportPhase": "files.views.ImportPhase",
    "UploadStatus": "files.views.UploadStatus",
    "UserStatus": "auth.accounts.schemas.UserStatus",
    "StartedPaymentStatus": "orders.payments.schemas.StartedPaymentStatus",
    "WebhookOutcome": "orders.payments.schemas.WebhookOutcome",
}
_ERRORS_PAGE = Path(__file__).parents[1] / "errors.md"
# What can be wrong with a field, from the first column of the page's table.
FIELD_CODES = [
    code
    for cell in re.findall(r"^\| (`\w+`.*?) \|", _ERRORS_PAGE.read_text(), re.MULTILINE)
    for code in re.findall(r"`(\w+)`", cell)
]
CURRENCY = "Currency code (ISO 4217), in capital letters."
COUNTRY = "Country code (ISO 3166-1 alpha-2), in capital letters."


def shared_enums() -> dict[str, dict[str, Any]]:
    countries = sorted(import_module("shared.countries").CODES)
    texts = {name: _enum(name, values) for name, values in _literals().items()}
    return texts | {
        "Currency": {
            **_enum("Currency", sorted(import_module("shared.money").CURRENCIES)),
            "description": CURRENCY,
            "examples": ["EUR"],
        },
        "Country": {
            **_enum("Country", countries),
            "description": COUNTRY,
            "examples": ["DE"],
        },
        "CountryOrAllOthers": {
            **_enum("CountryOrAllOthers", [*countries, "*"]),
            "description": f"{COUNTRY} `*` stands for all other countries.",
            "examples": ["DE"],
        },
    }


def enum_name(schema: dict[str, Any]) -> str | None:
    """The name of the shared enum that this schema repeats, or None."""
    values = schema.get("enum")
    return next((name for name, of_name in _literals().items() if of_name == values), None)


@cache
def _literals() -> dict[str, list[str]]:
    found = {"FieldProblemCode": FIELD_CODES}
    for name, place in LITERALS.items():
        module, _, attribute = place.rpartition(".")
        found[name] = list(get_args(getattr(import_module(module), attribute)))
    return found


def _enum(name: str, values: list[str]) -> dict[str, Any]:
    return {"type": "string", "title": name, "enum": values}
