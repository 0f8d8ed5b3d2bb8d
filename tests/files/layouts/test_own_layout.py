"""Files with our own columns, or some of them."""

import pytest

from files.formats.source_rows import BrokenFile
from files.layouts.import_rows import ImportDefaults
from files.layouts.own_columns import OWN_COLUMNS, read_tags, write_product, write_tags
from files.layouts.recognition import recognise
from products.schemas import NewProduct
from tests.files.layouts.reading import EUROS, problems, read_row

TEA = {
    "sku": "TEA-1",
    "name": "Green tea",
    "price_minor": "1250",
    "currency": "EUR",
    "available": "7",
}
FULL = {
    "sku": "TEA-1",
    "name": "Green tea",
    "description": "<p>Fresh</p>\r\nand grassy",
    "category": "kitchen/tea",
    "price": {"amount_minor": 1250, "currency": "EUR"},
    "compare_at_price": {"amount_minor": 1500, "currency": "EUR"},
    "status": "draft",
    "tags": ["green", "loose|leaf"],
    "attributes": {"origin": {"country": "JP"}, "harvest": 2},
    "group": "TEA",
    "options": {"Size": "100 g", "Option_2": "ä"},
    "stock_shards": 2,
    "stock_policy": "backorder",
    "backorder_limit": 5,
    "low_stock_at": 3,
    "order_quantity_max": 10,
    "tax_class": "reduced",
    "weight_grams": 120,
    "barcode": "4006381333931",
}


def test_a_row_is_a_product_and_its_stock():
    row = read_row({**TEA, "category": "kitchen/tea", "tags": "green| loose leaf"})

    assert (row.number, row.problems, row.is_product) == (2, (), True)
    assert row.fields == {
        "sku": "TEA-1",
        "name": "Green tea",
        "category": "kitchen/tea",
        "price": {"amount_minor": 1250, "currency": "EUR"},
        "tags": ["green", "loose leaf"],
        "available": 7,
    }
    assert row.columns["price"] == "price_minor"
    assert not row.currency_is_assumed


def test_every_field_of_a_product_has_a_column():
    columns = {
        "price": "price_minor",
        "compare_at_price": "compare_at_price_minor",
    }

    assert {columns.get(field, field) for field in NewProduct.model_fields} | {
        "currency",
        "available",
        "images",
    } == set(OWN_COLUMNS)


@pytest.mark.parametrize("available", [7, 0, -4, None])
@pytest.mark.parametrize(
    "fields", [FULL, {**NewProduct.model_validate({**FULL, "tags": []}).model_dump()}]
)
def test_an_exported_product_is_read_as_it_was(fields, available):
    row = read_row(dict(zip(OWN_COLUMNS, write_product(fields, available, []), strict=True)))

    assert row.problems == ()
    assert row.fields == {**fields, "available": available}


def test_a_small_product_is_read_as_it_was():
    small = NewProduct.model_validate(
        {"sku": "A", "name": "A", "price": {"amount_minor": 0, "currency": "JPY"}}
    ).model_dump()

    row = read_row(dict(zip(OWN_COLUMNS, write_product(small, 1, []), strict=True)))

    assert NewProduct.model_validate(
        {name: value for name, value in row.fields.items() if name != "available"}
    ) == NewProduct.model_validate(small)


@pytest.mark.parametrize(
    "tags",
    [[], ["a"], ["a", "b c"], ["a|b"], ["[a"], ['["a"]', "b"], ["a,b"], ["é", "'=1"], ["[1]"]],
)
def test_tags_are_read_as_they_were_written(tags):
    assert read_tags(write_tags(tags)) == tags


def test_a_file_can_have_any_columns_besides_the_sku():
    row = read_row({"sku": "TEA", "available": "4"})

    assert row.fields == {"sku": "TEA", "available": 4}
    assert not row.currency_is_assumed


@pytest.mark.parametrize("column", ["available", "quantity", "Qty", "Stock", "stock quantity"])
def test_stock_files_name_the_units_in_several_ways(column):
    assert read_row({"SKU": "TEA", column: "4"}).fields == {"sku": "TEA", "available": 4}


def test_a_price_file_without_a_currency_assumes_the_shops():
    row = read_row({"sku": "TEA", "price": "19.99"})

    assert row.fields["price"] == {"amount_minor": 1999, "currency": "EUR"}
    assert row.currency_is_assumed


def test_a_currency_that_the_upload_names_is_not_assumed():
    dollars = ImportDefaults(currency="USD", is_currency_chosen=True)

    row = read_row({"sku": "TEA", "price_minor": "1999"}, defaults=dollars)

    assert row.fields["price"] == {"amount_minor": 1999, "currency": "USD"}
    assert not row.currency_is_assumed


def test_the_currency_of_the_row_decides_about_decimals():
    row = read_row({"sku": "TEA", "price": "1999", "currency": "JPY"})

    assert row.fields["price"] == {"amount_minor": 1999, "currency": "JPY"}


