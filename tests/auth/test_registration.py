"""Whole slice: registration, from the HTTP event to the tables."""

import json

import pytest

from auth.accounts import service
from auth.handler import handler
from shared import clock
from shared.config import AccountSettings, settings
from shared.events.all_events import parse_event
from shared.security import passwords
from shared.storage import rate_limits
from shared.storage.models.accounts import Login, User
from shared.storage.models.outbox import OutboxRow
from tests.attacks.text_values import (
    HIDDEN,
    INVISIBLE,
    LEGAL,
    LINE_BREAKS,
    LONG_LOCAL_PART,
    LONGEST_LOCAL_PART,
)
from tests.support import logs
from tests.support.accounts import PASSWORD, log_in, post, register
from tests.support.events import published_event_types
from tests.support.fake_clock import FakeClock
from tests.support.http import ELSEWHERE, NOBODY, send

pytestmark = pytest.mark.usefixtures("aws")


def nothing_was_stored() -> bool:
    return Login.count() == User.count() == OutboxRow.count() == 0


def test_registration_returns_the_account():
    answer = send(handler, "auth.register", caller=NOBODY)

    assert answer.status == 201
    assert answer.body == {
        "id": answer.body["id"],
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "roles": ["customer"],
        "status": "active",
        "email_verified": False,
        "second_factor": False,
        "created_at": answer.body["created_at"],
        "version": 1,
    }
    assert answer.headers["ETag"].startswith('"1-')
    assert answer.body["id"].startswith("usr_")
    assert answer.body["created_at"].endswith("Z")


def test_registration_stores_a_login_a_user_and_an_event():
    answer = register()

    login, user = Login.get("ada@example.com"), User.get(answer.body["id"])
    (row,) = OutboxRow.scan()
    event = parse_event(row.payload)
    assert login.user_id == user.user_id
    assert (user.email, user.name, user.roles) == ("ada@example.com", "Ada Lovelace", {"customer"})
    assert (event.type, event.data.user_id) == ("user.registered", user.user_id)
    assert (event.id, event.correlation_id) == (row.event_id, "JKJaXmPLvHcESHA=")


def test_the_password_is_stored_only_as_a_hash():
    with logs.captured() as lines:
        answer = register()

    hashed = Login.get("ada@example.com").password_hash
    shown = [
        json.dumps(answer.body),
        lines.text,
        *(repr(row.attribute_values) for row in User.scan()),
        *(repr(row.attribute_values) for row in OutboxRow.scan()),
    ]
    assert hashed.startswith("k1:$2b$")
    assert not [text for text in shown if PASSWORD in text or hashed in text]


def test_registration_logs_only_ids():
    with logs.captured() as lines:
        register()
        register()

    assert "ada@example.com" not in lines.text.lower()
    assert "Lovelace" not in lines.text


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.COM", "Ada@example.com"])
def test_an_email_has_one_account_in_any_spelling(email):
    first = register()

    register(email=email, password="another password", name="Eve")

    assert (Login.count(), User.count()) == (1, 1)
    assert User.get(first.body["id"]).name == "Ada Lovelace"
    assert log_in().status == 200
    assert log_in(password="another password").status == 401


def test_a_known_address_gets_the_answer_of_a_new_one():
    first = register()

    again = register(password="another password", name="Ada Lovelace")

    assert (again.status, again.headers.keys()) == (first.status, first.headers.keys())
    unlike = {key for key in first.body if first.body[key] != again.body[key]}
    assert unlike == {"id", "created_at"}
    assert published_event_types() == ["user.registered", "user.duplicate_registration_attempted"]
    (event,) = [parse_event(row.payload) for row in OutboxRow.scan() if "duplicate" in row.type]
    assert event.data.user_id == first.body["id"]


