"""Whole slice: the form for a file, and word of what became of it."""

import base64
import json

import pytest

from files.handler import handler
from shared import aws
from shared.storage.models.uploads import Upload
from tests.support import imports
from tests.support.http import ADA, NOBODY, STAFF, Answer, Caller, send

pytestmark = pytest.mark.usefixtures("aws")

SPRING = {"kind": "products", "filename": "spring.csv", "content_type": "text/csv", "size": 2048}


def start(*, caller=STAFF, **changes) -> Answer:
    return send(handler, "uploads.start", caller=caller, body=SPRING | changes)


def get(upload_id, *, caller=STAFF) -> Answer:
    return send(handler, "uploads.get", caller=caller, path={"upload_id": upload_id})


def test_an_upload_waits_for_its_file():
    answer = send(handler, "uploads.start", caller=STAFF)

    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/uploads/{answer.body['id']}"
    assert (answer.body["kind"], answer.body["status"]) == ("products", "awaiting_file")
    assert answer.body["counts"] == {"rows": 0, "written": 0, "rejected": 0}
    assert (answer.body["errors"], answer.body["finished_at"]) == ([], None)
    stored = Upload.get(answer.body["id"], "upload")
    assert (stored.owner_id, stored.filename) == (STAFF.user_id, "spring.csv")
    assert (stored.expires_at - stored.created_at.replace(microsecond=0)).days == 30


def test_the_form_takes_one_file_of_that_type_and_size_under_that_key():
    answer = start(size=12_345)

    form = answer.body["form"]
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    key = f"uploads/{answer.body['id']}"
    assert form["url"] == "https://souk-uploads.s3.eu-central-1.amazonaws.com/"
    assert form["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert (form["fields"]["key"], form["fields"]["Content-Type"]) == (key, "text/csv")
    assert {"bucket": "souk-uploads"} in policy["conditions"]
    assert {"key": key} in policy["conditions"]
    assert {"Content-Type": "text/csv"} in policy["conditions"]
    assert ["content-length-range", 12_345, 12_345] in policy["conditions"]


def test_an_endpoint_without_a_host_for_each_bucket_is_given_the_file_by_path(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    s3 = aws.client.__wrapped__("s3")

    form = s3.generate_presigned_post(Bucket="souk-uploads", Key="uploads/upl_one")

    assert form["url"] == "http://localhost:4566/souk-uploads"


def test_each_upload_has_a_place_of_its_own():
    assert start().body["form"]["fields"]["key"] != start().body["form"]["fields"]["key"]


@pytest.mark.parametrize(
    ("caller", "status", "code"), [(ADA, 403, "forbidden"), (NOBODY, 401, "token_missing")]
)
def test_only_staff_may_upload(caller, status, code):
    imports.upload("upl_one")

    answers = [start(caller=caller), get("upl_one", caller=caller)]

    assert [(answer.status, answer.code) for answer in answers] == [(status, code)] * 2
    assert Upload.count() == 1


def test_an_admin_is_staff():
    assert start(caller=Caller("usr_root", "admin")).status == 201


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"kind": "orders"}, "kind"),
        ({"content_type": "application/vnd.ms-excel"}, "content_type"),
        ({"size": 0}, "size"),
        ({"size": -1}, "size"),
        ({"size": 100_000_001}, "size"),
        ({"size": "2048"}, "size"),
        ({"size": 2048.0}, "size"),
        ({"size": None}, "size"),
        ({"mode": "delete"}, "mode"),
        ({"on_error": "ignore"}, "on_error"),
        ({"filename": ""}, "filename"),
        ({"filename": "x" * 256}, "filename"),
        ({"filename": "spring.csv\r\nX-Evil: 1"}, "filename"),
        ({"key": "uploads/other"}, "key"),
    ],
)
def test_a_file_that_the_shop_does_not_take_is_refused(change, path):
    answer = start(**change)

    assert (answer.status, answer.paths) == (422, [f"body.{path}"])
    assert Upload.count() == 0


def test_an_upload_is_shown_without_its_form():
    started = start().body

    answer = get(started["id"])

    assert answer.status == 200
    assert answer.body == started | {"form": None}


def test_the_errors_of_a_file_are_shown_by_row_and_field():
    problem = {"row": 7, "field": "price_minor", "code": "int_type", "message": "No number."}
    imports.upload(status="running", rows_done=9, written=8, rejected=1, errors=[problem])

    answer = get("upl_one")

    assert answer.body["status"] == "running"
    assert answer.body["counts"] == {"rows": 9, "written": 8, "rejected": 1}
    assert answer.body["errors"] == [problem]


def test_a_problem_with_a_whole_row_has_no_field():
    problem = {"row": 7, "code": "wrong_column_count", "message": "4 cells."}
    imports.upload(status="completed", errors=[problem])

    assert get("upl_one").body["errors"] == [problem | {"field": None}]


def test_an_unknown_upload_is_not_found():
    answer = send(handler, "uploads.get", caller=STAFF)

    assert (answer.status, answer.code) == (404, "upload_not_found")
