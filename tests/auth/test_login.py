"""Whole slice: a login returns tokens, and an access token gives access to the account."""

import json

import pytest

from auth.credentials import service
from auth.handler import handler
from shared.aws import client
from shared.config import AccountSettings, PasswordSettings, settings
from shared.security.key_rings import key_ring
from shared.storage.models.accounts import Attempts, Login, Session, User
from tests.support import logs
from tests.support.accounts import (
    EMAIL,
    PASSWORD,
    authorize,
    dump_account_tables,
    get_me,
    get_tokens,
    log_in,
    register,
)
from tests.support.faults import inject_faults, read_timeout
from tests.support.http import NOBODY, send

pytestmark = pytest.mark.usefixtures("aws")


def with_settings(monkeypatch, **changes):
    """Change the settings of auth.credentials."""
    accounts = {key: value for key, value in changes.items() if key.startswith("require")}
    passwords = {key: value for key, value in changes.items() if key not in accounts}
    configured = {
        AccountSettings: settings(AccountSettings).replace(**accounts),
        PasswordSettings: settings(PasswordSettings).replace(**passwords),
    }
    monkeypatch.setattr(service, "settings", configured.__getitem__)


def test_a_registered_user_can_log_in():
    registered = register()

    answer = log_in()

    assert answer.status == 200
    assert set(answer.body) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "user",
    }
    assert (answer.body["token_type"], answer.body["expires_in"]) == ("Bearer", 900)
    assert answer.body["user"] == registered.body
    assert get_me(answer.body["access_token"]).body == registered.body


def test_login_ignores_the_case_of_the_email():
    register(email="Ada@Example.com")

    assert log_in(email="aDA@eXAMPLE.COM").status == 200


@pytest.mark.parametrize("password", ["🔑" * 64, "qz" * 64, " " * 8, "nul\x00nul\x00"])
def test_login_works_with_any_accepted_password(password):
    register(password=password)

    assert log_in(password=password).status == 200
    assert log_in(password=password[:-1]).status == 401


def test_composed_and_decomposed_passwords_are_the_same():
    register(password="Äpfel und Birnen")

    assert log_in(password="A\u0308pfel und Birnen").status == 200


def test_wrong_passwords_and_unknown_emails_get_one_answer():
    register()

    wrong = log_in(password="wrong horse battery")
    unknown = log_in(email="nobody@example.com")

    assert (wrong.status, wrong.code) == (401, "wrong_credentials")
    assert (unknown.status, unknown.body, unknown.headers) == (401, wrong.body, wrong.headers)
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="souk"'


@pytest.mark.parametrize("password", ["", "x", "x" * 128])
def test_a_password_that_breaks_the_policy_is_just_wrong(password):
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
        ({"code": 123456}, "body.code"),
        ({"code": "1" * 41}, "body.code"),
        ({"remember": True}, "body.remember"),
    ],
    ids=repr,
)
def test_invalid_fields_of_credentials_are_refused(changes, path):
    answer = log_in(**changes)

    assert (answer.status, answer.paths) == (422, [path])


def test_credentials_are_never_logged_echoed_or_stored():
    register()
    with logs.captured() as lines:
        right = log_in()
        wrong = log_in(password="canary-password")

    for text in (lines.text, json.dumps(wrong.body)):
        assert not [word for word in (PASSWORD, "canary-password", "ada@") if word in text]
    for token in (right.body["access_token"], right.body["refresh_token"]):
        assert token not in lines.text
        assert token.rpartition(".")[2] not in dump_account_tables()


def test_successful_and_failed_logins_are_audited():
    user_id = register().body["id"]
    with logs.captured() as lines:
        log_in()
        log_in(password="wrong horse battery")
        log_in(email="nobody@example.com")

    done, refused, unknown = lines.saying("audit")
    session_id = next(iter(Session.scan())).session_id
    assert (done["action"], done["result"], done["user_id"]) == ("log_in", "done", user_id)
    assert done["session_id"] == session_id
    assert (refused["action"], refused["result"]) == ("check_credentials", "refused")
    assert (refused["reason"], refused["user_id"]) == ("wrong_credentials", user_id)
    assert unknown["account"].startswith("att_")
    for line in (done, refused, unknown):
        assert line["client_address"] == "203.0.113.7"
        assert line["timestamp"].endswith("+00:00")
        assert line["correlation_id"] == "JKJaXmPLvHcESHA="


