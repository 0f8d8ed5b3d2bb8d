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


def test_variants_behind_their_configurable_product_are_a_group():
    parent, small, medium = read(CONFIGURABLE, TEE, {**TEE, "sku": "TEE-M", "name": "Tee - M"})

    assert (parent.is_product, parent.problems) == (False, ())
    assert (small.fields["name"], small.fields["group"]) == ("Tee", "TEE")
    assert small.fields["options"] == {"size": "S", "color": "Blue"}
    assert small.fields["attributes"] == {"material": "Cotton, organic", "climate": "Mild|Warm"}
    assert medium.fields["options"] == {"size": "M", "color": "Blue"}


def test_variants_before_their_configurable_product_are_single():
    small, _ = read(TEE, CONFIGURABLE)

    assert small.problems == ()
    assert "group" not in small.fields


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
