"""The worker: each message makes its picture ready, or ends with a reason."""

import json
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from pictures import fetching, service, stored_files
from pictures.failures import BadPicture, TryLater
from pictures.workers.process_pictures import RETRY_SECONDS, handler
from shared import clock
from shared.aws import client
from shared.pictures.files import incoming_key, named_key
from shared.pictures.lists import OVERDUE_AFTER, PICTURES_MAX, failure_of, new_picture
from shared.pictures.messages import ImportedPictures, PictureToFetch, to_body
from shared.pictures.references import Reference
from shared.storage.models.catalog import Picture, Product
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.uploads import Upload, UploadPictures
from shared.storage.pictures import change_pictures
from tests.support import shop
from tests.support.http import sample
from tests.support.pictures import encode

pytestmark = pytest.mark.usefixtures("queue")

BUCKET = "souk-pictures"
TEAPOT = encode(Image.new("RGB", (800, 600), "teal"), "PNG")
MUG = encode(Image.new("RGB", (300, 600), "tan"), "JPEG")
URL = "https://supplier.example/teapot.png"


def invoke(body: str, *, attempt: int = 1, milliseconds: int = 300_000) -> list[str]:
    """Deliver one message; the ids of what the queue must repeat."""
    event = sample("pictures.process_pictures")
    (record,) = event["Records"]
    record["body"] = body
    record["attributes"]["ApproximateReceiveCount"] = str(attempt)
    context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: milliseconds)
    answer = handler(event, context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def waiting_picture(product_id: str, picture_id: str = "pic_1", **changes: Any) -> None:
    picture = new_picture(picture_id, "A teapot", None, clock.utc_now())
    for name, value in changes.items():
        setattr(picture, name, value)
    change_pictures(product_id, lambda found: [*found, picture])


def arrived(product_id: str, picture_id: str = "pic_1", content: bytes = TEAPOT) -> str:
    """S3 has the file; the message that it sends."""
    key = incoming_key(product_id, picture_id)
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
    record = {"eventSource": "aws:s3", "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}
    return json.dumps({"Records": [record]})


def pictures_of(product_id: str) -> list[Picture]:
    product = Product.find(product_id, consistent=True)
    assert product is not None
    return list(product.pictures or ())


def keys() -> set[str]:
    listed = client("s3").list_objects_v2(Bucket=BUCKET, Prefix="pictures/").get("Contents", [])
    return {entry["Key"] for entry in listed}


def events() -> list[Any]:
    return [json.loads(row.payload)["data"] for row in OutboxRow.scan()]


def test_a_file_that_arrived_becomes_a_picture():
    tea = shop.product("tea").product_id
    waiting_picture(tea)

    assert invoke(arrived(tea)) == []

    (picture,) = pictures_of(tea)
    assert (picture.status, picture.alt, picture.extension) == ("ready", "A teapot", "png")
    assert (picture.width, picture.height) == (800, 600)
    assert keys() == {
        f"pictures/{picture.digest}/{side}.{extension}"
        for side in (160, 480, 800)
        for extension in ("png", "webp")
    }


def test_a_cache_may_keep_a_size_for_ever():
    tea = shop.product("tea").product_id
    waiting_picture(tea)
    invoke(arrived(tea))

    for key in keys():
        head = client("s3").head_object(Bucket=BUCKET, Key=key)
        assert head["CacheControl"] == "public, max-age=31536000, immutable"
        assert head["ContentType"] == f"image/{key.rpartition('.')[2]}"


def test_shoppers_hear_of_the_picture_once():
    tea = shop.product("tea").product_id
    waiting_picture(tea)
    message = arrived(tea)
    before = len(events())

    for _ in range(3):
        assert invoke(message) == []

    assert [event["changed"] for event in events()[before:]] == [["pictures"]]
    assert len(pictures_of(tea)) == 1


def test_the_version_of_the_product_stays():
    """A picture that becomes ready refuses no edit of the description."""
    product = shop.product("tea")
    waiting_picture(product.product_id)
    invoke(arrived(product.product_id))

    found = Product.find(product.product_id, consistent=True)
    assert found is not None
    assert (found.version, found.pictures_version) == (product.version, 2)


def test_an_edit_at_the_same_moment_loses_no_picture(monkeypatch):
    tea = shop.product("tea").product_id
    waiting_picture(tea)
    write = stored_files.write_files

    def write_and_edit(files: Any) -> None:
        write(files)
        waiting_picture(tea, "pic_2")

    monkeypatch.setattr(stored_files, "write_files", write_and_edit)

    assert invoke(arrived(tea)) == []
    assert {each.picture_id: each.status for each in pictures_of(tea)} == {
        "pic_1": "ready",
        "pic_2": "waiting",
    }


def test_a_file_that_is_no_picture_fails_with_a_reason():
    tea = shop.product("tea").product_id
    waiting_picture(tea)

    assert invoke(arrived(tea, content=b"PK\x03\x04 no picture")) == []

    (picture,) = pictures_of(tea)
    assert (picture.status, picture.code) == ("failed", "unsupported_picture_type")
    assert "ZIP" in picture.message
    assert keys() == set()


@pytest.mark.parametrize("removed", ["picture", "product"])
def test_a_file_of_nothing_is_ignored(removed):
    tea = shop.product("tea").product_id
    message = arrived(tea if removed == "picture" else "prd_gone")

    assert invoke(message) == []
    assert keys() == set()


def test_the_test_message_of_s3_is_done():
    assert invoke(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == []


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "{}", '{"url": "x"}', '{"Records": [{}]}', '{"references": []}']
)
def test_a_message_that_nobody_sends_goes_to_the_dead_letters(body):
    assert len(invoke(body)) == 1


def test_a_url_is_fetched(monkeypatch):
    tea = shop.product("tea").product_id
    waiting_picture(tea)
    monkeypatch.setattr(fetching, "fetch", {URL: TEAPOT}.__getitem__)

    assert invoke(to_body(PictureToFetch(tea, "pic_1", URL))) == []
    assert pictures_of(tea)[0].status == "ready"


def fail(error: Exception) -> Callable[..., bytes]:
    def raise_it(*_: object) -> bytes:
        raise error

    return raise_it


def test_a_busy_server_is_asked_three_times(monkeypatch):
    tea = shop.product("tea").product_id
    waiting_picture(tea)
    monkeypatch.setattr(fetching, "fetch", fail(TryLater("picture_too_slow", "Too slow.")))
    message = to_body(PictureToFetch(tea, "pic_1", URL))

    assert [len(invoke(message, attempt=attempt)) for attempt in (1, 2, 3)] == [1, 1, 0]
    assert pictures_of(tea)[0].code == "picture_too_slow"


def test_a_message_for_later_comes_again_in_a_minute(monkeypatch):
    tea = shop.product("tea").product_id
    waiting_picture(tea)
    monkeypatch.setattr(fetching, "fetch", fail(TryLater("picture_too_slow", "Too slow.")))
    postponed: list[int] = []
    monkeypatch.setattr(
        client("sqs"),
        "change_message_visibility",
        lambda **request: postponed.append(request["VisibilityTimeout"]),
    )

    invoke(to_body(PictureToFetch(tea, "pic_1", URL)))

    assert postponed == [RETRY_SECONDS]


def test_a_url_that_is_refused_fails_at_once(monkeypatch):
    tea = shop.product("tea").product_id
    waiting_picture(tea)
    monkeypatch.setattr(fetching, "fetch", fail(BadPicture("url_not_allowed", "Not public.")))

    assert invoke(to_body(PictureToFetch(tea, "pic_1", URL))) == []
    assert pictures_of(tea)[0].code == "url_not_allowed"


def test_what_kills_the_worker_three_times_fails():
    """It cannot be caught: the next delivery must not decode the file again."""
    tea = shop.product("tea").product_id
    waiting_picture(tea)

    assert invoke(arrived(tea), attempt=4) == []
    assert pictures_of(tea)[0].code == "picture_not_processed"
    assert keys() == set()


def test_an_outage_of_s3_repeats_the_message(monkeypatch):
    tea = shop.product("tea").product_id
    waiting_picture(tea)
    message = arrived(tea)
    outage = ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")
    monkeypatch.setattr(stored_files, "read_file", fail(outage))

    assert len(invoke(message)) == 1
    monkeypatch.undo()
    assert invoke(message, attempt=2) == []
    assert pictures_of(tea)[0].status == "ready"


def test_a_picture_without_a_file_fails_after_some_hours():
    picture = new_picture("pic_1", None, None, clock.utc_now() - OVERDUE_AFTER)
    fresh = new_picture("pic_2", None, None, clock.utc_now() - OVERDUE_AFTER / 2)

    failure = failure_of(picture, clock.utc_now())

    assert failure is not None
    assert failure.code == "picture_not_received"
    assert failure_of(fresh, clock.utc_now()) is None


def upload(upload_id: str = "upl_1") -> None:
    now = clock.utc_now()
    Upload(
        upload_id,
        "upload",
        owner_id="usr_staff",
        kind="products",
        filename="spring.csv",
        status="running",
        created_at=now,
        expires_at=now + timedelta(days=30),
    ).save()


def imported(product_id: str, *references: Reference, upload_id: str = "upl_1") -> str:
    return to_body(ImportedPictures(product_id, upload_id, references))


def named_file(filename: str, content: bytes) -> None:
    key = named_key("usr_staff", filename)
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)


