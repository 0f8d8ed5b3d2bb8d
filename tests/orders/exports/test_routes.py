"""Whole slice: staff create an export, follow its progress and download its file."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from urllib.parse import parse_qs, urlparse

import pytest
import requests

from orders.exports import repository, service
from orders.exports.schemas import ExportRequest
from orders.staff_api import handler
from shared import clock
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.exports import Export
from shared.storage.models.outbox import OutboxRow
from tests.support import events, exports, logs
from tests.support.faults import cancelled_transaction, inject_faults
from tests.support.http import (
    ADA,
    ADMIN,
    NOBODY,
    STAFF,
    Answer,
    Caller,
    outcome_of,
    principal_of,
    send,
)

pytestmark = pytest.mark.usefixtures("aws")

OTHER_STAFF = Caller("usr_other_staff", "customer staff")
REQUEST = {
    "format": "csv",
    "status": "paid",
    "placed_from": "2026-10-01T00:00:00Z",
    "placed_before": "2026-11-01T00:00:00Z",
}


def create(key: str | None = "key-1", *, caller=STAFF, **changes) -> Answer:
    headers = {"idempotency-key": key}
    return send(handler, "exports.start", caller=caller, headers=headers, body=REQUEST | changes)


def get(export_id: str, *, caller=STAFF) -> Answer:
    return send(handler, "exports.get", caller=caller, path={"export_id": export_id})


def list_exports(*, caller=STAFF, **query: str) -> Answer:
    return send(handler, "exports.list", caller=caller, query=query)


def finish(export_id: str, status: str = "completed") -> None:
    Export(export_id).update([Export.status.set(status), Export.finished_at.set(clock.utc_now())])


def test_a_new_export_is_stored_with_its_event():
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
        "complete_before": None,
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


def test_an_export_may_include_orders_of_every_status():
    answer = create(status=None, format="jsonl")

    assert (answer.body["filters"]["status"], answer.body["format"]) == (None, "jsonl")
    assert Export.get(answer.body["id"]).of_status is None


def test_creating_an_export_is_audited_once():
    with logs.captured() as lines:
        export_id = create().body["id"]
        create()

    (line,) = lines.saying("audit")
    assert (line["action"], line["result"]) == ("create_export", "done")
    assert (line["user_id"], line["export_id"]) == (STAFF.user_id, export_id)


def test_the_same_key_returns_the_same_export():
    first = create()
    finish(first.body["id"], "failed")

    replay = create(placed_from="2026-10-01T02:00:00+02:00")

    assert (replay.status, replay.headers["Idempotency-Replayed"]) == (202, "true")
    assert replay.body["status"] == "failed"
    assert replay.body == get(first.body["id"]).body
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
def test_a_key_used_for_another_export_is_refused(change):
    export_id = create().body["id"]

    answer = create(**change)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert answer.error["details"] == {"export_id": export_id}
    assert (Export.count(), OutboxRow.count()) == (1, 1)


def test_the_same_key_of_another_owner_is_another_export():
    assert create().body["id"] != create(caller=OTHER_STAFF).body["id"]
    assert Export.count() == 2


def test_a_request_without_a_key_is_refused():
    answer = create(key=None)

    assert (answer.status, answer.code) == (400, "idempotency_key_required")
    assert (Export.count(), OutboxRow.count()) == (0, 0)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"format": "xlsx"}, "format", "unknown_value"),
        ({"status": "lost"}, "status", "unknown_value"),
        ({"placed_from": "2026-10-01"}, "placed_from", "not_a_time"),
        ({"placed_from": "2026-10-01T00:00:00"}, "placed_from", "not_a_time"),
        ({"placed_from": 1790812800}, "placed_from", "not_a_time"),
        ({"placed_from": None}, "placed_from", "not_a_time"),
        ({"placed_before": "2026-02-30T00:00:00Z"}, "placed_before", "not_a_time"),
        ({"placed_before": REQUEST["placed_from"]}, "placed_before", "times_out_of_order"),
        ({"placed_before": "2026-10-01T01:00:00+02:00"}, "placed_before", "times_out_of_order"),
        ({"placed_from": "2021-10-27T23:59:59Z"}, "placed_before", "span_too_long"),
        ({"owner_id": "usr_ada"}, "owner_id", "unknown_field"),
    ],
)
def test_an_invalid_field_is_refused(change, path, code):
    answer = create(**change)

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
def test_five_years_fit_into_one_export(first, before):
    answer = create(placed_from=first, placed_before=before)

    shown = get(answer.body["id"]).body["filters"]
    assert (shown["placed_from"], shown["placed_before"]) == (first, before)


def test_a_fourth_unfinished_export_is_refused():
    first, _, third = (create(f"key-{number}").body for number in range(3))
    Export(third["id"]).update([Export.status.set("running")])

    refused = create("key-3")
    finish(first["id"])
    accepted = create("key-3")

    assert (refused.status, refused.code) == (409, "too_many_exports")
    assert refused.error["details"] == {"unfinished_max": 3}
    assert accepted.status == 202
    assert (Export.count(), OutboxRow.count()) == (4, 4)


def test_an_unfinished_export_can_be_replayed_at_the_limit():
    keys = [f"key-{number}" for number in range(3)]
    created = [create(key).body["id"] for key in keys]

    replays = [create(key) for key in keys]

    assert [answer.body["id"] for answer in replays] == created
    assert {answer.headers["Idempotency-Replayed"] for answer in replays} == {"true"}


def test_other_owners_and_lost_exports_do_not_count():
    for number in range(3):
        create(f"key-{number}", caller=OTHER_STAFF)
        lost = clock.utc_now() - timedelta(hours=12, seconds=1)
        exports.export(export_id=f"exp_{number}", created_at=lost, status="running")

    assert create().status == 202


def test_a_transaction_conflict_is_retried():
    with inject_faults(
        connection().client,
        "TransactWriteItems",
        cancelled_transaction("TransactionConflict", "None"),
    ):
        answer = create()

    assert answer.status == 202
    assert (Export.count(), OutboxRow.count()) == (1, 1)


def test_a_running_export_shows_its_progress():
    exports.export(status="running", written=1_200)

    answer = get("exp_one")

    assert answer.status == 200
    assert (answer.body["status"], answer.body["orders"]) == ("running", 1_200)
    assert (answer.body["file_url"], answer.body["finished_at"]) == (None, None)


def test_an_export_is_shown_to_all_who_may_export():
    exports.order()
    exports.export()
    exports.run_export_worker()

    answers = [get("exp_one", caller=caller) for caller in (STAFF, OTHER_STAFF, ADMIN)]

    for answer in answers:
        assert (answer.status, answer.body["id"]) == (200, "exp_one")
        assert requests.get(answer.body["file_url"], timeout=1).status_code == 200


def test_an_unknown_export_is_not_found():
    answer = get("exp_unknown")

    assert (answer.status, answer.code) == (404, "export_not_found")


def test_a_colleagues_look_at_an_export_is_in_the_log():
    exports.export()

    with logs.captured() as lines:
        get("exp_one")
        get("exp_one", caller=OTHER_STAFF)

    (line,) = [line for line in lines.saying("audit") if line.get("action") == "get_export"]
    assert (line["user_id"], line["export_id"]) == (OTHER_STAFF.user_id, "exp_one")


@pytest.mark.parametrize(
    ("caller", "status", "code"), [(ADA, 403, "forbidden"), (NOBODY, 401, "token_missing")]
)
def test_only_staff_may_export_orders(caller, status, code):
    exports.export(owner_id=ADA.user_id)

    answers = [create(caller=caller), get("exp_one", caller=caller), list_exports(caller=caller)]

    assert [(answer.status, answer.code) for answer in answers] == [(status, code)] * 3
    assert Export.count() == 1


def test_own_exports_are_listed_newest_first_by_page():
    for day in range(5):
        exports.export(export_id=f"exp_{day}", created_at=exports.OCTOBER + timedelta(days=day))
    exports.export(export_id="exp_of_other", owner_id="usr_other_staff")

    first = list_exports(limit="3").body
    second = list_exports(limit="3", cursor=first["next_cursor"]).body
    of_other = list_exports(caller=OTHER_STAFF, limit="3", cursor=first["next_cursor"])

    shown = [export["id"] for export in first["items"] + second["items"]]
    assert shown == ["exp_4", "exp_3", "exp_2", "exp_1", "exp_0"]
    assert second["next_cursor"] is None
    assert of_other.code == "cursor_user_mismatch"


def test_the_link_downloads_the_file_under_its_name():
    exports.order()
    exports.export()
    exports.run_export_worker()

    answer = get("exp_one")
    download = requests.get(answer.body["file_url"], timeout=1)

    assert download.content.decode() == exports.read_export_file()
    assert download.headers["content-type"] == "text/csv; charset=utf-8"
    assert download.headers["content-disposition"] == (
        'attachment; filename="orders-2026-10-01-to-2026-10-31.csv"'
    )


def test_a_link_works_for_ten_minutes_and_one_file():
    exports.export(status="completed", file_key="exports/exp_one/orders.csv")

    link = urlparse(get("exp_one").body["file_url"])

    signed = parse_qs(link.query)
    assert (link.scheme, link.path) == ("https", "/exports/exp_one/orders.csv")
    assert link.netloc == "souk-uploads.s3.eu-central-1.amazonaws.com"
    assert (signed["X-Amz-Expires"], signed["X-Amz-SignedHeaders"]) == (["600"], ["host"])


def test_an_expired_file_has_no_link():
    expired_at = clock.utc_now() - timedelta(seconds=1)
    exports.export(status="completed", file_key="exports/exp_one/orders.csv", expires_at=expired_at)

    answer = get("exp_one")

    assert (answer.body["status"], answer.body["file_url"]) == ("completed", None)
    assert answer.body["file_expires_at"] == f"{expired_at:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("status", ["requested", "running"])
def test_an_export_that_nobody_finishes_fails_by_the_clock(status):
    created_at = clock.utc_now() - timedelta(hours=12)
    exports.export(status=status, created_at=created_at)

    shown = [get("exp_one").body, list_exports().body["items"][0]]

    assert [each["status"] for each in shown] == ["failed"] * 2
    assert shown[0]["finished_at"] == f"{created_at + timedelta(hours=12):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert exports.run_export_worker() == []
    assert Export.get("exp_one").file_key is None


@pytest.mark.parametrize(("minutes", "status"), [(44, "completed"), (46, "requested")])
def test_no_run_starts_that_could_end_after_twelve_hours(minutes, status):
    exports.export(created_at=clock.utc_now() - timedelta(hours=11, minutes=minutes))

    assert exports.run_export_worker() == []

    assert get("exp_one").body["status"] == status


def test_an_export_up_to_now_says_how_far_it_reaches():
    begin = clock.utc_now() - timedelta(days=1)
    exports.export(placed_from=begin, placed_before=begin + timedelta(days=365))
    old, new = (
        exports.order(clock.utc_now() - timedelta(seconds=seconds)).order_id
        for seconds in (120, 60)
    )

    exports.run_export_worker()

    shown = get("exp_one").body
    reach = datetime.fromisoformat(shown["complete_before"])
    assert timedelta(seconds=90) <= clock.utc_now() - reach < timedelta(seconds=110)
    assert old in exports.read_export_file()
    assert new not in exports.read_export_file()
    assert shown["filters"]["placed_before"] > shown["complete_before"]


def test_an_export_of_the_past_reaches_to_its_end():
    exports.export()
    exports.run_export_worker()

    assert get("exp_one").body["complete_before"] == "2026-11-01T00:00:00Z"


@pytest.mark.parametrize("status", [None, "paid"])
def test_an_order_that_the_index_lacks_is_not_claimed(monkeypatch, status):
    """The index follows its table later than an order's placement."""
    begin = clock.utc_now() - timedelta(days=1)
    exports.export(of_status=status, placed_from=begin, placed_before=begin + timedelta(days=365))
    placed = exports.order(clock.utc_now())
    monkeypatch.setattr(repository, "_query_ids", lambda *_: ([], None))

    exports.run_export_worker()

    reach = datetime.fromisoformat(get("exp_one").body["complete_before"])
    assert reach < placed.placed_at


