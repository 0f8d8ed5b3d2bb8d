"""Whole slice: a refresh token works once, and a reuse reveals a copy."""

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
def tokens(aws):  # noqa: ARG001 (needs the tables)
    register()
    return get_tokens()


def is_ended(answer) -> bool:
    return (answer.status, answer.code) == (401, "session_ended")


def test_a_refresh_token_returns_the_next_pair(tokens):
    answer = refresh(tokens["refresh_token"])

    assert answer.status == 200
    assert set(answer.body) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert answer.body["refresh_token"] != tokens["refresh_token"]
    assert get_me(answer.body["access_token"]).status == 200
    assert refresh(answer.body["refresh_token"]).status == 200


def test_a_refresh_token_is_stored_as_a_digest(tokens):
    secret = tokens["refresh_token"].rpartition(".")[2]
    (session,) = Session.scan()

    assert re.fullmatch(r"[\w-]{43}", secret)
    assert re.fullmatch(r"[0-9a-f]{64}", session.refresh_hash)
    assert secret not in repr(session.attribute_values)


def test_a_token_reused_within_ten_seconds_has_one_successor(fake_clock, tokens):
    first = refresh(tokens["refresh_token"])

    fake_clock.advance(seconds=9)
    again = refresh(tokens["refresh_token"])

    assert again.status == 200
    assert again.body["refresh_token"] == first.body["refresh_token"]
    assert get_me(again.body["access_token"]).status == 200
    assert refresh(again.body["refresh_token"]).status == 200


def test_a_token_reused_after_ten_seconds_ends_the_session(fake_clock, tokens):
    successor = refresh(tokens["refresh_token"])

    fake_clock.advance(seconds=10.1)
    with logs.captured() as lines:
        assert is_ended(refresh(tokens["refresh_token"]))

    assert is_ended(refresh(successor.body["refresh_token"]))
    assert is_ended(refresh(tokens["refresh_token"]))
    assert authorize(successor.body["access_token"]) == {"refusal": "session_ended"}
    assert published_event_types() == ["user.registered", "session.reuse_detected"]
    audited = [line for line in lines.saying("audit") if line["action"] == "refresh_tokens"]
    assert [line["result"] for line in audited] == ["reuse detected", "refused"]
    assert {line["session_id"][:4] for line in audited} == {"ses_"}


def test_a_much_older_token_ends_the_session_too(fake_clock, tokens):
    current = tokens
    for _ in range(3):
        fake_clock.advance(minutes=10)
        current = refresh(current["refresh_token"]).body

    assert is_ended(refresh(tokens["refresh_token"]))
    assert Session.count() == 0


def test_reuse_in_one_session_does_not_end_the_others(fake_clock, tokens):
    other = get_tokens()
    refresh(tokens["refresh_token"])

    fake_clock.advance(minutes=1)
    assert is_ended(refresh(tokens["refresh_token"]))

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
    "a newline within": lambda token: f"{token[:9]}\n{token[9:]}",
    "a blank within": lambda token: f"{token[:9]} {token[9:]}",
    "capitals": str.upper,
    "no session": lambda token: changed(token, 2, ""),
    "an epoch of letters": lambda token: changed(token, 3, "one"),
    "an epoch in other digits": lambda token: changed(token, 3, "١"),
    "a huge epoch": lambda token: changed(token, 3, "9" * 13),
    "twice": lambda token: f"{token}.{token}"[:200],
}


@pytest.mark.parametrize("name", MANGLED)
def test_a_mangled_token_is_refused_and_ends_no_session(name, tokens):
    answer = refresh(MANGLED[name](tokens["refresh_token"]))

    assert (answer.status, answer.code) == (401, "token_invalid")
    assert refresh(tokens["refresh_token"]).status == 200


def test_white_space_around_a_token_is_trimmed(tokens):
    assert refresh(f" {tokens['refresh_token']}\n").status == 200


@pytest.mark.parametrize("sent", [None, 7, ["rt"], {"S": "rt"}, "x" * 201], ids=repr)
def test_a_token_that_is_no_text_is_an_invalid_field(sent):
    answer = post("auth.refresh", {"refresh_token": sent})

    assert (answer.status, answer.paths) == (422, ["body.refresh_token"])


