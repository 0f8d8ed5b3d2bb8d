"""Whole slice: events of accounts become mails whose links work."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications.sender import SesSender
from notifications.workers.send_emails import handler
from shared import clock
from shared.aws import client
from shared.security import opaque_tokens
from shared.storage.dynamo import connection
from shared.storage.models.accounts import EmailToken
from tests.support import faults, shop, template
from tests.support.email_fixtures import mail_queue_event, sent_emails
from tests.support.http import CONTEXT
from tests.support.logs import captured

pytestmark = pytest.mark.usefixtures("aws")

NOBODY_FAILED = {"batchItemFailures": []}
URL = re.compile(r'href="https://shop\.example/([a-z-]+)\?token=([A-Za-z0-9_-]{43})"')
NOW = datetime(2026, 11, 24, 9, 7, 30, tzinfo=UTC)
WEEK, TEN_MINUTES = timedelta(days=7), timedelta(minutes=10)
LINKS = [
    # event, page, purpose, lifetime
    ("user.registered", "verify-email", "verify_email", WEEK),
    ("user.duplicate_registration_attempted", "reset-password", "reset_password", TEN_MINUTES),
    ("user.verification_requested", "verify-email", "verify_email", WEEK),
    ("user.email_change_requested", "verify-email", "change_email", WEEK),
    ("user.password_reset_requested", "reset-password", "reset_password", TEN_MINUTES),
]
NOTICES = [
    "user.email_changed",
    "user.password_changed",
    "user.second_factor_changed",
    "session.reuse_detected",
    "api_key.created",
]
MAILED = [name for name, *_ in LINKS] + NOTICES


@pytest.fixture(autouse=True)
def _at_nine(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)


def ada(**changes: Any) -> None:
    facts = {
        "email": "ada@example.com",
        "new_email": "new@example.com",
        "previous_email": "old@example.com",
        "access_epoch": 3,
    }
    shop.user("usr_ada", **facts | changes)


def event(name: str, event_id: str = "evt_one") -> dict[str, Any]:
    about = {
        "user_id": "usr_ada",
        "access_epoch": 3,
        "session_id": "ses_one",
        "enabled": True,
        "key_id": "key_one",
    }
    return {"type": name, "id": event_id, "occurred_at": NOW.isoformat(), "data": about}


def link() -> tuple[str, str]:
    """The page and the token of the link in the newest mail."""
    (found,) = URL.findall(sent_emails()[-1].body)
    return found


def everything_stored() -> str:
    tables = (
        name
        for name, resource in template.resources().items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    )
    dynamodb = client("dynamodb")
    names = dynamodb.list_tables()["TableNames"]
    assert len(names) == len(list(tables))
    rows = [dynamodb.scan(TableName=name)["Items"] for name in names]
    return json.dumps(rows, default=str)


@pytest.mark.parametrize("name", MAILED)
def test_each_account_event_sends_one_mail_to_its_address(name):
    ada()
    to = {
        "user.email_change_requested": "new@example.com",
        "user.email_changed": "old@example.com",
    }.get(name, "ada@example.com")

    answer = handler(mail_queue_event(event(name)), CONTEXT)

    (mail,) = sent_emails()
    assert answer == NOBODY_FAILED
    assert mail.destinations == {"ToAddresses": [to]}
    assert "Souk" in mail.subject


@pytest.mark.parametrize(("name", "page", "purpose", "lifetime"), LINKS)
def test_the_token_in_a_mail_has_the_stored_digest(name, page, purpose, lifetime):
    ada()

    handler(mail_queue_event(event(name)), CONTEXT)

    linked_page, token = link()
    (stored,) = EmailToken.scan()
    assert linked_page == page
    assert stored.attribute_values == {
        "token_hash": opaque_tokens.digest(token),
        "purpose": purpose,
        "user_id": "usr_ada",
        "email": "new@example.com" if purpose == "change_email" else "ada@example.com",
        "access_epoch": 3,
        "expires_at": NOW.replace(microsecond=0) + lifetime,
    }


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_creates_no_token(name):
    ada()

    handler(mail_queue_event(event(name)), CONTEXT)

    assert list(EmailToken.scan()) == []
    assert "token=" not in sent_emails()[0].body


@pytest.mark.parametrize("name", [name for name, *_ in LINKS])
def test_a_request_from_before_all_sessions_ended_is_void(name):
    """The mail may be late: an attacker's request must not outlive the owner's reset."""
    ada(access_epoch=4)

    assert handler(mail_queue_event(event(name)), CONTEXT) == NOBODY_FAILED

    assert sent_emails() == []
    assert list(EmailToken.scan()) == []


@pytest.mark.parametrize("name", ["user.registered", "user.duplicate_registration_attempted"])
def test_a_confirmed_address_gets_no_link(name):
    ada(email_verified=True)

    handler(mail_queue_event(event(name)), CONTEXT)

    assert len(sent_emails()) == 1
    assert list(EmailToken.scan()) == []


@pytest.mark.parametrize("name", MAILED)
def test_a_token_is_in_no_log_and_no_row(name):
    ada()

    with captured() as lines:
        handler(mail_queue_event(event(name)), CONTEXT)

    tokens = [token for _, token in URL.findall(sent_emails()[0].body)]
    assert len(tokens) == (name not in NOTICES)
    for secret in (*tokens, "token=", "Hello", "Ada Lovelace", "@example.com"):
        assert secret not in lines.text
    for secret in (*tokens, "token="):
        assert secret not in everything_stored()
    assert len(lines.saying("mailed")) == 1


@pytest.mark.parametrize("name", MAILED)
def test_a_repeated_event_sends_no_mail_and_creates_no_token(name):
    ada()

    for _ in range(3):
        assert handler(mail_queue_event(event(name)), CONTEXT) == NOBODY_FAILED

    assert len(sent_emails()) == 1
    assert len(list(EmailToken.scan())) == (name not in NOTICES)


def test_each_link_has_a_token_of_its_own():
    ada()

    handler(
        mail_queue_event(
            event("user.verification_requested", "evt_1"),
            event("user.verification_requested", "evt_2"),
        ),
        CONTEXT,
    )

    tokens = {token for mail in sent_emails() for _, token in URL.findall(mail.body)}
    assert {opaque_tokens.digest(token) for token in tokens} == {
        stored.token_hash for stored in EmailToken.scan()
    }
    assert len(tokens) == 2


@pytest.mark.parametrize("name", ["user.registered", "user.password_reset_requested"])
def test_the_token_is_stored_before_its_mail_is_sent(name, monkeypatch):
    ada()
    seen = []

    def send(_: Any, email: Any) -> str:
        token = email.text.partition("token=")[2].split()[0]
        seen.append(EmailToken.find(opaque_tokens.digest(token), consistent=True))
        return "message"

    monkeypatch.setattr(SesSender, "send", send)
    handler(mail_queue_event(event(name)), CONTEXT)

    assert [token is not None for token in seen] == [True]


def test_a_token_is_not_mailed_until_it_is_stored():
    ada()
    reset = event("user.password_reset_requested")

    with faults.inject_faults(connection().client, "PutItem", faults.read_timeout()):
        answer = handler(mail_queue_event(reset), CONTEXT)
    assert len(answer["batchItemFailures"]) == 1
    assert (sent_emails(), list(EmailToken.scan())) == ([], [])
    assert handler(mail_queue_event(reset), CONTEXT) == NOBODY_FAILED

    _, token = link()
    assert EmailToken.find(opaque_tokens.digest(token)) is not None


def test_a_mail_that_fails_leaves_only_a_digest():
    ada()
    reset = event("user.password_reset_requested")

    with (
        faults.inject_faults(client("sesv2"), "SendEmail", faults.read_timeout()),
        captured() as lines,
    ):
        answer = handler(mail_queue_event(reset), CONTEXT)
    (unused,) = [stored.token_hash for stored in EmailToken.scan()]
    assert len(answer["batchItemFailures"]) == 1
    assert sent_emails() == []
    assert "token=" not in lines.text + everything_stored()
    handler(mail_queue_event(reset), CONTEXT)

    _, token = link()
    stored = {each.token_hash for each in EmailToken.scan()}
    assert stored == {unused, opaque_tokens.digest(token)}


@pytest.mark.parametrize("name", [*MAILED, "user.deleted"])
def test_an_event_about_a_deleted_user_sends_no_mail(name):
    an_hour_ago = (NOW - timedelta(hours=1)).isoformat()

    answer = handler(mail_queue_event(event(name) | {"occurred_at": an_hour_ago}), CONTEXT)

    assert answer == NOBODY_FAILED
    assert sent_emails() == []
    assert list(EmailToken.scan()) == []


@pytest.mark.parametrize(
    ("name", "gone"),
    [("user.email_change_requested", "new_email"), ("user.email_changed", "previous_email")],
)
def test_a_removed_address_is_not_replaced_by_another(name, gone):
    ada(**{gone: None})

    answer = handler(mail_queue_event(event(name)), CONTEXT)

    assert answer == NOBODY_FAILED
    assert sent_emails() == []
    assert list(EmailToken.scan()) == []


def test_a_deletion_in_the_queue_sends_no_mail():
    ada()

    assert handler(mail_queue_event(event("user.deleted")), CONTEXT) == NOBODY_FAILED

    assert sent_emails() == []


def test_a_link_leads_to_the_shop_s_website():
    ada()

    handler(mail_queue_event(event("user.registered")), CONTEXT)

    assert sent_emails()[0].body.count("https://shop.example/verify-email?token=") == 2
    assert "http://" not in sent_emails()[0].body
