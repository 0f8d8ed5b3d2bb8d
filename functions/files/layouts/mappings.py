"""A mapping: what the columns of a file mean, as the author of the file says it."""

import json
from typing import Annotated, Any, ClassVar, Literal, LiteralString, Self, get_args

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.http.schemas import RequestBody
from shared.http.text_fields import Text
from shared.money import Currency
from shared.storage.models.catalog import StockPolicy

COLUMNS_MAX = 200  # that one mapping names
VALUES_MAX = 100
BYTES_MAX = 20_000  # an upload keeps the mapping that it was planned with

LayoutName = Literal["shopify", "woocommerce", "magento", "prestashop", "medusa"]
MappedField = Literal[
    "sku",
    "name",
    "description",
    "status",
    "price",
    "compare_at_price",
    "currency",
    "category",
    "category_names",
    "tags",
    "group",
    "option",
    "attribute",
    "stock_policy",
    "available",
    "backorder_limit",
    "low_stock_at",
    "order_quantity_max",
    "stock_shards",
    "tax_class",
    "weight",
    "barcode",
    "pictures",
    "ignored",
]
PriceUnit = Literal["major", "minor"]
WeightUnit = Literal["g", "kg", "lb", "oz"]
Unit = Literal[PriceUnit, WeightUnit]
_WITH_NAME = ("option", "attribute")
_PRICES = ("price", "compare_at_price")
_UNITS_OF = dict.fromkeys(_PRICES, get_args(PriceUnit)) | {"weight": get_args(WeightUnit)}


def _refused(*required: str, **properties: Any) -> dict[str, Any]:
    return {"required": [*required], "properties": properties}


def _all_but(*fields: str) -> dict[str, Any]:
    return {"enum": [each for each in get_args(MappedField) if each not in fields]}


# What `ColumnMapping` refuses. As `not`, like `products.fields.GROUP_WITH_OPTIONS`.
_NO_CONTRADICTION: dict[str, Any] = {
    "not": {
        "anyOf": [
            _refused(field={"enum": [*_WITH_NAME]}, name={"type": "null"}),
            _refused("name", field=_all_but(*_WITH_NAME), name={"type": "string"}),
            _refused("unit", field={"enum": [*_PRICES]}, unit={"enum": [*get_args(WeightUnit)]}),
            _refused("unit", field={"const": "weight"}, unit={"enum": [*get_args(PriceUnit)]}),
            _refused(field={"const": "weight"}, unit={"type": "null"}),
            _refused("unit", field=_all_but(*_UNITS_OF), unit={"type": "string"}),
            *(
                _refused("decimal", "thousands", decimal={"const": sign}, thousands={"const": sign})
                for sign in ".,"
            ),
            _refused("blank", field=_all_but("available"), blank={"const": "untracked"}),
        ]
    }
}
ColumnName = Annotated[str, Text(200)]
Word = Annotated[str, Text(100)]
Separator = Annotated[str, Text(5)]


class ColumnMapping(RequestBody):
    """Where one column goes, and how its cells are written."""

    model_config = ConfigDict(json_schema_extra={"x-rule": _NO_CONTRADICTION})

    field: MappedField = Field(
        description="The field of the product. `category_names` are names that are found or made, "
        "`category` is the path of a category here. `ignored` leaves the column out."
    )
    name: Annotated[str, Text(50)] | None = Field(
        default=None, description="Of the option or the attribute, such as `Size`."
    )
    unit: Unit | None = Field(
        default=None,
        description="Of prices: `major` for euros, `minor` for cents. Without it, a price without "
        "decimals is refused. Of weights: `g`, `kg`, `lb` or `oz`.",
    )
    decimal: Literal[".", ","] | None = Field(
        default=None,
        description="What begins the decimals. Without it, a number that can be read in two ways, "
        "such as `1.999`, is refused.",
    )
    thousands: Literal[".", ",", "'"] | None = Field(
        default=None, description="What parts the thousands. Spaces always may."
    )
    round: bool = Field(
        default=False, description="Round prices with more decimals than their currency has."
    )
    separator: Separator | None = Field(
        default=None,
        description="What stands between tags, pictures or categories. `|` if omitted; categories "
        "are then one.",
    )
    levels: Separator = Field(
        default=">", description="What stands between the levels of a category's names."
    )
    true: list[Word] = Field(
        default=[],
        max_length=20,
        description="Words for yes: the status `active`, or the stock policy `backorder`.",
    )
    false: list[Word] = Field(
        default=[],
        max_length=20,
        description="Words for no: the status `draft`, or the stock policy `tracked`.",
    )
    values: dict[Word, Word] = Field(
        default={}, max_length=VALUES_MAX, description="What cells with these texts mean."
    )
    blank: Literal["remove", "keep", "untracked"] = Field(
        default="remove",
        description="What an empty cell does: it removes the value, keeps the stored one, or says "
        "that the stock of the product is not counted (for `available` alone).",
    )

    @model_validator(mode="after")
    def _check_members(self) -> Self:
        mistake = self._find_mistake()
        if mistake:
            raise PydanticCustomError("mapping_contradiction", mistake)
        return self

    def _find_mistake(self) -> LiteralString | None:
        if (self.field in _WITH_NAME) != (self.name is not None):
            return "Must have `name` for an option or attribute, and only there"
        if self.unit and self.unit not in _UNITS_OF.get(self.field, ()):
            return "Must have as `unit` `major` or `minor` for a price, a weight's for a weight"
        if self.field == "weight" and not self.unit:
            return "Must have `unit` for a weight: `g`, `kg`, `lb` or `oz`"
        if self.decimal and self.decimal == self.thousands:
            return "Must not have the same sign for decimals and thousands"
        if self.blank == "untracked" and self.field != "available":
            return "Must not have `blank` `untracked` for another field than `available`"
        return None


class Constants(RequestBody):
    """Values for rows whose file does not have them."""

    currency: Currency | None = None
    status: Literal["draft", "active", "archived"] | None = None
    category_names: list[Word] | None = Field(default=None, min_length=1, max_length=8)
    tags: list[Annotated[str, Text(50)]] | None = Field(default=None, max_length=20)
    stock_policy: StockPolicy | None = None
    tax_class: Word | None = None
    available: int | None = Field(default=None, ge=0, le=10**9)


class GroupRule(RequestBody):
    """Rows with the same text in a column are variants of each other."""

    column: ColumnName = Field(
        description="A row without a name takes its name and other texts from the row of its group "
        "that has one."
    )


class FileMapping(RequestBody):
    """What the columns of a file mean. Columns that it does not name are recognised as usual."""

    values_max: ClassVar[int] = 10_000

    layout: LayoutName | None = Field(
        default=None,
        description="The system that the file is from. Without it, the header tells.",
    )
    headers: dict[ColumnName, ColumnName] = Field(
        default={},
        max_length=COLUMNS_MAX,
        description="For translated files: the name that each column has in the English file of "
        "the system.",
        examples=[{"Artikelnummer": "SKU"}],
    )
    columns: dict[ColumnName, ColumnMapping] = Field(
        default={}, max_length=COLUMNS_MAX, description="By the column's name in the file."
    )
    constants: Constants = Field(default=Constants())
    group: GroupRule | None = None

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        if len(json.dumps(self.to_document(), ensure_ascii=False).encode()) > BYTES_MAX:
            raise PydanticCustomError(
                "mapping_too_large",
                "Must be at most {bytes_max} bytes of JSON",
                {"bytes_max": BYTES_MAX},
            )
        return self

    def to_document(self) -> dict[str, Any]:
        """The mapping as JSON, without what was omitted."""
        return self.model_dump(exclude_unset=True)
