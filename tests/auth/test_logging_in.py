"""Whole slice: from e-mail and password to a token, and from the token to its owner."""

import json

import pytest

import authorizer.handler
from auth.handler import handler
from shared.aws import client
from shared.keys import key_ring
from shared.models import Login, User
from tests.support import logs
from tests.support.faults import answering, timed_out
from tests.support.http import CONTEXT, NOBODY, Answer, answer_of, sample, send

pytestmark = pytest.mark.usefixtures("aws")

PASSWORD = "correct horse battery"


def register(**changes) -> Answer:
    body = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada Lovelace"} | changes
    return send(handler, "auth.register", body=body, caller=NOBODY)


def log_in(email="ada@example.com", password=PASSWORD, **more) -> Answer:
    body = {"email": email, "password": password} | more
    return send(handler, "auth.login", body=body, caller=NOBODY)


def ask_who_i_am(token: str) -> Answer:
    """As API Gateway does: first the authorizer, then the route with its answer."""
    header = {"authorization": f"Bearer {token}"}
    asked = sample("authorizer")
    asked["headers"] |= header
    event = sample("auth.me")
    event["headers"] |= header
    found = authorizer.handler.handler(asked, CONTEXT)
    event["requestContext"]["authorizer"] = {"lambda": found["context"]}
    return answer_of(handler(event, CONTEXT))


def test_who_registers_can_log_in_and_is_recognised():
    registered = register()

    answer = log_in()

    assert answer.status == 200
    assert set(answer.body) == {"access_token", "token_type", "expires_in", "user"}
    assert (answer.body["token_type"], answer.body["expires_in"]) == ("Bearer", 900)
    assert answer.body["user"] == registered.body
    assert ask_who_i_am(answer.body["access_token"]).body == registered.body


def test_an_email_may_be_written_otherwise_than_at_registration():
    register(email="Ada@Example.com")

    assert log_in(email="aDA@eXAMPLE.COM").status == 200


@pytest.mark.parametrize("password", ["🔑" * 64, "x" * 128, " " * 8, "nul\x00nul\x00"])
def test_any_password_that_was_taken_opens_the_account(password):
    register(password=password)

    assert log_in(password=password).status == 200
    assert log_in(password=password[:-1]).status == 401


def test_a_wrong_password_and_an_unknown_email_get_the_same_answer():
    register()

    wrong = log_in(password="wrong horse battery")
    unknown = log_in(email="nobody@example.com")

    assert (wrong.status, wrong.code) == (401, "wrong_credentials")
    assert (unknown.status, unknown.body, unknown.headers) == (401, wrong.body, wrong.headers)
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="souk"'


@pytest.mark.parametrize("password", ["", "x", "x" * 128])
def test_a_password_that_nobody_can_have_is_only_wrong(password):
    assert log_in(password=password).code == "wrong_credentials"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"email": "ada"}, "body.email"),
        ({"email": None}, "body.email"),
        ({"email": {"S": "ada@example.com"}}, "body.email"),
        ({"password": "x" * 129}, "body.password"),
        ({"password": None}, "body.password"),
        ({"password": {"$ne": ""}}, "body.password"),
        ({"remember": True}, "body.remember"),
    ],
    ids=repr,
)
def test_credentials_are_checked_field_by_field(changes, path):
    answer = log_in(**changes)

    assert (answer.status, answer.paths) == (422, [path])


def test_nothing_of_the_credentials_is_logged_or_repeated():
    register()
    with logs.captured() as lines:
        right = log_in()
        wrong = log_in(password="canary-password")

    for text in (lines.text, json.dumps(wrong.body)):
        assert not [word for word in (PASSWORD, "canary-password", "ada@") if word in text]
    assert right.body["access_token"] not in lines.text


def test_a_token_has_the_roles_that_the_account_has_now():
    user_id = register().body["id"]
    User(user_id).update([User.roles.set({"customer", "staff"})])

    answer = log_in()

    assert answer.body["user"]["roles"] == ["customer", "staff"]
    assert ask_who_i_am(answer.body["access_token"]).body["roles"] == ["customer", "staff"]


def test_a_login_whose_user_has_vanished_opens_nothing():
    user_id = register().body["id"]
    User(user_id).delete()

    assert (log_in().status, log_in().code) == (401, "wrong_credentials")


def test_a_token_whose_account_has_vanished_is_good_no_more():
    user_id = register().body["id"]
    token = log_in().body["access_token"]
    User(user_id).delete()

    answer = ask_who_i_am(token)

    assert (answer.status, answer.code) == (401, "token_invalid")
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_who_i_am_needs_a_token():
    assert send(handler, "auth.me", caller=NOBODY).code == "token_missing"


def test_a_rotated_pepper_locks_nobody_out():
    register()
    ring = {"current": "k2", "k1": "souk/password-pepper ".ljust(64, "x"), "k2": "n" * 64}
    client("secretsmanager").put_secret_value(
        SecretId="souk/password-pepper", SecretString=json.dumps(ring)
    )
    key_ring.forget()

    assert log_in().status == 200
    assert register(email="bob@example.com").status == 201
    assert Login.get("bob@example.com").password_hash.startswith("k2:")


@pytest.mark.parametrize("call", [register, log_in])
def test_without_the_pepper_nobody_is_let_in_or_turned_away(call):
    with answering(client("secretsmanager"), "GetSecretValue", timed_out()):
        answer = call()

    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert Login.count() == 0
