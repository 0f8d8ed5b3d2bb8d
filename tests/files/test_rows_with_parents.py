"""Rows that take fields from others, as the planner puts them into chunks."""

import gzip
from unittest.mock import Mock

import pytest

from files.chunks.contents import BYTES_MAX, ChunkRow, ChunkWriter, read_chunk
from files.formats.source_rows import BrokenFile, Problem, SourceRow
from files.layouts import magento
from files.layouts.import_rows import ImportDefaults
from files.layouts.layout import Layout
from files.layouts.mappings import FileMapping
from files.layouts.recognition import recognise
from files.parents import kept_parents
from files.parents.search import ParentSearch
from files.planning.chunk_cutting import ChunkCutter

WOO = ["ID", "Type", "SKU", "Name", "Regular price", "Parent", "Attribute 1 name"]
WOO += ["Attribute 1 value(s)"]
MAGENTO = ["sku", "product_type", "name", "price", "configurable_variations"]
TEE = ["7", "variable", "TEE", "Tee", "", "", "Size", "M"]
CONFIGURABLE = ["TEE", "configurable", "Tee", "", "sku=A,size=S|sku=B,size=M"]


def layout_of(columns: list[str], mapping: FileMapping | None = None) -> Layout:
    return recognise(columns, mapping, ImportDefaults("EUR"))


def numbered(rows: tuple[list[str], ...]) -> list[SourceRow]:
    return [SourceRow(number, cells) for number, cells in enumerate(rows, start=2)]


def search(layout: Layout, rows: list[SourceRow]) -> ParentSearch:
    found = ParentSearch(layout)
    found.run(lambda: iter(rows))
    return found


def cut(columns: list[str], *rows: list[str], mapping: FileMapping | None = None) -> list[ChunkRow]:
    layout, sources = layout_of(columns, mapping), numbered(rows)
    cutter = ChunkCutter(layout, search(layout, sources).found)
    return [row for chunk in cutter.cut(sources) for row in read_chunk(chunk.to_bytes())]


def parents(rows: list[ChunkRow]) -> list[int | None]:
    """The number of the parent's row, for each row."""
    return [row.parent.number if row.parent else None for row in rows]


def size(chunk: ChunkWriter) -> int:
    return len(gzip.decompress(chunk.to_bytes()))


def variation(sku: str, parent: str) -> list[str]:
    return ["", "variation", sku, "", "5", parent, "Size", "M"]


def simple(sku: str) -> list[str]:
    return [sku, "simple", sku, "5", ""]


def test_a_parent_is_found_by_each_of_its_keys():
    rows = cut(WOO, TEE, variation("A", "tee"), variation("B", "id:7"), variation("C", "id:8"))

    assert parents(rows) == [None, 2, 2, None]


def test_a_variation_may_stand_before_its_parent():
    rows = cut(WOO, variation("A", "TEE"), variation("B", "id:7"), TEE, variation("C", "TEE"))

    assert parents(rows) == [4, 4, None, 4]


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_configurable_product_may_stand_anywhere(place):
    lines = [simple("A"), simple("b"), simple("C")]
    lines.insert(place, CONFIGURABLE)

    rows = cut(MAGENTO, *lines)

    expected: list[int | None] = [place + 2, place + 2, None]
    expected.insert(place, None)
    assert parents(rows) == expected


def test_rows_of_a_handle_may_stand_before_its_title():
    columns = ["Handle", "Title", "Option1 Name", "Option1 Value", "Variant SKU", "Image Src"]

    rows = cut(
        columns,
        ["tee", "", "", "L", "TEE-L", ""],
        ["tee", "", "", "", "", "back.jpg"],
        ["tee", "Tee", "Size", "M", "TEE-M", "front.jpg"],
    )

    assert parents(rows) == [4, 4, None]


def test_rows_of_a_mapped_group_may_stand_before_its_name():
    mapping = FileMapping.model_validate(
        {"columns": {"no": {"field": "sku"}, "text": {"field": "name"}}, "group": {"column": "g"}}
    )

    rows = cut(["no", "text", "g"], ["A", "", "x"], ["B", "Chair", "x"], mapping=mapping)

    assert parents(rows) == [3, None]


def test_rows_of_a_medusa_handle_may_stand_before_its_title():
    columns = ["Product Handle", "Product Title", "Variant SKU", "Variant Price EUR"]

    rows = cut(columns, ["tee", "", "A", "5"], ["tee", "Tee", "B", "5"])

    assert parents(rows) == [3, None]


def test_the_first_of_two_parents_counts(monkeypatch):
    monkeypatch.setattr(kept_parents, "NEARBY_BYTES_MAX", 5000)

    rows = cut(WOO, variation("A", "TEE"), *[TEE] * 20, variation("B", "TEE"))

    assert (parents(rows)[0], parents(rows)[-1]) == (3, 3)


