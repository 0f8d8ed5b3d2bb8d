"""Saved mappings: what the columns of a shop's files mean."""

import json

import pytest

from files.handler import handler
from files.layouts.mappings import FileMapping
from files.mappings import repository
from shared import retries
from shared.errors.requests import StaleVersion
from shared.storage.models.import_mappings import MAPPINGS, ImportMapping, MappingCount
from shared.storage.models.uploads import Upload
from tests.support.http import ADA, STAFF, Answer, send

pytestmark = pytest.mark.usefixtures("aws")

STOCK = {"columns": {"Art.": {"field": "sku"}, "Bestand": {"field": "available"}}}
PRICES = {"columns": {"P": {"field": "price", "unit": "major"}}, "constants": {"currency": "EUR"}}


def create(key="one", *, caller=STAFF, name="Stock list", mapping=STOCK) -> Answer:
    body = {"name": name, "mapping": mapping}
    headers = {"idempotency-key": key * 8}
    return send(handler, "import_mappings.create", caller=caller, body=body, headers=headers)


def get(mapping_id: str, **changes) -> Answer:
    return send(handler, "import_mappings.get", path={"mapping_id": mapping_id}, **changes)


def replace(mapping_id: str, *, name="Prices", mapping=PRICES, if_match='"1"') -> Answer:
    return send(
        handler,
        "import_mappings.replace",
        path={"mapping_id": mapping_id},
        body={"name": name, "mapping": mapping},
        headers={"if-match": if_match},
        caller=STAFF,
    )


def delete(mapping_id: str) -> Answer:
    return send(handler, "import_mappings.delete", path={"mapping_id": mapping_id}, caller=STAFF)


def list_all(caller=STAFF) -> Answer:
    return send(handler, "import_mappings.list", caller=caller)


def upload_with(**changes) -> Answer:
    body = {"kind": "products", "filename": "stock.csv", "size": 9, **changes}
    return send(handler, "uploads.start", caller=STAFF, body=body)


def count() -> int:
    return int(MappingCount.get(MAPPINGS, "count").mappings)


def test_a_mapping_is_kept_under_a_name():
    created = create()

    assert (created.status, created.body["name"], created.body["version"]) == (201, "Stock list", 1)
    assert created.body["mapping"] == STOCK
    assert created.headers["Location"] == f"/v1/import-mappings/{created.body['id']}"
    found = get(created.body["id"], caller=STAFF)
    assert (found.status, found.body) == (200, created.body)
    assert found.headers["ETag"] == created.headers["ETag"]
    assert FileMapping.model_validate(found.body["mapping"]).columns["Art."].field == "sku"


def test_the_list_has_all_mappings_by_name():
    for key, name in (("a", "prices"), ("b", "Stock"), ("c", "Articles")):
        create(key, name=name)

    page = list_all()

    assert [item["name"] for item in page.body["items"]] == ["Articles", "prices", "Stock"]
    assert page.body["next_cursor"] is None
    assert set(page.body["items"][0]) == {"id", "name", "version", "updated_at"}


def test_a_shop_without_mappings_lists_none():
    assert list_all().body == {"items": [], "next_cursor": None}


def test_uploads_are_no_mappings():
    create()

    assert Upload.find(MAPPINGS, "upload") is None
    assert get("upload", caller=STAFF).code == "import_mapping_not_found"
    assert get("count", caller=STAFF).code == "import_mapping_not_found"


