"""Which picture of a product a row of an import names."""

import pytest

from shared import clock
from shared.pictures.lists import READY, WAITING
from shared.pictures.references import (
    Reference,
    find_named,
    has_all,
    order_as_named,
    sort_references,
    source_of,
)
from shared.storage.models.catalog import Picture

DIGESTS = {name: name * 32 for name in "abc"}
SUPPLIER = "https://supplier.example/1.jpg"


def picture(name: str, source: str | None = None, **changes: object) -> Picture:
    return Picture(
        **{
            "picture_id": f"pic_{name}",
            "status": READY,
            "alt": f"text {name}",
            "digest": DIGESTS[name],
            "source": source and source_of(source),
            "created_at": clock.utc_now(),
        }
        | changes
    )


def url(name: str, host: str = "https://cdn.example") -> str:
    return f"{host}/pictures/{DIGESTS[name]}/960.jpg"


@pytest.mark.parametrize(
    "reference",
    [
        SUPPLIER,
        url("a"),
        url("a", "https://cdn-before.example/shop"),
        url("a", "http://localhost:8000"),
        url("a").replace("960.jpg", "160.webp"),
    ],
)
def test_a_picture_is_known_by_its_source_or_its_content(reference):
    stored = [picture("b"), picture("a", SUPPLIER)]

    assert find_named(stored, Reference(reference)) is stored[1]


@pytest.mark.parametrize(
    "reference",
    [
        url("b"),
        url("a").upper(),
        url("a")[:-8],
        url("a") + "?1",
        url("a").removeprefix("https:"),
        url("a").replace("pictures/", "pictures/0"),
        "1.jpg",
        "",
    ],
)
def test_another_reference_names_no_picture(reference):
    stored = [picture("a", SUPPLIER), picture("c", digest=None)]

    assert find_named(stored, Reference(reference)) is None


def test_a_picture_that_waits_is_not_known_yet():
    stored = [picture("a", SUPPLIER, status=WAITING, digest=None)]

    assert find_named(stored, Reference(SUPPLIER)) is None


def test_named_pictures_share_their_places_in_the_named_order():
    stored = [picture("a"), picture("b"), picture("c")]

    ordered = order_as_named(stored, [Reference(url("c")), Reference(url("a"))])

    assert [each.picture_id for each in ordered] == ["pic_c", "pic_b", "pic_a"]


def test_the_same_file_twice_keeps_both_places():
    stored = [picture("a"), picture("b"), picture("a", picture_id="pic_again")]

    assert order_as_named(stored, [Reference(url("a")), Reference(url("b"))]) == stored


def test_references_without_a_position_come_last():
    references = [Reference("x"), Reference("3", position=3), Reference("1", position=1)]

    assert [each.url_or_name for each in sort_references(references)] == ["1", "3", "x"]


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        ([], True),
        ([Reference(url("a"))], True),
        ([Reference(url("a"), "text a"), Reference(url("b"), "")], True),
        ([Reference(url("a"), "another text")], False),
        ([Reference(url("b")), Reference(url("a"))], False),
        ([Reference(url("a")), Reference(url("c"))], False),
    ],
)
def test_a_product_has_all_with_their_texts_in_their_order(references, expected):
    assert has_all([picture("a"), picture("b")], references) is expected
