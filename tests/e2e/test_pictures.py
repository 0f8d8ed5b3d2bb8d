"""Pictures go from a form, a URL or an import to the sizes that shoppers see."""

import io
import json
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from tests.e2e.conftest import Shop, fetch_url, wait_until
from tests.e2e.test_uploads import export_products, import_file, post_file
from tests.support.pictures import encode

CACHED_FOR_EVER = "public, max-age=31536000, immutable"
METADATA_URL = "http://169.254.169.254/latest/meta-data/"
LOOPBACK_URL = "http://127.0.0.1:8080/teapot.png"


def make_picture(width: int = 700, height: int = 500, kind: str = "JPEG") -> bytes:
    """A file that no other test sends: its colour is random."""
    return encode(Image.new("RGB", (width, height), f"#{uuid4().hex[:6]}"), kind)


def add_picture(staff: Shop, product_id: str, content: bytes, alt: str | None = None) -> str:
    created = staff.post(f"/products/{product_id}/pictures", {"alt": alt})
    assert created.status_code == 201, created.text
    assert post_file(created.json()["form"], content).status_code == 204
    return str(created.json()["id"])


def list_pictures(staff: Shop, product_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = staff.get(f"/products/{product_id}/pictures").json()["items"]
    return items


def wait_for_pictures(staff: Shop, product_id: str, count: int) -> list[dict[str, Any]]:
    """All pictures of the product, when there are that many and none waits."""

    def is_finished() -> bool:
        statuses = [each["status"] for each in list_pictures(staff, product_id)]
        return len(statuses) == count and "waiting" not in statuses

    wait_until(is_finished)
    return list_pictures(staff, product_id)


def wait_for_import(staff: Shop, upload_id: str) -> dict[str, Any]:
    """What became of the pictures of an import, when each is ready or has failed."""

    def get() -> dict[str, Any]:
        found: dict[str, Any] = staff.get(f"/uploads/{upload_id}").json()["pictures"]
        return found

    def is_finished() -> bool:
        pictures = get()
        return bool(pictures["ready"] + pictures["failed"] == pictures["named"])

    wait_until(is_finished)
    return get()


def send_named_file(staff: Shop, filename: str, content: bytes) -> None:
    created = staff.post("/picture-files", {"filename": filename})
    assert created.status_code == 201, created.text
    assert post_file(created.json()["form"], content).status_code == 204


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_sent_picture_is_shown_in_sizes_of_two_formats(staff, visitor, kind):
    product_id = staff.create_product()
    add_picture(staff, product_id, make_picture(kind=kind), "A teapot")
    wait_for_pictures(staff, product_id, 1)

    wait_until(lambda: len(visitor.get(f"/products/{product_id}").json()["pictures"]) == 1)
    (picture,) = visitor.get(f"/products/{product_id}").json()["pictures"]

    assert (picture["alt"], picture["width"], picture["height"]) == ("A teapot", 700, 500)
    shapes = [(size["width"], size["height"]) for size in picture["sizes"]]
    assert shapes == [(160, 114), (480, 343), (700, 500)]
    for size, shape in zip(picture["sizes"], shapes, strict=True):
        for url, format_ in ((size["url"], kind), (size["webp_url"], "WEBP")):
            answer = fetch_url(url)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == CACHED_FOR_EVER
            assert answer.headers["content-type"] == f"image/{format_.lower()}"
            file = Image.open(io.BytesIO(answer.content))
            assert (file.format, file.size) == (format_, shape)


def test_staff_change_the_order_and_texts_of_pictures(staff, visitor):
    product_id = staff.create_product()
    first = add_picture(staff, product_id, make_picture(), "From the front")
    second = add_picture(staff, product_id, make_picture())
    wait_for_pictures(staff, product_id, 2)
    path = f"/products/{product_id}/pictures"
    edits = {"pictures": [{"id": second, "alt": "From above"}, {"id": first}]}
    stale = staff.call("PATCH", path, json=edits, headers={"if-match": '"1"'})
    etag = staff.get(path).headers["etag"]

    edited = staff.call("PATCH", path, json=edits, headers={"if-match": etag})

    assert (stale.status_code, edited.status_code) == (412, 200)
    expected = [(second, "From above"), (first, "From the front")]
    assert [(each["id"], each["alt"]) for each in edited.json()["items"]] == expected

    def is_shown() -> bool:
        shown = visitor.get(f"/products/{product_id}").json()["pictures"]
        return [(each["id"], each["alt"]) for each in shown] == expected

    wait_until(is_shown)


@pytest.mark.parametrize("url", [METADATA_URL, LOOPBACK_URL, "https://localhost/teapot.png"])
def test_a_url_inside_of_the_network_is_not_fetched(staff, url):
    product_id = staff.create_product()

    assert staff.post(f"/products/{product_id}/pictures", {"url": url}).status_code == 201

    (picture,) = wait_for_pictures(staff, product_id, 1)
    assert (picture["status"], picture["error"]["code"]) == ("failed", "url_not_allowed")


def test_an_import_shows_sent_files_and_reports_the_others(staff):
    sku = uuid4().hex
    send_named_file(staff, f"{sku}.png", make_picture(kind="PNG"))
    names = ["Pictures\\" + sku.upper() + ".PNG", f"{sku}-later.jpg", LOOPBACK_URL]
    rows = f"sku,name,price_minor,currency,images\n{sku},Tea,100,EUR,{'|'.join(names)}\n".encode()

    upload = import_file(staff, rows)
    reported = wait_for_import(staff, upload["id"])

    product_id = staff.get("/staff/products", sku=sku).json()["items"][0]["id"]
    assert (upload["status"], upload["counts"]["created"]) == ("completed", 1)
    assert (reported["named"], reported["ready"], reported["failed"]) == (3, 1, 2)
    problems = {each["reference"]: each for each in reported["problems"]}
    assert problems[names[1]]["code"] == "picture_file_missing"
    assert problems[names[2]]["code"] == "url_not_allowed"
    assert {each["product_id"] for each in reported["problems"]} == {product_id}
    (picture,) = list_pictures(staff, product_id)
    assert picture["status"] == "ready"

    send_named_file(staff, names[1], make_picture())
    repeated = wait_for_import(staff, import_file(staff, rows)["id"])

    assert (repeated["ready"], repeated["failed"]) == (2, 1)
    shown = list_pictures(staff, product_id)
    assert [each["status"] for each in shown] == ["ready", "ready"]
    assert shown[0]["id"] == picture["id"]


def test_an_import_of_an_export_leaves_pictures_as_they_are(staff):
    product_id = staff.create_product()
    for alt in ("From the front", "From above"):
        add_picture(staff, product_id, make_picture(), alt)
    stored = wait_for_pictures(staff, product_id, 2)
    content = export_products(staff, "jsonl")
    lines = [json.loads(line) for line in content.decode().splitlines()]
    sku = staff.get(f"/products/{product_id}").json()["sku"]
    (exported,) = [line["pictures"] for line in lines if line["sku"] == sku]

    upload = import_file(staff, content)

    assert [each["alt"] for each in exported] == [each["alt"] for each in stored]
    assert [fetch_url(each["url"]).status_code for each in exported] == [200, 200]
    assert (upload["status"], upload["counts"]["updated"], upload["pictures"]) == (
        "completed",
        0,
        None,
    )
    assert list_pictures(staff, product_id) == stored