def test_a_repeated_request_creates_one_mapping():
    first, second = create(), create()

    assert (first.body, second.status) == (second.body, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count() == 1


def test_a_key_belongs_to_one_request():
    create()

    assert create(mapping=PRICES).code == "idempotency_key_reused"
    assert count() == 1


def test_a_shop_keeps_100_mappings():
    create()
    MappingCount(mappings=100).save()

    refused = create("two")

    assert (refused.status, refused.code) == (409, "import_mapping_limit")
    assert refused.error["details"] == {"mappings_max": 100}
    assert len(list_all().body["items"]) == 1
    assert create().headers["Idempotency-Replayed"] == "true"


def test_a_deleted_mapping_leaves_room():
    mapping_id = create().body["id"]
    MappingCount(mappings=100).save()

    assert delete(mapping_id).status == 204
    assert (get(mapping_id, caller=STAFF).status, count()) == (404, 99)
    assert create("two").status == 201
    assert delete(mapping_id).code == "import_mapping_not_found"
    assert count() == 100


def test_a_mapping_can_be_replaced():
    created = create().body

    replaced = replace(created["id"])

    assert (replaced.status, replaced.body["version"]) == (200, 2)
    assert (replaced.body["name"], replaced.body["mapping"]) == ("Prices", PRICES)
    assert replaced.body["created_at"] == created["created_at"]
    assert count() == 1


def test_an_edit_of_an_older_version_is_refused():
    mapping_id = create().body["id"]
    replace(mapping_id)

    refused = replace(mapping_id, name="Other")

    assert (refused.status, refused.code) == (412, "stale_version")
    assert refused.error["details"] == {"current_version": 2}
    assert replace(mapping_id, if_match="*").body["version"] == 3


def test_what_is_not_there_cannot_be_replaced():
    assert replace("map_0", if_match="*").code == "import_mapping_not_found"


def test_a_replaced_mapping_keeps_what_newer_code_stored():
    mapping_id = create().body["id"]
    stored = ImportMapping.get(MAPPINGS, mapping_id)
    stored.unknown = {"shared_with": {"S": "everyone"}}
    stored.save()

    replace(mapping_id)

    assert ImportMapping.get(MAPPINGS, mapping_id).unknown == {"shared_with": {"S": "everyone"}}


@pytest.mark.parametrize(
    ("mapping", "path", "code"),
    [
        ({"columns": {"A": {"field": "x"}}}, "body.mapping.columns.A.field", "unknown_value"),
        (
            {"columns": {"A": {"field": "option"}}},
            "body.mapping.columns.A",
            "mapping_contradiction",
        ),
        (
            {"columns": {f"{n:0200}": {"field": "ignored"} for n in range(100)}},
            "body.mapping",
            "mapping_too_large",
        ),
        ({"constants": {"currency": "eur"}}, "body.mapping.constants.currency", "unknown_currency"),
        ([], "body.mapping", "wrong_type"),
    ],
)
def test_a_mapping_with_mistakes_is_refused(mapping, path, code):
    refused = create(mapping=mapping)

    assert (refused.status, refused.code) == (422, "invalid_fields")
    fields = refused.error["details"]["fields"]
    assert [(field["path"], field["code"]) for field in fields] == [(path, code)]


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101, None])
def test_a_mapping_needs_a_name(name):
    assert create(name=name).paths == ["body.name"]


def test_an_upload_takes_the_mapping_as_it_is_then():
    mapping_id = create().body["id"]

    upload = upload_with(mapping_id=mapping_id)
    replace(mapping_id)

    assert upload.status == 201
    assert Upload.get(upload.body["id"], "upload").options["mapping"] == STOCK


def test_an_upload_of_an_unknown_mapping_is_refused():
    refused = upload_with(mapping_id="map_0")

    assert (refused.status, refused.code) == (404, "import_mapping_not_found")


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"mapping_id": "prd_1"}, "body.mapping_id", "wrong_format"),
        ({"mapping_id": "map_1", "mapping": STOCK}, "body", "mapping_contradiction"),
        (
            {"mapping": {"columns": {f"{n:0200}": {"field": "ignored"} for n in range(100)}}},
            "body.mapping",
            "mapping_too_large",
        ),
    ],
)
def test_an_upload_names_one_mapping_that_can_be(changes, path, code):
    refused = upload_with(**changes)

    fields = refused.error["details"]["fields"]
    assert [(field["path"], field["code"]) for field in fields] == [(path, code)]


def test_only_who_may_upload_files_sees_mappings():
    mapping_id = create().body["id"]

    for answer in (create(caller=ADA), list_all(caller=ADA), get(mapping_id, caller=ADA)):
        assert (answer.status, answer.code) == (403, "forbidden")


def test_any_mapping_fits_into_an_item():
    cells = {f"{n:03}" + "ü" * 90: {"field": "ignored"} for n in range(90)}

    assert len(json.dumps({"columns": cells}, ensure_ascii=False).encode()) < 20_000
    assert create(mapping={"columns": cells}).status == 201


def test_an_unchanged_mapping_is_not_sent_again():
    created = create()
    headers = {"if-none-match": created.headers["ETag"]}

    again = get(created.body["id"], caller=STAFF, headers=headers)

    assert (again.status, again.body) == (304, "")


def test_a_mapping_that_others_replace_at_each_attempt_is_409(monkeypatch):
    created = create()

    def be_overtaken(*_):
        raise StaleVersion

    monkeypatch.setattr(repository, "replace_mapping", be_overtaken)
    monkeypatch.setattr(retries, "pause", lambda _: None)

    refused = replace(created.body["id"], if_match="*")

    assert (refused.status, refused.code) == (409, "concurrent_modification")
