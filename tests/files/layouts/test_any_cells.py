"""Whatever the cells of a file say, a row is read, or says what is wrong with it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from files.formats.source_rows import SourceRow
from files.layouts.import_rows import ImportDefaults, ImportRow
from files.layouts.layout import Layout
from files.layouts.mappings import FileMapping
from files.layouts.own_columns import OWN_COLUMNS
from files.layouts.recognition import recognise
from tests.files.layouts import (
    test_magento,
    test_magento_1,
    test_mappings,
    test_medusa,
    test_prestashop,
    test_prestashop_combinations,
    test_shopify,
)
from tests.files.layouts.test_import_docs import headers

LAYOUTS = {
    "souk": [*OWN_COLUMNS, "option_Size"],
    "prices": ["sku", "price", "currency", "compare_at_price"],
    "shopify": test_shopify.OLD,
    "shopify today": test_shopify.NEW,
    "woocommerce": headers("woocommerce"),
    "magento": [*test_magento.TEE],
    "magento 1": test_magento_1.COLUMNS,
    "prestashop": [*test_prestashop.MUG],
    "prestashop combinations": [*test_prestashop_combinations.RED],
    "medusa": [*test_medusa.ONE],
    "mapping": [*test_mappings.ROW],
}
WORDS = (
    "|0|1|-1|2|yes|no|backorder|parent|variable|variation|simple|configurable|id:1|EUR|JPY|XXX|eur|"
    "19.99|1.999|1,999|1999|1e5|-5|.|,|\u20ac5|a > b|a/b/c|a,b|{}|[]|{|sku=A,size=S|Default Title|"
    '[["1","1","1","1"]]|[[[]]]|[[1,2,3,4]]|'
    "TRUE|shopify|continue|active|archived|4006381333931|"
    "1234567890123456789.99|999999999999999999|0.0000000000000000001|"
    "'1|\u0663|\ud800|\x00|NaN"
)
CELL = st.one_of(
    st.sampled_from(WORDS.split("|")), st.text(max_size=30), st.just("x" * 200), st.just("")
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELL, inner, max_size=3),
    max_leaves=5,
)
EASY = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def layout_of(name: str) -> Layout:
    mapping = FileMapping.model_validate(test_mappings.GERMAN) if name == "mapping" else None
    return recognise(LAYOUTS[name], mapping, ImportDefaults("EUR"))


def check(layout: Layout, row: SourceRow, parent: SourceRow | None) -> ImportRow:
    layout.parent_key(row), layout.needs_parent(row), layout.parent_keys(row)
    sku = layout.sku(row)
    found = layout.read(row, parent)
    assert found.number == row.number
    assert all(len(problem.value or "") <= 100 for problem in found.problems + found.warnings)
    if found.is_product and sku:
        assert found.fields["sku"] == sku
    if not found.is_product:
        assert found.fields.keys() <= {"sku"}
    return found


@pytest.mark.parametrize("name", LAYOUTS)
@EASY
@given(data=st.data())
def test_any_cells_are_read(name, data):
    layout = layout_of(name)
    width = len(LAYOUTS[name])
    rows = [
        SourceRow(number, data.draw(st.lists(CELL, min_size=width, max_size=width)))
        for number in (2, 3)
    ]

    check(layout, rows[0], None)
    first, second = check(layout, rows[1], None), check(layout, rows[1], rows[0])

    assert first.number == second.number
    assert layout_of(name).read(rows[1], rows[0]) == second


@EASY
@given(
    members=st.dictionaries(st.sampled_from([*OWN_COLUMNS, "pictures"]) | CELL, VALUE, max_size=8)
)
def test_any_object_is_read(members):
    found = recognise((), None, ImportDefaults("EUR")).read(SourceRow(1, members), None)

    json.dumps(found.fields, default=str)
    assert all(len(problem.value or "") <= 100 for problem in found.problems)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_row_may_be_short_or_empty(name):
    layout = layout_of(name)

    for cells in ([], [""], [""] * len(LAYOUTS[name])):
        check(layout, SourceRow(2, cells), None)
