"""Whole slice: staff create an export of products, follow its progress and download its file."""

from datetime import timedelta

import pytest
import requests

from files.handler import handler
from orders.staff_api import handler as staff_api
from shared import clock
from shared.storage.models.exports import Export
from shared.storage.models.outbox import OutboxRow
from tests.support import events, exports, logs, shop
from tests.support.http import ADA, ADMIN, NOBODY, STAFF, Answer, Caller, send
from tests.support.product_exports import product_export

pytestmark = pytest.mark.usefixtures("aws")

OTHER_STAFF = Caller("usr_other_staff", "customer staff")
REQUEST = {"format": "csv", "statuses": ["active", "draft"]}


def create(key: str | None = "key-1", *, caller=STAFF, **changes) -> Answer:
    headers = {"idempotency-key": key}
    return send(
        handler, "product_exports.create", caller=caller, headers=headers, body=REQUEST | changes
    )


def get(export_id: str, *, caller=STAFF) -> Answer:
    return send(handler, "product_exports.get", caller=caller, path={"export_id": export_id})


def list_exports(*, caller=STAFF, **query: str) -> Answer:
    return send(handler, "product_exports.list", caller=caller, query=query)


def test_a_new_export_is_stored_with_its_event():
    answer = create()

    export_id = answer.body["id"]
    assert answer.status == 202
    assert answer.headers["Location"] == f"/v1/product-exports/{export_id}"
    assert answer.headers["Idempotency-Replayed"] == "false"
    assert answer.body == {
        "id": export_id,
        "format": "csv",
        "status": "requested",
        "filters": {"statuses": ["active", "draft"], "currency": None},
        "products": 0,
        "created_at": answer.body["created_at"],
        "finished_at": None,
        "file_url": None,
        "file_expires_at": None,
    }
    stored = Export.get(export_id)
    assert (stored.kind, stored.requested_by) == ("products", STAFF.user_id)
    (event,) = events.published_events()
    assert (event.type, event.data.export_id) == ("export.requested", export_id)


def test_the_event_of_a_new_export_writes_its_file():
    shop.product("TEA")
    export_id = create(statuses=None).body["id"]

    assert exports.run_export_worker(export_id) == []

    shown = get(export_id).body
    assert (shown["status"], shown["products"]) == ("completed", 1)
    assert shown["filters"] == {"statuses": None, "currency": None}


@pytest.mark.parametrize(
    ("format_", "name", "content_type"),
    [
        ("csv", "products-2026-11-28.csv", "text/csv; charset=utf-8"),
        ("shopify", "shopify-products-2026-11-28.csv", "text/csv; charset=utf-8"),
        ("jsonl", "products-2026-11-28.jsonl", "application/jsonl; charset=utf-8"),
        (
            "xlsx",
            "products-2026-11-28.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    ],
)
def test_the_link_downloads_the_file_under_its_name(format_, name, content_type):
    created_at = clock.utc_now()
    product_export(format=format_, currency="EUR", created_at=created_at)
    exports.run_export_worker()

    download = requests.get(get("exp_one").body["file_url"], timeout=1)

    dated = name.replace("2026-11-28", created_at.date().isoformat())
    assert download.status_code == 200
    assert download.headers["content-disposition"] == f'attachment; filename="{dated}"'
    assert download.headers["content-type"] == content_type


def test_the_same_key_returns_the_same_export():
    first = create()

    replay = create(statuses=["draft", "active", "active"])

    assert (replay.status, replay.headers["Idempotency-Replayed"]) == (202, "true")
    assert replay.body == first.body == get(first.body["id"]).body
    assert (Export.count(), OutboxRow.count()) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [{"format": "jsonl"}, {"statuses": None}, {"statuses": ["active"]}, {"currency": "EUR"}],
)
def test_a_key_used_for_another_export_is_refused(change):
    export_id = create().body["id"]

    answer = create(**change)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert answer.error["details"] == {"export_id": export_id}


def test_an_export_of_orders_may_have_the_same_key():
    headers = {"idempotency-key": "key-1"}
    of_orders = send(staff_api, "exports.start", caller=STAFF, headers=headers)

    assert (of_orders.status, create().status) == (202, 202)
    assert Export.count() == 2


def test_a_request_without_a_key_is_refused():
    answer = create(key=None)

    assert (answer.status, answer.code) == (400, "idempotency_key_required")
    assert Export.count() == 0


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"format": "pdf"}, "format", "unknown_value"),
        ({"format": None}, "format", "unknown_value"),
        ({"statuses": []}, "statuses", "too_short"),
        ({"statuses": ["active"] * 4}, "statuses", "too_long"),
        ({"statuses": ["lost"]}, "statuses.0", "unknown_value"),
        ({"statuses": "active"}, "statuses", "wrong_type"),
        ({"format": "shopify"}, "currency", "required"),
        ({"format": "shopify", "currency": None}, "currency", "required"),
        ({"currency": "XXX"}, "currency", "unknown_currency"),
        ({"placed_from": "2026-10-01T00:00:00Z"}, "placed_from", "unknown_field"),
    ],
)
def test_an_invalid_field_is_refused(change, path, code):
    answer = create(**change)

    (field,) = answer.error["details"]["fields"]
    assert (answer.status, field["path"], field["code"]) == (422, f"body.{path}", code)
    assert Export.count() == 0


