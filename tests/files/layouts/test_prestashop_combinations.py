"""PrestaShop's CSV of combinations."""

import pytest

from files.formats.source_rows import BrokenFile
from files.layouts.recognition import recognise
from tests.files.layouts.reading import EUROS, problems, read_row

RED = {
    "Product ID*": "7",
    "Product Reference": "TEE",
    "Attribute (Name:Type:Position)*": "Color:color:0, Size:select:1",
    "Value (Value:Position)*": "Red:0, S:0",
    "Supplier reference": "",
    "Reference": "TEE-R-S",
    "EAN13": "4006381333931",
    "UPC": "036000291452",
    "MPN": "",
    "Wholesale price": "9.00",
    "Impact on price": "2.50",
    "Ecotax": "0",
    "Quantity": "10",
    "Minimal quantity": "1",
    "Low stock level": "2",
    "Send me an email when the quantity is under this level": "1",
    "Impact on weight": "0.1",
    "Default (0 = No, 1 = Yes)": "1",
    "Combination availability date": "2027-01-01",
    "Image position": "1",
    "Image URLs (x,y,z...)": "https://pictures.example/1.jpg,https://pictures.example/2.jpg",
    "Image alt texts (x,y,z...)": "Front",
    "ID / Name of shop": "0",
    "Advanced Stock Managment": "0",
    "Depends on stock": "0",
    "Warehouse": "0",
}


def test_a_combination_changes_what_the_file_knows():
    row = read_row(RED)

    assert (row.problems, row.warnings) == ((), ())
    assert row.fields == {
        "sku": "TEE-R-S",
        "available": 10,
        "low_stock_at": 2,
        "barcode": "4006381333931",
    }
    assert [picture.url_or_name for picture in row.pictures] == [
        "https://pictures.example/1.jpg",
        "https://pictures.example/2.jpg",
    ]


def test_the_upload_says_what_the_file_is():
    layout = recognise(list(RED), None, EUROS)

    assert layout.name == "prestashop_combinations"
    assert [warning.code for warning in layout.warnings] == ["combinations_file"]


def test_empty_cells_change_nothing():
    empty = dict.fromkeys(RED, "") | {"Reference": "TEE-R-S"}

    assert read_row(empty).fields == {"sku": "TEE-R-S"}


def test_a_upc_stands_for_a_missing_ean():
    assert read_row({**RED, "EAN13": ""}).fields["barcode"] == "036000291452"


def test_a_code_that_is_no_gtin_removes_no_barcode():
    row = read_row({**RED, "EAN13": "12"})

    assert "barcode" not in row.fields
    assert row.fields["attributes"] == {"barcode": "12"}
    assert [warning.code for warning in row.warnings] == ["not_a_gtin"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Reference": ""}, ("Reference", "required")),
        ({"Quantity": "many"}, ("Quantity", "not_a_number")),
        ({"Quantity": "1.5"}, ("Quantity", "wrong_type")),
        ({"Low stock level": "few"}, ("Low stock level", "not_a_number")),
    ],
)
def test_cells_that_cannot_be_read_are_refused(changes, expected):
    assert problems(read_row({**RED, **changes})) == [expected]


def test_stock_below_zero_is_none():
    assert read_row({**RED, "Quantity": "-3"}).fields["available"] == 0


def test_a_file_without_references_fails():
    columns = [column for column in RED if column != "Reference"]

    with pytest.raises(BrokenFile) as broken:
        recognise(columns, None, EUROS)

    assert (broken.value.code, broken.value.field) == ("missing_column", "Reference")
