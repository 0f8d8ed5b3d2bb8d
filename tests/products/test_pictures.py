"""Pictures of a product, as staff keep them and as shoppers see them."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from products.handler import handler
from shared import clock
from shared.aws import client
from shared.pictures import lists, messages
from shared.pictures.lists import Failure, new_picture, set_result
from shared.storage.models.catalog import Picture, Product
from shared.storage.pictures import change_pictures
from tests.support import pictures, shop
from tests.support.http import STAFF, Answer, send

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea() -> str:
    return shop.listed_product("tea", available=5).product_id


def call(name: str, product_id: str, **more: Any) -> Answer:
    path = {"product_id": product_id, **more.pop("path", {})}
    return send(handler, name, caller=STAFF, path=path, **more)


def add(product_id: str, **body: Any) -> str:
    return str(call("pictures.create", product_id, body=body).body["id"])


def make_ready(product_id: str, picture_id: str) -> None:
    change_pictures(product_id, lambda found: set_result(found, picture_id, pictures.READY))


def make_failed(product_id: str, picture_id: str) -> None:
    failure = Failure("broken_picture", "The file is damaged.")
    change_pictures(product_id, lambda found: set_result(found, picture_id, failure))


def listed(product_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("pictures.list", product_id).body["items"]
    return items


def shown(product_id: str) -> list[dict[str, Any]]:
    answer = send(handler, "products.get", caller=None, path={"product_id": product_id})
    found: list[dict[str, Any]] = answer.body["pictures"]
    return found


def test_a_form_takes_one_file_of_twenty_megabytes(tea):
    answer = call("pictures.create", tea, body={"alt": "A teapot"})

    assert answer.status == 201
    assert answer.body["status"] == "waiting"
    assert answer.headers["Location"] == f"/v1/products/{tea}/pictures"
    form = answer.body["form"]
    assert "souk-pictures" in form["url"]
    assert form["fields"]["key"] == f"incoming/{tea}/{answer.body['id']}"


def test_a_url_is_fetched_by_the_worker(tea):
    pictures.create_queue()
    url = "https://supplier.example/tea.jpg"

    answer = call("pictures.create", tea, body={"url": url})

    assert (answer.status, answer.body["form"]) == (201, None)
    assert pictures.sent_messages() == [
        {"product_id": tea, "picture_id": answer.body["id"], "url": url}
    ]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://supplier.example/a", "wrong_format"),
        ("//supplier.example/a", "wrong_format"),
        ("https://a b", "wrong_format"),
        ("https://", "wrong_format"),
        ("https://ada:secret@supplier.example/a", "url_not_allowed"),
        ("https://supplier.example:22/a", "url_not_allowed"),
        (f"https://supplier.example/{'a' * 2_000}", "too_long"),
        (7, "wrong_type"),
    ],
)
def test_a_url_that_the_shop_does_not_fetch_is_refused(tea, url, code):
    answer = call("pictures.create", tea, body={"url": url})

    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert [field["code"] for field in answer.error["details"]["fields"]] == [code]
    assert listed(tea) == []


def test_a_queue_that_is_out_is_503(tea, monkeypatch):
    def fail(_: object) -> None:
        raise ClientError({"Error": {"Code": "InternalError"}}, "SendMessage")

    monkeypatch.setattr(messages, "send", fail)

    answer = call("pictures.create", tea, body={"url": "https://supplier.example/tea.jpg"})

    assert (answer.status, answer.code) == (503, "unavailable")


@pytest.mark.parametrize("alt", ["", "  ", "two\nlines", "x" * 501, 7])
def test_a_text_that_says_nothing_is_refused(tea, alt):
    assert call("pictures.create", tea, body={"alt": alt}).code == "invalid_fields"


def test_shoppers_see_pictures_that_are_ready(tea):
    ready, waiting, failed = add(tea, alt="A teapot"), add(tea), add(tea)
    make_ready(tea, ready)
    make_failed(tea, failed)

    (picture,) = shown(tea)

    assert (picture["id"], picture["alt"]) == (ready, "A teapot")
    assert (picture["width"], picture["height"]) == (1200, 900)
    assert [(size["width"], size["height"]) for size in picture["sizes"]] == [
        (160, 120),
        (480, 360),
        (960, 720),
        (1200, 900),
    ]
    base = f"https://pictures.shop.example/pictures/{pictures.READY.digest}"
    assert picture["sizes"][0]["url"] == f"{base}/160.jpg"
    assert picture["sizes"][0]["webp_url"] == f"{base}/160.webp"
    assert [each["status"] for each in listed(tea)] == ["ready", "waiting", "failed"]
    assert waiting in [each["id"] for each in listed(tea)]


def test_every_view_of_a_product_has_its_pictures(tea):
    make_ready(tea, add(tea, alt="A teapot"))
    calls = {
        "products.list": {"caller": None, "query": {}},
        "products.search": {"caller": None, "query": {"q": "tea"}},
        "staff.list_products": {"caller": STAFF, "query": {}},
    }

    for name, more in calls.items():
        (product,) = send(handler, name, **more).body["items"]
        assert [picture["alt"] for picture in product["pictures"]] == ["A teapot"], name
    staff = send(handler, "staff.get_product", caller=STAFF, path={"product_id": tea}).body
    assert [picture["alt"] for picture in staff["pictures"]] == ["A teapot"]


def test_a_failed_picture_says_why(tea):
    make_failed(tea, add(tea))

    (picture,) = listed(tea)

    assert picture["error"] == {"code": "broken_picture", "message": "The file is damaged."}
    assert picture["width"] is None
    assert picture["sizes"] == []


def test_a_picture_that_never_arrived_shows_as_failed(tea):
    old = clock.utc_now() - timedelta(hours=4)
    change_pictures(tea, lambda _: [new_picture("pic_old", None, None, old)])

    (picture,) = listed(tea)

    assert picture["status"] == "failed"
    assert picture["error"]["code"] == "picture_not_received"


def etag(product_id: str) -> dict[str, str]:
    return {"if-match": call("pictures.list", product_id).headers["ETag"]}


def test_pictures_get_another_order_and_other_texts(tea):
    first, second, third = (add(tea, alt=alt) for alt in ("one", "two", "three"))
    body = {"pictures": [{"id": third, "alt": None}, {"id": first, "alt": "first"}]}

    answer = call("pictures.update", tea, body=body, headers=etag(tea))

    assert answer.status == 200
    assert [(each["id"], each["alt"]) for each in answer.body["items"]] == [
        (third, None),
        (first, "first"),
        (second, "two"),
    ]
    assert answer.body["items"] == listed(tea)


def test_an_omitted_text_stays(tea):
    picture = add(tea, alt="one")

    call("pictures.update", tea, body={"pictures": [{"id": picture}]}, headers=etag(tea))

    assert listed(tea)[0]["alt"] == "one"


def test_an_order_that_was_overtaken_is_refused(tea):
    before = etag(tea)
    picture = add(tea)

    answer = call("pictures.update", tea, body={"pictures": [{"id": picture}]}, headers=before)

    assert (answer.status, answer.code) == (412, "stale_version")
    anyway = call("pictures.update", tea, body={"pictures": []}, headers={"if-match": "*"})
    assert anyway.status == 200


def test_a_picture_is_named_once(tea):
    picture = add(tea)

    answer = call(
        "pictures.update", tea, body={"pictures": [{"id": picture}] * 2}, headers=etag(tea)
    )

    field = answer.error["details"]["fields"][0]
    assert (field["path"], field["code"]) == ("body.pictures", "named_twice")


def test_a_deleted_picture_is_gone(tea):
    first, second = add(tea), add(tea)
    make_ready(tea, first)

    answer = call("pictures.delete", tea, path={"picture_id": first})

    assert answer.status == 204
    assert [each["id"] for each in listed(tea)] == [second]
    assert shown(tea) == []


@pytest.mark.parametrize("name", ["pictures.update", "pictures.delete"])
def test_an_unknown_picture_is_not_found(tea, name):
    body = {"pictures": [{"id": "pic_unknown"}]} if name == "pictures.update" else None
    headers = {"if-match": "*"} if name == "pictures.update" else None
    path = {"picture_id": "pic_unknown"} if name == "pictures.delete" else {}

    answer = call(name, tea, body=body, headers=headers, path=path)

    assert (answer.status, answer.code) == (404, "picture_not_found")


@pytest.mark.parametrize(
    "name", ["pictures.list", "pictures.create", "pictures.update", "pictures.delete"]
)
def test_an_unknown_product_is_not_found(name):
    path = {"picture_id": "pic_unknown"} if name == "pictures.delete" else {}

    answer = call(name, "prd_unknown", path=path)

    assert (answer.status, answer.code) == (404, "product_not_found")


def test_a_product_has_twenty_pictures(tea):
    for _ in range(lists.PICTURES_MAX):
        add(tea)

    answer = call("pictures.create", tea, body={})

    assert (answer.status, answer.code) == (409, "picture_limit_reached")
    assert answer.error["details"] == {"pictures_max": 20}


def test_the_oldest_failed_picture_makes_room(tea):
    added = [add(tea) for _ in range(lists.PICTURES_MAX)]
    make_failed(tea, added[7])
    make_failed(tea, added[3])

    new = add(tea)

    found = [each["id"] for each in listed(tea)]
    assert found == [*added[:3], *added[4:], new]


@pytest.mark.parametrize("name", ["pictures.create", "pictures.delete"])
def test_writers_at_the_same_moment_are_retried(tea, monkeypatch, name):
    """Another writer is always faster: the caller hears so after some attempts."""
    picture = add(tea)
    read = lists.pictures_of

    def read_and_lose(product: Product) -> list[Picture]:
        found = read(product)
        Product(tea).update([Product.pictures_version.add(1)])
        return found

    monkeypatch.setattr("shared.storage.pictures.pictures_of", read_and_lose)

    answer = call(name, tea, path={"picture_id": picture} if name == "pictures.delete" else {})

    assert (answer.status, answer.code) == (409, "concurrent_modification")


def test_orders_at_the_same_moment_are_retried(tea, monkeypatch):
    pictures_of_tea = [add(tea), add(tea)]
    read = lists.pictures_of

    def read_and_lose(product: Product) -> list[Picture]:
        found = read(product)
        Product(tea).update([Product.pictures_version.add(1)])
        return found

    monkeypatch.setattr("shared.storage.pictures.pictures_of", read_and_lose)
    body = {"pictures": [{"id": pictures_of_tea[1]}]}

    answer = call("pictures.update", tea, body=body, headers={"if-match": "*"})

    assert (answer.status, answer.code) == (409, "concurrent_modification")


def test_an_edit_of_the_product_keeps_its_pictures(tea):
    make_ready(tea, add(tea))
    before = send(handler, "staff.get_product", caller=STAFF, path={"product_id": tea})
    fields = {"sku": "tea", "name": "Tea", "price": {"amount_minor": 100, "currency": "EUR"}}

    for name, body in (("products.patch", {"name": "Green tea"}), ("products.replace", fields)):
        headers = {"if-match": "*"}
        answer = send(
            handler, name, caller=STAFF, path={"product_id": tea}, body=body, headers=headers
        )
        assert answer.body["pictures"] == before.body["pictures"], name


def test_a_picture_does_not_overtake_an_edit_of_the_product(tea):
    read = send(handler, "staff.get_product", caller=STAFF, path={"product_id": tea})
    make_ready(tea, add(tea))

    answer = send(
        handler,
        "products.patch",
        caller=STAFF,
        path={"product_id": tea},
        body={"name": "Green tea"},
        headers={"if-match": read.headers["ETag"]},
    )

    assert answer.status == 200
    assert len(answer.body["pictures"]) == 1


def test_a_new_picture_is_another_answer_for_caches(tea):
    path = {"product_id": tea}
    before = send(handler, "staff.get_product", caller=STAFF, path=path)
    make_ready(tea, add(tea))

    again = send(
        handler,
        "staff.get_product",
        caller=STAFF,
        path=path,
        headers={"if-none-match": before.headers["ETag"]},
    )

    assert again.status == 200


def test_a_file_can_be_sent_under_its_name():
    answer = send(handler, "pictures.name", caller=STAFF, body={"filename": "Tea Green.JPG"})

    assert answer.status == 201
    assert answer.body["filename"] == "Tea Green.JPG"
    assert answer.body["form"]["fields"]["key"].startswith(f"named/{STAFF.user_id}/")


@pytest.mark.parametrize("other", ["TEA.jpg", "photos/tea.jpg", "C:\\photos\\Tea.jpg", " tea.jpg"])
def test_folders_and_case_do_not_count_in_names(other):
    keys = [
        send(handler, "pictures.name", caller=STAFF, body={"filename": name}).body["form"][
            "fields"
        ]["key"]
        for name in ("tea.jpg", other)
    ]

    assert keys[0] == keys[1]


def test_the_form_works_in_s3(tea):
    form = call("pictures.create", tea, body={}).body["form"]

    assert form["fields"].keys() >= {"key", "policy", "x-amz-signature"}
    assert client("s3").list_objects_v2(Bucket="souk-pictures").get("KeyCount") == 0


def test_an_unchanged_list_is_not_sent_again(tea):
    headers = {"if-none-match": call("pictures.list", tea).headers["ETag"]}

    again = call("pictures.list", tea, headers=headers)

    assert (again.status, again.body) == (304, "")
