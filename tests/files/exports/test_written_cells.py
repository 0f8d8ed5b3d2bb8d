"""Any product is read from a file as it was written, in every format."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.formats.readers import open_table
from files.formats.source_rows import FileFormat
from files.formats.writers import open_writer
from files.layouts.import_rows import ImportDefaults
from files.layouts.own_columns import OWN_COLUMNS, write_product
from files.layouts.recognition import recognise
from products.schemas import NewProduct

FORMATS = [
    FileFormat("csv", encoding="utf-8", delimiter=","),
    FileFormat("json_lines", encoding="utf-8"),
    FileFormat("xlsx"),
]
# Texts as the API stores them: without controls and outer white space.
TRICKY = st.text("=+-@'\"|,;[]{}\\ 0.eE\u00e9\u4e2d\U0001f375_x", min_size=1, max_size=12)
ONE_LINE = TRICKY.map(str.strip).filter(bool)
LINES = st.text("=-@'\"\n\r\ta,;\\", max_size=20).map(str.strip)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | LINES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ONE_LINE, inner, max_size=3),
    max_leaves=6,
)
OPTIONS = st.dictionaries(ONE_LINE, ONE_LINE, min_size=1, max_size=3)


@st.composite
def products(draw: st.DrawFn) -> dict[str, Any]:
    options = draw(OPTIONS | st.just({}))
    request = {
        "sku": draw(ONE_LINE),
        "name": draw(ONE_LINE),
        "description": draw(LINES),
        "price": {"amount_minor": draw(st.integers(0, 10**9)), "currency": "EUR"},
        "status": draw(st.sampled_from(["draft", "active", "archived"])),
        "tags": draw(st.lists(ONE_LINE, max_size=3)),
        "attributes": draw(st.dictionaries(ONE_LINE, VALUES, max_size=3)),
        "group": draw(ONE_LINE) if options else None,
        "options": options,
        "weight_grams": draw(st.none() | st.integers(0, 10**6)),
    }
    return NewProduct.model_validate(request).model_dump(mode="json")


def write(file_format: FileFormat, fields: dict[str, Any], available: int | None) -> bytes:
    file = io.BytesIO()
    with open_writer(file, file_format, OWN_COLUMNS) as writer:
        if file_format.kind == "json_lines":
            writer.write(fields | {"available": available})
        else:
            writer.write(write_product(fields, available, []))
    return file.getvalue()


@pytest.mark.parametrize("file_format", FORMATS, ids=lambda each: each.kind)
@given(fields=products(), available=st.none() | st.integers(-9, 9))
def test_a_product_is_read_as_it_was_written(file_format, fields, available):
    table = open_table(io.BytesIO(write(file_format, fields, available)), filename="products")
    layout = recognise(table.columns, None, ImportDefaults("CHF"))
    (row,) = table

    found = layout.read(row, None)

    assert found.problems == ()
    units = found.fields.pop("available", None)
    named = {name: value for name, value in found.fields.items() if value is not None}
    again = NewProduct.model_validate(named).model_dump(mode="json")
    assert (json.dumps(again), units) == (json.dumps(fields), available)
