"""Whole slice: a deleted account is gone at once, with all that it opened."""

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


def is_there(user_id: str) -> bool:
    both = {User.find(user_id) is not None, Login.find(EMAIL) is not None}
    assert len(both) == 1, "one of the two is left alone"
    return both.pop()


def key_of(user_id: str) -> str:
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


def with_second_factor() -> pyotp.TOTP:
    """Turned on for the account, and its authenticator."""
    seed = codes.new_seed(credentials.pepper())
    user = User.get(Login.get(EMAIL).user_id)
    user.update([User.second_factor.set(True)])
    Login(EMAIL).update([Login.second_factor.set(True), Login.totp_seed.set(seed)])
    return codes.totp_of(seed, credentials.pepper())


def place(caller):
    product = shop.product("TEA", available=10)
    lines = [{"product_id": product.product_id, "quantity": 1}]
    body = {"lines": lines, "shipping_address": shop.ADDRESS}
    return send(orders, "orders.place", caller=caller, body=body).body


def erase():
    """What the queue brings once the event that was staged has come through it."""
    (row,) = [row for row in OutboxRow.scan() if row.type == "user.deleted"]
    event = sample("orders.anonymize_orders")
    event["Records"][0]["body"] = json.dumps({"detail": json.loads(row.payload)})
    return anonymize_orders.handler(event, CONTEXT)


def test_a_deleted_account_is_gone_from_every_table():
    user_id = register().body["id"]
    here = get_tokens()
    get_tokens()
    key_of(user_id)

    answer = delete(here["access_token"])

    assert (answer.status, answer.body) == (204, "")
    assert not is_there(user_id)
    assert Session.count() == ApiKey.count() == 0
    assert EMAIL not in dump_account_tables()
    assert "Lovelace" not in dump_account_tables()


def test_what_it_opened_is_refused_from_then_on():
    user_id = register().body["id"]
    here, there, key = get_tokens(), get_tokens(), key_of(user_id)
    assert authorize(key)["user_id"] == user_id

    delete(here["access_token"])

    for tokens in (here, there):
        assert authorize(tokens["access_token"]) == {"refusal": "session_ended"}
        assert get_me(tokens["access_token"]).code == "session_ended"
        assert refresh(tokens["refresh_token"]).code == "session_ended"
    assert authorize(key) == {"refusal": "token_invalid"}
    assert log_in().code == "wrong_credentials"


def test_the_event_that_tells_of_it_names_an_id_and_nothing_else():
    user_id = register().body["id"]

    delete(get_tokens()["access_token"])

    (row,) = [row for row in OutboxRow.scan() if row.type == "user.deleted"]
    assert parse_event(row.payload).data.model_dump() == {"user_id": user_id}


@pytest.mark.parametrize("wrong", ["wrong horse battery", "", PASSWORD + " "])
def test_without_the_password_nothing_is_deleted(wrong):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    answer = delete(token, wrong)

    assert (answer.status, answer.code) == (403, "wrong_password")
    assert is_there(user_id)
    assert get_me(token).status == 200
    assert published_event_types() == ["user.registered"]


def test_a_stolen_session_is_no_place_to_guess_the_password():
    register()
    token = get_tokens()["access_token"]

    answers = [delete(token, f"wrong horse {n}").status for n in range(6)]

    assert answers == [403] * 5 + [429]


def test_an_account_with_a_second_factor_asks_for_it_too():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    authenticator = with_second_factor()

    without = delete(token)
    wrong = delete(token, code="000000")

    assert (without.status, without.code) == (403, "wrong_code")
    assert (wrong.status, wrong.code) == (403, "wrong_code")
    assert is_there(user_id)
    assert delete(token, code=authenticator.now()).status == 204
    assert not is_there(user_id)


def test_a_body_must_say_the_password_and_nothing_that_is_not_known():
    register()
    token = get_tokens()["access_token"]

    assert call("me.delete", token, {}).paths == ["body.password"]
    assert delete(token, reason="bored").paths == ["body.reason"]


@pytest.mark.parametrize("role", ["staff", "admin"])
def test_staff_have_their_roles_taken_first(role):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    for table, key in ((User, user_id), (Login, EMAIL)):
        table(key).update([table.roles.set({"customer", role})])

    answer = delete(token)

    assert (answer.status, answer.code) == (409, "cannot_modify_own_account")
    assert "admin take your roles" in answer.error["message"]
    assert is_there(user_id)


