"""What a layout makes of the rows of a file: the fields of a product, as the API's JSON has them.

The values are converted, but not validated: that is the work of products.importing, which merges
them with the stored product first.
"""

from typing import Any

from files.formats.source_rows import Problem
from shared.records import Record


class ImportDefaults(Record):
    """What holds for a file that does not say it."""

    currency: str  # the one that the upload names, otherwise the shop's
    is_currency_chosen: bool = False  # the upload names it


class ColumnUse(Record):
    """Where a column of the file goes, as its author reads it before anything is written."""

    column: str
    field: str | None  # a field of the product, such as `price` or `options.Size`; None: ignored
    note: str | None = None


class PictureReference(Record):
    """A picture that the file names."""

    url_or_name: str
    alt: str | None = None
    position: int | None = None  # the first is 1; None: after the others
    sku: str | None = None  # the product that it belongs to; None: the one of its row


class ImportRow(Record):
    """One row of the file: a product, or a part of one.

    `fields` has only what the file names, with `available` for the stock, and `category_names`
    (from the root down) where the file has names instead of our paths. A row that is no product has
    at most the field `sku`, of the product that its pictures belong to.
    """

    number: int
    fields: dict[str, Any]
    columns: dict[str, str]  # the column that each field is from, and `currency`
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    pictures: tuple[PictureReference, ...] = ()
    is_product: bool = True  # False: a parent of variants, or a row of pictures alone
    # The file names no currency: a stored product in another currency refuses the row.
    currency_is_assumed: bool = False
    oversold: int = 0  # units below the 0 in `available`, if the product is sold beyond its stock
    # The file names attributes one by one: the product keeps its others.
    adds_attributes: bool = False
