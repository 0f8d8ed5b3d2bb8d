"""On moto: the previous release recorded mails with Powertools, and runs beside this one."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
)

from shared import clock
from shared.aws import client
from shared.storage.models.mails import MailRecord
from tests.support import email_fixtures, faults, shop
from tests.support.aws_calls import Killed
from tests.support.email_fixtures import order_placed_detail, sent_emails
from tests.support.mail_worker import deliver, deliver_until_stopped, ses_does

IN_PROGRESS = (IdempotencyAlreadyInProgressError,)


@pytest.fixture(autouse=True)
def _stored(aws):  # noqa: ARG001 (the tables must exist first)
    shop.user("usr_ada", email="ada@example.com")
    email_fixtures.sample_order(status="paid", awaits=None, expires_at=None).save()


class PreviousRelease:
    """What the worker of the previous release did around `send`."""

    def __init__(self, *, milliseconds: int = 60_000) -> None:
        self.sent = 0
        self.fault: BaseException | None = None
        config = IdempotencyConfig(
            event_key_jmespath="id",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=30 * 24 * 3600,
        )
        config.register_lambda_context(
            SimpleNamespace(get_remaining_time_in_millis=lambda: milliseconds)  # type: ignore[arg-type]
        )

        def _send_email(*, event: dict[str, Any]) -> None:  # noqa: ARG001 (the key is in it)
            self.sent += 1
            if self.fault:
                raise self.fault

        _send_email.__module__ = "notifications.workers.send_emails"
        _send_email.__qualname__ = "_send_email"
        self.deliver = idempotent_function(
            _send_email,
            data_keyword_argument="event",
            config=config,
            persistence_store=DynamoDBPersistenceLayer(
                table_name="souk-idempotency", boto3_client=client("dynamodb")
            ),
        )


def test_a_mail_of_the_previous_release_is_not_repeated():
    PreviousRelease().deliver(event=order_placed_detail())

    assert deliver(order_placed_detail()) == []

    assert sent_emails() == []


def test_a_mail_of_this_release_is_not_repeated_by_the_previous():
    deliver(order_placed_detail())
    previous = PreviousRelease()

    previous.deliver(event=order_placed_detail())

    assert previous.sent == 0


def test_a_function_name_is_part_of_both_keys(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "souk-MailFunction-1A2B")
    previous = PreviousRelease()

    previous.deliver(event=order_placed_detail())
    deliver(order_placed_detail())

    (record,) = MailRecord.scan()
    assert sent_emails() == []
    assert record.id.startswith("souk-MailFunction-1A2B.")


def test_a_mail_that_the_previous_release_may_be_sending_waits():
    previous = PreviousRelease()
    previous.fault = Killed()
    with pytest.raises(Killed):
        previous.deliver(event=order_placed_detail())

    assert deliver(order_placed_detail()) == ["message-0"]
    assert sent_emails() == []


def test_a_killed_try_of_the_previous_release_counts(monkeypatch):
    previous = PreviousRelease(milliseconds=0)
    previous.fault = Killed()
    with pytest.raises(Killed):
        previous.deliver(event=order_placed_detail())
    later = clock.utc_now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "utc_now", lambda: later)

    with ses_does(*["lost"] * 3) as calls:
        assert [deliver(order_placed_detail()) for _ in range(3)] == [[]] * 3

    assert calls == ["lost"]


@pytest.mark.parametrize("outcome", ["lost", "killed"])
def test_the_previous_release_never_repeats_a_doubtful_mail(outcome):
    with ses_does(outcome):
        deliver_until_stopped(order_placed_detail())
    previous = PreviousRelease()

    with pytest.raises(IN_PROGRESS):
        previous.deliver(event=order_placed_detail())

    assert previous.sent == 0


def test_the_previous_release_ends_an_event_that_is_in_doubt(monkeypatch):
    now = clock.utc_now()
    with ses_does("lost", "lost"):
        deliver(order_placed_detail())
        monkeypatch.setattr(clock, "utc_now", lambda: now + timedelta(minutes=6))
        deliver(order_placed_detail())
    previous = PreviousRelease()

    previous.deliver(event=order_placed_detail())

    assert previous.sent == 0


def test_the_previous_release_sends_a_mail_that_was_refused():
    throttled = faults.error_reply("TooManyRequestsException", status=429)
    with faults.inject_faults(client("sesv2"), "SendEmail", throttled):
        deliver(order_placed_detail())
    previous = PreviousRelease()

    previous.deliver(event=order_placed_detail())

    assert previous.sent == 1
