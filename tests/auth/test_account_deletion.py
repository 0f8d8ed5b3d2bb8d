"""Whole slice: deletion removes the account at once, with its sessions and keys."""

import json
from datetime import timedelta

import pyotp
import pytest

from auth.credentials import service as credentials
from auth.handler import handler
from auth.privacy import repository, service
from auth.second_factor import codes
from orders.handler import handler as orders
from orders.workers import anonymize_orders
from shared import clock
from shared.errors.base import Unavailable
from shared.events.all_events import parse_event
from shared.security import api_keys, opaque_tokens
from shared.storage.dynamo import connection
from shared.storage.models.accounts import ApiKey, Attempts, Login, Session, User
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from tests.support import logs, shop
from tests.support.accounts import (
    EMAIL,
    PASSWORD,
    authorize,
    call,
    create_link_token,
    dump_account_tables,
    get_me,
    get_tokens,
    log_in,
    post,
    refresh,
    register,
)
from tests.support.events import published_event_types
from tests.support.faults import cancelled_transaction, inject_faults
from tests.support.http import CONTEXT, ELSEWHERE, NOBODY, STAFF, sample, send

pytestmark = pytest.mark.usefixtures("aws")


def delete(token: str, password: str = PASSWORD, **more):
    return call("me.delete", token, {"password": password} | more)


def exists(user_id: str) -> bool:
    both = {User.find(user_id) is not None, Login.find(EMAIL) is not None}
    assert len(both) == 1, "only one of the two tables has the account"
    return both.pop()


def store_api_key(user_id: str) -> str:
    text = api_keys.KeyText(user_id, f"key_{'a' * 32}", opaque_tokens.new_secret())
    now = clock.utc_now()
    ApiKey(
        user_id,
        text.key_id,
        name="sync",
        permissions={"orders:place"},
        secret_hash=opaque_tokens.digest(text.secret),
        created_at=now,
        expires_at=now + timedelta(days=30),
    ).save()
    return str(text)


def enable_second_factor() -> pyotp.TOTP:
    """Enable a second factor for the account, and return its authenticator."""
    seed = codes.new_seed(credentials.pepper())
    user = User.get(Login.get(EMAIL).user_id)
    user.update([User.second_factor.set(True)])
    Login(EMAIL).update([Login.second_factor.set(True), Login.totp_seed.set(seed)])
    return codes.totp_from_seed(seed, credentials.pepper())


def place(caller):
    product = shop.product("TEA", available=10)
    lines = [{"product_id": product.product_id, "quantity": 1}]
    body = {"lines": lines, "shipping_address": shop.ADDRESS}
    return send(orders, "orders.place", caller=caller, body=body).body


def anonymize():
    """Run the worker on the staged event, as the queue delivers it."""
    (row,) = [row for row in OutboxRow.scan() if row.type == "user.deleted"]
    event = sample("orders.anonymize_orders")
    event["Records"][0]["body"] = json.dumps({"detail": json.loads(row.payload)})
    return anonymize_orders.handler(event, CONTEXT)


def test_deletion_removes_the_account_from_every_table():
    user_id = register().body["id"]
    here = get_tokens()
    get_tokens()
    store_api_key(user_id)

    answer = delete(here["access_token"])

    assert (answer.status, answer.body) == (204, "")
    assert not exists(user_id)
    assert Session.count() == ApiKey.count() == 0
    assert EMAIL not in dump_account_tables()
    assert "Lovelace" not in dump_account_tables()


def test_deletion_ends_all_sessions_and_keys():
    user_id = register().body["id"]
    here, there, key = get_tokens(), get_tokens(), store_api_key(user_id)
    assert authorize(key)["user_id"] == user_id

    delete(here["access_token"])

    for tokens in (here, there):
        assert authorize(tokens["access_token"]) == {"refusal": "session_ended"}
        assert get_me(tokens["access_token"]).code == "session_ended"
        assert refresh(tokens["refresh_token"]).code == "session_ended"
    assert authorize(key) == {"refusal": "token_invalid"}
    assert log_in().code == "wrong_credentials"


def test_the_deletion_event_has_the_user_id_and_order_count():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    place(authorize(token))

    delete(token)

    (row,) = [row for row in OutboxRow.scan() if row.type == "user.deleted"]
    assert parse_event(row.payload).data.model_dump() == {"user_id": user_id, "order_count": 1}


@pytest.mark.parametrize("wrong", ["wrong horse battery", "", PASSWORD + " "])
def test_deletion_needs_the_password(wrong):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    answer = delete(token, wrong)

    assert (answer.status, answer.code) == (403, "wrong_password")
    assert exists(user_id)
    assert get_me(token).status == 200
    assert published_event_types() == ["user.registered"]


def test_wrong_passwords_for_deletion_are_throttled():
    register()
    token = get_tokens()["access_token"]

    answers = [delete(token, f"wrong horse {n}").status for n in range(6)]

    assert answers == [403] * 5 + [429]


def test_deletion_needs_the_second_factor_code():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    authenticator = enable_second_factor()

    without = delete(token)
    wrong = delete(token, code="000000")

    assert (without.status, without.code) == (403, "wrong_code")
    assert (wrong.status, wrong.code) == (403, "wrong_code")
    assert exists(user_id)
    assert delete(token, code=authenticator.now()).status == 204
    assert not exists(user_id)


def test_deletion_refuses_missing_and_unknown_fields():
    register()
    token = get_tokens()["access_token"]

    assert call("me.delete", token, {}).paths == ["body.password"]
    assert delete(token, reason="bored").paths == ["body.reason"]


