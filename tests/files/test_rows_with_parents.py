"""Rows that take fields from others, as the planner puts them into chunks."""

import pytest

from files.chunks.contents import ChunkRow, read_chunk
from files.formats.source_rows import SourceRow
from files.layouts.import_rows import ImportDefaults
from files.layouts.recognition import recognise
from files.planning import chunk_cutting
from files.planning.chunk_cutting import ChunkCutter

WOO = ["ID", "Type", "SKU", "Name", "Regular price", "Parent", "Attribute 1 name"]
WOO += ["Attribute 1 value(s)"]
MAGENTO = ["sku", "product_type", "name", "price", "configurable_variations"]


def cut(columns: list[str], *rows: list[str]) -> list[ChunkRow]:
    layout = recognise(columns, None, ImportDefaults("EUR"))
    sources = (SourceRow(number, cells) for number, cells in enumerate(rows, start=2))
    return [
        row for chunk in ChunkCutter(layout).cut(sources) for row in read_chunk(chunk.to_bytes())
    ]


def parents(rows: list[ChunkRow]) -> list[int | None]:
    """The number of the parent's row, for each row."""
    return [row.parent.number if row.parent else None for row in rows]


def variation(sku: str, parent: str) -> list[str]:
    return ["", "variation", sku, "", "5", parent, "Size", "M"]


def test_a_parent_is_found_by_each_of_its_keys():
    tee = ["7", "variable", "TEE", "Tee", "", "", "Size", "M"]

    rows = cut(WOO, tee, variation("A", "TEE"), variation("B", "id:7"), variation("C", "id:8"))

    assert parents(rows) == [None, 2, 2, None]


def test_a_configurable_product_is_found_by_its_variants():
    tee = ["TEE", "configurable", "Tee", "", "sku=A,size=S|sku=B,size=M"]

    rows = cut(MAGENTO, tee, ["A", "simple", "A", "5", ""], ["C", "simple", "C", "5", ""])

    assert parents(rows) == [None, 2, None]


def test_a_parent_that_comes_again_takes_no_more_room(monkeypatch):
    monkeypatch.setattr(chunk_cutting, "PARENTS_KEPT_CHARACTERS", 1000)
    tee = ["7", "variable", "", "Tee", "", "", "Size", "M"]

    rows = cut(WOO, *[tee] * 20, variation("A", "id:7"))

    assert parents(rows)[-1] == 21


@pytest.mark.parametrize("length", [10, 5000])
def test_a_parent_of_any_size_is_no_obstacle(length, monkeypatch):
    monkeypatch.setattr(chunk_cutting, "PARENTS_KEPT_CHARACTERS", 1000)
    tee = ["7", "variable", "", "x" * length, "", "", "Size", "M"]

    rows = cut(WOO, tee, tee, variation("A", "id:7"))

    assert parents(rows)[-1] == (3 if length < 1000 else None)
