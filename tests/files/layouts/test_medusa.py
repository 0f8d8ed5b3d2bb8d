"""Medusa's product CSV, of versions 1 and 2."""

import pytest

from files.formats.source_rows import BrokenFile
from files.layouts.import_rows import ImportDefaults
from files.layouts.recognition import recognise
from tests.files.layouts.reading import EUROS, read_all, read_row

DOLLARS = ImportDefaults("USD", is_currency_chosen=True)
POUNDS = ImportDefaults("GBP")
ONE = {
    "Product Id": "prod_1",
    "Product Handle": "mug",
    "Product Title": "Mug",
    "Product Subtitle": "",
    "Product Description": "<p>Clay</p>",
    "Product Status": "published",
    "Product Thumbnail": "https://pictures.example/0.jpg",
    "Product Weight": "400",
    "Product HS Code": "6912",
    "Product Collection Title": "Kitchen",
    "Product Type": "Mugs",
    "Product Tags": "clay,new",
    "Product Discountable": "TRUE",
    "Variant Id": "variant_1",
    "Variant Title": "Sand",
    "Variant SKU": "MUG-SAND",
    "Variant Barcode": "",
    "Variant Inventory Quantity": "10",
    "Variant Allow Backorder": "FALSE",
    "Variant Manage Inventory": "TRUE",
    "Price EUR": "12",
    "Price USD": "14.5",
    "Price france [EUR]": "13",
    "Option 1 Name": "Glaze",
    "Option 1 Value": "Sand",
    "Image 1 Url": "https://pictures.example/1.jpg",
    "Sales Channel 1 Name": "Default",
}
TWO = {
    "Product Handle": "mug",
    "Product Title": "Mug",
    "Product Status": "draft",
    "Product Tag 1": "clay",
    "Product Tag 2": "ptag_1",
    "Variant SKU": "",
    "Variant Allow Backorder": "TRUE",
    "Variant Manage Inventory": "TRUE",
    "Variant Price EUR": "12",
    "Variant Price USD": "",
    "Variant Option 1 Name": "Size",
    "Variant Option 1 Value": "Large",
    "Product Image 1 Url": "https://pictures.example/1.jpg",
    "Product Image 2 Url": "",
    "Product Category 1": "Drinkware",
    "Shipping Profile Id": "sp_1",
}


def test_an_export_of_version_1_has_its_fields():
    row = read_row(ONE)

    assert (row.problems, row.warnings) == ((), ())
    assert row.fields == {
        "sku": "MUG-SAND",
        "name": "Mug",
        "description": "<p>Clay</p>",
        "status": "active",
        "group": "mug",
        "options": {"Glaze": "Sand"},
        "attributes": {"collection": "Kitchen", "type": "Mugs"},
        "tags": ["clay", "new"],
        "available": 10,
        "stock_policy": "tracked",
        "price": {"amount_minor": 1200, "currency": "EUR"},
        "barcode": None,
    }
    assert [picture.url_or_name for picture in row.pictures] == [
        "https://pictures.example/0.jpg",
        "https://pictures.example/1.jpg",
    ]
    assert recognise(list(ONE), None, EUROS).warnings == []


def test_an_export_of_version_2_has_its_fields():
    row = read_row(TWO)

    assert row.problems == ()
    assert row.fields == {
        "sku": "mug-large",
        "name": "Mug",
        "status": "draft",
        "group": "mug",
        "options": {"Size": "Large"},
        "tags": ["clay"],
        "category_names": ["Drinkware"],
        "stock_policy": "backorder",
        "price": {"amount_minor": 1200, "currency": "EUR"},
    }
    assert recognise(list(TWO), None, EUROS).warnings == []


def test_the_currency_of_the_import_chooses_the_column():
    row = read_row(ONE, defaults=DOLLARS)

    assert row.fields["price"] == {"amount_minor": 1450, "currency": "USD"}
    assert not row.currency_is_assumed


def test_one_column_of_prices_names_its_currency():
    cells = {name: cell for name, cell in ONE.items() if name != "Price USD"}

    row = read_row(cells, defaults=POUNDS)

    assert row.fields["price"] == {"amount_minor": 1200, "currency": "EUR"}
    assert not row.currency_is_assumed


def test_several_columns_of_prices_are_not_guessed_between():
    with pytest.raises(BrokenFile) as broken:
        recognise(list(ONE), None, POUNDS)

    assert broken.value.code == "ambiguous_currency"


def test_a_row_without_a_title_has_the_texts_of_its_product():
    columns = list(ONE)
    second = {**ONE, "Product Title": "", "Product Description": "", "Product Tags": ""}
    second |= {"Variant SKU": "MUG-SEA", "Option 1 Value": "Sea"}

    _, sea = read_all(columns, [list(ONE.values()), [second[name] for name in columns]])

    assert (sea.fields["name"], sea.fields["description"]) == ("Mug", "<p>Clay</p>")
    assert sea.fields["tags"] == ["clay", "new"]


def test_stock_that_medusa_does_not_manage_is_not_counted():
    row = read_row({**ONE, "Variant Manage Inventory": "FALSE"})

    assert row.fields["stock_policy"] == "untracked"
    assert "available" not in row.fields


def test_the_default_option_is_none():
    row = read_row({**ONE, "Option 1 Name": "Default option", "Option 1 Value": "Default value"})

    assert "group" not in row.fields
    assert "options" not in row.fields


def test_a_row_without_sku_handle_and_options_is_refused_once():
    row = read_row({**ONE, "Product Handle": "", "Variant SKU": "", "Option 1 Value": ""})

    assert [(problem.code, problem.field) for problem in row.problems] == [
        ("required", "Variant SKU")
    ]
    assert row.warnings == ()


@pytest.mark.parametrize(
    ("column", "cell", "shop", "minor"),
    [
        ("Price JPY", "1990", "EUR", 1990),
        ("Variant Price KWD", "1.990", "EUR", 1990),
        ("Price USD", "19.90", "JPY", 1990),
    ],
)
def test_a_price_has_the_decimals_of_its_column(column, cell, shop, minor):
    row = {"Product Handle": "cup", "Product Title": "Cup", "Variant SKU": "CUP", column: cell}

    found = read_row(row, None, ImportDefaults(shop))

    assert found.fields["price"] == {"amount_minor": minor, "currency": column[-3:]}


def test_a_price_in_another_currency_rejects_no_row():
    row = {"Product Handle": "cup", "Variant SKU": "CUP", "Price EUR": "5", "Price USD": "N/A"}

    assert read_row(row).problems == ()
