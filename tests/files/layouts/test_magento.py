"""Magento's product CSV."""

import pytest

from files.layouts.import_rows import ImportRow
from files.layouts.recognition import recognise
from tests.files.layouts.reading import EUROS, problems, read_all, read_row

TEE = {
    "sku": "TEE-S",
    "store_view_code": "",
    "attribute_set_code": "Default",
    "product_type": "simple",
    "categories": "Default Category/Gear/Bags,Default Category/Sale",
    "product_websites": "base",
    "name": "Tee - S",
    "description": "",
    "short_description": "<p>Soft</p>",
    "weight": "1.0000",
    "product_online": "1",
    "price": "250.0000",
    "special_price": "",
    "special_price_to_date": "",
    "qty": "12.0000",
    "allow_backorders": "0",
    "use_config_backorders": "1",
    "manage_stock": "0",
    "use_config_manage_stock": "1",
    "max_cart_qty": "5.0000",
    "use_config_max_sale_qty": "0",
    "notify_on_stock_below": "2.0000",
    "use_config_notify_stock_qty": "0",
    "base_image": "/t/e/tee.jpg",
    "base_image_label": "A tee",
    "additional_images": "/t/e/tee.jpg,/t/e/back.jpg",
    "additional_attributes": "size=S,material=Cotton, organic,climate=Mild|Warm",
    "configurable_variations": "",
}
CONFIGURABLE = {
    **TEE,
    "sku": "TEE",
    "product_type": "configurable",
    "name": "Tee",
    "price": "",
    "qty": "0.0000",
    "additional_attributes": "",
    "configurable_variations": "sku=TEE-S,size=S,color=Blue,default=1|sku=TEE-M,size=M,color=Blue",
}


def read(*rows: dict[str, str]) -> list[ImportRow]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return read_all(columns, [[row.get(column, "") for column in columns] for row in rows])


def test_a_simple_product_has_its_fields():
    row = read_row(TEE)

    assert (row.problems, row.warnings) == ((), ())
    assert row.fields == {
        "sku": "TEE-S",
        "category_names": ["Gear", "Bags"],
        "name": "Tee - S",
        "description": "<p>Soft</p>",
        "status": "active",
        "price": {"amount_minor": 25_000, "currency": "EUR"},
        "compare_at_price": None,
        "available": 12,
        "stock_policy": "tracked",
        "order_quantity_max": 5,
        "low_stock_at": 2,
        "attributes": {"size": "S", "material": "Cotton, organic", "climate": "Mild|Warm"},
    }
    assert [(picture.url_or_name, picture.alt) for picture in row.pictures] == [
        ("/t/e/tee.jpg", "A tee"),
        ("/t/e/back.jpg", None),
    ]


@pytest.mark.parametrize("is_first", [True, False])
def test_variants_of_a_configurable_product_are_a_group(is_first):
    variants = [TEE, {**TEE, "sku": "tee-m", "name": "Tee - M"}]

    rows = read(CONFIGURABLE, *variants) if is_first else read(*variants, CONFIGURABLE)

    (parent,) = (row for row in rows if not row.is_product)
    small, medium = (row for row in rows if row.is_product)
    assert parent.problems == ()
    assert (small.fields["name"], small.fields["group"]) == ("Tee", "TEE")
    assert small.fields["options"] == {"size": "S", "color": "Blue"}
    assert small.fields["attributes"] == {"material": "Cotton, organic", "climate": "Mild|Warm"}
    assert medium.fields["options"] == {"size": "M", "color": "Blue"}


def test_a_variant_keeps_its_own_price_and_stock():
    variant, _ = read(TEE, {**CONFIGURABLE, "price": "99.0000", "qty": "50.0000"})

    assert (variant.fields["price"]["amount_minor"], variant.fields["available"]) == (25_000, 12)


def test_pictures_of_a_configurable_product_go_to_its_variants():
    images = {
        "base_image": "/a.jpg",
        "base_image_label": "All",
        "additional_images": "/t/e/tee.jpg",
    }

    variant, _ = read(TEE, {**CONFIGURABLE, **images})

    assert [(picture.url_or_name, picture.alt) for picture in variant.pictures] == [
        ("/t/e/tee.jpg", "A tee"),
        ("/t/e/back.jpg", None),
        ("/a.jpg", "All"),
    ]


def test_variants_have_the_attributes_of_their_product():
    attributes = "pattern=Solid,material=Wool,size=L"

    variant, _ = read(TEE, {**CONFIGURABLE, "additional_attributes": attributes})

    assert variant.fields["attributes"] == {
        "pattern": "Solid",
        "material": "Cotton, organic",
        "climate": "Mild|Warm",
    }


