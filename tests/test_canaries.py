"""The check in tests/conftest.py that fails every test which logs a secret."""

import logging

import pytest

from shared import observability
from tests.support import logs

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfYWRhIn0.c2lnbmF0dXJlc2lnbmF0dXJl"
LOGGED = {
    "an access token": TOKEN,
    "a refresh token": f"rt.{'a' * 32}.{'b' * 32}.1.{'c' * 22}.{'d' * 43}",
    "an API key": f"souk_{'a' * 32}_{'b' * 32}_{'c' * 43}",
    "a secret of 256 bits": f"LinkToken(token='{'aB-_5' * 8}xyz')",
    "a recovery code": "abcd-efgh-ijkl-2345",
    "a password hash": "k1:$2b$12$" + "a" * 53,
    "a secret of a second factor": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "a password": "correct horse battery",
    "an e-mail address": "ada@example.com",
}


@pytest.mark.unwatched
@pytest.mark.parametrize("what", LOGGED)
@pytest.mark.parametrize(
    "log",
    [
        observability.logger.info,
        lambda secret: observability.logger.info("message", extra={"field": secret}),
        lambda secret: observability.audit("log_in", "done", field=secret),
        lambda secret: logging.getLogger("urllib3").warning("sent %s", secret),
    ],
    ids=["message", "extra", "audit", "library"],
)
def test_a_logged_secret_is_found(what, log):
    with logs.watch_for_secrets() as found:
        log(LOGGED[what])

    assert what in found[0] or any(line.startswith(what) for line in found)


@pytest.mark.unwatched
def test_a_secret_in_a_stack_is_found():
    with logs.watch_for_secrets() as found:
        try:
            raise ValueError(TOKEN)
        except ValueError:
            observability.logger.exception("crashed")

    assert found


def test_ids_are_not_secrets():
    with logs.watch_for_secrets() as found:
        observability.audit("log_in", "done", user_id="usr_" + "a" * 32, session_id="ses_ada")

    assert found == []


def test_every_kind_of_secret_has_a_case():
    assert LOGGED.keys() == logs.SECRET_PATTERNS.keys()
