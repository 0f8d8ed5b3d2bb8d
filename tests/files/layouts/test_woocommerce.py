"""WooCommerce's product CSV."""

import pytest

from files.layouts.import_rows import ImportRow
from files.layouts.recognition import recognise
from tests.files.layouts.reading import EUROS, problems, read_all, read_row
from tests.files.layouts.samples import products, read_sample

SAMPLE = "woocommerce_products.csv"
TEE = {
    "ID": "1",
    "Type": "simple",
    "SKU": "TEE",
    "Name": "Tee",
    "Published": "1",
    "In stock?": "1",
    "Stock": "4",
    "Backorders allowed?": "0",
    "Sale price": "",
    "Regular price": "20",
}
PARENT = {**TEE, "Type": "variable", "SKU": "TEE", "Regular price": "", "Stock": "", "Parent": ""}
RED = {**TEE, "ID": "2", "Type": "variation", "SKU": "TEE-R", "Parent": "TEE", "Name": "Tee - Red"}


def read(*rows: dict[str, str]) -> list[ImportRow]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return read_all(columns, [[row.get(column, "") for column in columns] for row in rows])


def with_color(row: dict[str, str], value: str) -> dict[str, str]:
    return {**row, "Attribute 1 name": "Color", "Attribute 1 value(s)": value}


def test_the_sample_becomes_a_complete_shop():
    rows = read_sample(SAMPLE)

    found = products(rows)

    assert len({product.name for product in found.values()}) == 19  # and one grouped product
    assert (len(found), len({product.group for product in found.values()} - {None})) == (29, 8)
    assert sum(not row.is_product for row in rows) == 9


def test_a_variation_has_the_texts_of_its_parent():
    found = products(read_sample(SAMPLE))

    tee = found["harbor-tee-2"]
    assert (tee.name, tee.group) == ("Harbor Tee", "harbor-tee")
    assert tee.options == {"Color": "Blue", "Size": "M"}
    assert tee.description == "<p>Harbor Tee.</p>\n<p>Made in small runs.</p>"
    assert tee.tags == ["Summer", "New"]
    assert tee.attributes == {"short_description": "A harbor tee."}
    assert found["harbor-tee-3"].description == "Only a few left."
    assert found["paper-planner-1"].tax_class == "reduced-rate"


def test_attributes_that_are_no_options_are_attributes():
    found = products(read_sample(SAMPLE))

    assert found["dune-hoodie-1"].options == {"Color": "Grey"}
    assert found["dune-hoodie-1"].attributes["Care"] == "Cold wash"
    assert found["tide-mug"].attributes["Material"] == "Stoneware, Glaze"


def test_a_parent_without_an_sku_is_found_by_its_id():
    found = products(read_sample(SAMPLE))

    assert found["moor-cap-1"].group == found["moor-cap-2"].group == "woo-118"


def test_a_draft_has_drafts_as_variations():
    rows = read_sample(SAMPLE)

    vases = [row for row in rows if row.is_product and row.fields["name"] == "Stone Vase"]
    assert [row.fields["status"] for row in vases] == ["draft", "draft"]
    assert [row.fields["sku"] for row in vases] == ["woo-122", "woo-123"]


def test_pictures_of_the_parent_follow_those_of_the_variation():
    rows = {row.fields.get("sku"): row for row in read_sample(SAMPLE)}

    names = [picture.url_or_name for picture in rows["harbor-tee-1"].pictures]
    assert names == [
        f"https://pictures.example/harbor-tee-{name}.jpg" for name in ("blue", "1", "2")
    ]


@pytest.mark.parametrize(
    ("sku", "expected"),
    [
        ("harbor-tee-2", ("tracked", 5)),
        ("dune-hoodie-1", ("tracked", None)),
        ("cedar-box-1", ("untracked", None)),
        ("cedar-box-2", ("tracked", 0)),
        ("wave-socks-1", ("backorder", -1)),
        ("album-tides", ("untracked", None)),
        ("oak-board", ("tracked", 0)),
    ],
)
def test_a_count_or_its_absence_decides_about_stock(sku, expected):
    rows = {row.fields.get("sku"): row.fields for row in read_sample(SAMPLE)}

    assert (rows[sku]["stock_policy"], rows[sku].get("available")) == expected


@pytest.mark.parametrize(
    ("sku", "price", "before"),
    [
        ("harbor-tee-1", 1900, 2490),
        ("harbor-tee-2", 2490, None),
        ("linen-apron", 3500, 3950),
        ("rope-lead", 2800, None),
        ("gift-wrap", 0, None),
    ],
)
def test_a_sale_without_dates_is_a_reduced_price(sku, price, before):
    product = products(read_sample(SAMPLE))[sku]

    assert product.price.amount_minor == price
    assert (product.compare_at_price and product.compare_at_price.amount_minor) == before


def test_categories_are_names_and_the_first_counts():
    rows = {row.fields.get("sku"): row.fields for row in read_sample(SAMPLE)}

    assert rows["cedar-box-1"]["category_names"] == ["Home", "Storage"]
    assert rows["moss-soap"]["category"] is None


def test_weights_are_in_the_unit_of_the_header():
    found = products(read_sample(SAMPLE))

    assert (found["cedar-box-1"].weight_grams, found["oak-board"].weight_grams) == (1250, 1500)
    assert read_row({**TEE, "Weight (lbs)": ".5"}).fields["weight_grams"] == 227
    assert read_row({**TEE, "Weight (oz)": "2"}).fields["weight_grams"] == 57


