"""Whole slice: staff ask for a file of orders, see how far it has come, and get a link to it."""

from datetime import timedelta
from urllib.parse import parse_qs, urlparse

import pytest
import requests

from orders.staff_api import handler
from shared import clock
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.exports import Export
from shared.storage.models.outbox import OutboxRow
from tests.support import events, exports, logs
from tests.support.faults import cancelled_transaction, inject_faults
from tests.support.http import ADA, ADMIN, NOBODY, STAFF, Answer, Caller, send

pytestmark = pytest.mark.usefixtures("aws")

OTHER_STAFF = Caller("usr_other_staff", "customer staff")
WANTED = {
    "format": "csv",
    "status": "paid",
    "placed_from": "2026-10-01T00:00:00Z",
    "placed_before": "2026-11-01T00:00:00Z",
}


def start(key: str | None = "key-1", *, caller=STAFF, **changes) -> Answer:
    headers = {"idempotency-key": key}
    return send(handler, "exports.start", caller=caller, headers=headers, body=WANTED | changes)


def get(export_id: str, *, caller=STAFF) -> Answer:
    return send(handler, "exports.get", caller=caller, path={"export_id": export_id})


def listed(*, caller=STAFF, **query: str) -> Answer:
    return send(handler, "exports.list", caller=caller, query=query)


def finish(export_id: str, status: str = "completed") -> None:
    Export(export_id).update([Export.status.set(status), Export.finished_at.set(clock.utc_now())])


def test_an_export_that_is_asked_for_waits_to_be_written():
    answer = send(handler, "exports.start", caller=STAFF)

    export_id = answer.body["id"]
    stored = Export.get(export_id)
    assert answer.status == 202
    assert answer.headers["Location"] == f"/v1/exports/{export_id}"
    assert answer.headers["Idempotency-Replayed"] == "false"
    assert answer.body == {
        "id": export_id,
        "format": "csv",
        "status": "requested",
        "filters": {
            "status": "paid",
            "placed_from": "2026-10-01T00:00:00Z",
            "placed_before": "2026-11-01T00:00:00Z",
        },
        "orders": 0,
        "created_at": answer.body["created_at"],
        "finished_at": None,
        "file_url": None,
        "file_expires_at": None,
    }
    assert (stored.owner_id, stored.status, stored.of_status) == (
        STAFF.user_id,
        "requested",
        "paid",
    )
    assert (stored.placed_from, stored.placed_before) == (exports.OCTOBER, exports.NOVEMBER)
    (event,) = events.published_events()
    assert (event.type, event.data.export_id) == ("export.requested", export_id)


def test_an_export_may_be_of_orders_whatever_has_become_of_them():
    answer = start(status=None, format="jsonl")

    assert (answer.body["filters"]["status"], answer.body["format"]) == (None, "jsonl")
    assert Export.get(answer.body["id"]).of_status is None


def test_who_asked_for_an_export_is_on_record():
    with logs.captured() as lines:
        export_id = start().body["id"]
        start()

    (line,) = lines.saying("audit")
    assert (line["action"], line["result"]) == ("request_export", "done")
    assert (line["user_id"], line["export_id"]) == (STAFF.user_id, export_id)


def test_asked_for_again_with_the_same_key_it_is_the_same_export():
    first = start()
    finish(first.body["id"], "failed")

    again = start(placed_from="2026-10-01T02:00:00+02:00")

    assert (again.status, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert again.body["status"] == "failed"
    assert again.body == get(first.body["id"]).body
    assert (Export.count(), OutboxRow.count()) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "jsonl"},
        {"status": None},
        {"placed_from": "2026-09-01T00:00:00Z"},
        {"placed_before": "2026-11-01T00:00:00.000001Z"},
    ],
)
def test_a_key_stands_for_one_export_alone(change):
    export_id = start().body["id"]

    answer = start(**change)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert answer.error["details"] == {"export_id": export_id}
    assert (Export.count(), OutboxRow.count()) == (1, 1)


