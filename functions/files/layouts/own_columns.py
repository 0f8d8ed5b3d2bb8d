"""The columns of our own product files: those that an export writes, and an import reads. Pure.

An export has exactly OWN_COLUMNS, in this order. Each cell is written so that the import reads the
same value again:

- A text as it is, a number as digits. An absent value (null) is an empty cell, and so is the stock
  of a product that is not counted.
- `price_minor` and `compare_at_price_minor` are in minor units of `currency`.
- `category` is the path. `tags` are separated by `|` (see `write_tags`), and so are `images`: URLs.
- `options` and `attributes` are JSON objects (see `write_object`); without members, an empty cell.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

OWN_COLUMNS = (
    "sku",
    "name",
    "description",
    "status",
    "price_minor",
    "currency",
    "compare_at_price_minor",
    "category",
    "tags",
    "group",
    "options",
    "attributes",
    "stock_policy",
    "available",
    "backorder_limit",
    "low_stock_at",
    "order_quantity_max",
    "stock_shards",
    "tax_class",
    "weight_grams",
    "barcode",
    "images",
)
TAG_SEPARATOR = IMAGE_SEPARATOR = "|"


def write_tags(tags: Sequence[str]) -> str:
    """A cell of tags: with bars, or as a JSON list where a tag could be read as something else."""
    if any(TAG_SEPARATOR in tag or tag.startswith("[") for tag in tags):
        return json.dumps(list(tags), ensure_ascii=False)
    return TAG_SEPARATOR.join(tags)


def read_tags(cell: str) -> list[str]:
    """The tags of a cell of `write_tags`, or of what a person typed."""
    text = cell.strip()
    if not text:
        return []
    if text.startswith("["):
        tags = _parse_json(text)
        if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
            return tags
    return [tag.strip() for tag in text.split(TAG_SEPARATOR)]


def write_object(members: Mapping[str, Any]) -> str:
    """A cell of options or attributes."""
    if not members:
        return ""
    return json.dumps(dict(members), ensure_ascii=False, separators=(",", ":"))


def _parse_json(text: str) -> Any:
    """The value, or None if the text is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def write_product(
    fields: Mapping[str, Any], available: int | None, picture_urls: Sequence[str]
) -> list[str]:
    """The cells of a product, in the order of OWN_COLUMNS.

    `fields` is the request that would create the product, as JSON (products.schemas.to_request).
    """
    cells = {name: _write(fields.get(name)) for name in OWN_COLUMNS}
    price, before = fields["price"], fields.get("compare_at_price")
    cells |= {
        "price_minor": _write(price["amount_minor"]),
        "currency": price["currency"],
        "compare_at_price_minor": _write(before["amount_minor"] if before else None),
        "tags": write_tags(fields.get("tags") or []),
        "options": write_object(fields.get("options") or {}),
        "attributes": write_object(fields.get("attributes") or {}),
        "available": _write(available),
        "images": IMAGE_SEPARATOR.join(picture_urls),
    }
    return [cells[name] for name in OWN_COLUMNS]


def _write(value: Any) -> str:
    return "" if value is None else str(value)