def test_an_account_that_was_made_staffs_meanwhile_is_not_deleted(monkeypatch):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    confirm = service.credentials.confirm

    def then_promoted(*args):
        proof = confirm(*args)
        for table, key in ((User, user_id), (Login, EMAIL)):
            table(key).update([table.roles.set({"staff"}), table.version.set(2)])
        return proof

    monkeypatch.setattr(service.credentials, "confirm", then_promoted)

    answer = delete(token)

    assert (answer.status, answer.code) == (409, "concurrent_modification")
    assert is_there(user_id)
    assert Session.count() == 1


def test_a_password_that_was_changed_while_it_was_checked_deletes_nothing(monkeypatch):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    confirm = service.credentials.confirm

    def then_changed(*args):
        proof = confirm(*args)
        Login(EMAIL).update([Login.password_hash.set("k1:$2b$10$changed")])
        return proof

    monkeypatch.setattr(service.credentials, "confirm", then_changed)

    assert delete(token).code == "concurrent_modification"
    assert is_there(user_id)


def test_the_address_is_free_at_once_and_the_new_account_is_another():
    old = register().body["id"]
    key = key_of(old)
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
def test_links_to_the_old_account_do_nothing_to_the_new_one(purpose, follow, more):
    link = create_link_token(purpose, register().body["id"])
    delete(get_tokens()["access_token"])
    new = register().body["id"]

    answer = post(follow, {"token": link} | more)

    assert (answer.status, answer.code) == (400, "link_expired")
    assert User.get(new).email_verified is False
    assert log_in().status == 200


def test_where_the_owner_used_to_log_in_is_forgotten():
    register()
    token = get_tokens()["access_token"]
    log_in(password="wrong horse battery", address=ELSEWHERE)
    before = {row.subject for row in Attempts.scan()}

    delete(token)

    left = [row for row in Attempts.scan() if row.subject in before]
    assert all(row.expires_at <= clock.utc_now() + timedelta(hours=2) for row in left)


def test_failures_of_others_meanwhile_are_no_reason_not_to():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    for _ in range(5):
        log_in(password="wrong horse battery", address=ELSEWHERE)

    assert delete(token).status == 204
    assert not is_there(user_id)


def test_orders_are_kept():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    order_id = place(authorize(token))["id"]

    delete(token)

    assert Order.get(order_id).buyer_id == user_id
    assert send(orders, "orders.get", caller=STAFF, path={"order_id": order_id}).status == 200


def test_an_order_that_is_placed_on_a_cached_authorization_brings_nothing_back():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    cached = authorize(token)
    delete(token)

    order_id = place(cached)["id"]

    assert not is_there(user_id)
    assert get_me(token).code == "session_ended"
    assert erase() == {"batchItemFailures": []}
    order = Order.get(order_id)
    assert (order.buyer_id, order.fingerprint) == (user_id, "erased")
    assert "Lovelace" not in str(order.to_dynamodb_dict())


def test_a_request_on_a_cached_authorization_finds_no_account():
    register()
    token = get_tokens()["access_token"]
    cached = authorize(token)
    delete(token)

    again = send(handler, "me.delete", caller=cached, body={"password": PASSWORD})

    assert (again.status, again.code) == (401, "session_ended")
    assert published_event_types().count("user.deleted") == 1


def test_sessions_that_cannot_be_removed_now_undo_nothing(monkeypatch):
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    def busy(_):
        raise Unavailable("busy")

    monkeypatch.setattr(repository, "remove_access", busy)

    with logs.captured() as lines:
        answer = delete(token)

    assert answer.status == 204
    assert not is_there(user_id)
    assert Session.count() == 1
    assert authorize(token) == {"refusal": "session_ended"}
    assert lines.saying("access not removed")[0]["user_id"] == user_id


def test_more_sessions_than_fit_in_one_transaction_are_removed():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    (session,) = Session.query(user_id)
    for n in range(105):
        session.session_id = f"ses_{n:03}"
        session.save()

    assert delete(token).status == 204
    assert Session.count() == 0


def test_a_deletion_that_did_not_go_through_leaves_all_as_it_was():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    busy = cancelled_transaction(*["TransactionConflict"] * 5)

    with inject_faults(connection().client, "TransactWriteItems", busy, busy, busy, busy):
        answer = delete(token)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert is_there(user_id)
    assert get_me(token).status == 200


def test_a_deletion_is_audited_by_id_alone():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    with logs.captured() as lines:
        delete(token, "wrong horse battery")
        delete(token)

    done = [it for it in lines.saying("audit") if it["action"] == "delete_account"]
    assert [(it["user_id"], it["result"]) for it in done] == [(user_id, "done")]
    assert EMAIL not in lines.text


def test_who_is_not_signed_in_deletes_nobody():
    assert send(handler, "me.delete", caller=NOBODY).code == "token_missing"
