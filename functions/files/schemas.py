"""Uploads, as clients request them."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from files.layouts.mappings import FileMapping
from files.options import ImportOptions, Missing, Mode, OnError, StockCounts
from shared.characters import describe_pattern
from shared.http.schemas import RequestBody
from shared.http.text_fields import Text
from shared.money import Currency

UPLOAD_BYTES_MAX = 5_000_000_000  # unpacked, too
FORM_BYTES_MAX = 100_000_000  # larger files are sent in parts
PART_BYTES = 64_000_000
PARTS_MAX = -(-UPLOAD_BYTES_MAX // PART_BYTES)

ContentType = Literal[
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/json",
    "application/jsonl",
    "application/x-ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/gzip",
    "application/zip",
    "application/octet-stream",
]

MappingId = Annotated[
    str,
    Field(
        pattern=describe_pattern(
            r"^map_[a-z0-9_]{1,60}$", "Must be the id of a mapping as the shop returned it"
        )
    ),
]


# Archiving needs a percentage, and there is one mapping. As `not`, like
# `products.fields.GROUP_WITH_OPTIONS`.
_OPTIONS_THAT_FIT: dict[str, Any] = {
    "not": {
        "anyOf": [
            {
                "required": ["missing"],
                "properties": {
                    "missing": {"const": "archive"},
                    "archive_percent_max": {"type": "null"},
                },
            },
            {
                "required": ["archive_percent_max"],
                "properties": {
                    "missing": {"const": "keep"},
                    "archive_percent_max": {"type": "integer"},
                },
            },
            {
                "required": ["mapping", "mapping_id"],
                "properties": {
                    "mapping": {"type": "object"},
                    "mapping_id": {"type": "string"},
                },
            },
        ]
    }
}


class UploadRequest(RequestBody):
    model_config = ConfigDict(json_schema_extra={"x-rule": _OPTIONS_THAT_FIT})

    kind: Literal["products"]
    filename: Annotated[str, Text(255)] = Field(
        description="The name of your file. The upload shows it."
    )
    content_type: ContentType = Field(
        default="application/octet-stream",
        description="What the form sends. The shop finds the format out from the file itself: CSV, "
        "TSV, JSON Lines, a JSON array or XLSX; plain, with gzip, or as the one file of a zip.",
    )
    size: int = Field(gt=0, le=UPLOAD_BYTES_MAX, description="The exact size of the file in bytes.")
    mode: Mode = Field(
        default="write",
        description="`write` creates products and changes existing ones. `dry_run` only checks the "
        "rows, and waits for your confirmation.",
    )
    on_error: OnError = Field(
        default="skip",
        description="`skip` leaves out rows with errors and reports them. `stop` ends the import "
        "at the first one; the rows before it are written. `all_or_nothing` checks all rows "
        "first, and writes none if one has an error.",
    )
    missing: Missing = Field(
        default="keep",
        description="What becomes of products that the file does not have. `archive` archives "
        "them after the import.",
    )
    archive_percent_max: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Required with `missing: archive`. The percentage of the products that may be "
        "archived, such as 10. If the file lacks more, the import fails and writes nothing.",
    )
    stock_counts: StockCounts = Field(
        default="available",
        description="What the file's stock counts. `available`: the units for sale. `on_hand`: the "
        "units on the shelf; those of open orders are deducted.",
    )
    currency: Currency | None = Field(
        default=None, description="Of the prices, if the file names none. Null: the shop's."
    )
    mapping: FileMapping | None = Field(
        default=None, description="What the columns mean. Without it the shop recognises them."
    )
    mapping_id: MappingId | None = Field(
        default=None, description="A saved mapping, instead of `mapping`."
    )

    @model_validator(mode="after")
    def _require_one_mapping(self) -> Self:
        if self.mapping and self.mapping_id:
            raise PydanticCustomError(
                "mapping_contradiction", "Must have `mapping` or `mapping_id`, not both"
            )
        return self

    @model_validator(mode="after")
    def _require_percentage(self) -> Self:
        if (self.missing == "archive") != (self.archive_percent_max is not None):
            raise PydanticCustomError(
                "archive_without_percent",
                "Must have `missing: archive` and `archive_percent_max` together, or neither",
            )
        return self

    def to_options(self) -> ImportOptions:
        return ImportOptions(
            mode=self.mode,
            on_error=self.on_error,
            missing=self.missing,
            archive_percent_max=self.archive_percent_max or 0,
            stock_counts=self.stock_counts,
            currency=self.currency,
            mapping=self.mapping.to_document() if self.mapping else None,
        )


class PartsToComplete(RequestBody):
    """The ETags of all parts, in their order, as S3 answered them."""

    etags: list[Annotated[str, Text(100)]] = Field(min_length=1, max_length=PARTS_MAX)
