"""List, cancel and complete uploads, and how many may be open."""

import pytest

from files import service
from files.handler import handler
from shared.aws import client
from shared.storage.models.uploads import Upload
from tests.support import imports
from tests.support.http import ADA, STAFF, Answer, Caller, send

pytestmark = pytest.mark.usefixtures("aws")

LARGE = {"kind": "products", "filename": "all.csv", "size": 150_000_000}
SAMPLES = {
    "cancel": "uploads.cancel",
    "complete": "uploads.complete",
    "confirm": "uploads.confirm",
}
ENDED = ["completed", "failed", "cancelled", "expired"]
UNFINISHED = ["awaiting_file", "running", "awaiting_confirmation"]


def create(**body: object) -> Answer:
    return send(handler, "uploads.start", caller=STAFF, body=LARGE | body)


def decide(decision: str, upload_id: str = "upl_one", *, caller=STAFF, **body: object) -> Answer:
    more = {"body": body} if body else {}
    return send(handler, SAMPLES[decision], caller=caller, path={"upload_id": upload_id}, **more)


@pytest.mark.parametrize("status", UNFINISHED)
def test_an_unfinished_upload_can_be_cancelled(status):
    imports.upload(status=status, phase="writing")

    first, second = decide("cancel"), decide("cancel")

    assert (first.status, first.body["status"]) == (200, "cancelled")
    assert second.body == first.body


@pytest.mark.parametrize("status", [each for each in ENDED if each != "cancelled"])
def test_an_ended_upload_cannot_be_cancelled(status):
    imports.upload(status=status)

    refused = decide("cancel")

    assert (refused.status, refused.code) == (409, "upload_ended")
    assert refused.error["details"] == {"status": status}


@pytest.mark.parametrize("decision", ["cancel", "confirm", "complete"])
def test_a_decision_needs_an_upload_and_the_permission(decision):
    body = {"etags": ["x"]} if decision == "complete" else {}

    unknown = decide(decision, "upl_none", **body)
    forbidden = decide(decision, caller=ADA, **body)

    assert (unknown.status, unknown.code) == (404, "upload_not_found")
    assert (forbidden.status, forbidden.code) == (403, "forbidden")


def test_uploads_are_listed_newest_first_by_pages():
    created = [create(size=10 + n).body["id"] for n in range(5)]
    imports.upload("upl_other", owner_id="usr_other")

    first = send(handler, "uploads.list", caller=STAFF, query={"limit": "3"})
    rest = send(
        handler,
        "uploads.list",
        caller=STAFF,
        query={"limit": "3", "cursor": first.body["next_cursor"]},
    )

    listed = [each["id"] for page in (first, rest) for each in page.body["items"]]
    assert listed == created[::-1]
    assert rest.body["next_cursor"] is None


def test_a_large_file_is_sent_in_parts():
    upload = create()

    parts = upload.body["parts"]
    assert (upload.status, upload.body["form"]) == (201, None)
    assert (parts["part_size"], len(parts["urls"])) == (64_000_000, 3)
    assert "partNumber=2" in parts["urls"][1]


def test_completed_parts_become_the_file():
    upload_id = create().body["id"]
    stored = Upload.get(upload_id, "upload")
    key = {"Bucket": "souk-uploads", "Key": f"uploads/{upload_id}"}
    part = client("s3").upload_part(
        **key, UploadId=stored.multipart_id, PartNumber=1, Body=b"sku,available\nTEA,1\n"
    )

    completed = decide("complete", upload_id, etags=[part["ETag"]])

    assert (completed.status, completed.body["status"]) == (200, "awaiting_file")
    assert client("s3").head_object(**key)["ContentLength"] == 20


def test_parts_that_did_not_arrive_are_named():
    upload_id = create().body["id"]

    refused = decide("complete", upload_id, etags=['"d41d8cd98f00b204e9800998ecf8427e"'])

    assert (refused.status, refused.code) == (409, "parts_missing")


def test_a_small_upload_has_no_parts_to_complete():
    imports.upload()

    refused = decide("complete", etags=["x"])

    assert (refused.status, refused.code) == (409, "upload_not_in_parts")


def test_a_running_upload_in_parts_is_complete():
    imports.upload(status="running", phase="writing", multipart_id="mpu")

    assert decide("complete", etags=["x"]).body["status"] == "running"


def test_a_cancelled_upload_in_parts_cannot_be_completed():
    imports.upload(status="cancelled", multipart_id="mpu")

    assert decide("complete", etags=["x"]).code == "upload_ended"


def test_an_account_has_a_limit_of_open_uploads(monkeypatch):
    monkeypatch.setattr(service, "OPEN_UPLOADS_MAX", 2)

    answers = [create(size=10) for _ in range(3)]

    assert [each.status for each in answers] == [201, 201, 409]
    assert answers[2].code == "too_many_open_uploads"
    assert answers[2].error["details"]["open"] == 2
    other = Caller("usr_other", "customer staff")
    assert send(handler, "uploads.start", caller=other, body=LARGE).status == 201


def test_an_account_has_a_limit_of_open_bytes():
    answers = [create(size=5_000_000_000) for _ in range(5)]

    assert [each.status for each in answers] == [201] * 4 + [409]
    assert answers[4].error["details"]["bytes"] == 25_000_000_000


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"missing": "archive"}, ""),
        ({"archive_percent_max": 50}, ""),
        ({"missing": "archive", "archive_percent_max": 0}, "archive_percent_max"),
        ({"missing": "archive", "archive_percent_max": 101}, "archive_percent_max"),
        ({"missing": "delete"}, "missing"),
        ({"stock_counts": "guessed"}, "stock_counts"),
        ({"currency": "EURO"}, "currency"),
        ({"mapping": {"columns": {"A": {"field": "colour"}}}}, "mapping.columns.A.field"),
    ],
)
def test_an_invalid_option_is_named(change, path):
    refused = create(**change)

    assert refused.status == 422
    assert refused.paths == [f"body.{path}".rstrip(".")]
    assert Upload.count() == 0
