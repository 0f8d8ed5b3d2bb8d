"""The rows of a file, and the errors of one row. Pure."""

import io

import pytest

from files.rows import Row, read_rows

HEADER = "sku,name,price_minor,currency,available"
ALL_COLUMNS = f"{HEADER},description,category,tags"


def read(*lines: str, header: str = HEADER, end: str = "\n") -> list[Row]:
    text = end.join([header, *lines]) + end
    return list(read_rows(io.BytesIO(text.encode())))


def only(found: list[Row]) -> Row:
    (row,) = found
    return row


def fields(row: Row) -> list[str | None]:
    """The fields with errors."""
    return [problem.field for problem in row.problems]


def test_a_row_is_a_product_and_its_stock():
    row = only(
        read(
            "TEA-1,Green tea,1250,EUR,7,Fresh and grassy,kitchen/tea,green|loose leaf",
            header=ALL_COLUMNS,
        )
    )

    assert (row.number, row.problems) == (2, ())
    assert row.product.model_dump(exclude_unset=True) == {
        "sku": "TEA-1",
        "name": "Green tea",
        "description": "Fresh and grassy",
        "category": "kitchen/tea",
        "price": {"amount_minor": 1250, "currency": "EUR"},
        "tags": ["green", "loose leaf"],
        "available": 7,
    }


def test_optional_columns_can_be_missing():
    product = only(read("TEA,Green tea,1250,EUR,7")).product

    assert (product.description, product.category, product.tags) == ("", None, [])


def test_an_empty_optional_cell_is_the_default():
    product = only(read("TEA,Green tea,1250,EUR,7,,,", header=ALL_COLUMNS)).product

    assert (product.description, product.category, product.tags) == ("", None, [])


@pytest.mark.parametrize(
    ("cell", "tax_class"), [("reduced", "reduced"), (" books ", "books"), ("", "standard")]
)
def test_a_row_can_have_a_tax_class(cell, tax_class):
    product = only(read(f"TEA,Green tea,1250,EUR,7,{cell}", header=f"{HEADER},tax_class")).product

    assert product.tax_class == tax_class


def test_an_invalid_tax_class_is_named():
    row = only(read("TEA,Green tea,1250,EUR,7,19 %", header=f"{HEADER},tax_class"))

    assert fields(row) == ["tax_class"]


@pytest.mark.parametrize(
    ("cell", "limit"), [("5", 5), (" 10000 ", 10_000), ("", None), (" ", None)]
)
def test_a_row_can_limit_the_units_of_an_order(cell, limit):
    row = only(read(f"TEA,Green tea,1250,EUR,7,{cell}", header=f"{HEADER},order_quantity_max"))

    assert row.product.order_quantity_max == limit


@pytest.mark.parametrize("cell", ["0", "-1", "10001", "1.5", "5e2", "many", "9" * 19, "٣", "=5"])
def test_an_invalid_limit_of_an_order_is_named(cell):
    row = only(read(f"TEA,Green tea,1250,EUR,7,{cell}", header=f"{HEADER},order_quantity_max"))

    assert fields(row) == ["order_quantity_max"]


def test_columns_can_have_any_order_and_case():
    product = only(read("7,EUR,1250,Tea,TEA", header="Available, Currency,PRICE_MINOR,name,Sku"))

    assert (product.product.sku, product.product.available) == ("TEA", 7)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_any_line_ending_is_accepted(end):
    found = read("TEA,Green tea,1250,EUR,7", "POT,Tea pot,4900,EUR,1", end=end)

    assert [(row.number, row.product.name) for row in found] == [(2, "Green tea"), (3, "Tea pot")]


def test_the_last_line_needs_no_line_ending():
    found = list(read_rows(io.BytesIO(f"{HEADER}\nTEA,Green tea,1250,EUR,7".encode())))

    assert only(found).product.available == 7


def test_a_byte_order_mark_is_ignored():
    text = f"{HEADER}\nTEA,Thé vert,1250,EUR,7\n"

    found = list(read_rows(io.BytesIO(text.encode("utf-8-sig"))))

    assert only(found).product.name == "Thé vert"


def test_a_quoted_cell_can_have_commas_quotes_and_newlines():
    found = read(
        'TEA,"Tea, ""green""",1250,EUR,7,"Fresh\r\nand grassy\n",,',
        "POT,Pot,4900,EUR,1,,,",
        header=ALL_COLUMNS,
    )

    assert found[0].product.name == 'Tea, "green"'
    assert found[0].product.description == "Fresh\r\nand grassy"
    assert found[1].number == 3


