"""How an import names a picture, and which picture of a product it names. Pure.

A picture is known by where it is from: the URL or file name of an earlier import. It is known by
its content, too: the URL of a size has the digest of the picture. So an export names pictures that
the shop has, whatever the address of the shop's CDN was when the export was written.
"""

import re
from collections.abc import Sequence

from shared import ids
from shared.pictures.lists import READY, Pictures, set_alt
from shared.pictures.sizes import DIGEST_LENGTH, KEY_PREFIX
from shared.records import Record
from shared.storage.models.catalog import Picture

_SOURCE_LENGTH = 24  # characters: 100 bits
_SIZE_URL = re.compile(rf"https?://.*/{KEY_PREFIX}([0-9a-f]{{{DIGEST_LENGTH}}})/\d+\.[a-z]+")


def source_of(url_or_name: str) -> str:
    """What a stored picture says about where it is from: the same for the same reference."""
    return ids.derived_id("src", url_or_name)[:_SOURCE_LENGTH]


class Reference(Record):
    """A picture as a row of an import names it: by URL, or by the name of a file sent before."""

    url_or_name: str
    alt: str | None = None
    position: int | None = None  # among the references of its product

    @property
    def source(self) -> str:
        return source_of(self.url_or_name)

    @property
    def digest(self) -> str | None:
        """Of the picture, if this is the URL of a size that a shop has made of it."""
        found = _SIZE_URL.fullmatch(self.url_or_name)
        return found and found[1]

    def completed_by(self, other: "Reference") -> "Reference":
        """With the text and the position of the other one, where this one has none."""
        position = other.position if self.position is None else self.position
        return self.replace(alt=self.alt or other.alt, position=position)


References = Sequence[Reference]


def sort_references(references: References) -> list[Reference]:
    """By their positions. Those without a position stand behind them."""
    return sorted(references, key=lambda each: (each.position is None, each.position or 0))


def find_named(pictures: Pictures, reference: Reference) -> Picture | None:
    """The picture that the product has already. It must not be fetched again."""
    source, digest = reference.source, reference.digest
    return next(
        (
            each
            for each in pictures
            if each.status == READY
            and (each.source == source or (digest is not None and each.digest == digest))
        ),
        None,
    )


def set_named_alt(pictures: Pictures, named: Picture, reference: Reference) -> list[Picture]:
    """The list with the reference's text for this picture. One without a text keeps the stored."""
    return set_alt(pictures, named.picture_id, reference.alt or named.alt)


def order_as_named(pictures: Pictures, references: References) -> list[Picture]:
    """The list with the pictures of an import in the order of its references.

    They share the places that they had. All other pictures stay where they are.
    """
    found = [find_named(pictures, each) for each in references]
    named = {each.picture_id: each for each in found if each}
    ordered = iter(named.values())
    return [next(ordered) if each.picture_id in named else each for each in pictures]


def has_all(pictures: Pictures, references: References) -> bool:
    """Whether an import of the references, which are sorted, would change nothing."""
    for reference in references:
        named = find_named(pictures, reference)
        if named is None or (reference.alt or named.alt) != named.alt:
            return False
    return order_as_named(pictures, references) == list(pictures)
