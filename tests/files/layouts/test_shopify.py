"""Shopify's product CSV."""

import pytest

from files.formats.source_rows import BrokenFile
from files.layouts.import_rows import ImportRow, PictureReference
from files.layouts.recognition import recognise
from tests.files.layouts.reading import EUROS, problems, read_all
from tests.files.layouts.samples import products, read_sample

SAMPLE = "shopify_products.csv"
_OLD = (
    "Handle,Title,Body (HTML),Tags,Published,Option1 Name,Option1 Value,Variant SKU,"
    "Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,"
    "Variant Compare At Price,Variant Barcode,Image Src,Status"
)
OLD = _OLD.split(",")
_NEW = (
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,"
    "Status,SKU,Barcode,Option1 name,Option1 value,Option1 Linked To,Price,Compare-at price,"
    "Cost per item,Charge tax,Inventory tracker,Inventory quantity,"
    "Continue selling when out of stock,Weight value (grams),Weight unit for display,"
    "Product image URL,Image position,Image alt text,Variant image URL,SEO title,"
    "Color (product.metafields.shopify.color-pattern),Google Shopping / Gender"
)
NEW = _NEW.split(",")
INVENTORY = (
    "Handle,Title,Option1 Name,Option1 Value,SKU,HS Code,COO,Location,Bin name,"
    "Unavailable (not editable),Committed (not editable),Available (not editable),On hand (current)"
)
SHIRT = {
    "Handle": "shirt",
    "Title": "Shirt",
    "Option1 Name": "Size",
    "Option1 Value": "S",
    "Variant SKU": "S-1",
    "Variant Inventory Tracker": "shopify",
    "Variant Inventory Qty": "3",
    "Variant Inventory Policy": "deny",
    "Variant Price": "20",
    "Published": "TRUE",
    "Status": "active",
}
MEDIUM = {
    **dict.fromkeys(["Title", "Option1 Name", "Published", "Status"], ""),
    "Option1 Value": "M",
    "Variant SKU": "S-2",
}


def read(*rows: dict[str, str], columns: list[str] = OLD) -> list[ImportRow]:
    return read_all(columns, [[row.get(column, "") for column in columns] for row in rows])


def only(row: dict[str, str]) -> ImportRow:
    (found,) = read({**SHIRT, **row})
    return found


def test_the_sample_becomes_a_complete_shop():
    rows = read_sample(SAMPLE)

    found = products(rows)

    groups = {product.group for product in found.values() if product.group}
    assert len({product.name for product in found.values()}) == 20
    assert (len(found), len(groups)) == (37, 11)
    assert [row.number for row in rows if not row.is_product] == [5, 16, 23, 33, 39]


def test_the_first_row_of_a_handle_has_the_texts_of_its_variants():
    found = products(read_sample(SAMPLE))

    shirt = found["NF-01-3"]
    assert (shirt.name, shirt.group) == ("Linen Shirt", "linen-shirt")
    assert shirt.options == {"Size": "L", "Color": "Navy"}
    assert shirt.description.startswith("<p>Linen Shirt, made to last.</p>\n<ul>")
    assert shirt.tags == ["new", "made to last", "Shirts"]
    assert (shirt.price.amount_minor, shirt.price.currency) == (4990, "EUR")
    assert shirt.compare_at_price.amount_minor == 5990
    assert shirt.attributes == {
        "vendor": "Northfold",
        "type": "Shirts",
        "seo_title": "Linen Shirt | Northfold",
        "custom.fabric": "Linen",
    }


def test_a_product_with_one_variant_has_no_group():
    stool = products(read_sample(SAMPLE))["NF-03-1"]

    assert (stool.group, stool.options, stool.stock_policy) == (None, {}, "backorder")
    assert stool.price.amount_minor == 18_900


@pytest.mark.parametrize("value", ["Default Title", "Default"])
def test_the_option_of_a_single_variant_is_none(value):
    row = only({"Option1 Name": "Title", "Option1 Value": value, "Variant SKU": ""})

    assert row.fields["sku"] == "shirt"
    assert row.fields.keys().isdisjoint({"group", "options"})


def test_a_handle_and_options_stand_for_a_missing_sku():
    rows = read_sample(SAMPLE)

    derived = [row for row in rows if [warning.code for warning in row.warnings] == ["sku_derived"]]
    assert [row.fields["sku"] for row in derived] == [
        "poster-moon-a3",
        "poster-moon-a2",
        "sample-swatch",
    ]


def test_categories_are_names_from_the_root():
    rows = {row.fields.get("sku"): row for row in read_sample(SAMPLE) if row.is_product}

    assert rows["NF-01-1"].fields["category_names"] == [
        "Apparel & Accessories",
        "Clothing",
        "Shirts & Tops",
    ]
    assert rows["NF-05-1"].fields["category_names"] == ["Jackets"]
    assert rows["NF-06-1"].fields["category"] is None


