"""What a search keeps of a file's parents: the same after a hand-over, and little in memory."""

from collections.abc import Callable
from typing import Any

import pytest

from files.chunks.contents import read_chunk
from files.formats.source_rows import SourceRow
from files.layouts.import_rows import ImportDefaults
from files.layouts.layout import Layout
from files.layouts.recognition import recognise
from files.parents import kept_parents
from files.parents.kept_parents import NearbyParents, StoredParents
from files.parents.search import ParentSearch
from files.parents.service import divide
from files.planning.chunk_cutting import ChunkCutter
from tests.support.imports import MEGABYTE, measure_peak_memory

WOO = ["ID", "Type", "SKU", "Name", "Regular price", "Parent", "Attribute 1 name"]
WOO += ["Attribute 1 value(s)"]


def layout_of(columns: list[str]) -> Layout:
    return recognise(columns, None, ImportDefaults("EUR"))


def variable(number: str, sku: str, name: str = "Tee") -> list[str]:
    return [number, "variable", sku, name, "", "", "Size", ""]


def variation(sku: str, parent: str) -> list[str]:
    return ["", "variation", sku, "", "5", parent, "Size", "M"]


def cut(layout: Layout, search: ParentSearch, rows: list[SourceRow]) -> list[list[tuple[int, ...]]]:
    """The rows of each chunk, each with the row of its parent, or 0."""
    cutter = ChunkCutter(layout, search.found)
    return [
        [(each.row.number, each.parent.number if each.parent else 0) for each in found]
        for found in (read_chunk(chunk.to_bytes()) for chunk in cutter.cut(rows))
    ]


def reloaded(layout: Layout, search: ParentSearch) -> ParentSearch:
    """As the next run has it."""
    again = ParentSearch(layout)
    for part in divide(search.found):
        for each in read_chunk(part.to_bytes()):
            again.add(each.row)
    return again


FAR = [variable(str(number), "", "x" * 100) for number in range(1000, 1030)]
MANY = [["", "simple", f"S{number}", "x" * 2000, "5", "", "", ""] for number in range(1200)]
FILES = {
    "a repeated ID": [
        variable("5", "Y"),
        *FAR,
        variation("A", "X"),
        variable("5", "X", "x" * 900_000),
        *FAR,
        variation("B", "id:5"),
        *MANY,
        variation("C", "id:5"),
    ],
    "a repeated SKU": [
        variation("A", "id:6"),
        variable("5", "X", "x" * 900_000),
        *FAR,
        variable("6", "X"),
        *FAR,
        variation("B", "X"),
        variation("C", "id:6"),
        *MANY,
        variation("D", "id:5"),
    ],
}
FILES["two shops, one behind the other"] = [
    each
    for name in ("x" * 100_000, "y")
    for lines in (
        [variation(f"{name[0]}{number}", f"id:{number % 30}") for number in range(700)],
        [variable(str(number), f"T{number}", name) for number in range(30)],
        [variation(f"{name[0]}-{number}", f"T{number % 30}") for number in range(700)],
    )
    for each in lines
]


@pytest.mark.parametrize("lines", FILES.values(), ids=FILES.keys())
def test_the_next_run_cuts_the_same_chunks(lines, monkeypatch):
    monkeypatch.setattr(kept_parents, "NEARBY_BYTES_MAX", 5000)
    layout = layout_of(WOO)
    rows = [SourceRow(number, cells) for number, cells in enumerate(lines, start=2)]
    search = ParentSearch(layout)
    search.run(lambda: iter(rows))

    first, second = cut(layout, search, rows), cut(layout, reloaded(layout, search), rows)

    assert len(first) > 2
    assert first == second
    assert [number for chunk in first for number, _ in chunk] == [row.number for row in rows]


ROWS: dict[str, Callable[[int], list[str] | dict[str, Any]]] = {
    "empty cells": lambda n: [f"h{n}", "Tee", "A", *[""] * 997],
    "short cells": lambda n: [f"h{n}", "Tee", "A", *(str(n * 1000 + at) for at in range(197))],
    "few cells": lambda n: [f"h{n}", "Tee", "A"],
    "wide characters": lambda n: [f"h{n}", "Tee", "🍵" + "x" * 2000],
    "nested objects": lambda n: {"handle": f"h{n}", "many": [[] for _ in range(500)]},
    "many members": lambda n: {f"{n}-{at}": None for at in range(500)},
}


@pytest.mark.parametrize("make", ROWS.values(), ids=ROWS.keys())
def test_close_parents_take_little_memory(make):
    nearby = NearbyParents()
    number = 0

    with measure_peak_memory() as memory:
        while not nearby.has_forgotten:
            number += 1
            nearby.remember([f"h{number}"], SourceRow(number, make(number)))

    assert memory.peak < 40 * MEGABYTE
    assert number > 20


def test_parents_in_any_script_take_little_room(monkeypatch):
    monkeypatch.setattr(kept_parents, "STORED_BYTES_MAX", 200_000)
    stored = StoredParents()
    rows = [
        SourceRow(n, ["Тёплый свитер с высоким воротом 🧶 \ud800 " * 50, ""]) for n in range(500)
    ]

    for row in rows:
        stored.add([f"sku-{row.number}"], row)

    assert list(stored) == rows
    assert stored.find("sku-7") == rows[7]
