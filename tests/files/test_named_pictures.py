"""Which pictures of a product are kept, whatever its rows name."""

import pytest

from files.chunks.batches import plan_rows
from files.chunks.contents import ChunkRow
from files.chunks.named_pictures import NamedPictures, join_by_sku, name_pictures
from files.formats.source_rows import SourceRow
from files.layouts.import_rows import ImportRow, PictureReference
from files.layouts.recognition import recognise
from shared.pictures.lists import PICTURES_MAX
from tests.files.layouts.reading import EUROS
from tests.support.imports import MEGABYTE, measure_peak_memory


def row(number: int, *pictures: PictureReference) -> ImportRow:
    return ImportRow(number, {"sku": "TEA"}, {}, pictures=pictures)


def join(*rows: ImportRow) -> NamedPictures:
    return join_by_sku(map(name_pictures, rows))["TEA"]


def names(pictures: NamedPictures) -> list[str]:
    return [each.url_or_name for each in pictures.references]


def test_mentions_of_a_picture_complete_each_other():
    mentions = [("1.jpg", None, None), ("1.jpg", " ", 2), ("1.jpg", "Tea", 1), ("1.jpg", "Pot", 3)]

    named = join(*(row(n, PictureReference(*each)) for n, each in enumerate(mentions, start=2)))

    (reference,) = named.references
    assert (reference.alt, reference.position) == ("Tea", 2)
    assert (named.last_row, named.are_too_many) == (5, False)


def test_a_full_product_takes_a_picture_with_an_earlier_place():
    full = row(2, *(PictureReference(f"{n}.jpg", position=n) for n in range(2, PICTURES_MAX + 2)))
    first = PictureReference("1.jpg", position=1)

    named = join(full, row(3, PictureReference("last.jpg")), row(4, first))

    assert names(named) == [f"{n}.jpg" for n in range(1, PICTURES_MAX + 1)]
    assert named.are_too_many


def test_pictures_of_two_products_in_one_row_are_kept_apart():
    by_sku = name_pictures(row(2, PictureReference("1.jpg"), PictureReference("1.jpg", sku="POT")))

    assert {sku: names(pictures) for sku, pictures in by_sku.items()} == {
        "TEA": ["1.jpg"],
        "POT": ["1.jpg"],
    }


@pytest.mark.parametrize(
    ("columns", "separator"),
    [(["sku", "images"], "|"), (["Reference #", "Image URLs (x,y,z...)", "Active (0/1)"], ",")],
)
def test_rows_that_name_very_many_pictures_stay_small(columns, separator):
    layout = recognise(columns, None, EUROS)
    cell = separator.join(str(number) for number in range(50_000))
    rows = [ChunkRow(SourceRow(n, [f"TEA-{n}", cell, ""]), None) for n in range(2, 7)]

    with measure_peak_memory() as memory:
        planned = list(plan_rows(layout, columns, rows))

    assert all(len(names(each.pictures[str(each.sku)])) == PICTURES_MAX for each in planned)
    assert memory.peak < 10 * MEGABYTE  # objects for all names of one row take 30
