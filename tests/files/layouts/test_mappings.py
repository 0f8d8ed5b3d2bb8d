"""Files of any system, through a mapping of their author."""

import pytest
from pydantic import ValidationError

from files.formats.source_rows import BrokenFile
from files.layouts.mappings import FileMapping
from files.layouts.recognition import recognise
from products.schemas import NewProduct
from tests.files.layouts.reading import EUROS, problems, read_all, read_object, read_row

GERMAN = {
    "columns": {
        "Art.-Nr.": {"field": "sku"},
        "Bezeichnung": {"field": "name"},
        "Preis": {"field": "price", "unit": "major", "decimal": ","},
        "Statt": {"field": "compare_at_price", "unit": "major", "decimal": ","},
        "Bestand": {"field": "available", "blank": "untracked"},
        "Warengruppe": {"field": "category_names", "levels": "/"},
        "Schlagworte": {"field": "tags", "separator": ","},
        "Online": {"field": "status"},
        "Gewicht": {"field": "weight", "unit": "kg", "decimal": ","},
        "Farbe": {"field": "option", "name": "Farbe"},
        "Hersteller": {"field": "attribute", "name": "vendor"},
        "Bilder": {"field": "pictures", "separator": ";"},
        "Lagerplatz": {"field": "ignored"},
    },
    "constants": {"currency": "EUR", "tax_class": "reduced"},
}
ROW = {
    "Art.-Nr.": "K-1",
    "Bezeichnung": "Kanne",
    "Preis": "1.355,90",
    "Statt": "",
    "Bestand": "",
    "Warengruppe": "Küche / Kannen",
    "Schlagworte": "neu, ton",
    "Online": "Ja",
    "Gewicht": "1,25",
    "Farbe": "",
    "Hersteller": "Nord",
    "Bilder": "a.jpg; b.jpg",
    "Lagerplatz": "R7",
}


def price(cell: str, **mapped: object) -> list[tuple[str | None, str]] | int:
    row = read_row(
        {"sku": "A", "P": cell},
        {"columns": {"P": {"field": "price", **mapped}}},
    )
    return problems(row) or row.fields["price"]["amount_minor"]


def test_a_mapping_says_what_each_column_is():
    row = read_row(ROW, GERMAN)

    assert row.problems == ()
    assert row.fields == {
        "sku": "K-1",
        "name": "Kanne",
        "price": {"amount_minor": 135_590, "currency": "EUR"},
        "compare_at_price": None,
        "available": None,
        "stock_policy": "untracked",
        "category_names": ["Küche", "Kannen"],
        "tags": ["neu", "ton"],
        "status": "active",
        "weight_grams": 1250,
        "options": {},
        "attributes": {"vendor": "Nord"},
        "tax_class": "reduced",
    }
    assert [picture.url_or_name for picture in row.pictures] == ["a.jpg", "b.jpg"]
    assert row.columns["price"] == "Preis"
    assert not row.currency_is_assumed


def test_a_mapped_file_is_shown_as_such():
    layout = recognise(list(ROW), FileMapping.model_validate(GERMAN), EUROS)

    assert layout.name == "mapping"
    assert layout.warnings == []
    assert {use.column: use.field for use in layout.columns}["Lagerplatz"] is None


@pytest.mark.parametrize(
    ("cell", "mapped", "expected"),
    [
        ("19.99", {"unit": "major"}, 1999),
        ("250.0000", {"unit": "major"}, 25_000),
        ("19,90", {"unit": "major"}, 1990),
        ("1.355,90", {"unit": "major"}, 135_590),
        ("1.355", {"unit": "major", "decimal": ","}, 135_500),
        ("1,355", {"unit": "major", "thousands": ","}, 135_500),
        ("1.355", {"unit": "major", "decimal": ".", "round": True}, 136),
        ("1999", {"unit": "minor"}, 1999),
        ("20", {"unit": "major"}, 2000),
        ("19.99", {}, 1999),
        ("1.355", {"unit": "major"}, [("P", "ambiguous_price")]),
        ("1999", {}, [("P", "ambiguous_price")]),
        ("19.99", {"unit": "minor"}, [("P", "not_in_minor_units")]),
        ("19.99", {"unit": "major", "decimal": ","}, [("P", "ambiguous_price")]),
        ("16.5833", {"unit": "major"}, [("P", "price_too_fine")]),
    ],
)
def test_prices_are_read_as_the_mapping_says(cell, mapped, expected):
    assert price(cell, **mapped) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("lieferbar", "active"), ("AUSLAUF", "archived"), ("ja", "active"), ("draft", "draft")],
)
def test_words_of_the_author_stand_for_values(cell, expected):
    mapped = {"field": "status", "values": {"Lieferbar": "active", "Auslauf": "archived"}}

    row = read_row({"sku": "A", "S": cell}, {"columns": {"S": mapped}})

    assert row.fields["status"] == expected


