"""The product files of other systems become complete shops, through the real handlers."""

from typing import Any

import pytest

from files.workers.import_file import handler
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.models.uploads import Upload
from tests.files.layouts.samples import SAMPLES
from tests.support import imports, shop
from tests.support.http import CONTEXT
from tests.support.imports import put_file

pytestmark = pytest.mark.usefixtures("aws")


def run(content: str | bytes, upload_id: str = "upl_one", **options: Any) -> Upload:
    imports.upload(upload_id, options_json=options)
    handler(put_file(content, upload_id), CONTEXT)
    imports.run_queue(handler, CONTEXT)
    upload = Upload.get(upload_id, "upload")
    assert upload.status == "completed", [error.attribute_values for error in upload.errors]
    return upload


def run_sample(name: str, upload_id: str = "upl_one") -> Upload:
    return run((SAMPLES / name).read_bytes(), upload_id)


def errors(upload: Upload) -> list[tuple[int, str | None, str]]:
    return [(int(error.row), error.field, error.code) for error in upload.errors]


def product(sku: str) -> Product:
    return next(found for found in Product.scan() if found.sku == sku)


@pytest.mark.parametrize(
    ("sample", "layout", "created", "groups"),
    [
        ("shopify_products.csv", "shopify", 37, 11),
        ("woocommerce_products.csv", "woocommerce", 29, 8),
    ],
)
def test_a_sample_becomes_a_shop_and_changes_nothing_again(sample, layout, created, groups):
    upload = run_sample(sample)

    assert errors(upload) == []
    assert upload.columns_json["layout"] == layout
    assert (upload.created, upload.rejected) == (created, 0)
    assert (Product.count(), ProductGroup.count()) == (created, groups)
    again = run_sample(sample, "upl_two")
    assert errors(again) == []
    assert (again.created, again.updated, again.unchanged) == (0, 0, created)


def test_a_group_of_the_file_has_its_variants_and_category():
    run_sample("shopify_products.csv")

    shirt = product("NF-01-3")
    assert (shirt.name, shirt.group) == ("Linen Shirt", "linen-shirt")
    assert shirt.options_json == {"Size": "L", "Color": "Navy"}
    assert shirt.category == "apparel-accessories/clothing/shirts-tops"
    assert [variant.sku for variant in ProductGroup.get("linen-shirt").variants] == [
        "NF-01-1",
        "NF-01-2",
        "NF-01-3",
    ]


def test_a_price_file_in_another_currency_is_refused():
    shop.product("TEA", price_minor=500, currency="JPY")

    upload = run("sku,price\nTEA,5.00\n")

    assert errors(upload) == [(2, "price", "unclear_currency")]


def test_a_stock_file_changes_stock_alone():
    shop.product("TEA", available=3)

    upload = run("sku;qty\nTEA;8\nPOT;1\n")

    assert errors(upload) == [(3, "sku", "unknown_sku")]
    assert (upload.updated, product("TEA").version) == (1, 1)


def test_combinations_of_prestashop_change_stock_alone():
    shop.product("TEE-S", available=3, price_minor=500)
    header = "Product ID*;Attribute (Name:Type:Position)*;Value (Value:Position)*;Reference;"
    content = f"{header}Impact on price;Quantity\n7;Size:select:0;S:0;TEE-S;2.50;8\n"

    upload = run(content + "7;Size:select:0;M:0;TEE-M;2.50;5\n")

    assert errors(upload) == [(3, "Reference", "unknown_sku")]
    assert [warning.code for warning in upload.warnings] == ["combinations_file"]
    assert (upload.updated, product("TEE-S").price_minor) == (1, 500)
    assert (Product.count(), product("TEE-S").group) == (1, None)


def test_a_mapping_reads_a_file_of_any_columns():
    mapping = {
        "columns": {
            "Artikel": {"field": "sku"},
            "Titel": {"field": "name"},
            "Preis": {"field": "price", "unit": "major", "decimal": ","},
            "Gruppe": {"field": "category_names", "levels": "/"},
        }
    }
    content = "Artikel;Titel;Preis;Gruppe\nA;Kanne;1.355,90;Küche / Kannen\nB;Tasse;1.355;Küche\n"
    content += "C;Teller;12.50;\n"

    upload = run(content, mapping=mapping, currency="EUR")

    assert errors(upload) == [(4, "Preis", "ambiguous_price")]
    assert (product("A").price_minor, product("A").category) == (135_590, "kuche/kannen")
    assert product("B").price_minor == 135_500


def test_an_error_names_the_column_that_the_value_is_from():
    category = run(f"Handle,Title,Option1 Name,Variant Price,Type\na,A,Title,5,{'x' * 101}\n")
    columns = "Type,SKU,Name,Regular price,Parent,Attribute 1 name,Attribute 1 value(s)\n"
    parent, variation = "variable,P,P,,,Size,S\n", f"variation,V,,5,P,Size,{'x' * 300}\n"
    option = run(columns + parent + variation, "upl_two")

    assert errors(category) == [(2, "Type", "too_long")]
    assert [(each.row, each.field) for each in option.errors] == [(3, "Attribute 1 name")]
    assert not any("no such column" in each.message for each in category.errors + option.errors)


def test_oversold_products_stay_oversold_in_a_stock_file():
    shop.product("BACK", available=-3, stock_policy="backorder")
    shop.product("TEA", available=3)

    upload = run("sku,attribute_set_code,qty\nBACK,,-5.0000\nTEA,,-1.0000\n")

    assert (upload.updated, upload.rejected) == (2, 0)
    assert [warning.code for warning in upload.warnings] == ["negative_stock"] * 2
    assert (shop.available(product("BACK")), shop.available(product("TEA"))) == (-5, 0)
