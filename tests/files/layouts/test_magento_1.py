"""Magento 1's product CSV, where a product continues in rows without a SKU."""

import pytest

from files.formats.source_rows import ROW_CHARACTERS_MAX, Problem, SourceRow
from files.layouts.import_rows import ImportRow
from files.layouts.recognition import recognise
from tests.files.layouts.reading import EUROS, read_all

COLUMNS = [
    *("sku", "_store", "_attribute_set", "_type", "_category", "name", "price", "status", "color"),
    *("size", "_tier_price_qty", "_media_image", "_super_products_sku", "_super_attribute_code"),
    *("_super_attribute_option", "_super_attribute_price_corr"),
]


def simple(sku: str, **more: str) -> dict[str, str]:
    row = {"sku": sku, "_attribute_set": "Default", "_type": "simple", "name": f"Tee {sku}"}
    return {**row, "price": "5.0000", "status": "1", **more}


def variant(sku: str, code: str, option: str, correction: str = "") -> dict[str, str]:
    """A row of a configurable product."""
    return {
        "_super_products_sku": sku,
        "_super_attribute_code": code,
        "_super_attribute_option": option,
        "_super_attribute_price_corr": correction,
    }


TEE = simple("TEE", _type="configurable", name="Tee", _media_image="/all.jpg")
ROWS_OF_TEE = [
    {**TEE, **variant("A", "color", "Red")},
    variant("A", "size", "S"),
    variant("b", "color", "Blue"),
    variant("b", "size", "M"),
]


def cells(*rows: dict[str, str]) -> list[list[str]]:
    return [[row.get(column, "") for column in COLUMNS] for row in rows]


def read(*rows: dict[str, str]) -> list[ImportRow]:
    return read_all(COLUMNS, cells(*rows))


def products(*rows: dict[str, str]) -> list[ImportRow]:
    found = read(*rows)
    assert all(row.problems == () and row.fields == {} for row in found if not row.is_product)
    return [row for row in found if row.is_product]


def test_all_columns_are_known():
    layout = recognise(COLUMNS, None, EUROS)

    assert [each.field for each in layout.warnings] == ["color", "size"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_variants_are_a_group_wherever_they_stand(place):
    rows = [simple("A"), simple("B")]
    rows[place:place] = ROWS_OF_TEE

    first, second = products(*rows)

    assert (first.fields["group"], first.fields["name"]) == ("TEE", "Tee")
    assert first.fields["options"] == {"color": "Red", "size": "S"}
    assert second.fields["options"] == {"color": "Blue", "size": "M"}
    assert [picture.url_or_name for picture in second.pictures] == ["/all.jpg"]
    assert (first.warnings, first.fields["price"]["amount_minor"]) == ((), 500)


def test_an_option_in_the_own_column_counts_first():
    """Releases before 1.6.1 write SKUs and options beside each other at random."""
    rows = [{**TEE, **variant("A", "color", "Blue")}, variant("B", "color", "Red")]

    first, second = products(simple("A", color="Red"), simple("B", color="Blue"), *rows)

    assert (first.fields["options"], second.fields["options"]) == (
        {"color": "Red"},
        {"color": "Blue"},
    )


@pytest.mark.parametrize(
    ("price", "correction", "codes"),
    [
        ("5.0000", "", []),
        ("5.0000", "0.0000", []),
        ("5.0000", "2.0000", ["price_of_variant"]),
        ("5.0000", "10.0000%", ["price_of_variant"]),
        ("7.0000", "", ["price_of_variant"]),
    ],
)
def test_a_price_that_magento_1_does_not_sell_at_is_a_warning(price, correction, codes):
    row = {**TEE, "price": price, **variant("A", "size", "S", correction)}

    (found,) = products(row, simple("A"))

    assert found.fields["price"]["amount_minor"] == 500
    assert [warning.code for warning in found.warnings] == codes


def test_continuation_rows_reject_nothing_and_add_pictures():
    more = [
        {"_category": "Sale"},
        {"_media_image": "/back.jpg"},
        {"_tier_price_qty": "10", "_media_image": "/side.jpg"},
        {"_store": "de", "name": "Becher", "_media_image": "/de.jpg"},
        {},
    ]

    cup, pot = products(simple("CUP", _media_image="/cup.jpg"), *more, simple("POT"))

    assert [picture.url_or_name for picture in cup.pictures] == [
        "/cup.jpg",
        "/back.jpg",
        "/side.jpg",
    ]
    assert (cup.fields["name"], pot.fields["sku"], pot.pictures) == ("Tee CUP", "POT", ())


def test_rows_before_the_first_product_are_left_out():
    (cup,) = products(variant("CUP", "size", "S"), {"_media_image": "/lost.jpg"}, simple("CUP"))

    assert ("group" not in cup.fields, cup.pictures) == (True, ())


def test_a_malformed_continuation_rejects_its_product_once():
    layout = recognise(COLUMNS, None, EUROS)
    cup, first, bad, last = cells(
        simple("CUP"), *({"_media_image": f"/{name}.jpg"} for name in ("own", "wrong", "of-others"))
    )
    broken = Problem(4, None, "broken_quote", "A quote is open.")
    rows = [SourceRow(2, cup), SourceRow(3, first), SourceRow(4, bad, (broken,))]
    rows += [SourceRow(5, last), SourceRow(6, bad, (broken,))]

    *others, joined = layout.join_rows(rows)

    assert [(row.number, row.problems) for row in others] == [(n, ()) for n in (3, 4, 5, 6)]
    assert [(each.row, each.code) for each in joined.problems] == [(2, "broken_quote")]
    assert "Row 4" in joined.problems[0].message
    assert joined.cells[COLUMNS.index("_media_image")] == "/own.jpg"


def test_many_short_continuations_are_a_row_that_is_too_long():
    layout = recognise(COLUMNS, None, EUROS)
    first, more = cells(TEE, {"_super_products_sku": "A"})
    rows = [SourceRow(2, first), *(SourceRow(number, more) for number in range(3, 60_000))]

    *_, tee = layout.join_rows(rows)

    assert [problem.code for problem in tee.problems] == ["row_too_long"]
    assert sum(map(len, tee.cells)) < 1.1 * ROW_CHARACTERS_MAX


def test_a_product_that_never_ends_is_rejected():
    layout = recognise(COLUMNS, None, EUROS)
    (first,) = cells({**TEE, **variant("A", "size", "S")})
    (more,) = cells(variant("x" * 64, "size", "L" * 1000))
    count = ROW_CHARACTERS_MAX // 1000 + 100
    rows = [SourceRow(2, first), *(SourceRow(number, more) for number in range(3, count))]

    *_, tee = layout.join_rows(rows)

    assert [problem.code for problem in tee.problems] == ["row_too_long"]
    assert sum(map(len, tee.cells)) < 2 * ROW_CHARACTERS_MAX
    assert "a" in layout.parent_keys(tee)


def test_a_joined_row_of_an_error_file_is_read_again():
    layout = recognise(COLUMNS, None, EUROS)
    rows = [SourceRow(n, row) for n, row in enumerate(cells(*ROWS_OF_TEE), start=2)]
    *_, tee = layout.join_rows(rows)

    (again,) = layout.join_rows([tee])

    assert again == tee
    assert list(layout.parent_keys(again)) == ["a", "b"]


def test_objects_of_json_are_whole_products():
    layout = recognise(COLUMNS, None, EUROS)
    rows = [SourceRow(1, {"sku": "A"}), SourceRow(2, {"name": "B"})]

    assert list(layout.join_rows(rows)) == rows
