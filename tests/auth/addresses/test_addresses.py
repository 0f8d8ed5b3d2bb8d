"""Whole slice: users keep addresses, by the rules of their countries, for themselves alone."""

import pytest

from auth.handler import handler
from orders.handler import handler as orders
from shared.storage.dynamo import connection
from shared.storage.models.accounts import User
from shared.storage.models.address_books import AddressBook
from tests.support import shop
from tests.support.accounts import PASSWORD, call, get_tokens, register
from tests.support.aws_calls import Killed, break_call, on_each_call, record_calls
from tests.support.http import ADA, ADMIN, BOB, STAFF, Answer, Caller, send
from tests.support.interleaving import each_interleaving

pytestmark = pytest.mark.usefixtures("aws")

HOME = shop.ADDRESS
WORK = {
    "name": "Ada Lovelace",
    "company": "Analytical Engines Ltd",
    "line1": "Hafenweg 3",
    "line2": "2. Stock",
    "postal_code": "48155",
    "city": "Münster",
    "country": "DE",
    "phone": "+49 251 123456",
}


@pytest.fixture(autouse=True)
def _accounts(aws):  # noqa: ARG001 (the accounts are in it)
    for person in (ADA, BOB, STAFF, ADMIN):
        shop.user(person.user_id, roles=set(person.roles.split()))


def create(body=HOME, key="key-1", caller: Caller | dict = ADA) -> Answer:
    headers = {"idempotency-key": key}
    return send(handler, "addresses.create", caller=caller, body=body, headers=headers)


def listed(caller: Caller | dict = ADA) -> list[dict]:
    answer = send(handler, "addresses.list", caller=caller)
    assert (answer.status, answer.body["next_cursor"]) == (200, None)
    return list(answer.body["items"])


def get(address_id: str, caller: Caller = ADA, **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(
        handler, "addresses.get", caller=caller, path={"address_id": address_id}, headers=names
    )


def update(address_id: str, body, if_match: str = "*", caller: Caller = ADA) -> Answer:
    return send(
        handler,
        "addresses.update",
        caller=caller,
        path={"address_id": address_id},
        body=body,
        headers={"if-match": if_match},
    )


def delete(address_id: str, caller: Caller = ADA) -> Answer:
    return send(handler, "addresses.delete", caller=caller, path={"address_id": address_id})


def defaults(caller: Caller = ADA) -> list[bool]:
    return [address["is_default"] for address in listed(caller)]


def test_an_address_is_kept_as_its_country_writes_it():
    answer = create(HOME | {"postal_code": "sw1y4jh"})

    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/me/addresses/{answer.body['id']}"
    assert answer.headers["Idempotency-Replayed"] == "false"
    assert answer.headers["ETag"].startswith('"1-')
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body["postal_code"] == "SW1Y 4JH"
    assert (answer.body["is_default"], answer.body["version"]) == (True, 1)
    assert get(answer.body["id"]).body == answer.body
    assert listed() == [answer.body]


def test_a_new_account_has_no_addresses():
    assert listed() == []


def test_all_fields_are_kept():
    created = create(WORK).body

    assert {name: created[name] for name in WORK} == WORK


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"postal_code": "12345"}, "body.postal_code"),
        ({"city": None}, "body.city"),
        ({"name": " "}, "body.name"),
        ({"country": "XX"}, "body.country"),
        ({"phone": "call me"}, "body.phone"),
        ({"nickname": "home"}, "body.nickname"),
        ({"is_default": "yes"}, "body.is_default"),
    ],
)
def test_an_address_that_its_country_does_not_have_is_refused(changes, path):
    answer = create(HOME | changes)

    assert (answer.status, answer.paths) == (422, [path])
    assert listed() == []


def test_a_region_is_known_by_its_code():
    new_york = {
        "name": "Ada",
        "line1": "350 Fifth Avenue",
        "city": "New York",
        "region": "new york",
        "postal_code": "10118",
        "country": "US",
    }

    assert create(new_york).body["region_code"] == "US-NY"
    assert create(new_york | {"region": "Atlantis"}, "key-2").paths == ["body.region"]


def test_a_repeated_request_adds_no_second_address():
    first = create()

    again = create()

    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status, again.body) == (201, first.body)
    assert len(listed()) == 1


def test_a_key_of_another_address_is_refused():
    create(HOME)

    answer = create(WORK)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert len(listed()) == 1


@pytest.mark.parametrize("phase", ["before-call", "after-call"])
def test_an_address_whose_reply_is_lost_is_added_once(phase):
    with pytest.raises(Killed), break_call(1, Killed(), phase=phase):
        create()

    assert create().status == 201
    assert len(listed()) == 1


def test_two_users_may_use_the_same_key():
    assert create().body["id"] != create(caller=BOB).body["id"]