def test_other_fields_have_their_place():
    found = products(read_sample(SAMPLE))

    assert found["field-guide"].barcode == "9783161484100"
    assert found["field-guide"].tax_class == "zero-rate"
    assert found["brass-hook"].low_stock_at == 5
    assert found["album-tides"].order_quantity_max == 1
    assert found["moss-soap"].status == "draft"


def test_what_another_shop_sells_is_a_draft():
    rows = {row.fields.get("sku"): row for row in read_sample(SAMPLE)}

    pennant = rows["pennant"]
    assert pennant.fields["status"] == "draft"
    assert pennant.fields["attributes"] == {"external_url": "https://other.example/pennant"}
    assert [warning.code for warning in pennant.warnings] == ["external_product"]


def test_a_grouped_product_is_left_out_with_a_warning():
    (row,) = read({**TEE, "Type": "grouped"})

    assert (row.is_product, row.fields) == (False, {})
    assert [warning.code for warning in row.warnings] == ["grouped_product"]


@pytest.mark.parametrize("parent", ["TEE", "id:1", "ID:1"])
def test_a_variation_names_its_parent_by_sku_or_id(parent):
    rows = read(with_color(PARENT, "Red, Blue"), with_color({**RED, "Parent": parent}, "Red"))

    assert (rows[0].is_product, rows[1].problems) == (False, ())
    assert rows[1].fields["name"] == "Tee"
    assert (rows[1].fields["group"], rows[1].fields["options"]) == ("TEE", {"Color": "Red"})


def test_a_variation_may_leave_names_to_its_parent():
    rows = read(with_color(PARENT, "Red, Blue"), {**RED, "Attribute 1 value(s)": "Red"})

    assert rows[1].fields["options"] == {"Color": "Red"}


def test_a_variation_without_a_parent_is_refused():
    (row,) = read(with_color({**RED, "Parent": "POLO"}, "Red"))

    assert problems(row) == [("Parent", "parent_missing")]
    assert row.problems[0].value == "POLO"


def test_a_variation_of_any_value_is_refused():
    rows = read(with_color(PARENT, "Red"), with_color(RED, ""))

    assert [code for _, code in problems(rows[1])] == ["option_missing"]


def test_a_variation_of_any_size_keeps_its_other_options():
    size = {"Attribute 2 name": "Size", "Attribute 2 value(s)": ""}

    rows = read(with_color(PARENT, "Red"), {**with_color(RED, "Red"), **size})

    assert rows[1].fields["options"] == {"Color": "Red"}


@pytest.mark.parametrize(
    ("price", "amount"), [("19,99", 1999), ("19.9", 1990), (".5", 50), ("1.355,90", 135_590)]
)
def test_prices_may_have_a_comma(price, amount):
    assert read_row({**TEE, "Regular price": price}).fields["price"]["amount_minor"] == amount


@pytest.mark.parametrize("price", ["1.299", "1,299", "12.345"])
def test_a_price_that_can_be_read_in_two_ways_is_refused(price):
    assert problems(read_row({**TEE, "Regular price": price})) == [
        ("Regular price", "ambiguous_price")
    ]


def test_stock_that_is_no_number_is_refused_and_not_uncounted():
    row = read_row({**TEE, "Stock": "many"})

    assert problems(row) == [("Stock", "not_a_number")]
    assert "stock_policy" not in row.fields or row.fields["stock_policy"] == "tracked"


def test_a_stock_file_changes_nothing_but_stock():
    row = read_row({"SKU": "TEE", "In stock?": "1", "Stock": "9"})

    assert row.fields == {"sku": "TEE", "available": 9}


def test_translated_headers_come_through_a_mapping():
    mapping = {
        "layout": "woocommerce",
        "headers": {"Artikelnummer": "SKU", "Regulärer Preis": "Regular price", "Typ": "Type"},
    }
    row = {"Artikelnummer": "TEE", "Typ": "simple", "Name": "Tee", "Regulärer Preis": "19,90"}

    found = read_row(row, mapping)

    assert found.fields["price"]["amount_minor"] == 1990
    assert found.columns["price"] == "Regulärer Preis"


def test_plugins_may_add_columns():
    layout = recognise([*TEE, "Meta: _x", "My plugin", "Download 2 URL"], None, EUROS)

    assert (layout.name, [warning.field for warning in layout.warnings]) == (
        "woocommerce",
        ["My plugin"],
    )


def test_line_ends_of_descriptions_are_written_with_backslashes():
    row = read_row({**TEE, "Description": r"<p>One</p>\nTwo \\n", "Short description": r"A\nB"})

    assert row.fields["description"] == "<p>One</p>\nTwo \\n"
    assert row.fields["attributes"]["short_description"] == "A\nB"


def test_a_missing_option_is_an_error_of_the_attributes():
    row = {**with_color(RED, ""), "Short description": "Soft"}
    columns = dict.fromkeys(["Short description", *row])

    _, variation = read_all(
        list(columns),
        [[each.get(column, "") for column in columns] for each in (with_color(PARENT, "Red"), row)],
    )

    assert problems(variation) == [("Attribute 1 name", "option_missing")]
