"""What several columns of another system decide together. Pure."""

from collections.abc import Collection

from files.layouts.readings import Reading
from shared.storage.models.catalog import BACKORDER, TRACKED, UNTRACKED


def decide_price(reading: Reading) -> None:
    """The sale price, if the sale has no dates: a price here does not change by itself."""
    values = reading.values
    regular, sale = values.pop("regular_price", None), values.pop("sale_price", None)
    if (
        sale is not None
        and regular is not None
        and ("sale_starts" in values or "sale_ends" in values)
    ):
        message = "The sale has dates, so the regular price is imported. Change it for the sale."
        reading.warn("price", "sale_left_out", message)
        sale = None
    if sale is not None and regular is not None and sale < regular:
        values |= {"price": sale, "compare_at_price": regular}
    elif regular is not None or sale is not None:
        values |= {"price": regular if regular is not None else sale, "compare_at_price": None}


def decide_description(reading: Reading) -> None:
    """A short description that stands beside a description becomes an attribute."""
    values = reading.values
    short = values.pop("short_description", None)
    if short and values.setdefault("description", short) != short:
        values["attribute:short_description"] = short


def decide_stock(reading: Reading, columns: Collection[str]) -> None:
    """Without a number, WooCommerce does not count the stock: `In stock?` alone decides."""
    values = reading.values
    units, status = values.pop("stock", None), values.pop("in_stock", None)
    accepts = values.pop("backorders", None)
    if units == "parent":
        message = "The stock is counted for all variations together. Count it for each of them."
        reading.warn("available", "stock_of_parent", message)
        values["stock_policy"] = BACKORDER if accepts else TRACKED
    elif units is not None:
        values["available"] = units
        if accepts is not None or status == "backorder":
            values["stock_policy"] = BACKORDER if accepts or status == "backorder" else TRACKED
    elif status is False:
        values |= {"available": 0, "stock_policy": TRACKED}
    elif "stock" in columns and not _has_problem(reading):
        values["stock_policy"] = UNTRACKED


def _has_problem(reading: Reading) -> bool:
    """Whether the cell of the stock is not empty, but unreadable."""
    return any(problem.field == reading.columns.get("available") for problem in reading.problems)
