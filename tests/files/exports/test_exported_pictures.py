"""Exports name the pictures of products, and an import of the file finds them again."""

import csv
import json
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from pictures import fetching
from pictures.workers.process_pictures import handler as pictures_worker
from products.exporting.service import ExportedPicture
from shared import clock
from shared.pictures.lists import new_picture
from shared.storage.models.catalog import Picture, Product
from shared.storage.pictures import change_pictures
from tests.files.exports.test_round_trips import import_file
from tests.files.exports.test_shopify_columns import product, rows
from tests.support import shop
from tests.support.aws_calls import record_calls
from tests.support.http import sample
from tests.support.pictures import create_queue, encode, sent_messages, store_picture
from tests.support.product_exports import export_products, json_lines

FORMATS = ["csv", "jsonl", "xlsx", "shopify"]


def images_of(found: list[dict[str, str]]) -> list[tuple[str, ...]]:
    names = ("Variant SKU", "Image Src", "Image Position", "Image Alt Text", "Variant Image")
    return [tuple(row[name] for name in names) for row in found]


def test_pictures_beyond_the_first_have_rows_of_their_own():
    found = rows(product(pictures=("1", "2", "3")))

    assert images_of(found) == [
        ("TEA-1", "1", "1", "text 1", ""),
        ("", "2", "2", "text 2", ""),
        ("", "3", "3", "text 3", ""),
    ]
    assert {key for key, value in found[1].items() if value} == {
        "Handle",
        "Image Src",
        "Image Position",
        "Image Alt Text",
    }


def test_a_handle_has_the_pictures_of_its_first_variant():
    small, medium, large = (
        product(sku=size, group="TEAS", options={"Size": size}, pictures=pictures)
        for size, pictures in (("S", ("1", "2")), ("M", ()), ("L", ("3", "4")))
    )

    assert images_of(rows(small, medium, large)) == [
        ("S", "1", "1", "text 1", "1"),
        ("M", "2", "2", "text 2", ""),
        ("L", "", "", "", "3"),
    ]


def test_a_picture_without_a_text_has_an_empty_cell():
    picture = ExportedPicture("1", None)

    (found,) = rows(product().replace(pictures=(picture,)))

    assert (found["Image Src"], found["Image Alt Text"]) == ("1", "")


@pytest.mark.usefixtures("aws")
def test_an_export_has_the_pictures_that_shoppers_see():
    tea = shop.product("TEA").product_id
    urls = [store_picture(tea, name, alt) for name, alt in (("1", "A"), ("2", None))]
    waiting = new_picture("pic_3", None, None, clock.utc_now())
    change_pictures(tea, lambda current: [waiting, *current])

    (line,) = json_lines(export_products(format="jsonl"))
    table = export_products("exp_two").decode("utf-8-sig").splitlines()

    assert line["pictures"] == [{"url": urls[0], "alt": "A"}, {"url": urls[1], "alt": None}]
    (row,) = csv.DictReader(table)
    assert row["images"] == "|".join(urls)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("format_", FORMATS)
def test_pictures_cost_an_export_no_call(format_):
    teas = [shop.product(f"TEA-{number}") for number in range(3)]
    with record_calls() as without:
        export_products(format=format_, currency="EUR")
    for tea in teas:
        store_picture(tea.product_id, tea.sku)

    with record_calls() as calls:
        export_products("exp_two", format=format_, currency="EUR")

    assert calls == without


def pictures_of(product_id: str) -> list[Picture]:
    return list(Product.get(product_id).pictures or ())


def work_on(message: dict[str, Any]) -> None:
    event = sample("pictures.process_pictures")
    event["Records"][0]["body"] = json.dumps(message)
    context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 300_000)
    assert pictures_worker(event, context) == {"batchItemFailures": []}


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("format_", FORMATS)
def test_another_shop_fetches_the_pictures_of_an_export(format_, monkeypatch):
    create_queue()
    tea = shop.product("TEA").product_id
    urls = {store_picture(tea, name, f"text {name}"): name for name in ("red", "green")}
    content = export_products(format=format_, currency="EUR")
    change_pictures(tea, lambda _: [])
    files = {url: encode(Image.new("RGB", (9, 9), name), "PNG") for url, name in urls.items()}
    monkeypatch.setattr(fetching, "fetch", files.__getitem__)

    import_file(content)
    (message,) = sent_messages()
    work_on(message)

    has_texts = format_ in ("jsonl", "shopify")
    texts = [f"text {name}" if has_texts else None for name in urls.values()]
    assert [each["url_or_name"] for each in message["references"]] == list(urls)
    assert [(each.status, each.alt) for each in pictures_of(tea)] == [
        ("ready", text) for text in texts
    ]
    for again in (content, export_products("exp_two", format=format_, currency="EUR")):
        assert import_file(again).pictures == 0
        assert sent_messages() == []