def test_a_user_has_three_unfinished_exports_of_any_kind():
    create("key-1")
    create("key-2")
    assert send(staff_api, "exports.start", caller=STAFF).status == 202

    refused = create("key-3")

    assert (refused.status, refused.code) == (409, "too_many_exports")
    assert refused.error["details"] == {"unfinished_max": 3}
    assert create("key-3", caller=OTHER_STAFF).status == 202


def test_an_export_is_found_among_those_of_its_kind_only():
    product_export()
    exports.export(export_id="exp_orders")

    of_orders = send(staff_api, "exports.get", caller=STAFF, path={"export_id": "exp_one"})
    listed = send(staff_api, "exports.list", caller=STAFF)

    assert (of_orders.status, of_orders.code) == (404, "export_not_found")
    assert get("exp_orders").code == "export_not_found"
    assert [each["id"] for each in listed.body["items"]] == ["exp_orders"]
    assert [each["id"] for each in list_exports().body["items"]] == ["exp_one"]


def test_own_exports_are_listed_newest_first_by_page():
    for day in range(5):
        created_at = exports.OCTOBER + timedelta(days=day)
        product_export(f"exp_{day}", created_at=created_at)
    product_export("exp_of_other", owner_id="products#usr_other_staff")

    first = list_exports(limit="3").body
    second = list_exports(limit="3", cursor=first["next_cursor"]).body
    of_other = list_exports(caller=OTHER_STAFF, limit="3", cursor=first["next_cursor"])
    of_orders = send(
        staff_api, "exports.list", caller=STAFF, query={"cursor": first["next_cursor"]}
    )

    shown = [export["id"] for export in first["items"] + second["items"]]
    assert shown == ["exp_4", "exp_3", "exp_2", "exp_1", "exp_0"]
    assert second["next_cursor"] is None
    assert of_other.code == "cursor_user_mismatch"
    assert of_orders.code == "cursor_query_mismatch"


@pytest.mark.parametrize(
    ("caller", "status", "code"), [(ADA, 403, "forbidden"), (NOBODY, 401, "token_missing")]
)
def test_only_staff_may_export_products(caller, status, code):
    product_export()

    answers = [create(caller=caller), get("exp_one", caller=caller), list_exports(caller=caller)]

    assert [(answer.status, answer.code) for answer in answers] == [(status, code)] * 3
    assert Export.count() == 1


def test_an_export_is_shown_to_all_who_may_export():
    product_export()

    with logs.captured() as lines:
        answers = [get("exp_one", caller=caller) for caller in (STAFF, OTHER_STAFF, ADMIN)]

    read_by = [line["user_id"] for line in lines.saying("audit") if line["action"] == "get_export"]
    assert [answer.status for answer in answers] == [200] * 3
    assert read_by == [OTHER_STAFF.user_id, ADMIN.user_id]


def test_an_unknown_export_is_not_found():
    assert (get("exp_unknown").status, get("exp_unknown").code) == (404, "export_not_found")


def test_an_export_that_nobody_finishes_fails_by_the_clock():
    product_export(created_at=clock.utc_now() - timedelta(hours=12))

    assert get("exp_one").body["status"] == "failed"
    assert exports.run_export_worker() == []
    assert Export.get("exp_one").file_key is None


def test_an_export_of_an_earlier_release_is_one_of_orders():
    """It has no kind."""
    exports.export().update([Export.kind.remove()])

    exports.run_export_worker()

    shown = send(staff_api, "exports.get", caller=STAFF, path={"export_id": "exp_one"})
    assert (shown.status, shown.body["status"]) == (200, "completed")