def counts(upload_id: str = "upl_1") -> tuple[int, int]:
    found = UploadPictures.find(upload_id, "pictures", consistent=True)
    return (int(found.ready), int(found.failed)) if found else (0, 0)


def problems() -> list[tuple[str, str]]:
    found = UploadPictures.find("upl_1", "pictures", consistent=True)
    assert found is not None
    return [(problem.reference, problem.code) for problem in found.problems]


def test_an_import_adds_pictures_in_the_order_of_positions(monkeypatch):
    tea = shop.product("tea").product_id
    upload()
    named_file("mug.jpg", MUG)
    monkeypatch.setattr(fetching, "fetch", {URL: TEAPOT}.__getitem__)

    message = imported(tea, Reference("photos/MUG.jpg", "A mug", 2), Reference(URL, "A teapot", 1))

    assert invoke(message) == []
    assert [(each.alt, each.status) for each in pictures_of(tea)] == [
        ("A teapot", "ready"),
        ("A mug", "ready"),
    ]
    assert counts() == (2, 0)


def test_a_reference_counts_once_however_often_it_comes(monkeypatch):
    tea = shop.product("tea").product_id
    upload()
    monkeypatch.setattr(fetching, "fetch", {URL: TEAPOT}.__getitem__)
    message = imported(tea, Reference(URL), Reference("missing.jpg"))

    for _ in range(3):
        assert invoke(message) == []

    assert counts() == (1, 1)
    assert problems() == [("missing.jpg", "picture_file_missing")]
    assert len(pictures_of(tea)) == 1


