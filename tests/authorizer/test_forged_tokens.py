"""Whole slice: the authorizer is shown every forged token, of someone who is signed in."""

import json

import pytest

from authorizer.handler import handler
from benchmarks.endpoint import record_calls
from shared.aws import client
from shared.security.key_rings import key_ring
from tests.support import logs, shop
from tests.support.accounts import session
from tests.support.forged_tokens import FORGED, GENUINE, RING
from tests.support.http import CONTEXT, sample

pytestmark = pytest.mark.usefixtures("_ada")

# HTTP takes blanks off the ends of a header (RFC 9110, 5.5): what is left is the genuine one.
UNSENDABLE = {f"spelling: {name}" for name in ("a blank before", "a blank after", "a line break")}
# Well formed, so it is looked for.
LOOKED_FOR = {"other: an API key"}


@pytest.fixture
def _ada(aws: None) -> None:  # noqa: ARG001 (where she is stored)
    """She is signed in, and the ring is that of the corpus."""
    ring = {"current": RING.current} | {kid: key.decode() for kid, key in RING.keys.items()}
    client("secretsmanager").put_secret_value(
        SecretId="souk/token-keys", SecretString=json.dumps(ring)
    )
    key_ring("souk/token-keys")
    session(shop.user("usr_ada"), session_id="ses_one")


def ask(token: str):
    event = sample("authorizer")
    event["headers"]["authorization"] = f"Bearer {token}"
    return handler(event, CONTEXT)


def test_the_token_that_all_these_are_made_from_lets_ada_in():
    assert ask(GENUINE)["context"]["user_id"] == "usr_ada"


def test_every_forged_token_is_refused_by_name_and_looked_up_nowhere():
    shown = FORGED.keys() - UNSENDABLE - LOOKED_FOR

    with record_calls() as calls:
        answers = {name: ask(FORGED[name]) for name in shown}

    refused = {"isAuthorized": True, "context": {"refusal": "token_invalid"}}
    assert len(shown) > 60
    assert {name: answer for name, answer in answers.items() if answer != refused} == {}
    assert calls == []


@pytest.mark.parametrize("name", sorted(LOOKED_FOR))
def test_an_api_key_that_nobody_made_is_refused_by_name(name):
    assert ask(FORGED[name])["context"] == {"refusal": "token_invalid"}


def test_a_forged_token_is_in_no_line_of_the_log():
    with logs.captured() as lines:
        for token in FORGED.values():
            ask(token)

    long = [name for name, token in FORGED.items() if len(token) > 20 and token in lines.text]
    assert long == []
