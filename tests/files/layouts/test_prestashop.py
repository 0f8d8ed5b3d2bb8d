"""PrestaShop's product CSV."""

import pytest

from files.formats.source_rows import BrokenFile
from files.layouts.recognition import recognise
from tests.files.layouts.reading import EUROS, problems, read_row

MUG = {
    "ID": "7",
    "Active (0/1)": "1",
    "Name *": "Mug",
    "Categories (x,y,z...)": "Home/Kitchen,Home",
    "Price tax excluded or Price tax included": "23.900000",
    "Tax rules ID": "1",
    "Wholesale price": "9.00",
    "On sale (0/1)": "0",
    "Discount amount": "",
    "Discount percent": "",
    "Discount from (yyyy-mm-dd)": "",
    "Discount to (yyyy-mm-dd)": "",
    "Reference #": "MUG-1",
    "Supplier": "Pott",
    "Manufacturer": "Nord",
    "EAN13": "4006381333931",
    "Weight": "0.4",
    "Quantity": "12",
    "Low stock level": "3",
    "Summary": "A mug.",
    "Description": "<p>A mug of clay.</p>",
    "Tags (x,y,z...)": "clay,new",
    "Meta title": "Mug",
    "Image URLs (x,y,z...)": "https://pictures.example/1.jpg,https://pictures.example/2.jpg",
    "Image alt texts (x,y,z...)": "Front",
    "Feature(Name:Value:Position)": "Material:Clay:1, Origin:Latvia:2",
    "Action when out of stock": "1",
}


def test_a_product_has_its_fields():
    row = read_row(MUG)

    assert (row.problems, row.warnings) == ((), ())
    assert row.fields == {
        "sku": "MUG-1",
        "name": "Mug",
        "category_names": ["Home", "Kitchen"],
        "price": {"amount_minor": 2390, "currency": "EUR"},
        "compare_at_price": None,
        "attributes": {
            "vendor": "Nord",
            "short_description": "A mug.",
            "seo_title": "Mug",
            "Material": "Clay",
            "Origin": "Latvia",
        },
        "barcode": "4006381333931",
        "available": 12,
        "low_stock_at": 3,
        "description": "<p>A mug of clay.</p>",
        "tags": ["clay", "new"],
        "status": "active",
        "stock_policy": "backorder",
    }
    assert [(picture.url_or_name, picture.alt) for picture in row.pictures] == [
        ("https://pictures.example/1.jpg", "Front"),
        ("https://pictures.example/2.jpg", None),
    ]


def test_all_columns_of_the_import_file_are_known():
    assert recognise(list(MUG), None, EUROS).warnings == []


@pytest.mark.parametrize(
    ("changes", "price", "before"),
    [
        ({"Discount amount": "3.90"}, 2000, 2390),
        ({"Discount percent": "10"}, 2151, 2390),
        ({"Discount percent": "10", "Discount to (yyyy-mm-dd)": "2027-01-01"}, 2390, None),
    ],
)
def test_a_discount_without_dates_is_a_reduced_price(changes, price, before):
    fields = read_row({**MUG, **changes}).fields

    assert fields["price"]["amount_minor"] == price
    found = fields["compare_at_price"]
    assert (found and found["amount_minor"]) == before


def test_a_discount_above_the_price_is_refused():
    assert [code for _, code in problems(read_row({**MUG, "Discount amount": "30"}))] == [
        "discount_too_large"
    ]


def test_a_computed_price_is_rounded():
    row = read_row({**MUG, "Price tax excluded or Price tax included": "16.583333"})

    assert row.fields["price"]["amount_minor"] == 1658


def test_an_id_stands_for_a_missing_reference():
    row = read_row({**MUG, "Reference #": ""})

    assert row.fields["sku"] == "ps-7"
    assert [warning.code for warning in row.warnings] == ["sku_derived"]


def test_prices_with_and_without_tax_are_not_guessed_between():
    columns = ["Product ID", "Name", "Reference", "Price (tax excl.)", "Price (tax incl.)"]

    with pytest.raises(BrokenFile) as broken:
        recognise(columns, None, EUROS)

    assert (broken.value.code, broken.value.field) == ("duplicate_column", "Price (tax incl.)")


def test_the_export_of_the_catalog_is_recognised():
    row = {
        "Product ID": "7",
        "Image": "x",
        "Name": "Mug",
        "Reference": "MUG-1",
        "Category": "Kitchen",
        "Price (tax excl.)": "23.9",
        "Quantity": "2",
        "Status": "0",
        "Position": "1",
    }

    found = read_row(row)

    assert recognise(list(row), None, EUROS).name == "prestashop"
    assert found.fields["status"] == "draft"
    assert found.fields["price"]["amount_minor"] == 2390


@pytest.mark.parametrize("none", ["0000-00-00", "0000-00-00 00:00:00"])
def test_a_date_of_zeros_is_none(none):
    dates = {"Discount from (yyyy-mm-dd)": none, "Discount to (yyyy-mm-dd)": none}

    row = read_row({**MUG, **dates, "Discount percent": "10"})

    assert (row.fields["price"]["amount_minor"], row.warnings) == (2151, ())


def test_a_discount_can_have_a_percent_sign():
    row = read_row({**MUG, "Discount percent": "10 %"})

    assert row.fields["price"]["amount_minor"] == 2151


def test_a_discount_below_one_needs_a_percent_sign():
    unclear = read_row({**MUG, "Discount percent": "0.20"})
    clear = read_row({**MUG, "Discount percent": "0.20%"})

    (problem,) = unclear.problems
    assert (problem.code, problem.value) == ("ambiguous_percent", "0.20")
    assert "Can be 20 or 0.20 percent." in problem.message
    assert clear.fields["price"]["amount_minor"] == 2385