def test_two_deliveries_at_once_count_once(monkeypatch):
    tea = shop.product("tea").product_id
    upload()
    message = imported(tea, Reference(URL))
    is_nested = False

    def fetch(_: str) -> bytes:
        nonlocal is_nested
        if not is_nested:
            is_nested = True
            assert invoke(message) == []  # the other delivery is faster
        return TEAPOT

    monkeypatch.setattr(fetching, "fetch", fetch)

    assert invoke(message) == []
    assert counts() == (1, 0)
    assert len(pictures_of(tea)) == 1


def test_the_same_import_again_fetches_nothing(monkeypatch):
    tea = shop.product("tea").product_id
    upload("upl_1")
    upload("upl_2")
    monkeypatch.setattr(fetching, "fetch", {URL: TEAPOT}.__getitem__)
    invoke(imported(tea, Reference(URL, "A teapot")))
    stored = [each.attribute_values for each in pictures_of(tea)]
    told = len(events())
    monkeypatch.setattr(fetching, "fetch", fail(AssertionError("fetched")))

    assert invoke(imported(tea, Reference(URL, "A teapot"), upload_id="upl_2")) == []

    assert [each.attribute_values for each in pictures_of(tea)] == stored
    assert counts("upl_2") == (1, 0)
    assert len(events()) == told


