"""The pictures that rows name, by product. Pure.

Only those that a product has room for are kept: a row of 1 MB can name 200,000.
"""

import unicodedata
from collections.abc import Iterable, Mapping

from files.layouts.import_rows import ImportRow, PictureReference
from shared.characters import to_line
from shared.pictures.lists import ALT_MAX, PICTURES_MAX
from shared.pictures.references import Reference, sort_references
from shared.pictures.urls import URL_LENGTH_MAX


class NamedPictures:
    """The first pictures of a product, with the first text and position that rows give each.

    Several rows can name one picture: Shopify's files have a variant's picture without them, and
    the same picture of the product with them in another row.
    """

    def __init__(self) -> None:
        self.last_row = 0
        self.are_too_many = False  # the rows name more than these
        self._references: dict[str, Reference] = {}

    def add(self, row: int, reference: Reference) -> None:
        self.last_row = row
        name = reference.url_or_name
        known = self._references.get(name)
        self._references[name] = known.completed_by(reference) if known else reference
        if len(self._references) > PICTURES_MAX:
            self.are_too_many = True
            del self._references[self.references[-1].url_or_name]

    def join(self, other: "NamedPictures") -> None:
        """Add those of a later row."""
        self.are_too_many |= other.are_too_many
        for reference in other.references:
            self.add(other.last_row, reference)

    @property
    def references(self) -> list[Reference]:
        """In the order of their positions."""
        return sort_references(list(self._references.values()))


BySku = Mapping[str, NamedPictures]


def name_pictures(row: ImportRow) -> BySku:
    """Those that one row names."""
    by_sku: dict[str, NamedPictures] = {}
    for picture in row.pictures:
        sku = picture.sku or row.fields.get("sku")
        if sku:
            by_sku.setdefault(sku, NamedPictures()).add(row.number, _to_reference(picture))
    return by_sku


def join_by_sku(named: Iterable[BySku]) -> BySku:
    """Those of all rows, which come in their order."""
    by_sku: dict[str, NamedPictures] = {}
    for each in named:
        for sku, pictures in each.items():
            by_sku.setdefault(sku, NamedPictures()).join(pictures)
    return by_sku


def _to_reference(picture: PictureReference) -> Reference:
    url_or_name = picture.url_or_name[: URL_LENGTH_MAX + 1]  # a longer one is refused
    return Reference(url_or_name, _to_alt(picture.alt), picture.position)


def _to_alt(text: str | None) -> str | None:
    """The text as the API would take it: a picture is not refused for its text."""
    line = to_line(" ".join(unicodedata.normalize("NFC", text or "").splitlines()))
    return line[:ALT_MAX].strip() or None
