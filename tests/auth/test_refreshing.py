"""Whole slice: refresh tokens are good once, and tell when one was copied."""

import json
import re
from datetime import timedelta

import pytest

from auth.sessions import repository
from shared import clock
from shared.aws import client
from shared.config import TokenSettings, settings
from shared.security.key_rings import key_ring
from shared.storage.dynamo import connection
from shared.storage.models.accounts import Session, User
from tests.support import logs
from tests.support.accounts import authorize, call, get_me, get_tokens, post, refresh, register
from tests.support.events import published_event_types
from tests.support.faults import cancelled_transaction, inject_faults, read_timeout

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tokens(aws):  # noqa: ARG001 (what the shop stands on)
    register()
    return get_tokens()


def ended(answer) -> bool:
    return (answer.status, answer.code) == (401, "session_ended")


def test_a_refresh_token_brings_the_next_pair(tokens):
    answer = refresh(tokens["refresh_token"])

    assert answer.status == 200
    assert set(answer.body) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert answer.body["refresh_token"] != tokens["refresh_token"]
    assert get_me(answer.body["access_token"]).status == 200
    assert refresh(answer.body["refresh_token"]).status == 200


def test_a_refresh_token_has_256_random_bits_and_is_stored_as_a_digest(tokens):
    secret = tokens["refresh_token"].rpartition(".")[2]
    (session,) = Session.scan()

    assert re.fullmatch(r"[\w-]{43}", secret)
    assert re.fullmatch(r"[0-9a-f]{64}", session.refresh_hash)
    assert secret not in repr(session.attribute_values)


def test_within_ten_seconds_the_predecessor_brings_the_same_successor(later, tokens):
    first = refresh(tokens["refresh_token"])

    later.advance(seconds=9)
    again = refresh(tokens["refresh_token"])

    assert again.status == 200
    assert again.body["refresh_token"] == first.body["refresh_token"]
    assert get_me(again.body["access_token"]).status == 200
    assert refresh(again.body["refresh_token"]).status == 200


def test_after_ten_seconds_its_use_ends_the_session_and_tells_the_owner_once(later, tokens):
    successor = refresh(tokens["refresh_token"])

    later.advance(seconds=10.1)
    with logs.captured() as lines:
        assert ended(refresh(tokens["refresh_token"]))

    assert ended(refresh(successor.body["refresh_token"]))
    assert ended(refresh(tokens["refresh_token"]))
    assert authorize(successor.body["access_token"]) == {"refusal": "session_ended"}
    assert published_event_types() == ["user.registered", "session.reuse_detected"]
    told = [it for it in lines.saying("audit") if it["action"] == "refresh"]
    assert [it["result"] for it in told] == ["reuse detected", "refused"]
    assert {it["session_id"][:4] for it in told} == {"ses_"}


def test_a_token_of_long_ago_ends_the_session_too(later, tokens):
    current = tokens
    for _ in range(3):
        later.advance(minutes=10)
        current = refresh(current["refresh_token"]).body

    assert ended(refresh(tokens["refresh_token"]))
    assert Session.count() == 0


def test_the_copy_of_one_session_leaves_the_others_alone(later, tokens):
    other = get_tokens()
    refresh(tokens["refresh_token"])

    later.advance(minutes=1)
    assert ended(refresh(tokens["refresh_token"]))

    assert refresh(other["refresh_token"]).status == 200


def changed(token: str, part: int, value: str) -> str:
    parts = token.split(".")
    parts[part] = value
    return ".".join(parts)


MANGLED = {
    "empty": lambda _: "",
    "a word": lambda _: "refresh",
    "no prefix": lambda token: token.removeprefix("rt."),
    "another prefix": lambda token: "at" + token[2:],
    "cut": lambda token: token[:-1],
    "longer": lambda token: token + "A",
    "padded": lambda token: token + "=",
    "a newline after": lambda token: token + "\n",
    "a blank before": lambda token: " " + token,
    "capitals": str.upper,
    "no session": lambda token: changed(token, 2, ""),
    "an epoch of letters": lambda token: changed(token, 3, "one"),
    "an epoch in other digits": lambda token: changed(token, 3, "١"),
    "a huge epoch": lambda token: changed(token, 3, "9" * 13),
    "twice": lambda token: f"{token}.{token}"[:200],
}


