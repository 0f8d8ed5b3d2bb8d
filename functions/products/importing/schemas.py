"""A row of an import as a product: new, or the stored one with the fields of the row. Pure."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from products.fields import CountedUnits, Sku
from products.product_edits import product_from_request
from products.schemas import NewProduct, to_request
from shared.errors.base import AppError
from shared.http.field_problems import to_field_problem
from shared.records import Record
from shared.storage.models.catalog import BACKORDER, UNTRACKED, Product
from shared.storage.stock_shards import StockSnapshot

Outcome = Literal["created", "updated", "unchanged"]
StockCounts = Literal["available", "on_hand"]

_EMPTY = "Is empty, and a product needs it."
_NOT_OF_THE_PRODUCT = frozenset({"sku", "available", "category_names"})


class ImportedRow(Record):
    """A row: fields of `NewProduct` as the API's JSON has them, as many as the file names.

    Also `available`: its units; None if the file counts none. Also `category_names`, from the top
    down, instead of `category`.
    """

    fields: Mapping[str, Any]
    currency_is_assumed: bool = False  # the file has no currency: its prices are in the shop's
    adds_attributes: bool = False  # the file has some: the product keeps the others
    only_if_new: bool = False  # a stored product stays as it is
    oversold: int = 0  # units below `available`, if the stock policy is `backorder`


class RowProblem(Record):
    field: str | None  # of the row
    code: str
    message: str


class Refusal(Exception):
    """A row that cannot be written."""

    def __init__(self, *problems: RowProblem) -> None:
        super().__init__(problems)
        self.problems = problems


class NewVersion(Record):
    """What a row makes of a product and its stock."""

    before: Product | None
    after: Product
    stock: StockSnapshot
    units: int  # to add to its available ones


def read_sku(row: ImportedRow) -> str:
    """Raises Refusal."""
    try:
        return _sku().validate_python(row.fields.get("sku"))
    except ValidationError as error:
        raise _refuse(error, "sku") from error


def revise(
    row: ImportedRow,
    before: Product | None,
    stock: StockSnapshot | None,
    counts: StockCounts,
    category: str | None,
) -> NewVersion:
    """The next version of the product. `category`: the path that its names stand for.

    Raises Refusal, and CurrencyNotAccepted.
    """
    changes = {key: row.fields[key] for key in row.fields if key not in _NOT_OF_THE_PRODUCT}
    if "category_names" in row.fields:
        changes["category"] = category
    new = _build_new(row, changes) if before is None else _build_changed(row, before, changes)
    after = product_from_request(new, before)
    snapshot = stock or StockSnapshot.empty(after.product_id)
    return NewVersion(before, after, snapshot, _units_to_add(row, after, snapshot, counts))


def refusal_of(error: AppError) -> Refusal:
    """For what a rule of the catalog refuses."""
    fields = error.details.get("fields", [])
    problems = [_in_the_row(each) for each in fields if "path" in each]
    return Refusal(*(problems or [RowProblem(None, error.code, error.message)]))


def _build_new(row: ImportedRow, changes: dict[str, Any]) -> NewProduct:
    missing = [name for name in ("name", "price") if name not in changes]
    if missing:
        message = (
            f"No product has this SKU. Correct it, or add the {' and the '.join(missing)} of the "
            "new product."
        )
        raise Refusal(RowProblem("sku", "unknown_sku", message))
    given = {name: value for name, value in changes.items() if value is not None}
    return _validate(given | {"sku": row.fields["sku"]})


def _build_changed(row: ImportedRow, before: Product, changes: dict[str, Any]) -> NewProduct:
    """The product with the row's fields. None removes a value."""
    if row.currency_is_assumed:
        _require_same_currency(before, changes)
    fields = to_request(before)
    if "status" not in changes:
        del fields["status"]
    if row.adds_attributes and changes.get("attributes"):
        changes = {**changes, "attributes": {**fields["attributes"], **changes["attributes"]}}
    fields |= changes
    return _validate({name: value for name, value in fields.items() if value is not None})


def _require_same_currency(before: Product, changes: Mapping[str, Any]) -> None:
    """An amount in another currency than the author thinks of can be wrong by a factor of 100."""
    for name in ("price", "compare_at_price"):
        if changes.get(name) and changes[name].get("currency") != before.currency:
            message = (
                f"The product has prices in {before.currency}, but the file names no currency. Add "
                "a column `currency`, or choose the currency of the upload."
            )
            raise Refusal(RowProblem(name, "unclear_currency", message))


def _validate(fields: dict[str, Any]) -> NewProduct:
    try:
        return NewProduct.model_validate(fields)
    except ValidationError as error:
        raise _refuse(error) from error


def _refuse(error: ValidationError, field: str | None = None) -> Refusal:
    found: list[RowProblem] = []
    for each in error.errors(include_url=False):
        location = (field,) if field else each["loc"]
        problem = to_field_problem({**each, "loc": location or ("group",)})
        if len(location) == 1 and each["input"] in ("", None):
            problem["message"] = _EMPTY
        found.append(RowProblem(_field_in(location), **problem))
    return Refusal(*dict.fromkeys(found))  # two prices have one currency


def _field_in(location: tuple[int | str, ...]) -> str | None:
    """`price.currency` is a column of its own in most files."""
    if location[1:] == ("currency",):
        return "currency"
    return str(location[0]) if location else "group"  # a rule of the whole product


def _in_the_row(problem: Mapping[str, Any]) -> RowProblem:
    path = str(problem["path"]).removeprefix("body").strip(".").split(".")
    return RowProblem(_field_in(tuple(path)), problem["code"], problem["message"])


def _units_to_add(
    row: ImportedRow, after: Product, stock: StockSnapshot, counts: StockCounts
) -> int:
    """The stock of a product that is not counted stays as it is. Raises Refusal."""
    if "available" not in row.fields:
        return 0
    counted = row.fields["available"]
    if after.stock_policy == UNTRACKED:
        if counted:
            message = "The stock of this product is not counted. Leave the cell empty."
            raise Refusal(RowProblem("available", "stock_not_tracked", message))
        return 0
    if counted is None:
        message = "Is empty. Write 0 for none, or set `stock_policy` to `untracked`."
        raise Refusal(RowProblem("available", "wrong_type", message))
    try:
        units = _units().validate_python(counted)
    except ValidationError as error:
        raise _refuse(error, "available") from error
    if after.stock_policy == BACKORDER:
        units -= row.oversold
    allocated = stock.allocated if counts == "on_hand" else 0
    if units - allocated < 0 and after.stock_policy != BACKORDER:
        raise Refusal(_too_few(units, allocated))
    return units - allocated - stock.available


def _too_few(units: int, allocated: int) -> RowProblem:
    if units < 0:
        return RowProblem("available", "too_small", "Must be 0 or more")
    message = f"Open orders have {allocated} units, so at least these must be there."
    return RowProblem("available", "fewer_than_ordered", message)


@cache
def _sku() -> TypeAdapter[str]:
    return TypeAdapter(Sku)


@cache
def _units() -> TypeAdapter[int]:
    # Strict, as a body is: "7" is no number.
    return TypeAdapter(CountedUnits, config={"strict": True})
