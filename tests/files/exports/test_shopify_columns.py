"""Products in the columns of Shopify's product CSV."""

import re
from typing import Any

import pytest

from files.exports.shopify_columns import COLUMNS, write_group
from products.exporting.service import ExportedPicture, ExportedProduct
from products.schemas import NewProduct

TEA: dict[str, Any] = {
    "sku": "TEA-1",
    "name": "Green tea",
    "price": {"amount_minor": 1999, "currency": "EUR"},
}


def product(
    available: int | None = 7, *, pictures: tuple[str, ...] = (), **changes: Any
) -> ExportedProduct:
    """Each picture has its name as URL and, with a prefix, as text."""
    fields = NewProduct.model_validate(TEA | changes).model_dump(mode="json")
    shown = tuple(ExportedPicture(name, f"text {name}") for name in pictures)
    return ExportedProduct(f"prd_{fields['sku']}", "2026", fields, available, shown)


def rows(*products: ExportedProduct, category: tuple[str, ...] = ()) -> list[dict[str, str]]:
    written = write_group(products, category)
    return [dict(zip(COLUMNS, cells, strict=True)) for cells in written]


def row(available: int | None = 7, **changes: Any) -> dict[str, str]:
    (only,) = rows(product(available, **changes))
    return only


def test_a_product_without_a_group_is_one_row():
    found = row(
        description="<p>Fresh</p>",
        tags=["loose", "green"],
        compare_at_price={"amount_minor": 2500, "currency": "EUR"},
        weight_grams=250,
        barcode="4006381333931",
    )

    assert found == dict.fromkeys(COLUMNS, "") | {
        "Handle": "green-tea--TEA-1",
        "Title": "Green tea",
        "Body (HTML)": "<p>Fresh</p>",
        "Tags": "loose, green",
        "Published": "TRUE",
        "Option1 Name": "Title",
        "Option1 Value": "Default Title",
        "Variant SKU": "TEA-1",
        "Variant Grams": "250",
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": "7",
        "Variant Inventory Policy": "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": "19.99",
        "Variant Compare At Price": "25.00",
        "Variant Requires Shipping": "TRUE",
        "Variant Taxable": "TRUE",
        "Variant Barcode": "4006381333931",
        "Variant Weight Unit": "g",
        "Status": "active",
    }


def test_a_group_is_one_handle_with_a_row_for_each_variant():
    small, large = (
        product(
            sku=f"TEA-{size}",
            name=f"Tea {size}",
            group="TEAS",
            options={"Size": size, "Kind": "loose"},
        )
        for size in ("S", "L")
    )

    first, second = rows(small, large)

    assert (first["Handle"], second["Handle"]) == ("TEAS", "TEAS")
    assert (first["Title"], first["Status"]) == ("Tea S", "active")
    assert (second["Title"], second["Status"], second["Published"]) == ("", "", "")
    for found, size in ((first, "S"), (second, "L")):
        assert (found["Option1 Name"], found["Option1 Value"]) == ("Size", size)
        assert (found["Option2 Name"], found["Option2 Value"]) == ("Kind", "loose")
        assert found["Option3 Name"] == ""
        assert found["Variant SKU"] == f"TEA-{size}"


def test_variants_with_different_options_have_all_of_them():
    first, second = rows(
        product(sku="A", group="G", options={"Size": "S"}),
        product(sku="B", group="G", options={"Colour": "red"}),
    )

    names = ("Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value")
    assert [first[name] for name in names] == ["Size", "S", "Colour", "-"]
    assert [second[name] for name in names] == ["Size", "-", "Colour", "red"]


def test_the_third_option_holds_the_others():
    options = {"Size": "S", "Colour": "red", "Fit": "slim", "Cloth": "wool"}

    found = row(group="G", options=options)

    assert [found[f"Option{number} Name"] for number in (1, 2, 3)] == [
        "Size",
        "Colour",
        "Fit / Cloth",
    ]
    assert found["Option3 Value"] == "slim / wool"


