"""JSON: an object on each line, an array, or objects of several lines."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from files.formats.readers import SourceTable, open_table
from files.formats.source_rows import SourceRow
from tests.support.imports import MEGABYTE, measure_peak_memory

TEA = {"sku": "TEA", "price": {"amount_minor": 1250, "currency": "EUR"}, "tags": ["green", "é"]}
POT = {"sku": "POT", "name": 'A "pot" {of} [clay]\\', "weight": 1.5, "category": None}


def open_text(text: str | bytes, filename: str = "spring.json") -> SourceTable:
    content = text if isinstance(text, bytes) else text.encode()
    return open_table(io.BytesIO(content), filename=filename)


def read(text: str | bytes) -> list[SourceRow]:
    return list(open_text(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{json.dumps(TEA)}\n{json.dumps(POT)}\n", "json_lines"),
        (f"{json.dumps(TEA)}\r\n{json.dumps(POT)}", "json_lines"),
        (f"\ufeff{json.dumps(TEA)}\n{json.dumps(POT)}", "json_lines"),
        (json.dumps([TEA, POT]), "json"),
        (json.dumps([TEA, POT], indent=2, ensure_ascii=False), "json"),
        (f"  \n[{json.dumps(TEA)}\n,\n{json.dumps(POT)}\n]\n", "json"),
        (json.dumps(TEA, indent=2) + "\n" + json.dumps(POT, indent=2), "json"),
    ],
    ids=["lines", "CRLF", "a mark", "an array", "indented", "spread", "objects of many lines"],
)
def test_each_object_is_a_row(text, kind):
    table = open_text(text)

    rows = list(table)

    assert (table.format.kind, table.format.encoding, table.columns) == (kind, "utf-8", ())
    assert [(row.cells, row.problems) for row in rows] == [(TEA, ()), (POT, ())]


def test_rows_are_numbered_from_1_and_blank_lines_count():
    assert [row.number for row in read('{"a": 1}\n\n{"a": 2}\n')] == [1, 3]
    assert [row.number for row in read('[{"a": 1},\n\n{"a": 2}]')] == [1, 2]


def test_a_bad_line_says_where_it_is_wrong():
    _, row, _ = read('{"a": 1}\n{"a" 2}\n{"a": 3}\n')

    assert row.number == 2
    assert row.problems[0].message == "This is not valid JSON at character 6."
    assert row.problems[0].value == '{"a" 2}'


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('{"sku": "A", "sku": "B"}', {"sku": "B"}),
        ('{"sku": "A", "price": NaN}', {"sku": "A", "price": "NaN"}),
        ('{"sku": "A", "price": -1e999}', {"sku": "A", "price": "-1e999"}),
        ('{"sku": "A", "name": "\\ud800"}', {"sku": "A", "name": "\ud800"}),
        ('{"sku": "A", "na', {"line": '{"sku": "A", "na'}),
        ("[1, 2]", {"line": "[1, 2]"}),
        ('{"a":' * 30 + "1" + "}" * 30, {"line": '{"a":' * 30 + "1" + "}" * 30}),
        (b'{"sku": "Th\xe9"}', {"sku": "Thé"}),
    ],
)
def test_a_rejected_object_has_its_best_reading(line, cells):
    content = line if isinstance(line, bytes) else line.encode()

    _, row = read(b'{"sku": "B"}\n' + content)

    assert row.problems
    assert row.cells == cells


def test_brackets_in_texts_are_text():
    objects = [{"a": '}]{[\\"'}, {"]": "\\\\"}, {"b": [[], {}, "\u2028"]}]

    assert [row.cells for row in read(json.dumps(objects))] == objects


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=3).filter(lambda name: "\0" not in name), VALUE, max_size=4),
    min_size=1,
    max_size=5,
).filter(lambda objects: "\\u0000" not in json.dumps(objects))


@settings(max_examples=40)
@given(OBJECTS, st.sampled_from([None, 1]), st.booleans())
def test_any_array_is_read(objects, indent, is_ascii):
    text = json.dumps(objects, indent=indent, ensure_ascii=is_ascii)

    assert [row.cells for row in read(text.encode("utf-8", "surrogatepass"))] == objects


def test_an_array_of_20_mb_is_read_row_by_row():
    piece = json.dumps({"sku": "TEA", "description": "x" * 4900}).encode()
    file = io.BytesIO(b"[" + b",\n".join([piece] * 4000) + b"]")

    with measure_peak_memory() as memory:
        found = sum(1 for _ in open_table(file, filename="a.json"))

    assert found == 4000
    assert memory.peak < 5 * MEGABYTE