def test_an_owner_gets_one_mail_in_five_minutes(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", fake_clock := FakeClock())
    register()
    for _ in range(3):
        assert register(password="another password").status == 201

    assert published_event_types().count("user.duplicate_registration_attempted") == 1

    fake_clock.advance(minutes=5)
    register(password="another password")
    assert published_event_types().count("user.duplicate_registration_attempted") == 2


def test_one_network_has_an_hourly_limit(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", fake_clock := FakeClock())
    limit_mails(monkeypatch, 2)
    register(email="one@example.com")
    register(email="one@example.com", password="another password")

    refused = register(email="two@example.com")

    assert (refused.status, refused.code) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert Login.count() == 1
    body = {"email": "two@example.com", "password": PASSWORD, "name": "Two"}
    assert post("auth.register", body, address=ELSEWHERE).status == 201
    fake_clock.advance(hours=1)
    assert register(email="three@example.com").status == 201


def limit_mails(monkeypatch, mails):
    limited = settings(AccountSettings).replace(mails_per_hour=mails)
    monkeypatch.setattr(service, "settings", lambda _: limited)


@pytest.mark.parametrize(
    ("email", "stored"),
    [
        ("ADA@EXAMPLE.COM", "ada@example.com"),
        ("ada+shop@example.com", "ada+shop@example.com"),
        ("a.d.a@example.com", "a.d.a@example.com"),
        ("o'hara_7-x@mail.example.co.uk", "o'hara_7-x@mail.example.co.uk"),
        ("ada@BÜCHER.de", "ada@bücher.de"),
        ("ada@xn--bcher-kva.de", "ada@bücher.de"),
    ],
)
def test_an_email_is_stored_in_one_spelling(email, stored):
    answer = register(email=email)

    assert (answer.status, answer.body["email"]) == (201, stored)
    assert Login.get(stored).user_id == answer.body["id"]


@pytest.mark.parametrize(
    "email",
    [
        "",
        " ",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@localhost",
        "ada@example..com",
        "ada@-example.com",
        "ada@[127.0.0.1]",
        "ada@example.com x",
        "ada@exam\nple.com",
        "ada@example.com\r\nBcc: everyone@example.org",
        "ada\r\n@example.com",
        "ada@example.com,eve@example.org",
        "Ada <ada@example.com>",
        '"ada lovelace"@example.com',
        "ada@example.com\x00",
        "a\u202eda@example.com",
        "zoë@example.com",
        "a" * 250 + "@example.com",
        "ada@" + "x" * 63 + "." + "y" * 63 + "." + "z" * 63 + "." + "w" * 63 + ".com",
        "x" * 100_000 + "@example.com",
        None,
        7,
        ["ada@example.com"],
        {"address": "ada@example.com"},
    ],
    ids=lambda email: repr(email)[:40],
)
def test_an_invalid_email_is_refused(email):
    answer = register(email=email)

    assert (answer.status, answer.paths) == (422, ["body.email"])
    assert nothing_was_stored()


@pytest.mark.parametrize(
    ("password", "status"),
    [
        ("qzjxkvwp"[:1], 422),
        ("qzjxkvw", 422),
        ("qzjxkvwp", 201),
        ("🔑" * 7, 422),
        ("🔑" * 64, 201),
        ("🔑" * 128, 201),
        ("ﬃ" * 3, 201),
        ("qz" * 64 + "j", 422),
        ("🔑" * 129, 422),
        (" " * 8, 201),
        ("tab\tand\x00nul", 201),
        ("\x00" * 8, 201),
    ],
    ids=lambda value: repr(value)[:14],
)
def test_a_password_has_8_to_128_characters_of_any_kind(password, status):
    answer = register(password=password)

    assert answer.status == status
    assert status == 201 or (answer.paths == ["body.password"] and nothing_was_stored())


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"password": 12345678}, "body.password"),
        ({"password": None}, "body.password"),
        ({"password": ...}, "body.password"),
        ({"password": "\ud800" * 8}, "body.password"),
        ({"email": ...}, "body.email"),
        ({"name": ...}, "body.name"),
        ({"name": ""}, "body.name"),
        ({"name": "x" * 101}, "body.name"),
        ({"name": "Ada\r\nBcc: everyone@example.org"}, "body.name"),
        ({"name": "Ada\x00"}, "body.name"),
        ({"name": ["Ada"]}, "body.name"),
        ({"roles": ["admin"]}, "body.roles"),
        ({"id": "usr_ada"}, "body.id"),
        ({"email_verified": True}, "body.email_verified"),
        ({"Email": "eve@example.com"}, "body.Email"),
    ],
    ids=repr,
)
def test_invalid_fields_of_a_registration_are_refused(changes, path):
    answer = register(**changes)

    assert (answer.status, answer.paths) == (422, [path])
    assert nothing_was_stored()
    assert PASSWORD not in json.dumps(answer.body)


def test_a_refused_registration_costs_no_hash(monkeypatch):
    limit_mails(monkeypatch, 2)
    register(email="one@example.com")
    register(email="one@example.com", password="another password")
    monkeypatch.setattr(passwords, "hash_password", None)

    for email in ("one@example.com", "two@example.com"):
        assert register(email=email).status == 429


def test_an_instance_hashes_at_most_once_after_the_limit(monkeypatch):
    limit_mails(monkeypatch, 1)
    register(email="one@example.com")
    rate_limits.known_counter.forget()  # as a new function instance

    assert register(email="two@example.com").status == 429

    monkeypatch.setattr(passwords, "hash_password", None)
    assert register(email="three@example.com").status == 429


def test_the_part_before_the_at_sign_is_at_most_64_long():
    accepted, refused = register(email=LONGEST_LOCAL_PART), register(email=LONG_LOCAL_PART)

    assert accepted.status == 201
    assert (refused.status, refused.paths) == (422, ["body.email"])
    assert "too long before the @-sign" in refused.error["message"]


@pytest.mark.parametrize("name", sorted(INVISIBLE.keys() - {"blanks"}))
def test_a_name_needs_a_visible_character(name):
    answer = register(name=INVISIBLE[name])

    assert (answer.status, answer.paths) == (422, ["body.name"])
    assert "that people can see" in answer.error["message"]


@pytest.mark.parametrize("text", [*HIDDEN.values(), *LINE_BREAKS.values()])
def test_a_name_has_no_hidden_character(text):
    answer = register(name=text)

    assert (answer.status, answer.paths) == (422, ["body.name"])
    assert "without control characters" in answer.error["message"]


@pytest.mark.parametrize("name", LEGAL.values())
def test_a_name_may_have_any_script(name):
    assert register(name=name).body["name"] == name