def test_the_same_key_of_someone_else_is_another_export():
    assert start().body["id"] != start(caller=OTHER_STAFF).body["id"]
    assert Export.count() == 2


def test_without_a_key_nothing_is_asked_for():
    answer = start(key=None)

    assert (answer.status, answer.code) == (400, "idempotency_key_required")
    assert (Export.count(), OutboxRow.count()) == (0, 0)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"format": "xlsx"}, "format", "literal_error"),
        ({"status": "lost"}, "status", "literal_error"),
        ({"placed_from": "2026-10-01"}, "placed_from", "not_a_time"),
        ({"placed_from": "2026-10-01T00:00:00"}, "placed_from", "not_a_time"),
        ({"placed_from": 1790812800}, "placed_from", "not_a_time"),
        ({"placed_from": None}, "placed_from", "not_a_time"),
        ({"placed_before": "2026-02-30T00:00:00Z"}, "placed_before", "not_a_time"),
        ({"placed_before": WANTED["placed_from"]}, "placed_before", "times_out_of_order"),
        ({"placed_before": "2026-10-01T01:00:00+02:00"}, "placed_before", "times_out_of_order"),
        ({"placed_from": "2021-10-27T23:59:59Z"}, "placed_before", "span_too_long"),
        ({"owner_id": "usr_ada"}, "owner_id", "extra_forbidden"),
    ],
)
def test_what_cannot_be_exported_is_refused(change, path, code):
    answer = start(**change)

    (field,) = answer.error["details"]["fields"]
    assert (answer.status, field["path"], field["code"]) == (422, f"body.{path}", code)
    assert (Export.count(), OutboxRow.count()) == (0, 0)


