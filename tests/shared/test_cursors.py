"""Rules on moto: page cursors, which only their own query accepts."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from shared import clock
from shared.aws import client
from shared.errors.base import Unavailable
from shared.errors.requests import (
    CursorExpired,
    CursorQueryMismatch,
    CursorUserMismatch,
    InvalidCursor,
)
from shared.security.key_rings import key_ring
from shared.storage import cursors
from tests.support.fake_clock import FakeClock
from tests.support.faults import inject_faults, read_timeout

pytestmark = pytest.mark.usefixtures("aws")

KEY = {"order_id": {"S": "ord_1"}, "placed_at": {"S": "2026-11-24T10:15:30.123456+0000"}}
QUERY = "orders of usr_ada"


def cursor_of(key=KEY, query=QUERY, **more) -> str:
    cursor = cursors.encode(key, query=query, **more)
    assert cursor is not None
    return cursor


@pytest.fixture
def later(monkeypatch) -> FakeClock:
    moved = FakeClock()
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "key", [KEY, {}, {"n": {"N": "12"}}, {"s": {"S": "ключ 🗝 / + ="}}, {"s": {"S": "x" * 1000}}]
)
def test_a_cursor_leads_to_the_end_of_its_page(key):
    assert cursors.decode(cursor_of(key), query=QUERY) == key


def test_the_first_page_needs_no_cursor_and_the_last_has_none():
    assert cursors.decode(None, query=QUERY) is None
    assert cursors.encode(None, query=QUERY) is None


def test_a_cursor_needs_no_encoding_in_a_url():
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")

    assert set(cursor_of({"s": {"S": "?>~ÿ" * 50}})) <= alphabet


@pytest.mark.parametrize("query", ["orders of usr_bob", "orders of usr_ad", "catalog", ""])
def test_a_cursor_works_for_one_query_only(query):
    with pytest.raises(CursorQueryMismatch) as raised:
        cursors.decode(cursor_of(), query=query)

    assert (raised.value.status, raised.value.code) == (400, "cursor_query_mismatch")


@pytest.mark.parametrize("owner", ["usr_bob", "usr_ad", ""])
def test_a_cursor_works_for_its_user_only(owner):
    cursor = cursor_of(owner="usr_ada")

    assert cursors.decode(cursor, query=QUERY, owner="usr_ada") == KEY
    with pytest.raises(CursorUserMismatch) as raised:
        cursors.decode(cursor, query=QUERY, owner=owner)
    assert (raised.value.status, raised.value.code) == (400, "cursor_user_mismatch")


def test_a_public_cursor_does_not_work_for_a_user():
    with pytest.raises(CursorUserMismatch):
        cursors.decode(cursor_of(), query=QUERY, owner="usr_ada")


def test_another_user_s_cursor_does_not_reveal_its_query():
    with pytest.raises(CursorUserMismatch):
        cursors.decode(cursor_of(owner="usr_ada"), query="catalog", owner="usr_bob")


@pytest.mark.parametrize("minutes", [0, 1, 49.9])
def test_a_cursor_works_for_at_least_fifty_minutes(later, minutes):
    cursor = cursor_of()

    later.advance(minutes=minutes)

    assert cursors.decode(cursor, query=QUERY) == KEY


@pytest.mark.parametrize("after", [timedelta(minutes=60, seconds=1), timedelta(days=400)])
def test_a_cursor_expires_within_an_hour(later, after):
    cursor = cursor_of()

    later.ahead += after

    with pytest.raises(CursorExpired) as raised:
        cursors.decode(cursor, query=QUERY)
    assert (raised.value.status, raised.value.code) == (400, "cursor_expired")


def test_each_page_s_cursor_has_its_own_hour(later):
    first = cursor_of()
    later.advance(minutes=50)
    second = cursor_of(cursors.decode(first, query=QUERY))
    later.advance(minutes=50)

    assert cursors.decode(second, query=QUERY) == KEY


def test_a_cursor_reveals_neither_its_user_nor_its_query():
    payload = cursor_of({}, "words like teapot", owner="usr_ada").split(".")[1]

    content = base64.urlsafe_b64decode(payload + "==").decode()

    assert "usr_ada" not in content
    assert "teapot" not in content


KID, PAYLOAD, MAC = range(3)


@pytest.mark.parametrize(
    ("part", "replacement"),
    [
        (KID, "k2"),
        (KID, ""),
        (KID, "current"),
        (PAYLOAD, encoded({"order_id": {"S": "ord_2"}})),
        (PAYLOAD, encoded({"at": KEY, "query": "", "owner": "", "until": 4102444800})),
        (PAYLOAD, ""),
        (MAC, ""),
        (MAC, "A" * 43),
        (MAC, "é" * 43),
        (MAC, "\ud800"),
        (PAYLOAD, "é"),
        (PAYLOAD, "\ud800"),
        (KID, "\ud800"),
    ],
)
def test_a_cursor_with_a_replaced_part_is_refused(part, replacement):
    parts = cursor_of().split(".")
    parts[part] = replacement

    with pytest.raises(InvalidCursor) as raised:
        cursors.decode(".".join(parts), query=QUERY)

    assert (raised.value.status, raised.value.code) == (400, "invalid_cursor")


def test_no_character_of_a_cursor_can_be_changed():
    cursor = cursor_of({"id": {"S": "1"}})

    for at, character in enumerate(cursor):
        changed = cursor[:at] + ("A" if character != "A" else "B") + cursor[at + 1 :]
        with pytest.raises(InvalidCursor):
            cursors.decode(changed, query=QUERY)


@pytest.mark.parametrize("added", ["=", "==", ".", " ", "\n", "A", ".A"])
def test_nothing_can_be_added_to_a_cursor(added):
    with pytest.raises(InvalidCursor):
        cursors.decode(cursor_of() + added, query=QUERY)


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "null",
        "{}",
        "🛒",
        "\x00",
        "k1",
        "k1..",
        "x" * 2000,
        "k1.e30.",
    ],
)
def test_a_text_that_is_not_a_cursor_is_refused(garbage):
    with pytest.raises(InvalidCursor) as raised:
        cursors.decode(garbage, query=QUERY)

    assert (raised.value.status, raised.value.code) == (400, "invalid_cursor")


def test_a_cursor_outlives_the_rotation_of_its_key():
    cursor = cursor_of()
    secret = json.loads(
        client("secretsmanager").get_secret_value(SecretId="souk/cursor-keys")["SecretString"]
    )
    rotated = json.dumps(secret | {"current": "k2", "k2": "n" * 64})
    client("secretsmanager").put_secret_value(SecretId="souk/cursor-keys", SecretString=rotated)
    key_ring.forget()

    assert cursors.decode(cursor, query=QUERY) == KEY
    assert cursor_of().startswith("k2.")


def test_an_unverifiable_cursor_is_not_called_invalid():
    cursor = cursor_of()
    key_ring.forget()

    with (
        inject_faults(client("secretsmanager"), "GetSecretValue", read_timeout()),
        pytest.raises(Unavailable),
    ):
        cursors.decode(cursor, query=QUERY)


def test_an_invalid_key_ring_is_not_the_client_s_error():
    cursor = cursor_of()
    client("secretsmanager").put_secret_value(SecretId="souk/cursor-keys", SecretString="{}")
    key_ring.forget()

    with pytest.raises(ValueError, match="ring"):
        cursors.decode(cursor, query=QUERY)


def test_equal_cursors_have_equal_text_for_some_minutes(monkeypatch):
    """So an unchanged page has the same bytes."""
    start = datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC)
    issued = []
    for seconds in (0, 30, 590, 600):
        now = start + timedelta(seconds=seconds)
        monkeypatch.setattr(clock, "utc_now", lambda now=now: now)
        issued.append(cursor_of())

    assert issued[0] == issued[1] == issued[2] != issued[3]
