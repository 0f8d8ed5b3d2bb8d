"""The pictures that rows name for a product. Pure."""

import unicodedata
from collections.abc import Iterable

from files.chunks.batches import PlannedRow
from files.layouts.import_rows import PictureReference
from shared.characters import to_line
from shared.pictures.lists import ALT_MAX
from shared.pictures.references import Reference, sort_references
from shared.pictures.urls import URL_LENGTH_MAX


class NamedPictures:
    """Each picture once, with the first text and the first position that rows give it.

    Several rows can name one picture: Shopify's files have a variant's picture without them, and
    the same picture of the product with them in another row.
    """

    def __init__(self) -> None:
        self.last_row = 0
        self._references: dict[str, Reference] = {}

    def add(self, row: int, reference: Reference) -> None:
        self.last_row = row
        name = reference.url_or_name
        known = self._references.get(name)
        self._references[name] = known.completed_by(reference) if known else reference

    @property
    def references(self) -> list[Reference]:
        """In the order of their positions."""
        return sort_references(list(self._references.values()))


def join_by_sku(rows: Iterable[PlannedRow]) -> dict[str, NamedPictures]:
    by_sku: dict[str, NamedPictures] = {}
    for row in rows:
        for picture in row.pictures:
            sku = picture.sku or row.sku
            if sku:
                by_sku.setdefault(sku, NamedPictures()).add(row.number, _to_reference(picture))
    return by_sku


def _to_reference(picture: PictureReference) -> Reference:
    url_or_name = picture.url_or_name[: URL_LENGTH_MAX + 1]  # a longer one is refused
    return Reference(url_or_name, _to_alt(picture.alt), picture.position)


def _to_alt(text: str | None) -> str | None:
    """The text as the API would take it: a picture is not refused for its text."""
    line = to_line(" ".join(unicodedata.normalize("NFC", text or "").splitlines()))
    return line[:ALT_MAX].strip() or None