def test_the_default_is_one_and_comes_first():
    first = create(HOME, "a").body["id"]
    second = create(WORK, "b").body["id"]
    third = create(WORK | {"is_default": True}, "c").body["id"]

    assert [address["id"] for address in listed()] == [third, second, first]
    assert defaults() == [True, False, False]

    update(first, {"is_default": True})
    assert [address["id"] for address in listed()] == [first, third, second]
    assert defaults() == [True, False, False]


def test_the_default_stays_until_another_one_is_it():
    home = create(HOME, "a").body["id"]
    work = create(WORK, "b").body["id"]

    refused = update(home, {"is_default": False})

    assert (refused.status, refused.code) == (409, "default_address_required")
    assert update(work, {"is_default": False}).status == 200
    assert defaults() == [True, False]


def test_after_a_deleted_default_the_newest_is_it():
    home = create(HOME, "a").body["id"]
    create(WORK, "b")
    newest = create(WORK, "c").body["id"]

    assert delete(home).status == 204

    assert (listed()[0]["id"], defaults()) == (newest, [True, False])
    assert get(home).code == "address_not_found"
    assert delete(home).code == "address_not_found"


def test_an_empty_book_begins_again():
    delete(create(HOME, "a").body["id"])

    assert listed() == []
    assert create(WORK, "b").body["is_default"] is True


def test_a_patch_changes_what_it_names():
    created = create(WORK).body

    answer = update(created["id"], {"line1": "Hafenweg 5", "line2": None, "phone": None})

    assert answer.status == 200
    expected = WORK | {"line1": "Hafenweg 5", "line2": None, "phone": None}
    assert {name: answer.body[name] for name in WORK} == expected
    assert answer.body["version"] == 2
    assert answer.body["created_at"] == created["created_at"]
    assert get(created["id"]).body == answer.body


def test_a_patch_that_changes_nothing_writes_nothing():
    created = create(WORK).body

    with record_calls() as calls:
        answer = update(created["id"], {"city": "Münster"})

    assert (answer.body, calls) == (created, ["GetItem"])
    assert update(created["id"], {}).body == created


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"country": "GB"}, "body.postal_code"),
        ({"postal_code": None}, "body.postal_code"),
        ({"name": None}, "body.name"),
        ({"country": None}, "body.country"),
        ({"line1": "x" * 201}, "body.line1"),
        ({"is_default": None}, "body.is_default"),
        ({"id": "adr_x"}, "body.id"),
    ],
)
def test_a_patch_must_leave_an_address_of_its_country(patch, path):
    created = create(WORK).body

    answer = update(created["id"], patch)

    assert (answer.status, answer.paths) == (422, [path])
    assert get(created["id"]).body == created


def test_an_address_can_move_to_a_country_without_postal_codes():
    created = create(WORK).body
    peak = {"country": "HK", "postal_code": None, "city": None, "region": "Hong Kong Island"}

    answer = update(created["id"], peak)

    assert (answer.status, answer.body["postal_code"], answer.body["city"]) == (200, None, None)


def test_an_edit_of_another_version_is_refused():
    address_id = create(HOME).body["id"]
    etag = get(address_id).headers["ETag"]
    assert update(address_id, {"name": "Ada King"}, etag).status == 200

    stale = update(address_id, {"name": "Ada Byron"}, etag)

    assert (stale.status, stale.code) == (412, "stale_version")
    assert stale.error["details"] == {"current_version": 2}
    assert get(address_id).body["name"] == "Ada King"


def test_an_edit_of_another_address_does_not_matter():
    home = create(HOME, "a").body["id"]
    etag = get(home).headers["ETag"]
    work = create(WORK, "b").body["id"]
    update(work, {"name": "Ada King"})

    assert update(home, {"name": "Ada Byron"}, etag).status == 200


def test_an_unchanged_address_is_not_sent_again():
    created = create()
    etag = created.headers["ETag"]

    assert get(created.body["id"], if_none_match=etag).status == 304


def test_a_user_keeps_at_most_twenty():
    for number in range(20):
        assert create(HOME, f"key-{number}").status == 201

    answer = create(HOME, "one more")

    assert (answer.status, answer.code) == (409, "address_limit")
    assert answer.error["details"] == {"addresses_max": 20}
    assert create(HOME, "key-7").headers["Idempotency-Replayed"] == "true"
    assert len(listed()) == 20


@pytest.mark.parametrize("stranger", [BOB, STAFF, ADMIN])
def test_nobody_else_sees_an_address(stranger):
    address_id = create().body["id"]

    answers = [
        get(address_id, stranger),
        update(address_id, {"name": "Mallory"}, caller=stranger),
        delete(address_id, stranger),
    ]

    assert {(answer.status, answer.code) for answer in answers} == {(404, "address_not_found")}
    assert listed(stranger) == []
    assert len(listed()) == 1