FORGED = {
    "secret and family": lambda token: changed(changed(token, 5, "A" * 43), 4, "A" * 22),
    "family": lambda token: changed(token, 4, "A" * 22),
    "session": lambda token: changed(token, 2, "a" * 32),
    "user": lambda token: changed(token, 1, "a" * 32),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_token_does_not_end_the_session(what, tokens):
    answer = refresh(FORGED[what](tokens["refresh_token"]))

    assert answer.status == 401
    assert published_event_types() == ["user.registered"]
    assert refresh(tokens["refresh_token"]).status == 200


def test_access_and_refresh_tokens_are_not_interchangeable(tokens):
    assert refresh(tokens["access_token"]).code in ("token_invalid", "invalid_fields")
    assert authorize(tokens["refresh_token"]) == {"refusal": "token_invalid"}


def test_a_session_ends_after_fourteen_days_without_use(fake_clock, tokens):
    fake_clock.advance(days=13, hours=23)
    used = refresh(tokens["refresh_token"])
    assert used.status == 200

    fake_clock.advance(days=14)
    assert is_ended(refresh(used.body["refresh_token"]))
    assert published_event_types() == ["user.registered"]


def test_a_session_ends_after_thirty_days_of_use(fake_clock, tokens):
    current = tokens
    for _ in range(3):
        fake_clock.advance(days=9, hours=23)
        current = refresh(current["refresh_token"]).body

    fake_clock.advance(hours=4)
    assert is_ended(refresh(current["refresh_token"]))


def test_an_expired_session_is_refused_before_its_deletion(tokens):
    (session,) = Session.scan()
    session.update([Session.ends_at.set(clock.utc_now() - timedelta(seconds=1))])

    assert authorize(tokens["access_token"]) == {"refusal": "session_ended"}
    assert is_ended(refresh(tokens["refresh_token"]))


end_account = pytest.mark.parametrize(
    "change",
    [
        lambda user: user.update([User.status.set("disabled")]),
        lambda user: user.update([User.access_epoch.set(2)]),
        lambda user: user.delete(),
    ],
    ids=["disabled", "another epoch", "gone"],
)


@end_account
def test_a_closed_account_cannot_refresh_tokens(change, tokens):
    (user,) = User.scan()
    change(user)

    assert is_ended(refresh(tokens["refresh_token"]))
    assert authorize(tokens["access_token"]) == {"refusal": "session_ended"}


@end_account
def test_a_used_token_of_a_closed_account_has_no_successor(change, fake_clock, tokens):
    refresh(tokens["refresh_token"])
    (user,) = User.scan()
    change(user)

    fake_clock.advance(seconds=1)

    assert is_ended(refresh(tokens["refresh_token"]))


def test_a_logout_ends_only_its_own_session(tokens):
    other = get_tokens()

    assert call("auth.logout", tokens["access_token"]).status == 204

    assert is_ended(refresh(tokens["refresh_token"]))
    assert is_ended(get_me(tokens["access_token"]))
    assert get_me(other["access_token"]).status == 200
    assert published_event_types() == ["user.registered"]


def test_a_key_rotation_does_not_end_a_chain_of_tokens(tokens):
    first = refresh(tokens["refresh_token"])
    ring = {"current": "k2", "k1": "souk/token-keys ".ljust(64, "x"), "k2": "n" * 64}
    client("secretsmanager").put_secret_value(
        SecretId="souk/token-keys", SecretString=json.dumps(ring)
    )
    key_ring.forget()

    late = refresh(tokens["refresh_token"])

    assert late.body["refresh_token"] == first.body["refresh_token"]
    assert refresh(late.body["refresh_token"]).status == 200


def test_a_client_whose_reply_was_lost_can_refresh_again(tokens):
    """DynamoDB has rotated the token, the reply was lost, and the client retries."""
    token = repository.RefreshToken.parse(tokens["refresh_token"])
    repository.rotate_refresh_token(
        token,
        token.successor(key_ring(settings(TokenSettings).token_keys_secret_arn)),
        clock.utc_now(),
    )

    answer = refresh(tokens["refresh_token"])

    assert answer.status == 200
    assert refresh(answer.body["refresh_token"]).status == 200


def test_conflicts_with_other_refreshes_are_retried(tokens):
    conflict = cancelled_transaction("TransactionConflict", "TransactionConflict")
    with inject_faults(connection().client, "TransactWriteItems", conflict, conflict):
        assert refresh(tokens["refresh_token"]).status == 200


def test_a_database_failure_does_not_end_the_session(tokens):
    with inject_faults(connection().client, "TransactWriteItems", read_timeout()):
        answer = refresh(tokens["refresh_token"])

    assert (answer.status, answer.code) == (503, "unavailable")
    assert refresh(tokens["refresh_token"]).status == 200