def test_a_word_that_the_mapping_does_not_know_is_refused():
    mapped = {"field": "stock_policy", "true": ["auf Bestellung"], "false": ["nur Lager"]}
    columns = {"columns": {"B": mapped}}

    assert read_row({"sku": "A", "B": "Auf Bestellung"}, columns).fields["stock_policy"] == (
        "backorder"
    )
    assert read_row({"sku": "A", "B": "nur lager"}, columns).fields["stock_policy"] == "tracked"
    assert problems(read_row({"sku": "A", "B": "ja"}, columns)) == [("B", "not_yes_or_no")]


@pytest.mark.parametrize(
    ("blank", "expected"),
    [
        ("remove", {"sku": "A", "available": None}),
        ("keep", {"sku": "A"}),
        ("untracked", {"sku": "A", "available": None, "stock_policy": "untracked"}),
    ],
)
def test_the_mapping_says_what_an_empty_cell_does(blank, expected):
    columns = {"columns": {"Q": {"field": "available", "blank": blank}}}

    assert read_row({"sku": "A", "Q": " "}, columns).fields == expected


def test_counted_stock_says_nothing_about_the_policy():
    columns = {"columns": {"Q": {"field": "available", "blank": "untracked"}}}

    assert read_row({"sku": "A", "Q": "3"}, columns).fields == {"sku": "A", "available": 3}


def test_rows_with_one_text_in_a_column_are_variants():
    mapping = {
        "columns": {
            "Titel": {"field": "name"},
            "Preis": {"field": "price", "unit": "major"},
            "Größe": {"field": "option", "name": "Größe"},
        },
        "group": {"column": "Modell"},
        "constants": {"currency": "CHF"},
    }
    columns = ["sku", "Modell", "Titel", "Preis", "Größe"]
    rows = [
        ["A-S", "A", "Hemd", "20", "S"],
        ["A-M", "A", "", "", "M"],
        ["B", "", "Schal", "9.50", ""],
        ["C", "C", "Mütze", "12", ""],
    ]

    found = [row.fields for row in read_all(columns, rows, mapping)]

    assert [fields["name"] for fields in found] == ["Hemd", "Hemd", "Schal", "Mütze"]
    assert [fields.get("group") for fields in found] == ["A", "A", None, None]
    assert found[1]["price"] == {"amount_minor": 2000, "currency": "CHF"}
    assert found[1]["options"] == {"Größe": "M"}
    assert all(
        NewProduct.model_validate({name: v for name, v in fields.items() if v is not None})
        for fields in found
    )


def test_a_mapping_adds_to_what_is_recognised():
    mapping = {"columns": {"Variant Price": {"field": "price", "unit": "major", "decimal": ","}}}
    row = {"Handle": "shirt", "Title": "Shirt", "Variant SKU": "S", "Variant Price": "19,90"}

    found = read_row(row, mapping)

    assert recognise(list(row), FileMapping.model_validate(mapping), EUROS).name == "shopify"
    assert found.fields["price"]["amount_minor"] == 1990


def test_a_mapping_leaves_other_columns_as_they_are_known():
    row = read_row({"sku": "A", "name": "Tea", "P": "5.00"}, {"columns": {"P": {"field": "price"}}})

    assert (row.fields["name"], row.fields["price"]["amount_minor"]) == ("Tea", 500)


def test_a_column_that_nobody_knows_still_breaks_the_file():
    with pytest.raises(BrokenFile) as broken:
        recognise([*ROW, "Notiz"], FileMapping.model_validate(GERMAN), EUROS)

    assert (broken.value.code, broken.value.field) == ("unknown_column", "Notiz")


def test_a_mapped_column_that_is_missing_is_a_warning():
    layout = recognise(["Art.-Nr.", "Bezeichnung"], FileMapping.model_validate(GERMAN), EUROS)

    assert {warning.code for warning in layout.warnings} == {"mapped_column_missing"}
    assert len(layout.warnings) == 11


@pytest.mark.parametrize(("cell", "currency"), [("", "CHF"), ("USD", "USD")])
def test_a_constant_fills_empty_cells_of_the_currency(cell, currency):
    row = read_row(
        {"sku": "A", "price_minor": "100", "currency": cell}, {"constants": {"currency": "CHF"}}
    )

    assert row.fields["price"] == {"amount_minor": 100, "currency": currency}


def test_a_mapping_holds_for_objects_too():
    mapping = {
        "columns": {"artikel": {"field": "sku"}, "preis": {"field": "price", "unit": "major"}}
    }

    row = read_object({"artikel": "A", "preis": 20, "name": "Tee"}, mapping)

    assert row.fields == {
        "sku": "A",
        "price": {"amount_minor": 2000, "currency": "EUR"},
        "name": "Tee",
    }