def test_pictures_of_a_product_belong_to_its_first_variant():
    rows = read_sample(SAMPLE)

    shirts = [row for row in rows if row.number in (2, 3, 4, 5)]
    url = "https://pictures.example/linen-shirt-{}.jpg"
    assert [row.pictures for row in shirts] == [
        (PictureReference(url.format(1), "Linen Shirt from the front", 1),),
        (PictureReference(url.format(2), None, 2, "NF-01-1"),),
        (),
        (PictureReference(url.format(9), None, 9),),
    ]
    assert (shirts[3].is_product, shirts[3].fields) == (False, {"sku": "NF-01-1"})


def test_a_picture_of_a_variant_belongs_to_it():
    rows = {row.fields["sku"]: row for row in read_sample(SAMPLE) if row.is_product}

    pictures = rows["NF-04-3"].pictures
    assert pictures == (PictureReference("https://pictures.example/clay-mug-ash.jpg"),)


@pytest.mark.parametrize(
    ("tracker", "policy", "quantity", "expected"),
    [
        ("shopify", "deny", "3", ("tracked", 3)),
        ("shopify", "continue", "-3", ("backorder", -3)),
        ("shopify", "deny", "-3", ("tracked", 0)),
        ("", "deny", "0", ("untracked", None)),
        ("", "continue", "", ("untracked", None)),
        ("amazon_marketplace_web", "DENY", "4", ("tracked", 4)),
        ("shopify", "deny", "", ("tracked", None)),
    ],
)
def test_the_tracker_and_the_policy_decide_about_stock(tracker, policy, quantity, expected):
    row = only(
        {
            "Variant Inventory Tracker": tracker,
            "Variant Inventory Policy": policy,
            "Variant Inventory Qty": quantity,
        }
    )

    assert (row.fields["stock_policy"], row.fields.get("available")) == expected


@pytest.mark.parametrize(
    ("status", "published", "expected"),
    [
        ("active", "TRUE", "active"),
        ("Active", "false", "draft"),
        ("draft", "TRUE", "draft"),
        ("archived", "FALSE", "archived"),
        ("", "", "active"),
        ("", "FALSE", "draft"),
        ("unlisted", "TRUE", "draft"),
    ],
)
def test_unpublished_products_are_drafts(status, published, expected):
    assert only({"Status": status, "Published": published}).fields["status"] == expected


@pytest.mark.parametrize(
    ("price", "code"),
    [
        ("19,99", "ambiguous_price"),
        ("1,299", "ambiguous_price"),
        ("19.999", "price_too_fine"),
        ("free", "not_a_number"),
        ("1e3", "not_a_number"),
        ("$20.00", "currency_mismatch"),
    ],
)
def test_a_price_that_shopify_does_not_write_is_refused(price, code):
    row = only({"Variant Price": price})

    assert problems(row) == [("Variant Price", code)]
    assert row.problems[0].value == price


@pytest.mark.parametrize("price", ["20", "20.00", "20.0", "1,020.00", "€20.00", "20.00 EUR"])
def test_prices_are_in_major_units(price):
    amount = only({"Variant Price": price}).fields["price"]["amount_minor"]

    assert amount == (102_000 if "," in price else 2000)


@pytest.mark.parametrize(
    ("before", "expected", "warns"),
    [("", None, False), ("0", None, False), ("20", None, False), ("15", None, True)],
)
def test_a_price_before_no_reduction_is_left_out(before, expected, warns):
    row = only({"Variant Compare At Price": before})

    assert row.fields["compare_at_price"] is expected
    assert bool(row.warnings) == warns


def test_a_barcode_that_is_no_gtin_is_an_attribute():
    row = only({"Variant Barcode": "'INT-77"})

    assert (row.fields["barcode"], row.fields["attributes"]) == (None, {"barcode": "INT-77"})
    assert [warning.code for warning in row.warnings] == ["not_a_gtin"]


def test_a_row_without_its_products_row_is_refused():
    (row,) = read({**SHIRT, **MEDIUM})

    assert problems(row) == [("Handle", "parent_missing")]


def test_an_error_of_the_first_row_is_not_one_of_the_others():
    first, second = read({**SHIRT, "Variant Price": "free"}, {**SHIRT, **MEDIUM})

    assert problems(first) == [("Variant Price", "not_a_number")]
    assert (second.problems, second.fields["name"]) == ((), "Shirt")


def test_a_title_may_stand_in_each_row():
    _, second = read(SHIRT, {**SHIRT, **MEDIUM, "Title": "Shirt"})

    assert second.fields["options"] == {"Size": "M"}


def test_a_long_handle_makes_a_group_that_fits():
    first, second = read({**SHIRT, "Handle": "x" * 90}, {**SHIRT, **MEDIUM, "Handle": "x" * 90})

    assert first.fields["group"] == second.fields["group"]
    assert len(first.fields["group"]) == 64