@pytest.mark.parametrize(
    ("statuses", "status", "published"),
    [
        (["draft", "active"], "active", "TRUE"),
        (["archived", "draft"], "draft", "FALSE"),
        (["archived", "archived"], "archived", "FALSE"),
    ],
)
def test_a_handle_is_on_sale_if_one_variant_is(statuses, status, published):
    variants = [
        product(sku=f"S-{number}", group="G", options={"No": str(number)}, status=each)
        for number, each in enumerate(statuses)
    ]

    first, _ = rows(*variants)

    assert (first["Status"], first["Published"]) == (status, published)


@pytest.mark.parametrize(
    ("policy", "available", "cells"),
    [
        ("tracked", 0, ("shopify", "0", "deny")),
        ("backorder", -3, ("shopify", "-3", "continue")),
        ("untracked", None, ("", "", "deny")),
    ],
)
def test_the_stock_policy_is_tracker_and_policy(policy, available, cells):
    found = row(available, stock_policy=policy)

    names = ("Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy")
    assert tuple(found[name] for name in names) == cells


@pytest.mark.parametrize(
    ("amount", "currency", "price"),
    [
        (1999, "EUR", "19.99"),
        (5, "EUR", "0.05"),
        (0, "EUR", "0.00"),
        (500, "JPY", "500"),
        (1250, "KWD", "1.250"),
        (10**12, "USD", "10000000000.00"),
    ],
)
def test_a_price_is_in_major_units(amount, currency, price):
    assert row(price={"amount_minor": amount, "currency": currency})["Variant Price"] == price


def test_the_type_is_the_category_by_its_names():
    (found,) = rows(product(), category=("Home", "Tea pots"))

    assert (found["Type"], found["Product Category"]) == ("Home > Tea pots", "")


def test_what_an_import_kept_as_attributes_goes_back():
    kept = {"vendor": "Acme", "type": "Loose", "seo_title": "T", "seo_description": "D"}

    (found,) = rows(product(attributes={**kept, "barcode": "X1", "size": 1}), category=("Home",))

    assert (found["Vendor"], found["Type"], found["Product Category"]) == ("Acme", "Loose", "Home")
    assert (found["SEO Title"], found["SEO Description"]) == ("T", "D")
    assert found["Variant Barcode"] == "X1"


@pytest.mark.parametrize("attributes", [{"vendor": 7}, {"vendor": None}, {"Vendor": "Acme"}])
def test_an_attribute_that_is_no_text_stays_away(attributes):
    assert row(attributes=attributes)["Vendor"] == ""


def test_a_comma_in_a_tag_becomes_a_semicolon():
    assert row(tags=["green, loose", "tea"])["Tags"] == "green; loose, tea"


@pytest.mark.parametrize(
    ("group", "handle"),
    [
        ("TEAS", "TEAS"),
        ("teas-2026", "teas-2026"),
        ("Tee & Kaffee", "tee-kaffee--[0-9a-f]{6}"),
        ("a--b", "a-b--[0-9a-f]{6}"),
        ("-a", "a--[0-9a-f]{6}"),
        ("\u8336", "cha--[0-9a-f]{6}"),
    ],
)
def test_a_handle_is_the_group_or_its_letters_and_a_digest(group, handle):
    assert re.fullmatch(handle, row(group=group, options={"Size": "S"})["Handle"])


def test_a_handle_stays_the_same_when_its_file_is_imported():
    handle = row(group="Tee & Kaffee", options={"Size": "S"})["Handle"]

    assert row(group=handle, options={"Size": "S"})["Handle"] == handle


def test_no_two_products_have_one_handle():
    products = [
        product(sku="a b", name="Tea"),
        product(sku="a-b", name="Tea"),
        product(sku="a.b", name="Tea"),
        product(sku="b", name="Tea a"),
        product(sku="c", name="\U0001f375"),
        product(sku="d", name="Tea", group="tea--a-b", options={"Size": "S"}),
        product(sku="e", name="Tea", group="Tea", options={"Size": "S"}),
    ]

    handles = {rows(each)[0]["Handle"].lower() for each in products}
    assert len(handles) == len(products)