def test_an_export_of_the_future_is_empty():
    begin = clock.utc_now() + timedelta(days=1)
    exports.export(placed_from=begin, placed_before=begin + timedelta(days=1))

    assert exports.run_export_worker() == []

    shown = get("exp_one").body
    assert (shown["status"], shown["orders"]) == ("completed", 0)
    assert shown["complete_before"] < shown["filters"]["placed_from"]


def test_a_failed_export_has_no_link():
    exports.export(status="failed", finished_at=exports.NOVEMBER)

    answer = get("exp_one")

    assert (answer.body["status"], answer.body["file_url"]) == ("failed", None)
    assert answer.body["finished_at"] == "2026-11-01T00:00:00Z"
    assert answer.body["file_expires_at"] is None
    assert client("s3").list_objects_v2(Bucket="souk-uploads")["KeyCount"] == 0


def test_exports_requested_at_once_do_not_pass_the_limit():
    barrier = Barrier(10)

    def create_at_once(number: int) -> str:
        request = ExportRequest.model_validate_json(json.dumps(REQUEST))
        barrier.wait()
        return outcome_of(
            lambda: service.create_export(principal_of(STAFF), request, f"key-{number}")
        )

    with ThreadPoolExecutor(10) as pool:
        outcomes = Counter(pool.map(create_at_once, range(10)))

    assert outcomes["done"] == Export.count() == 3
    assert outcomes.keys() <= {"done", "too_many_exports", "unavailable"}


def test_the_limit_does_not_depend_on_the_index(monkeypatch):
    """The index may not have the exports that were requested a moment ago."""
    monkeypatch.setattr(Export.by_owner, "count", lambda *_, **__: 0)
    monkeypatch.setattr(Export.by_owner, "query", lambda *_, **__: iter(()))

    answers = [create(f"key-{number}") for number in range(4)]

    assert [answer.status for answer in answers] == [202, 202, 202, 409]