def test_an_import_moves_only_its_own_pictures(monkeypatch):
    tea = shop.product("tea").product_id
    upload("upl_1")
    upload("upl_2")
    first, second = f"{URL}?1", f"{URL}?2"
    monkeypatch.setattr(fetching, "fetch", {first: TEAPOT, second: MUG}.__getitem__)
    invoke(imported(tea, Reference(first, "one", 1)))
    waiting_picture(tea, "pic_own", alt="own")
    invoke(imported(tea, Reference(second, "two", 2)))

    swapped = (Reference(first, None, 2), Reference(second, None, 1))
    invoke(imported(tea, *swapped, upload_id="upl_2"))

    assert [each.alt for each in pictures_of(tea)] == ["two", "own", "one"]


def test_each_failure_is_reported_to_the_upload(monkeypatch):
    tea = shop.product("tea").product_id
    upload()
    named_file("notes.jpg", b"%PDF-1.7")
    monkeypatch.setattr(fetching, "fetch", fail(BadPicture("url_not_allowed", "Not public.")))

    references = [Reference(each) for each in ("none.jpg", "notes.jpg", URL)]
    assert invoke(imported(tea, *references)) == []

    assert problems() == [
        ("none.jpg", "picture_file_missing"),
        ("notes.jpg", "unsupported_picture_type"),
        (URL, "url_not_allowed"),
    ]
    assert counts() == (0, 3)
    assert pictures_of(tea) == []


def test_a_product_that_is_full_or_missing_is_reported(monkeypatch):
    tea = shop.product("tea").product_id
    upload()
    monkeypatch.setattr(fetching, "fetch", fail(AssertionError("fetched")))
    for number in range(PICTURES_MAX):
        waiting_picture(tea, f"pic_{number}")

    assert invoke(imported(tea, Reference(URL))) == []
    assert invoke(imported("prd_gone", Reference(URL))) == []

    assert [code for _, code in problems()] == ["picture_limit_reached", "product_not_found"]


def test_files_of_another_account_are_not_found():
    tea = shop.product("tea").product_id
    upload()
    client("s3").put_object(Bucket=BUCKET, Key=named_key("usr_other", "mug.jpg"), Body=MUG)

    invoke(imported(tea, Reference("mug.jpg")))

    assert problems() == [("mug.jpg", "picture_file_missing")]


def test_an_upload_keeps_a_hundred_problems(monkeypatch):
    tea = shop.product("tea").product_id
    upload()
    monkeypatch.setattr("pictures.repository.PROBLEMS_KEPT", 2)

    invoke(imported(tea, *(Reference(f"{number}.jpg") for number in range(4))))

    assert len(problems()) == 2
    assert counts() == (0, 4)


def test_a_busy_server_delays_no_other_reference(monkeypatch):
    tea = shop.product("tea").product_id
    upload()
    named_file("mug.jpg", MUG)
    monkeypatch.setattr(fetching, "fetch", fail(TryLater("picture_too_slow", "Too slow.")))
    message = imported(tea, Reference(URL, position=1), Reference("mug.jpg", position=2))

    assert len(invoke(message)) == 1
    assert counts() == (1, 0)
    assert invoke(message, attempt=3) == []
    assert counts() == (1, 1)


def test_a_delivery_with_little_time_left_is_continued():
    tea = shop.product("tea").product_id
    upload()
    named_file("mug.jpg", MUG)

    assert len(invoke(imported(tea, Reference("mug.jpg")), milliseconds=1_000)) == 1
    assert counts() == (0, 0)
    assert invoke(imported(tea, Reference("mug.jpg")), attempt=2) == []
    assert counts() == (1, 0)


def test_references_of_no_upload_are_ignored():
    tea = shop.product("tea").product_id

    assert invoke(imported(tea, Reference(URL), upload_id="upl_gone")) == []
    assert pictures_of(tea) == []


def test_a_worker_killed_after_the_sizes_repeats_them(monkeypatch):
    tea = shop.product("tea").product_id
    waiting_picture(tea)
    message = arrived(tea)
    monkeypatch.setattr(service, "change_pictures", fail(RuntimeError("killed")))

    assert len(invoke(message)) == 1
    written = keys()
    monkeypatch.undo()
    assert invoke(message, attempt=2) == []
    assert keys() == written
    assert pictures_of(tea)[0].status == "ready"