@pytest.mark.parametrize(
    ("first", "before"),
    [
        ("2021-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("2024-02-29T00:00:00Z", "2029-02-28T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0005-12-31T00:00:00Z"),
    ],
)
def test_five_years_can_be_exported_at_once(first, before):
    answer = start(placed_from=first, placed_before=before)

    shown = get(answer.body["id"]).body["filters"]
    assert (shown["placed_from"], shown["placed_before"]) == (first, before)


def test_a_fourth_export_waits_until_one_of_three_is_finished():
    first, _, third = (start(f"key-{number}").body for number in range(3))
    Export(third["id"]).update([Export.status.set("running")])

    refused = start("key-3")
    finish(first["id"])
    admitted = start("key-3")

    assert (refused.status, refused.code) == (409, "too_many_exports")
    assert refused.error["details"] == {"unfinished_max": 3}
    assert admitted.status == 202
    assert (Export.count(), OutboxRow.count()) == (4, 4)


def test_an_export_that_is_not_finished_can_be_asked_for_again_however_many_there_are():
    keys = [f"key-{number}" for number in range(3)]
    made = [start(key).body["id"] for key in keys]

    again = [start(key) for key in keys]

    assert [answer.body["id"] for answer in again] == made
    assert {answer.headers["Idempotency-Replayed"] for answer in again} == {"true"}


def test_neither_others_exports_nor_those_that_were_lost_half_a_day_ago_count():
    for number in range(3):
        start(f"key-{number}", caller=OTHER_STAFF)
        lost = clock.utc_now() - timedelta(hours=12, seconds=1)
        exports.export(export_id=f"exp_{number}", created_at=lost, status="running")

    assert start().status == 202


def test_an_export_whose_transaction_was_beaten_is_stored_at_the_next_try():
    with inject_faults(
        connection().client,
        "TransactWriteItems",
        cancelled_transaction("TransactionConflict", "None"),
    ):
        answer = start()

    assert answer.status == 202
    assert (Export.count(), OutboxRow.count()) == (1, 1)


def test_how_far_an_export_has_come_is_shown():
    exports.export(status="running", orders=1_200)

    answer = get("exp_one")

    assert answer.status == 200
    assert (answer.body["status"], answer.body["orders"]) == ("running", 1_200)
    assert (answer.body["file_url"], answer.body["finished_at"]) == (None, None)


def test_an_export_is_shown_to_whoever_asked_for_it_and_to_nobody_else():
    exports.export()

    theirs = [get("exp_one", caller=caller) for caller in (OTHER_STAFF, ADMIN)]
    nobody_s = get("exp_unknown")

    assert get("exp_one").status == 200
    for answer in theirs:
        assert (answer.status, answer.code) == (404, "export_not_found")
        assert answer.error == nobody_s.error


@pytest.mark.parametrize(
    ("caller", "status", "code"), [(ADA, 403, "forbidden"), (NOBODY, 401, "token_missing")]
)
def test_only_staff_export_orders(caller, status, code):
    exports.export(owner_id=ADA.user_id)

    answers = [start(caller=caller), get("exp_one", caller=caller), listed(caller=caller)]

    assert [(answer.status, answer.code) for answer in answers] == [(status, code)] * 3
    assert Export.count() == 1


def test_one_s_own_exports_are_listed_newest_first_page_by_page():
    for day in range(5):
        exports.export(export_id=f"exp_{day}", created_at=exports.OCTOBER + timedelta(days=day))
    exports.export(export_id="exp_theirs", owner_id="usr_other_staff")

    first = listed(limit="3").body
    second = listed(limit="3", cursor=first["next_cursor"]).body
    carried_over = listed(caller=OTHER_STAFF, limit="3", cursor=first["next_cursor"])

    shown = [export["id"] for export in first["items"] + second["items"]]
    assert shown == ["exp_4", "exp_3", "exp_2", "exp_1", "exp_0"]
    assert second["next_cursor"] is None
    assert carried_over.code == "cursor_user_mismatch"


def test_the_link_of_an_export_saves_its_file_under_a_name_that_says_what_it_is():
    exports.order()
    exports.export()
    exports.run_export_worker()

    answer = get("exp_one")
    saved = requests.get(answer.body["file_url"], timeout=1)

    assert saved.content.decode() == exports.read_export_file()
    assert saved.headers["content-type"] == "text/csv; charset=utf-8"
    assert saved.headers["content-disposition"] == (
        'attachment; filename="orders-2026-10-01-to-2026-10-31.csv"'
    )


def test_a_link_is_good_for_ten_minutes_and_for_that_file_alone():
    exports.export(status="completed", file_key="exports/exp_one/orders.csv")

    link = urlparse(get("exp_one").body["file_url"])

    signed = parse_qs(link.query)
    assert (link.scheme, link.path) == ("https", "/exports/exp_one/orders.csv")
    assert link.netloc == "souk-uploads.s3.eu-central-1.amazonaws.com"
    assert (signed["X-Amz-Expires"], signed["X-Amz-SignedHeaders"]) == (["600"], ["host"])


def test_once_the_file_has_expired_there_is_no_link_to_it():
    gone = clock.utc_now() - timedelta(seconds=1)
    exports.export(status="completed", file_key="exports/exp_one/orders.csv", expires_at=gone)

    answer = get("exp_one")

    assert (answer.body["status"], answer.body["file_url"]) == ("completed", None)
    assert answer.body["file_expires_at"] == f"{gone:%Y-%m-%dT%H:%M:%SZ}"


def test_an_export_that_failed_has_no_link():
    exports.export(status="failed", finished_at=exports.NOVEMBER)

    answer = get("exp_one")

    assert (answer.body["status"], answer.body["file_url"]) == ("failed", None)
    assert answer.body["finished_at"] == "2026-11-01T00:00:00Z"
    assert answer.body["file_expires_at"] is None
    assert client("s3").list_objects_v2(Bucket="souk-uploads")["KeyCount"] == 0
