"""The pictures of files with our own columns, and of JSON files."""

import pytest

from files.layouts.import_rows import PictureReference
from tests.files.layouts.reading import problems, read_object, read_row

URL = "https://example.com/tea.jpg"


@pytest.mark.parametrize("column", ["images", "Pictures"])
def test_pictures_are_named_by_url_or_file_name(column):
    row = read_row({"sku": "TEA", column: f"{URL} | tea.png"})

    assert row.pictures == (PictureReference(URL), PictureReference("tea.png"))


def test_json_has_pictures_as_the_api_takes_them():
    listed = [{"url": URL, "alt": "Tea"}, {"url": "tea.png", "alt": None}, {"url": "2.jpg"}, URL]

    row = read_object({"sku": "TEA", "pictures": listed})

    assert row.problems == ()
    assert row.pictures == (
        PictureReference(URL, "Tea"),
        PictureReference("tea.png"),
        PictureReference("2.jpg"),
        PictureReference(URL),
    )


def size(name: str) -> dict[str, object]:
    return {"width": 9, "height": 9, "url": f"{name}.jpg", "webp_url": f"{name}.webp"}


def test_json_has_pictures_as_the_api_shows_them():
    shown = {"id": "pic_1", "alt": "Tea", "width": 9, "height": 9}

    row = read_object({"sku": "TEA", "pictures": [shown | {"sizes": [size("160"), size("480")]}]})

    assert row.problems == ()
    assert row.pictures == (PictureReference("480.jpg", "Tea"),)


@pytest.mark.parametrize("value", [None, [], "", " | "])
def test_json_without_pictures_names_none(value):
    row = read_object({"sku": "TEA", "pictures": value})

    assert (row.pictures, row.problems) == ((), ())


@pytest.mark.parametrize(
    "value",
    [
        *(3, True, {}, {"url": URL}, [3], [None], [""], [{"alt": "Tea"}], [{"url": URL, "alt": 3}]),
        *([{"sizes": sizes}] for sizes in (None, [], {}, URL, [URL], [{}], [{"url": 3}])),
    ],
)
def test_pictures_of_another_form_are_refused(value):
    row = read_object({"sku": "TEA", "pictures": value})

    assert problems(row) == [("pictures", "not_pictures")]