@pytest.mark.parametrize(
    "mapping",
    [
        {"columns": {"A": {"field": "colour"}}},
        {"columns": {"A": {"field": "option"}}},
        {"columns": {"A": {"field": "sku", "name": "Size"}}},
        {"columns": {"A": {"field": "price", "unit": "kg"}}},
        {"columns": {"A": {"field": "weight"}}},
        {"columns": {"A": {"field": "name", "unit": "major"}}},
        {"columns": {"A": {"field": "price", "decimal": ";"}}},
        {"columns": {"A": {"field": "price", "decimal": ",", "thousands": ","}}},
        {"columns": {"A": {"field": "name", "blank": "untracked"}}},
        {"columns": {"": {"field": "sku"}}},
        {"columns": {f"{n:0200}": {"field": "ignored"} for n in range(100)}},
        {"columns": {f"c{n}": {"field": "ignored"} for n in range(201)}},
        {"constants": {"currency": "EURO"}},
        {"constants": {"sku": "A"}},
        {"layout": "ebay"},
        {"group": {}},
        {"colums": {}},
    ],
)
def test_a_mapping_with_mistakes_is_refused(mapping):
    with pytest.raises(ValidationError):
        FileMapping.model_validate(mapping)


def test_a_stored_mapping_is_read_as_it_was():
    mapping = FileMapping.model_validate(GERMAN)

    assert FileMapping.model_validate(mapping.to_document()) == mapping


def test_a_free_variant_takes_no_price_from_its_group():
    mapping = {
        "columns": {
            "Nr": {"field": "sku"},
            "Name": {"field": "name"},
            "Preis": {"field": "price", "unit": "major", "decimal": ","},
            "Weite": {"field": "option", "name": "Weite"},
        },
        "group": {"column": "Modell"},
    }
    rows = [["A", "1", "Kanne", "10,00", "S"], ["A", "2", "", "0,00", "M"], ["A", "3", "", "", "L"]]

    found = read_all(["Modell", "Nr", "Name", "Preis", "Weite"], rows, mapping)

    assert [row.fields["price"]["amount_minor"] for row in found] == [1000, 0, 1000]


@pytest.mark.parametrize(("weight", "grams"), [(2, 2000), (1.25, 1250), ("1,25", 1250)])
def test_a_mapped_weight_of_json_has_its_unit(weight, grams):
    mapping = {"columns": {"Gewicht": {"field": "weight", "unit": "kg"}}}

    row = read_object({"sku": "K-1", "Gewicht": weight}, mapping)

    assert (row.problems, row.fields["weight_grams"]) == ((), grams)


@pytest.mark.parametrize(("cell", "minor"), [("Yen", 1990), ("JPY", 1990), ("Euro", 199_000)])
def test_a_price_has_the_decimals_of_the_mapped_currency(cell, minor):
    mapping = {
        "columns": {
            "Preis": {"field": "price", "unit": "major"},
            "W": {"field": "currency", "values": {"Yen": "JPY", "Euro": "EUR"}},
        }
    }

    rows = [
        read_row({"sku": "A", "Preis": "1990", "W": cell}, mapping),
        read_object({"sku": "A", "Preis": "1990", "W": cell}, mapping),
    ]

    assert [row.fields["price"]["amount_minor"] for row in rows] == [minor, minor]


@pytest.mark.parametrize("mapped", [{"decimal": ","}, {"thousands": "."}])
def test_a_number_that_contradicts_the_mapping_says_so(mapped):
    mapping = {"columns": {"Preis": {"field": "price", "unit": "major", **mapped}}}

    row = read_row({"sku": "A", "Preis": "19.90"}, mapping)

    assert problems(row) == [("Preis", "ambiguous_price")]
    assert "Does not fit the mapping" in row.problems[0].message


@pytest.mark.parametrize("header", ["Preis\n(EUR)", "Preis  (EUR)", "Preis\r\n (EUR)"])
def test_a_mapping_names_a_header_of_several_lines(header):
    mapping = {"columns": {"Preis (EUR)": {"field": "price", "unit": "major"}}}

    row = read_row({"sku": "A", header: "5,00"}, mapping)

    assert row.fields["price"]["amount_minor"] == 500
    layout = recognise(["sku", header], FileMapping.model_validate(mapping), EUROS)
    assert layout.warnings == []


def test_a_mapping_names_a_header_with_combined_accents():
    mapping = {"columns": {"Gr\u00f6\u00dfe": {"field": "option", "name": "Gr\u00f6\u00dfe"}}}

    row = read_row({"sku": "A", "Gro\u0308\u00dfe": "M"}, mapping)

    assert row.fields["options"] == {"Gr\u00f6\u00dfe": "M"}


def test_an_unknown_header_is_shown_on_one_line():
    with pytest.raises(BrokenFile) as broken:
        recognise(["sku", "Preis\n(EUR)"], None, EUROS)

    assert "Column 'Preis (EUR)'" in str(broken.value)
