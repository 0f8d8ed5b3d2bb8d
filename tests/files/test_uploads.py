"""Uploads: the form to send a file with, and the progress of its import."""

import base64
import json
from datetime import datetime, timedelta

import pytest

from files import service
from files.handler import handler
from shared import aws, clock
from shared.config import UploadSettings
from shared.storage.models.uploads import Upload
from tests.support import imports
from tests.support.http import ADA, NOBODY, STAFF, Answer, Caller, send

pytestmark = pytest.mark.usefixtures("aws")

SPRING = {"kind": "products", "filename": "spring.csv", "content_type": "text/csv", "size": 2048}


def create(*, caller=STAFF, **changes) -> Answer:
    return send(handler, "uploads.start", caller=caller, body=SPRING | changes)


def get(upload_id, *, caller=STAFF) -> Answer:
    return send(handler, "uploads.get", caller=caller, path={"upload_id": upload_id})


def test_a_new_upload_waits_for_its_file():
    answer = send(handler, "uploads.start", caller=STAFF)

    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/uploads/{answer.body['id']}"
    assert (answer.body["kind"], answer.body["status"]) == ("products", "awaiting_file")
    assert answer.body["counts"] == {
        "rows": 0,
        "written": 0,
        "rejected": 0,
        "created": 0,
        "updated": 0,
        "unchanged": 0,
        "archived": 0,
    }
    assert (answer.body["errors"], answer.body["finished_at"]) == ([], None)
    stored = Upload.get(answer.body["id"], "upload")
    assert (stored.owner_id, stored.filename) == (STAFF.user_id, "spring.csv")
    assert (stored.expires_at - stored.created_at.replace(microsecond=0)).days == 30


def test_the_form_accepts_one_key_type_and_size_only():
    answer = create(size=12_345)

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


def test_the_form_expires_after_five_minutes():
    answer = create()

    policy = json.loads(base64.b64decode(answer.body["form"]["fields"]["policy"]))
    left = datetime.fromisoformat(policy["expiration"]) - clock.utc_now()
    assert timedelta(minutes=4, seconds=30) < left <= timedelta(minutes=5)


def test_a_custom_endpoint_gets_the_bucket_in_the_path(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    s3 = aws.client.__wrapped__("s3")

    form = s3.generate_presigned_post(Bucket="souk-uploads", Key="uploads/upl_one")

    assert form["url"] == "http://localhost:4566/souk-uploads"


def test_each_upload_has_its_own_key():
    assert create().body["form"]["fields"]["key"] != create().body["form"]["fields"]["key"]


@pytest.mark.parametrize(
    ("caller", "status", "code"), [(ADA, 403, "forbidden"), (NOBODY, 401, "token_missing")]
)
def test_only_staff_can_upload(caller, status, code):
    imports.upload("upl_one")

    answers = [create(caller=caller), get("upl_one", caller=caller)]

    assert [(answer.status, answer.code) for answer in answers] == [(status, code)] * 2
    assert Upload.count() == 1


def test_an_upload_is_shown_to_all_who_may_upload():
    imports.upload("upl_one", owner_id=STAFF.user_id)
    callers = [STAFF, Caller("usr_other_staff", "customer staff"), Caller("usr_root", "admin")]

    answers = [get("upl_one", caller=caller) for caller in callers]

    assert [(answer.status, answer.body["id"]) for answer in answers] == [(200, "upl_one")] * 3


def test_an_admin_can_upload():
    assert create(caller=Caller("usr_root", "admin")).status == 201


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"kind": "orders"}, "kind"),
        ({"content_type": "application/vnd.ms-excel"}, "content_type"),
        ({"size": 0}, "size"),
        ({"size": -1}, "size"),
        ({"size": 5_000_000_001}, "size"),
        ({"size": "2048"}, "size"),
        ({"size": 2048.5}, "size"),
        ({"size": None}, "size"),
        ({"mode": "delete"}, "mode"),
        ({"on_error": "ignore"}, "on_error"),
        ({"filename": ""}, "filename"),
        ({"filename": "x" * 256}, "filename"),
        ({"filename": "spring.csv\r\nX-Evil: 1"}, "filename"),
        ({"key": "uploads/other"}, "key"),
    ],
)
def test_an_invalid_field_is_named(change, path):
    answer = create(**change)

    assert (answer.status, answer.paths) == (422, [f"body.{path}"])
    assert Upload.count() == 0


def test_only_the_first_answer_has_the_form():
    created = create().body

    answer = get(created["id"])

    assert answer.status == 200
    assert answer.body == created | {"form": None}


def test_errors_name_their_row_and_field():
    problem = {
        "row": 7,
        "field": "price_minor",
        "code": "wrong_type",
        "message": "Must be a number.",
    }
    imports.upload(status="running", rows_done=9, written=8, rejected=1, errors=[problem])

    answer = get("upl_one")

    assert answer.body["status"] == "running"
    assert answer.body["counts"].items() >= {"rows": 9, "written": 8, "rejected": 1}.items()
    assert answer.body["errors"] == [problem | {"value": None}]


def test_an_error_of_a_whole_row_has_no_field():
    problem = {"row": 7, "code": "wrong_column_count", "message": "4 cells."}
    imports.upload(status="completed", errors=[problem])

    assert get("upl_one").body["errors"] == [problem | {"field": None, "value": None}]


def test_an_unknown_upload_is_404():
    answer = send(handler, "uploads.get", caller=STAFF)

    assert (answer.status, answer.code) == (404, "upload_not_found")


def test_an_account_has_an_hourly_quota_of_uploads(monkeypatch):
    limited = UploadSettings("souk-uploads", uploads_per_hour=2)
    monkeypatch.setattr(service, "settings", {UploadSettings: limited}.__getitem__)

    answers = [create() for _ in range(3)]

    assert [answer.status for answer in answers] == [201, 201, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 3600
    assert "uploads" in answers[2].error["message"]
    assert Upload.count() == 2
    assert create(caller=Caller("usr_other", "customer staff")).status == 201
