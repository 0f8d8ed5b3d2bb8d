"""Which failures of schemathesis are none, by the code of the shop's answer.

A valid request may be refused for a rule that JSON Schema cannot say. Each is listed here with its
reason, so that `invalid_fields` for anything else is a gap in the document. Whether the operation
documents the code is another check.
"""

from collections.abc import Mapping
from typing import Any

# For rules between the request and what the shop has stored or made.
OF_STATE = {
    "invalid_cursor": "Only the shop makes cursors.",
    "cursor_query_mismatch": "A cursor belongs to the list that it came from.",
    "cursor_user_mismatch": "A cursor belongs to the user who got it.",
    "cursor_expired": "A cursor is valid for some days.",
    "link_expired": "Only the shop makes the token of a link.",
    "webhook_signature_invalid": "Only the payment provider can sign.",
    "idempotency_key_reused": "The key belongs to an earlier request with another body.",
    "unknown_products": "The shop sells the products that it has.",
    "unknown_promotion": "The shop knows the promotions that staff created.",
    "unknown_category": "The shop knows the categories that staff created.",
    "promotion_expired": "A promotion has a time.",
    "promotion_minimum_not_met": "Stored prices are added up.",
    "promotion_not_for_items": "A promotion is for some of the stored products.",
    "promotion_not_in_currency": "Stored prices have currencies.",
    "no_tax_rate": "Staff set the taxes of each country.",
    "unknown_region": "Staff set the taxes of each region.",
    "no_shipping_rate": "Staff set the countries that the shop ships to.",
    "currency_not_accepted": "A setting has the currencies.",
    "amount_too_large": "Stored prices are added up.",
    "quantity_limit_exceeded": "The stored product has the limit.",
    "webhook_too_old": "The signature has the time.",
    "sku_immutable": "The stored product has the SKU.",
    "mixed_currencies": "Prices are compared with one another.",
    "unsupported_query": "Only some filters and sort orders go together.",
}
# The other refusals with 400 and 422. Each says that the request is not as the document has it.
OF_SCHEMA = {"idempotency_key_required", "invalid_precondition", "malformed_json", "not_utf8"}
_ADDRESS = ("city", "postal_code", "region", "line1")
_LIMITS = ("uses_max", "uses_per_customer_max")
_DISCOUNTS = ("percent", "amount")
# `invalid_fields` has a code for each field. By that code: in which fields, none for any, and why.
OF_FIELDS: dict[str, tuple[tuple[str, ...], str]] = {
    "required": (
        (*_ADDRESS, *("amount_minor", "currency", "code")),
        "Each country has its own rules for addresses. A patch is merged into what is stored.",
    ),
    "wrong_format": (("postal_code",), "Each country has its own postal codes."),
    "unknown_region": (("region",), "Each country has its own regions."),
    "no_word": (("q",), "A search needs a letter or a digit of any script."),
    "named_twice": (
        ("lines", "taxes", "destinations", "zones", "pictures"),
        "JSON Schema compares whole elements, not one of their members.",
    ),
    "too_large": (("lines",), "The lines of one product are added up."),
    "too_small": (("available",), "Only stock that can be back-ordered may be below 0."),
    "applies_to_nothing": (("applies_to",), "A patch is merged into what is stored."),
    "not_of_automatic": (_LIMITS, "A patch is merged into what is stored."),
    "not_of_kind": (_DISCOUNTS, "A patch does not name the kind of its promotion."),
    "needed_by_kind": (_DISCOUNTS, "A patch does not name the kind of its promotion."),
    "group_without_options": (("group", "options"), "A patch is merged into what is stored."),
    "invisible_text": ((), "Unicode has invisible characters of many kinds."),
    "not_a_time": ((), "Leap seconds, and days before the year 1 in UTC."),
    "options_too_large": (("options",), "Bytes are counted."),
    "wrong_check_digit": (("barcode",), "The digits are added up."),
    "invalid_email": (
        ("email", "customer"),
        "Some domains are reserved (RFC 6761), and some names mix scripts.",
    ),
    "url_not_allowed": (("url",), "A URL must have a host that DNS and the network allow."),
    "mapping_too_large": (("mapping",), "Bytes are counted."),
    "password_too_short": (("password",), "The shop sets the length, after normalization."),
    "password_common": (("password",), "There is a list of common passwords."),
    "password_built_from_account": (("password",), "It is compared with other fields."),
    "permission_not_grantable": (("permissions",), "It depends on the caller's roles."),
    "times_out_of_order": (("placed_before", "ends_at"), "Two times are compared."),
    "span_too_long": (("placed_before",), "Two times are compared."),
    "not_above_price": (("compare_at_price",), "Two prices are compared."),
    "not_in_price_currency": (("compare_at_price",), "Two currencies are compared."),
    "mixed_currencies": (("minimum",), "Two currencies are compared."),
    "steps_mixed": (("zones",), "Steps are compared with one another."),
    "steps_out_of_order": (("zones",), "Steps are compared with one another."),
    "postal_codes_overlap": (("destinations",), "Destinations are compared with one another."),
    "postal_codes_out_of_order": (("postal_codes",), "The two ends of a range are compared."),
    "rates_differ_from_taxes": (("rates",), "Rates are added up."),
    "taxes_too_high": (("taxes",), "Rates are added up."),
    "compound_tax_first": (("taxes",), "The first tax differs from the others."),
    "control_characters": (("attributes",), "Attributes are any JSON."),
    "attributes_too_deep": (("attributes",), "Attributes are any JSON."),
    "attributes_too_large": (("attributes",), "Attributes are any JSON."),
}
# The gateway refuses these before they reach the shop: docs/gateway-answers.md.
OF_GATEWAY = {"malformed_request", "headers_too_large"}


def is_rule_beyond_schema(error: Mapping[str, Any]) -> bool:
    """Whether the document cannot say why a request with this answer is refused."""
    if error["code"] == "invalid_fields":
        return all(map(_is_field_beyond_schema, error["details"]["fields"]))
    return error["code"] in OF_STATE


def _is_field_beyond_schema(field: Mapping[str, str]) -> bool:
    if field["code"] not in OF_FIELDS:
        return False
    fields, _ = OF_FIELDS[field["code"]]
    return not fields or not set(fields).isdisjoint(field["path"].split("."))


def without_outer_white_space(value: Any) -> Any:
    """As the shop measures texts (shared.http.text_fields)."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping):
        return {name: without_outer_white_space(member) for name, member in value.items()}
    if isinstance(value, list):
        return [without_outer_white_space(element) for element in value]
    return value