@pytest.mark.parametrize("cell", ["1999", "1.999", "1,999"])
def test_a_price_that_can_be_wrong_by_a_hundred_is_refused(cell):
    row = read_row({"sku": "TEA", "price": cell})

    assert problems(row) == [("price", "ambiguous_price")]
    assert "mapping" in row.problems[0].message
    assert "price" not in row.fields


def test_an_empty_optional_cell_removes_the_value():
    columns = (
        "description category tags group options attributes backorder_limit low_stock_at barcode "
        "order_quantity_max compare_at_price_minor weight_grams tax_class stock_policy stock_shards"
    )

    row = read_row({"sku": "TEA", **dict.fromkeys(columns.split(), " ")})

    assert row.fields == {
        "sku": "TEA",
        "description": "",
        "tags": [],
        "options": {},
        "attributes": {},
        "tax_class": "standard",
        "stock_policy": "tracked",
        "stock_shards": 1,
        **dict.fromkeys(["category", "group", "backorder_limit", "low_stock_at", "barcode"]),
        **dict.fromkeys(["order_quantity_max", "compare_at_price", "weight_grams"]),
    }


def test_an_empty_status_keeps_the_status():
    assert read_row({"sku": "TEA", "status": ""}).fields == {"sku": "TEA"}


@pytest.mark.parametrize("cell", ["", " ", "0"])
def test_an_uncounted_row_has_no_stock(cell):
    row = read_row({"sku": "SONG", "stock_policy": "untracked", "available": cell})

    assert row.fields["available"] is None


def test_options_can_have_a_column_each():
    row = read_row({"sku": "TEA-M", "group": "TEA", "option_Size": "M", "option_colour": ""})

    assert row.fields["options"] == {"Size": "M"}
    assert row.columns["options.Size"] == "option_Size"


def test_columns_can_have_any_order_and_case():
    row = read_row({"Available": "7", " Price_Minor ": "1250", "NAME": "Tea", "Sku": "TEA"})

    assert row.fields["price"]["amount_minor"] == 1250


@pytest.mark.parametrize("cell", ["19.99", "1e3", "1_000", "９", "many", "9" * 19, "=5", "1,000"])
def test_a_count_is_a_whole_number(cell):
    row = read_row({"sku": "TEA", "available": cell, "name": "Tea"})

    assert problems(row) == [("available", "wrong_type")]
    assert row.problems[0].value == cell
    assert cell not in row.problems[0].message
    assert row.fields == {"sku": "TEA", "name": "Tea"}


@pytest.mark.parametrize("cell", ["[1]", "Size: M", '{"a": NaN}', "{" * 5000, "3"])
def test_options_and_attributes_are_objects(cell):
    row = read_row({"sku": "TEA", "attributes": cell, "options": cell})

    assert problems(row) == [("attributes", "not_an_object"), ("options", "not_an_object")]
    assert len(row.problems[0].value) <= 100


@pytest.mark.parametrize(
    ("columns", "code", "field"),
    [
        (["name", "price_minor"], "missing_column", "sku"),
        (["sku", "colour"], "unknown_column", "colour"),
        (["sku", "x" * 300], "unknown_column", "x" * 50),
        (["sku", "Sku "], "duplicate_column", "Sku"),
        (["sku", "available", "qty"], "duplicate_column", "qty"),
        (["sku", "price", "price_minor"], "duplicate_column", "price_minor"),
        (["TEA-1", "Green tea", "1250"], "unknown_columns", None),
        ([""], "unknown_columns", None),
    ],
)
def test_a_header_that_does_not_fit_breaks_the_file(columns, code, field):
    with pytest.raises(BrokenFile) as broken:
        recognise(columns, None, EUROS)

    assert (broken.value.code, broken.value.field, broken.value.row) == (code, field, 1)


def test_a_nameless_column_is_ignored_with_a_warning():
    layout = recognise(["sku", "", " "], None, EUROS)

    assert [warning.code for warning in layout.warnings] == ["nameless_column"] * 2
    assert layout.name == "souk"


def test_an_unknown_column_may_be_empty():
    layout = recognise(["sku", "colour"], None, EUROS, empty=["colour"])

    assert [(use.column, use.field) for use in layout.columns] == [("sku", "sku"), ("colour", None)]
    assert [(warning.field, warning.code) for warning in layout.warnings] == [
        ("colour", "unknown_column")
    ]


def test_columns_that_the_shop_sets_are_left_out():
    row = read_row({"id": "prd_1", "sku": "TEA", "version": "3", "error_code": "x"})

    assert row.fields == {"sku": "TEA"}


@pytest.mark.parametrize(
    ("sku", "codes"),
    [
        ("4.00638E+12", ["number_as_name"]),
        ("1,00E+05", ["number_as_name"]),
        ("1E+05", ["number_as_name"]),
        ("1E5", []),
        ("SIZE+12", []),
    ],
)
def test_an_sku_that_excel_has_shortened_has_a_warning(sku, codes):
    assert [warning.code for warning in read_row({**TEA, "sku": sku}).warnings] == codes
