"""Rules on moto: page cursors that only their own query takes back."""

import base64
import json

import pytest

from shared import cursors
from shared.aws import client
from shared.errors import InvalidCursor, Unavailable
from shared.keys import key_ring
from tests.support.faults import answering, timed_out

pytestmark = pytest.mark.usefixtures("aws")

KEY = {"order_id": {"S": "ord_1"}, "placed_at": {"S": "2026-11-24T10:15:30.123456+0000"}}
QUERY = "orders of usr_ada"


def cursor_of(key=KEY, query=QUERY) -> str:
    cursor = cursors.encode(key, query=query)
    assert cursor is not None
    return cursor


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "key", [KEY, {}, {"n": {"N": "12"}}, {"s": {"S": "ключ 🗝 / + ="}}, {"s": {"S": "x" * 1000}}]
)
def test_a_cursor_leads_back_to_where_its_page_ended(key):
    assert cursors.decode(cursor_of(key), query=QUERY) == key


def test_the_first_page_needs_no_cursor_and_the_last_gives_none():
    assert cursors.decode(None, query=QUERY) is None
    assert cursors.encode(None, query=QUERY) is None


def test_a_cursor_can_be_put_into_an_address_as_it_is():
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")

    assert set(cursor_of({"s": {"S": "?>~ÿ" * 50}})) <= alphabet


@pytest.mark.parametrize("query", ["orders of usr_bob", "orders of usr_ad", "catalog", ""])
def test_a_cursor_is_good_for_one_query(query):
    with pytest.raises(InvalidCursor):
        cursors.decode(cursor_of(), query=query)


KID, PAYLOAD, MAC = range(3)


@pytest.mark.parametrize(
    ("part", "replacement"),
    [
        (KID, "k2"),
        (KID, ""),
        (KID, "current"),
        (PAYLOAD, encoded({"order_id": {"S": "ord_2"}})),
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

    with pytest.raises(InvalidCursor):
        cursors.decode(".".join(parts), query=QUERY)


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
def test_what_is_no_cursor_is_refused(garbage):
    with pytest.raises(InvalidCursor):
        cursors.decode(garbage, query=QUERY)


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


def test_a_cursor_that_cannot_be_checked_is_not_called_wrong():
    cursor = cursor_of()
    key_ring.forget()

    with (
        answering(client("secretsmanager"), "GetSecretValue", timed_out()),
        pytest.raises(Unavailable),
    ):
        cursors.decode(cursor, query=QUERY)


def test_a_ring_that_is_none_is_our_mistake_and_not_the_clients():
    cursor = cursor_of()
    client("secretsmanager").put_secret_value(SecretId="souk/cursor-keys", SecretString="{}")
    key_ring.forget()

    with pytest.raises(ValueError, match="ring"):
        cursors.decode(cursor, query=QUERY)