def test_an_api_key_reads_no_addresses():
    key = {"user_id": ADA.user_id, "session_id": "", "permissions": "orders:place"}

    answer = send(
        handler,
        "addresses.list",
        caller=key | {"second_factor_due": False, "expires_at": 4_102_444_800},
    )

    assert (answer.status, answer.code) == (403, "forbidden")


def test_an_address_can_be_sent_with_an_order():
    saved = create(WORK).body
    tea = shop.product("tea", available=3)
    address = {name: saved[name] for name in WORK}

    body = {"lines": [shop.line(tea)], "shipping_address": address}
    placed = send(orders, "orders.place", body=body)

    assert placed.status == 201
    assert {name: placed.body["shipping_address"][name] for name in WORK} == WORK
    update(saved["id"], {"name": "Ada King"})
    path = {"order_id": placed.body["id"]}
    assert send(orders, "orders.get", path=path).body["shipping_address"]["name"] == WORK["name"]


def two_addresses() -> tuple[str, str]:
    for book in AddressBook.scan():
        book.delete()
    return create(HOME, "a").body["id"], create(WORK, "b").body["id"]


def test_two_new_defaults_at_once_leave_one():
    def prepare(_: int):
        home, work = two_addresses()
        return (
            lambda: update(home, {"is_default": True, "name": "First"}),
            lambda: update(work, {"is_default": True, "name": "Second"}),
        )

    for _ in each_interleaving(prepare):
        assert defaults() == [True, False]
        assert {address["name"] for address in listed()} == {"First", "Second"}


def test_a_deletion_and_a_new_default_leave_one():
    def prepare(_: int):
        home, work = two_addresses()
        return lambda: delete(home), lambda: update(work, {"is_default": True})

    for _ in each_interleaving(prepare):
        assert defaults() == [True]


def test_two_deletions_at_once_delete_both():
    def prepare(_: int):
        home, work = two_addresses()
        return lambda: delete(home), lambda: delete(work)

    for _ in each_interleaving(prepare):
        assert listed() == []


def test_the_twentieth_of_two_at_once_is_the_last():
    def prepare(_: int):
        two_addresses()
        for number in range(17):
            create(HOME, f"key-{number}")
        return lambda: create(HOME, "one"), lambda: create(WORK, "other")

    for _ in each_interleaving(prepare):
        assert (len(listed()), sum(defaults())) == (20, 1)


def test_one_key_at_once_adds_one_address():
    def prepare(_: int):
        for book in AddressBook.scan():
            book.delete()
        return create, create

    for _ in each_interleaving(prepare):
        assert len(listed()) == 1


def test_a_book_that_always_changes_is_a_conflict(monkeypatch):
    monkeypatch.setattr("shared.retries.pause", lambda _: None)
    address_id = create(HOME).body["id"]

    def change_first(operation: str) -> None:
        if operation == "TransactWriteItems":
            AddressBook(ADA.user_id).update([AddressBook.version.add(1)])

    with on_each_call("before-call", change_first, connection().client):
        answers = [
            create(WORK, "key-2"),
            update(address_id, {"name": "Ada King"}),
            delete(address_id),
        ]

    assert [answer.code for answer in answers] == ["concurrent_modification"] * 3


def test_a_book_keeps_what_newer_code_stores():
    address_id = create(HOME, "a").body["id"]
    book = AddressBook.get(ADA.user_id)
    book.unknown = {"labels": {"S": "family"}}
    book.addresses[0].unknown = {"floor": {"N": "3"}}
    book.save()

    create(WORK, "b")
    update(address_id, {"name": "Ada King"})

    after = AddressBook.get(ADA.user_id)
    (home,) = (each for each in after.addresses if each.address_id == address_id)
    assert (after.unknown, home.unknown) == (
        {"labels": {"S": "family"}},
        {"floor": {"N": "3"}},
    )


def test_a_disabled_account_changes_no_address():
    address_id = create().body["id"]
    User(ADA.user_id).update([User.status.set("disabled")])

    answers = [
        create(WORK, "key-2"),
        update(address_id, {"name": "Mallory"}),
        delete(address_id),
    ]

    assert {(answer.status, answer.code) for answer in answers} == {(401, "session_ended")}


def test_the_export_has_the_addresses_and_deletion_deletes_them():
    ada = Caller(register().body["id"])
    token = get_tokens()["access_token"]
    saved = create(WORK, caller=ada).body
    create(HOME, caller=BOB)

    exported = call("me.export", token).body["addresses"]
    deleted = call("me.delete", token, {"password": PASSWORD})
    late = create(HOME, "late", caller=ada)

    assert exported == [saved]
    assert (deleted.status, late.code) == (204, "session_ended")
    assert [book.user_id for book in AddressBook.scan()] == [BOB.user_id]