def test_blank_lines_count_in_row_numbers_but_are_no_rows():
    found = read("", "TEA,Green tea,1250,EUR,7", "", "", "POT,Pot,none,EUR,1", "")

    assert [row.number for row in found] == [3, 6]
    assert [problem.row for problem in found[1].problems] == [6]


def test_a_character_split_between_two_reads_stays_whole():
    name = "é" * 200
    found = read(*(f"TEA-{n},{name},1250,EUR,7" for n in range(100)))

    assert {row.product.name for row in found} == {name}


FULL_WIDTH_TWELVE = "\uff11\uff12"


@pytest.mark.parametrize(
    "price",
    ["19.99", "19,99", "-5", "", "1" + "0" * 13, "9" * 400, "1e3", "1_000", FULL_WIDTH_TWELVE],
)
def test_a_price_is_a_whole_number_of_minor_units(price):
    row = only(read(f'TEA,Green tea,"{price}",EUR,7'))

    assert row.product is None
    assert fields(row) == ["price_minor"]


@pytest.mark.parametrize("available", ["", "-1", "1.5", "many", "1000000001", "\u0663"])
def test_stock_is_a_whole_number_of_at_least_zero(available):
    row = only(read(f"TEA,Green tea,1250,EUR,{available}"))

    assert row.product is None
    assert fields(row) == ["available"]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("TEA,Green tea,1250,XXX,7,,,", "currency"),
        ("TEA,Green tea,1250,eur,7,,,", "currency"),
        ("TEA,Green tea,1250,,7,,,", "currency"),
        (",Green tea,1250,EUR,7,,,", "sku"),
        ("TEA\u200b1,Green tea,1250,EUR,7,,,", "sku"),
        (f"{'T' * 65},Green tea,1250,EUR,7,,,", "sku"),
        ("TEA, ,1250,EUR,7,,,", "name"),
        ('TEA,"Green\ntea",1250,EUR,7,,,', "name"),
        (f"TEA,{'x' * 201},1250,EUR,7,,,", "name"),
        (f"TEA,Green tea,1250,EUR,7,{'x' * 5001},,", "description"),
        ("TEA,Green tea,1250,EUR,7,,Kitchen,", "category"),
        ("TEA,Green tea,1250,EUR,7,,kitchen//tea,", "category"),
        ("TEA,Green tea,1250,EUR,7,,,green||loose", "tags"),
        (f"TEA,Green tea,1250,EUR,7,,,{'x' * 51}", "tags"),
        (f"TEA,Green tea,1250,EUR,7,,,{'|'.join('x' * 21)}", "tags"),
    ],
)
def test_a_problem_names_its_column(line, field):
    row = only(read(line, header=ALL_COLUMNS))

    assert row.product is None
    assert fields(row) == [field]


@pytest.mark.parametrize("line", ["", "  ", ",,,,", " , ,,,,,,"])
def test_a_row_of_blank_cells_is_a_blank_line(line):
    found = read("TEA,Green tea,1250,EUR,7", line, "POT,Pot,1,EUR,1")

    assert [(row.number, row.product.sku) for row in found] == [(2, "TEA"), (4, "POT")]


def test_every_invalid_field_of_a_row_is_reported():
    row = only(read("TEA\u200b1,,19.99,EURO,-1"))

    assert fields(row) == ["sku", "name", "price_minor", "currency", "available"]
    assert all(problem.code and problem.message for problem in row.problems)


@pytest.mark.parametrize(
    "line",
    ["TEA,Green tea,1250,EUR", "TEA,Green tea,12,50,EUR,7", "x," * 30_000],
    ids=["too few", "an unquoted comma", "far too many"],
)
def test_a_row_must_have_as_many_cells_as_the_header(line):
    row = only(read(line))

    assert row.product is None
    assert [(problem.field, problem.code) for problem in row.problems] == [
        (None, "wrong_column_count")
    ]


def test_an_invalid_row_does_not_affect_other_rows():
    found = read("TEA,Green tea,1250,EUR,7", "POT,Pot,free,EUR,1", "CUP,Cup,900,EUR,4")

    assert [row.product is not None for row in found] == [True, False, True]


def test_messages_do_not_repeat_the_cell():
    secret = "4111111111111111x"

    row = only(read(f"TEA,Green tea,{secret},EUR,7"))

    assert secret not in row.problems[0].message