@pytest.mark.parametrize("name", MANGLED)
def test_what_is_no_refresh_token_is_refused_and_ends_nothing(name, tokens):
    answer = refresh(MANGLED[name](tokens["refresh_token"]))

    assert (answer.status, answer.code) == (401, "token_invalid")
    assert refresh(tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("sent", [None, 7, ["rt"], {"S": "rt"}, "x" * 201], ids=repr)
def test_what_is_no_text_is_an_invalid_field(sent):
    answer = post("auth.refresh", {"refresh_token": sent})

    assert (answer.status, answer.paths) == (422, ["body.refresh_token"])


FORGED = {
    "secret and family": lambda token: changed(changed(token, 5, "A" * 43), 4, "A" * 22),
    "family": lambda token: changed(token, 4, "A" * 22),
    "session": lambda token: changed(token, 2, "a" * 32),
    "user": lambda token: changed(token, 1, "a" * 32),
}


@pytest.mark.parametrize("what", FORGED)
def test_who_knows_a_session_by_its_id_alone_cannot_end_it(what, tokens):
    answer = refresh(FORGED[what](tokens["refresh_token"]))

    assert answer.status == 401
    assert published_event_types() == ["user.registered"]
    assert refresh(tokens["refresh_token"]).status == 200


def test_an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing(tokens):
    assert refresh(tokens["access_token"]).code in ("token_invalid", "invalid_fields")
    assert authorize(tokens["refresh_token"]) == {"refusal": "token_invalid"}


def test_a_session_ends_after_fourteen_days_without_use(later, tokens):
    later.advance(days=13, hours=23)
    used = refresh(tokens["refresh_token"])
    assert used.status == 200

    later.advance(days=14)
    assert ended(refresh(used.body["refresh_token"]))
    assert published_event_types() == ["user.registered"]


def test_a_session_ends_after_thirty_days_however_it_is_used(later, tokens):
    current = tokens
    for _ in range(3):
        later.advance(days=9, hours=23)
        current = refresh(current["refresh_token"]).body

    later.advance(hours=4)
    assert ended(refresh(current["refresh_token"]))


def test_an_ended_session_opens_nothing_even_before_dynamodb_has_deleted_it(tokens):
    (session,) = Session.scan()
    session.update([Session.ends_at.set(clock.utc_now() - timedelta(seconds=1))])

    assert authorize(tokens["access_token"]) == {"refusal": "session_ended"}
    assert ended(refresh(tokens["refresh_token"]))


@pytest.mark.parametrize(
    "change",
    [
        lambda user: user.update([User.status.set("disabled")]),
        lambda user: user.update([User.access_epoch.set(2)]),
        lambda user: user.delete(),
    ],
    ids=["disabled", "another epoch", "gone"],
)
def test_an_account_that_was_closed_refreshes_nothing(change, tokens):
    (user,) = User.scan()
    change(user)

    assert ended(refresh(tokens["refresh_token"]))
    assert authorize(tokens["access_token"]) == {"refusal": "session_ended"}


def test_a_logged_out_session_is_over(tokens):
    other = get_tokens()

    assert call("auth.logout", tokens["access_token"]).status == 204

    assert ended(refresh(tokens["refresh_token"]))
    assert ended(get_me(tokens["access_token"]))
    assert get_me(other["access_token"]).status == 200
    assert published_event_types() == ["user.registered"]


def test_keys_that_rotate_in_between_change_nothing(tokens):
    first = refresh(tokens["refresh_token"])
    ring = {"current": "k2", "k1": "souk/token-keys ".ljust(64, "x"), "k2": "n" * 64}
    client("secretsmanager").put_secret_value(
        SecretId="souk/token-keys", SecretString=json.dumps(ring)
    )
    key_ring.forget()

    late = refresh(tokens["refresh_token"])

    assert late.body["refresh_token"] == first.body["refresh_token"]
    assert refresh(late.body["refresh_token"]).status == 200


def test_a_reply_that_was_lost_after_the_write_is_made_good(tokens):
    """DynamoDB has rotated, the function never heard of it, and the client asks again."""
    token = repository.RefreshToken.parse(tokens["refresh_token"])
    repository.rotate(
        token,
        token.successor(key_ring(settings(TokenSettings).token_keys_secret_arn)),
        clock.utc_now(),
    )

    answer = refresh(tokens["refresh_token"])

    assert answer.status == 200
    assert refresh(answer.body["refresh_token"]).status == 200


def test_conflicts_with_other_refreshes_are_tried_again(tokens):
    conflict = cancelled_transaction("TransactionConflict", "TransactionConflict")
    with inject_faults(connection().client, "TransactWriteItems", conflict, conflict):
        assert refresh(tokens["refresh_token"]).status == 200


def test_without_the_database_nobody_is_logged_out(tokens):
    with inject_faults(connection().client, "TransactWriteItems", read_timeout()):
        answer = refresh(tokens["refresh_token"])

    assert (answer.status, answer.code) == (503, "unavailable")
    assert refresh(tokens["refresh_token"]).status == 200