def test_a_session_has_the_permissions_of_the_current_roles():
    user_id = register().body["id"]
    tokens = get_tokens()

    User(user_id).update([User.roles.set({"customer", "staff"})])

    assert get_me(tokens["access_token"]).body["roles"] == ["customer", "staff"]
    assert "stock:write" in authorize(tokens["access_token"])["permissions"]


def test_only_the_right_password_reveals_a_disabled_account():
    register()
    Login(EMAIL).update([Login.status.set("disabled")])

    right = log_in()
    wrong = log_in(password="wrong horse battery")

    assert (right.status, right.code) == (403, "account_disabled")
    assert (wrong.status, wrong.code) == (401, "wrong_credentials")
    assert Session.count() == 0


def test_an_unconfirmed_account_looks_unknown_where_required(monkeypatch):
    with_settings(monkeypatch, require_verified_email=True)
    register()

    unconfirmed = log_in()
    unknown = log_in(email="nobody@example.com")

    assert (unconfirmed.status, unconfirmed.body) == (401, unknown.body)
    Login(EMAIL).update([Login.email_verified.set(True)])
    assert log_in().status == 200


def test_a_token_of_a_missing_account_is_refused():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    User(user_id).delete()

    answer = get_me(token)

    assert (answer.status, answer.code) == (401, "session_ended")
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_reading_my_account_needs_a_token():
    assert send(handler, "auth.me", caller=NOBODY).code == "token_missing"


def test_login_renews_the_hash_after_the_cost_was_raised(monkeypatch):
    register()
    before = Login.get(EMAIL).password_hash
    with_settings(monkeypatch, bcrypt_cost=5)

    assert log_in(password="wrong horse battery").status == 401
    assert Login.get(EMAIL).password_hash == before

    assert log_in().status == 200
    after = Login.get(EMAIL).password_hash
    assert after.startswith("k1:$2b$05$")
    assert log_in().status == 200
    assert Login.get(EMAIL).password_hash == after


def test_login_keeps_the_hash_after_the_cost_was_lowered(monkeypatch):
    with_settings(monkeypatch, bcrypt_cost=5)
    register()
    before = Login.get(EMAIL).password_hash
    with_settings(monkeypatch, bcrypt_cost=4)

    assert log_in().status == 200
    assert Login.get(EMAIL).password_hash == before


def test_login_renews_the_hash_after_a_pepper_rotation():
    register()
    ring = {"current": "k2", "k1": "souk/password-pepper ".ljust(64, "x"), "k2": "n" * 64}
    client("secretsmanager").put_secret_value(
        SecretId="souk/password-pepper", SecretString=json.dumps(ring)
    )
    key_ring.forget()

    assert log_in().status == 200
    assert Login.get(EMAIL).password_hash.startswith("k2:")
    assert log_in().status == 200


@pytest.mark.parametrize("attempt", [register, log_in])
def test_an_unavailable_pepper_answers_503(attempt):
    with inject_faults(client("secretsmanager"), "GetSecretValue", read_timeout()):
        answer = attempt()

    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert Login.count() == Attempts.count() == 0


def test_a_password_changed_during_login_is_refused(monkeypatch):
    register()
    check = service.passwords.verify_password

    def change_during_check(*args, **kwargs):
        is_right = check(*args, **kwargs)
        Login(EMAIL).update([Login.password_hash.set("k1:$2b$10$changed")])
        return is_right

    monkeypatch.setattr(service.passwords, "verify_password", change_during_check)

    assert log_in().code == "wrong_credentials"
    assert Session.count() == 0