def test_a_variant_of_two_products_stays_with_the_first():
    polo = ["POLO", "configurable", "Polo", "", "sku=b,size=M|sku=C,size=L|sku=A,size=S"]
    lines = (simple("A"), simple("B"), CONFIGURABLE, polo, simple("C"))

    rows = cut(MAGENTO, *lines)
    found = search(layout_of(MAGENTO), numbered(lines))

    assert parents(rows) == [4, 4, None, None, 5]
    assert [(each.row, each.field, each.code, each.value) for each in found.warnings] == [
        (5, "configurable_variations", "variant_of_two", "b"),
        (5, "configurable_variations", "variant_of_two", "A"),
    ]


def test_a_parent_has_no_parent():
    outer = ["OUTER", "configurable", "Outer", "", "sku=TEE,size=S|sku=OUTER,size=M"]

    assert parents(cut(MAGENTO, simple("A"), CONFIGURABLE, outer)) == [3, None, None]
    assert parents(cut(WOO, variation("A", "B"), variation("B", "TEE"), TEE)) == [None, 4, None]


def test_rows_of_a_store_view_name_no_variants():
    columns = [*MAGENTO, "store_view_code"]
    lines = [[*simple("A"), ""], [*CONFIGURABLE, "de"], [*CONFIGURABLE, ""]]

    assert parents(cut(columns, *lines)) == [4, None, None]


@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize("length", [10, 5000])
def test_a_parent_that_memory_has_no_room_for_is_found(length, place, monkeypatch):
    monkeypatch.setattr(kept_parents, "NEARBY_BYTES_MAX", 5000)
    others = [[str(n), "variable", "", "x" * length, "", "", "Size", "M"] for n in range(20, 50)]
    others.insert(place % 31, TEE)

    rows = cut(WOO, variation("A", "TEE"), *others, variation("B", "id:7"))

    assert parents(rows)[0] == parents(rows)[-1] == place % 31 + 3


@pytest.mark.parametrize(("limit", "value"), [("STORED_KEYS_MAX", 3), ("STORED_BYTES_MAX", 400)])
@pytest.mark.parametrize(
    ("columns", "make"),
    [
        (MAGENTO, lambda n: [f"T{n}", "configurable", "", "", f"sku=A{n},size=S"]),
        (WOO, lambda n: [f"{n}", "variable", "", "x" * 30, "", "", "Size", "M"]),
    ],
)
def test_more_parents_than_fit_fail_the_file(limit, value, columns, make, monkeypatch):
    monkeypatch.setattr(kept_parents, limit, value)
    wanted = [] if columns is MAGENTO else [variation(f"V{n}", f"id:{n}") for n in range(10)]

    with pytest.raises(BrokenFile) as broken:
        search(layout_of(columns), numbered((*wanted, *(make(n) for n in range(10)))))

    assert (broken.value.code, broken.value.row is not None) == ("too_many_parents", True)


def test_parents_that_stand_close_need_no_room(monkeypatch):
    monkeypatch.setattr(kept_parents, "STORED_BYTES_MAX", 0)
    monkeypatch.setattr(kept_parents, "NEARBY_BYTES_MAX", 5000)
    lines = []
    for n in range(50):
        lines.append([str(n), "variable", "", "x" * 100, "", "", "Size", "M"])
        lines.append(variation(f"V{n}", f"id:{n}"))

    assert parents(cut(WOO, *lines))[1::2] == list(range(2, 102, 2))


def test_a_malformed_parent_comes_with_its_problem():
    columns, problem = layout_of(WOO), Problem(3, None, "too_few_cells", "A cell is missing.")
    sources = [SourceRow(2, variation("A", "TEE")), SourceRow(3, TEE, (problem,))]

    (chunk,) = ChunkCutter(columns, search(columns, sources).found).cut(sources)
    first, _ = read_chunk(chunk.to_bytes())

    assert first.parent is not None
    assert first.parent.problems == (problem,)


def test_a_row_with_100_000_variations_is_parsed_once(monkeypatch):
    many = "|".join(f"sku=V{n},size={n}" for n in range(100_000))
    layout = layout_of(MAGENTO)
    lines = [simple(f"V{n}") for n in range(99_000, 99_010)]
    sources = numbered((*lines, ["TEE", "configurable", "Tee", "", many]))
    parse = Mock(wraps=magento.parse_variations)
    monkeypatch.setattr(magento, "parse_variations", parse)

    found = search(layout, sources).found
    chunks = list(ChunkCutter(layout, found).cut(sources))
    rows = [row for chunk in chunks for row in read_chunk(chunk.to_bytes())]
    read = [layout.read(row.row, row.parent) for row in rows]

    assert parents(rows) == [12] * 10 + [None]
    assert read[9].fields["options"] == {"size": "99009"}
    assert sum(map(size, chunks)) < 12 * (BYTES_MAX + len(many))
    assert parse.call_count == 1


def test_a_parent_is_once_in_a_chunk():
    many = "|".join(f"sku=V{n},size={n}" for n in range(400))
    layout = layout_of(MAGENTO)
    lines = numbered((*(simple(f"V{n}") for n in range(400)), ["T", "configurable", "", "", many]))

    (chunk,) = ChunkCutter(layout, search(layout, lines).found).cut(lines)

    assert size(chunk) < 2 * len(many) + 400 * 60