@pytest.mark.parametrize("role", ["staff", "admin"])
def test_staff_cannot_delete_their_own_account(role):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    for table, key in ((User, user_id), (Login, EMAIL)):
        table(key).update([table.roles.set({"customer", role})])

    answer = delete(token)

    assert (answer.status, answer.code) == (409, "cannot_modify_own_account")
    assert "Ask an admin to remove your staff roles" in answer.error["message"]
    assert exists(user_id)


def test_a_promotion_during_deletion_stops_it(monkeypatch):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    reauthenticate = service.credentials.reauthenticate

    def promote_after(*args):
        authentication = reauthenticate(*args)
        for table, key in ((User, user_id), (Login, EMAIL)):
            table(key).update([table.roles.set({"staff"}), table.version.set(2)])
        return authentication

    monkeypatch.setattr(service.credentials, "reauthenticate", promote_after)

    answer = delete(token)

    assert (answer.status, answer.code) == (409, "concurrent_modification")
    assert exists(user_id)
    assert Session.count() == 1


def test_a_password_change_during_deletion_stops_it(monkeypatch):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    reauthenticate = service.credentials.reauthenticate

    def change_after(*args):
        authentication = reauthenticate(*args)
        Login(EMAIL).update([Login.password_hash.set("k1:$2b$10$changed")])
        return authentication

    monkeypatch.setattr(service.credentials, "reauthenticate", change_after)

    assert delete(token).code == "concurrent_modification"
    assert exists(user_id)


def test_a_new_account_can_use_the_address_at_once():
    old = register().body["id"]
    key = store_api_key(old)
    tokens = get_tokens()
    delete(tokens["access_token"])

    new = register(name="Ada Byron", password="qzjxkvwp mynthgb").body["id"]

    assert new != old
    assert log_in().code == "wrong_credentials"
    body = log_in(password="qzjxkvwp mynthgb").body
    assert (body["user"]["id"], body["user"]["name"]) == (new, "Ada Byron")
    assert get_me(tokens["access_token"]).code == "session_ended"
    assert refresh(tokens["refresh_token"]).code == "session_ended"
    assert "refusal" in authorize(key)
    assert [session.user_id for session in Session.scan()] == [new]


@pytest.mark.parametrize(
    ("purpose", "follow", "more"),
    [
        ("verify_email", "auth.verify_email", {}),
        ("reset_password", "auth.reset_password", {"password": "qzjxkvwp mynthgb"}),
    ],
)
def test_old_links_do_not_work_for_a_new_account(purpose, follow, more):
    link = create_link_token(purpose, register().body["id"])
    delete(get_tokens()["access_token"])
    new = register().body["id"]

    answer = post(follow, {"token": link} | more)

    assert (answer.status, answer.code) == (400, "link_expired")
    assert User.get(new).email_verified is False
    assert log_in().status == 200


def test_deletion_removes_known_devices():
    register()
    token = get_tokens()["access_token"]
    log_in(password="wrong horse battery", address=ELSEWHERE)
    before = {row.subject for row in Attempts.scan()}

    delete(token)

    left = [row for row in Attempts.scan() if row.subject in before]
    assert all(row.expires_at <= clock.utc_now() + timedelta(hours=2) for row in left)


def test_failed_logins_elsewhere_do_not_stop_deletion():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    for _ in range(5):
        log_in(password="wrong horse battery", address=ELSEWHERE)

    assert delete(token).status == 204
    assert not exists(user_id)


def test_orders_of_a_deleted_account_stay():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    order_id = place(authorize(token))["id"]

    delete(token)

    assert Order.get(order_id).buyer_id == user_id
    assert send(orders, "orders.get", caller=STAFF, path={"order_id": order_id}).status == 200


def test_a_second_deletion_finds_no_account():
    register()
    token = get_tokens()["access_token"]
    cached = authorize(token)
    delete(token)

    again = send(handler, "me.delete", caller=cached, body={"password": PASSWORD})

    assert (again.status, again.code) == (401, "session_ended")
    assert published_event_types().count("user.deleted") == 1


def test_deletion_succeeds_when_sessions_cannot_be_removed(monkeypatch):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    def busy(_):
        raise Unavailable("busy")

    monkeypatch.setattr(repository, "delete_sessions_and_keys", busy)

    with logs.captured() as lines:
        answer = delete(token)

    assert answer.status == 204
    assert not exists(user_id)
    assert Session.count() == 1
    assert authorize(token) == {"refusal": "session_ended"}
    assert lines.saying("sessions and keys not deleted")[0]["user_id"] == user_id


def test_deletion_removes_more_than_100_sessions():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    (session,) = Session.query(user_id)
    for n in range(105):
        session.session_id = f"ses_{n:03}"
        session.save()

    assert delete(token).status == 204
    assert Session.count() == 0


def test_a_failed_deletion_changes_nothing():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    busy = cancelled_transaction(*["TransactionConflict"] * 5)

    with inject_faults(connection().client, "TransactWriteItems", busy, busy, busy, busy):
        answer = delete(token)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert exists(user_id)
    assert get_me(token).status == 200


def test_a_deletion_is_audited_without_the_address():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    with logs.captured() as lines:
        delete(token, "wrong horse battery")
        delete(token)

    done = [line for line in lines.saying("audit") if line["action"] == "delete_me"]
    assert [(line["user_id"], line["result"]) for line in done] == [(user_id, "done")]
    assert EMAIL not in lines.text


def test_deletion_needs_a_token():
    assert send(handler, "me.delete", caller=NOBODY).code == "token_missing"