def test_the_columns_of_today_are_recognised():
    cells = {
        "Title": "Shirt",
        "URL handle": "shirt",
        "Description": "<p>Soft</p>",
        "Product category": "Clothing > Shirts",
        "Published on online store": "TRUE",
        "Status": "Active",
        "SKU": "S-1",
        "Option1 name": "Size",
        "Option1 value": "S",
        "Price": "20.00",
        "Compare-at price": "25.00",
        "Inventory tracker": "shopify",
        "Inventory quantity": "4",
        "Continue selling when out of stock": "CONTINUE",
        "Weight value (grams)": "240",
        "Product image URL": "https://pictures.example/shirt.jpg",
        "Variant image URL": "https://pictures.example/small.jpg",
    }

    (row,) = read(cells, columns=NEW)

    assert (row.problems, row.warnings) == ((), ())
    assert row.fields == {
        "name": "Shirt",
        "description": "<p>Soft</p>",
        "category_names": ["Clothing", "Shirts"],
        "status": "active",
        "sku": "S-1",
        "options": {"Size": "S"},
        "group": "shirt",
        "price": {"amount_minor": 2000, "currency": "EUR"},
        "compare_at_price": {"amount_minor": 2500, "currency": "EUR"},
        "available": 4,
        "stock_policy": "backorder",
        "weight_grams": 240,
        "tags": [],
        "barcode": None,
    }
    assert row.columns["price"] == "Price"
    assert row.currency_is_assumed
    assert [picture.url_or_name for picture in row.pictures] == [
        "https://pictures.example/shirt.jpg",
        "https://pictures.example/small.jpg",
    ]


def test_a_file_with_some_columns_changes_only_those():
    columns = ["Handle", "Title", "Variant SKU", "Variant Price"]

    (row,) = read(SHIRT, columns=columns)

    assert row.fields == {
        "name": "Shirt",
        "sku": "S-1",
        "price": {"amount_minor": 2000, "currency": "EUR"},
    }


def test_a_type_can_be_a_path_of_categories():
    (row,) = read({**SHIRT, "Type": "Clothing > Shirts"}, columns=[*OLD, "Type"])

    assert row.fields["category_names"] == ["Clothing", "Shirts"]
    assert "attributes" not in row.fields


def test_an_inventory_file_changes_stock_alone():
    columns = [*INVENTORY.split(",")]
    cells = ["shirt", "Shirt", "Size", "S", "S-1", "", "", "Riga", "", "0", "1", "7", "8"]

    layout = recognise(columns, None, EUROS)
    (row, other) = read_all(columns, [cells, [*cells[:4], "S-2", *cells[5:11], "not stocked", ""]])

    assert (layout.name, layout.warnings) == ("shopify_inventory", [])
    assert row.fields == {"sku": "S-1", "available": 7}
    assert other.fields == {"sku": "S-2"}


def test_unknown_columns_are_ignored_and_named():
    layout = recognise([*OLD, "Price / Canada", "My app"], None, EUROS)

    assert layout.name == "shopify"
    assert [warning.field for warning in layout.warnings] == ["My app"]
    assert {use.column for use in layout.columns if use.field is None} == {
        "Price / Canada",
        "My app",
    }


def test_a_price_file_without_titles_changes_variants():
    columns = ["Handle", "Variant SKU", "Variant Price"]

    priced, nameless = read_all(columns, [["shirt", "S-1", "21.00"], ["shirt", "", "22.00"]])

    assert (priced.problems, priced.fields) == (
        (),
        {"sku": "S-1", "price": {"amount_minor": 2100, "currency": "EUR"}},
    )
    assert problems(nameless) == [("Handle", "parent_missing")]


@pytest.mark.parametrize(
    ("cells", "available"),
    [
        (["7", "9", ""], 7),
        (["7", "9", "20"], 18),
        (["7", "9", "0"], -2),
        (["not stocked", "not stocked", "5"], 5),
        (["7", "", "20"], 20),
        (["", "10", "12"], 12),
    ],
)
def test_a_new_count_on_the_shelf_changes_the_units(cells, available):
    columns = ["Handle", "SKU", "Location", "Available (not editable)"]
    columns += ["On hand (current)", "On hand (new)"]

    (row,) = read_all(columns, [["shirt", "S-1", "Riga", *cells]])

    assert (row.problems, row.fields["available"] - row.oversold) == ((), available)


def test_an_inventory_by_locations_needs_a_mapping():
    columns = ["Handle", "Title", "SKU", "HS Code", "COO", "Riga", "Berlin"]

    with pytest.raises(BrokenFile) as broken:
        recognise(columns, None, EUROS)

    assert (broken.value.code, broken.value.field) == ("missing_column", "Available")
    mapping = {"columns": {"Riga": {"field": "available"}}}
    (row,) = read_all(columns, [["shirt", "Shirt", "S-1", "", "", "7", "8"]], mapping)
    assert row.fields == {"sku": "S-1", "available": 7}


def test_a_count_without_an_sku_is_refused():
    columns = ["Handle", "SKU", "Location", "Available"]

    (row,) = read_all(columns, [["shirt", "", "Riga", "7"]])

    assert problems(row) == [("SKU", "required")]


def test_a_column_that_an_author_adds_names_the_currency():
    columns = ["Handle", "Title", "Variant SKU", "Variant Price", "Currency"]

    (row,) = read_all(columns, [["shirt", "Shirt", "S-1", "1990", "JPY"]])

    assert row.fields["price"] == {"amount_minor": 1990, "currency": "JPY"}
