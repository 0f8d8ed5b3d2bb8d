"""Pictures that the rows of a file name are handed over by product."""

import json
from typing import Any

import pytest

from files.workers.import_file import handler
from products.handler import handler as products_api
from shared.pictures.lists import ALT_MAX, PICTURES_MAX
from shared.pictures.urls import URL_LENGTH_MAX
from shared.storage.models.catalog import Product
from shared.storage.models.uploads import Upload
from tests.support import imports, shop
from tests.support.http import CONTEXT, send
from tests.support.imports import put_file
from tests.support.pictures import sent_messages, store_picture

pytestmark = pytest.mark.usefixtures("aws")

FILE = (
    "Handle,Title,Variant SKU,Variant Price,Image Src,Image Position,Image Alt Text\n"
    "tea,Green tea,TEA,12.50,https://img.example/1.jpg,1,A bag of tea\n"
    "tea,,,,https://img.example/2.jpg,2,\n"
    "pot,Tea pot,POT,free,https://img.example/3.jpg,1,\n"
    "cup,Cup,CUP,3.00,,,\n"
)


def imported(**options: Any) -> Upload:
    imports.upload(options_json=options)
    handler(put_file(FILE), CONTEXT)
    return Upload.get("upl_one", "upload")


def test_pictures_are_handed_over_with_their_product():
    upload = imported()

    (message,) = sent_messages()
    tea = next(product for product in Product.scan() if product.sku == "TEA")
    assert (message["product_id"], message["upload_id"]) == (tea.product_id, "upl_one")
    assert [(each["url_or_name"], each["alt"]) for each in message["references"]] == [
        ("https://img.example/1.jpg", "A bag of tea"),
        ("https://img.example/2.jpg", None),
    ]
    assert (upload.status, upload.pictures) == ("completed", 2)


@pytest.mark.parametrize(("on_error", "named"), [("skip", ["4.jpg"]), ("stop", [])])
def test_a_row_that_is_not_imported_has_no_pictures(on_error, named):
    for sku in ("POT", "CUP"):
        shop.product(sku)
    header, *_ = FILE.splitlines()
    refused = f"pot,{'x' * 300},POT,4.00,https://img.example/3.jpg,1,"
    good = "cup,Cup,CUP,3.00,https://img.example/4.jpg,1,"
    imports.upload(options_json={"on_error": on_error})

    handler(put_file(f"{header}\n{refused}\n{good}\n"), CONTEXT)

    references = [
        each["url_or_name"] for message in sent_messages() for each in message["references"]
    ]
    assert [each.rpartition("/")[2] for each in references] == named


def test_a_dry_run_fetches_no_picture():
    upload = imported(mode="dry_run")

    assert (sent_messages(), upload.pictures) == ([], 0)


def product_with_pictures() -> tuple[str, str]:
    """The URLs of sizes of its pictures."""
    tea = shop.product("TEA").product_id
    return store_picture(tea, "one", "A bag of tea"), store_picture(tea, "two")


def import_images(*images: str) -> Upload:
    imports.upload(options_json={})
    handler(put_file(f"sku,images\nTEA,{'|'.join(images)}\n"), CONTEXT)
    return Upload.get("upl_one", "upload")


def test_pictures_that_the_product_has_are_not_sent():
    first, second = product_with_pictures()
    before = [product.serialize() for product in Product.scan()]

    upload = import_images(first, second)

    assert (upload.status, upload.unchanged, upload.pictures) == ("completed", 1, 0)
    assert sent_messages() == []
    assert [product.serialize() for product in Product.scan()] == before


def test_a_product_as_the_api_shows_it_names_its_pictures():
    product_with_pictures()
    (tea,) = Product.scan()
    path = {"product_id": tea.product_id}
    shown = send(products_api, "products.get", caller=None, path=path).body
    imports.upload(filename="products.jsonl")

    handler(put_file(json.dumps(shown)), CONTEXT)

    upload = Upload.get("upl_one", "upload")
    assert (upload.status, upload.rejected, upload.pictures) == ("completed", 0, 0)
    assert sent_messages() == []


@pytest.mark.parametrize("change", ["another order", "another picture"])
def test_a_product_whose_pictures_change_is_one_message(change):
    first, second = product_with_pictures()
    images = [second, first] if change == "another order" else [first, second, "3.jpg"]

    upload = import_images(*images)

    (message,) = sent_messages()
    assert [each["url_or_name"] for each in message["references"]] == images
    assert upload.pictures == len(images)


def test_a_picture_that_is_named_twice_counts_once():
    shop.product("TEA")

    assert import_images("1.jpg", "1.jpg").pictures == 1


def test_a_picture_has_the_first_text_and_position_given():
    """Shopify names a variant's picture before the row that has its text and position."""
    header, *_ = FILE.splitlines()
    rows = [
        "tee,Tee,TEE-R,5.00,https://img.example/1.jpg,1,Front,https://img.example/2.jpg",
        "tee,,,,https://img.example/3.jpg,3,,",
        "tee,,,,https://img.example/2.jpg,2,The red tee,",
        "tee,,,,https://img.example/2.jpg,4,Another text,",
    ]
    imports.upload()

    handler(put_file("\n".join([f"{header},Variant Image", *rows]) + "\n"), CONTEXT)

    (message,) = sent_messages()
    assert [
        (each["url_or_name"].rpartition("/")[2], each["alt"], each["position"])
        for each in message["references"]
    ] == [("1.jpg", "Front", 1), ("2.jpg", "The red tee", 2), ("3.jpg", None, 3)]


def test_a_product_with_very_many_pictures_is_one_message():
    shop.product("TEA")
    images = [f"{number}.jpg" for number in range(2 * PICTURES_MAX + 1)]

    upload = import_images(*images)

    (message,) = sent_messages()
    assert [each["url_or_name"] for each in message["references"]] == images[:PICTURES_MAX]
    assert upload.pictures == PICTURES_MAX
    assert [(int(each.row), each.code) for each in upload.warnings] == [(2, "too_many_pictures")]


def test_what_is_too_long_is_cut_before_it_is_sent():
    shop.product("TEA")
    imports.upload()
    row = f"tea,Tea,TEA,1.00,https://img.example/{'x' * 9_000},1,{'y' * 9_000}"

    handler(put_file(f"{FILE.splitlines()[0]}\n{row}\n"), CONTEXT)

    ((reference,),) = [message["references"] for message in sent_messages()]
    assert (len(reference["url_or_name"]), len(reference["alt"])) == (URL_LENGTH_MAX + 1, ALT_MAX)


@pytest.mark.parametrize(
    ("text", "alt"),
    [
        ("\\u00e9 Tea  pot ", "\u00e9 Tea  pot"),
        ("e\\u0301", "\u00e9"),
        ("Tea\\r\\npot\\u0007\\u202e", "Tea pot"),
        (" ", None),
    ],
)
def test_a_text_becomes_one_that_the_api_would_take(text, alt):
    shop.product("TEA")
    imports.upload(filename="products.jsonl")

    handler(
        put_file(f'{{"sku": "TEA", "pictures": [{{"url": "1.jpg", "alt": "{text}"}}]}}'), CONTEXT
    )

    ((reference,),) = [message["references"] for message in sent_messages()]
    assert reference["alt"] == alt