def test_variants_of_a_disabled_product_are_drafts():
    variant, _ = read(TEE, {**CONFIGURABLE, "product_online": "2"})

    assert variant.fields["status"] == "draft"


def test_a_variant_without_options_is_single_with_a_warning():
    variant, _ = read(TEE, {**CONFIGURABLE, "configurable_variations": "sku=TEE-S"})

    assert "group" not in variant.fields
    assert variant.fields["name"] == "Tee - S"
    assert [warning.code for warning in variant.warnings] == ["option_missing"]


def test_a_file_without_names_changes_no_names():
    columns = ["sku", "product_type", "qty", "configurable_variations"]

    variant, _ = read(*({column: row[column] for column in columns} for row in (TEE, CONFIGURABLE)))

    assert "name" not in variant.fields


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"manage_stock": "0", "use_config_manage_stock": "0"}, ("untracked", None)),
        ({"allow_backorders": "1", "use_config_backorders": "0"}, ("backorder", 12)),
        ({"allow_backorders": "1"}, ("tracked", 12)),
    ],
)
def test_the_settings_of_the_store_count_before_columns(changes, expected):
    row = read_row({**TEE, **changes})

    assert (row.fields["stock_policy"], row.fields.get("available")) == expected


@pytest.mark.parametrize(
    ("changes", "price", "before"),
    [
        ({"special_price": "199.9000"}, 19_990, 25_000),
        ({"special_price": "199.9000", "special_price_to_date": "1/1/27"}, 25_000, None),
        ({"price": "19.9950"}, 2000, None),
    ],
)
def test_a_special_price_without_dates_is_a_reduced_price(changes, price, before):
    fields = read_row({**TEE, **changes}).fields

    assert fields["price"]["amount_minor"] == price
    found = fields["compare_at_price"]
    assert (found and found["amount_minor"]) == before


@pytest.mark.parametrize("price", ["19,99", "1,999", "free"])
def test_a_price_that_magento_does_not_write_is_refused(price):
    assert [field for field, _ in problems(read_row({**TEE, "price": price}))] == ["price"]


@pytest.mark.parametrize(
    "changes", [{"store_view_code": "de"}, {"product_type": "bundle"}, {"sku": ""}]
)
def test_rows_that_are_no_products_are_left_out(changes):
    (row,) = read({**TEE, **changes})

    assert (row.is_product, row.fields, row.problems) == (False, {}, ())


def test_the_names_of_magento_1_are_known():
    row = {
        "sku": "OLD",
        "_store": "",
        "_attribute_set": "Default",
        "_type": "simple",
        "_category": "Gear/Bags",
        "_root_category": "Root",
        "_product_websites": "base",
        "name": "Old",
        "price": "5.0000",
        "status": "2",
        "qty": "1.0000",
        "image": "no_selection",
        "_media_image": "/o/l/old.jpg",
    }

    found = read_row(row)

    assert recognise(list(row), None, EUROS).warnings == []
    assert found.fields["category_names"] == ["Gear", "Bags"]
    assert (found.fields["status"], found.fields["price"]["amount_minor"]) == ("draft", 500)
    assert [picture.url_or_name for picture in found.pictures] == ["/o/l/old.jpg"]


def test_a_value_in_quotes_can_have_names_and_quotes():
    cell = 'note="x=1,y=2",size="5"" wide",url=https://a.example/?c=d,care=Wash, do not bleach'

    row = read_row({"sku": "TEE", "attribute_set_code": "", "additional_attributes": cell})

    assert row.fields["attributes"] == {
        "note": "x=1,y=2",
        "size": '5" wide',
        "url": "https://a.example/?c=d",
        "care": "Wash, do not bleach",
    }


@pytest.mark.parametrize("changes", [{"store_view_code": "de"}, {"sku": ""}])
@pytest.mark.parametrize(("price", "codes"), [("250.0000", ["row_left_out"]), ("", [])])
def test_a_whole_product_that_is_left_out_has_a_warning(changes, price, codes):
    row = read_row({**TEE, **changes, "price": price})

    assert [warning.code for warning in row.warnings] == codes


def test_a_configurable_product_is_not_left_out():
    row = read_row({**TEE, "product_type": "configurable"})

    assert (row.is_product, row.warnings) == (False, ())


def test_values_of_all_store_views_are_those_of_admin():
    row = read_row({**TEE, "store_view_code": "admin"})

    assert (row.is_product, row.warnings, row.fields["sku"]) == (True, (), "TEE-S")
