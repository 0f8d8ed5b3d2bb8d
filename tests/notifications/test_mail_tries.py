"""On moto: an event sends one mail, and one more at most after an unknown outcome."""

import threading
from datetime import timedelta
from itertools import product

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    SSLError,
)

from notifications import repository, sender
from notifications.workers.send_emails import handler
from shared import clock
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.mails import MailRecord
from tests.support import email_fixtures, faults, shop
from tests.support.email_fixtures import order_placed_detail, sent_emails
from tests.support.fake_clock import FakeClock
from tests.support.logs import captured
from tests.support.mail_worker import (
    addresses,
    context,
    deliver,
    deliver_until_stopped,
    ses_does,
    stopped_at,
)

FAILED = ["message-0"]
IN_DOUBT = "mail may have been sent"
URL = "https://email.eu-central-1.amazonaws.com"


@pytest.fixture(autouse=True)
def time(monkeypatch, aws) -> FakeClock:  # noqa: ARG001 (the tables must exist first)
    """The shop's clock. The buyer and the order of the sample event are stored."""
    shop.user("usr_ada", email="ada@example.com", email_verified=True)
    email_fixtures.sample_order(status="paid", awaits=None, expires_at=None).save()
    ahead = FakeClock()
    monkeypatch.setattr(clock, "utc_now", ahead)
    return ahead


def redeliver(time: FakeClock, times: int, **wait: float) -> list[list[str]]:
    """Deliver the event again and again, each time after this long."""
    answers = []
    for _ in range(times):
        time.advance(**wait)
        answers.append(deliver(order_placed_detail()))
    return answers


def record() -> MailRecord:
    (stored,) = MailRecord.scan()
    return stored


# An unknown outcome


@pytest.mark.parametrize("wait", [{"seconds": 0}, {"minutes": 6}, {"days": 13}, {"days": 400}])
def test_two_lost_replies_are_two_mails_at_most(time, wait):
    with ses_does(*["lost"] * 9), captured() as lines:
        first = deliver(order_placed_detail())
        others = redeliver(time, 6, **wait)

    assert first == FAILED
    assert others == [[]] * 6
    assert len(sent_emails()) == 2
    (line,) = lines.saying(IN_DOUBT)
    assert (line["level"], line["event_id"], line["event_type"]) == (
        "ERROR",
        "evt_one",
        "order.placed",
    )


def test_the_second_try_ends_the_doubt(time):
    with ses_does("silent"), captured() as lines:
        assert deliver(order_placed_detail()) == FAILED
        assert redeliver(time, 3, minutes=6) == [[]] * 3

    assert addresses() == ["ada@example.com"]
    assert lines.saying(IN_DOUBT) == []


def test_one_call_is_made_for_each_try():
    """botocore would send a second mail by itself."""
    with ses_does("lost", "lost") as calls:
        deliver(order_placed_detail())

    assert calls == ["lost"]


@pytest.mark.parametrize("outcomes", [*product(["lost", "silent", "killed"], repeat=2)])
def test_any_two_doubts_end_the_event(time, outcomes):
    with ses_does(*outcomes) as calls, captured() as lines:
        for _ in range(5):
            deliver_until_stopped(order_placed_detail())
            time.advance(minutes=6)
        assert deliver(order_placed_detail()) == []

    assert calls == list(outcomes)
    assert len(sent_emails()) <= 2
    assert len(lines.saying(IN_DOUBT)) == 1
    assert (record().status, record().outcome) == ("COMPLETED", "unknown")


DOUBTFUL = [
    faults.read_timeout(),
    ConnectionClosedError(endpoint_url=URL),
    SSLError(endpoint_url=URL, error="broken"),
    faults.error_reply("InternalServiceErrorException", status=500),
    faults.error_reply("ServiceUnavailable", status=503),
    faults.error_reply("502", status=502),
    faults.error_reply("RequestTimeout", status=408),
    faults.success_reply({"ResponseMetadata": {"HTTPStatusCode": 200}}),  # without a message id
    RuntimeError("something unforeseen"),
]
REFUSALS = [
    faults.error_reply("TooManyRequestsException", status=429),
    faults.error_reply("LimitExceededException"),
    faults.error_reply("ThrottlingException"),
    faults.error_reply("ThrottlingException", status=503),
    faults.error_reply("MessageRejected"),
    faults.error_reply("MessageRejected", status=500),
    faults.error_reply("AccountSuspendedException"),
    faults.error_reply("SendingPausedException"),
    faults.error_reply("MailFromDomainNotVerifiedException"),
    faults.error_reply("AccessDeniedException", status=403),
    faults.error_reply("NotFoundException", status=404),
    ConnectTimeoutError(endpoint_url=URL),
    EndpointConnectionError(endpoint_url=URL),
    NoCredentialsError(),
]


@pytest.mark.parametrize("fault", DOUBTFUL, ids=str)
def test_a_doubtful_answer_counts_as_a_try(time, fault):
    with faults.inject_faults(client("sesv2"), "SendEmail", *[fault] * 9) as calls:
        answers = [deliver(order_placed_detail()), *redeliver(time, 4, minutes=6)]

    assert answers == [FAILED, [], [], [], []]
    assert len(calls) == 2


@pytest.mark.parametrize("fault", REFUSALS, ids=str)
def test_a_certain_refusal_counts_no_try(time, fault):
    with faults.inject_faults(client("sesv2"), "SendEmail", *[fault] * 9):
        answers = [deliver(order_placed_detail()), *redeliver(time, 8, minutes=6)]
    assert answers == [FAILED] * 9
    assert list(MailRecord.scan()) == []  # an older release would not take a claimed record over

    assert redeliver(time, 2, minutes=6) == [[], []]
    assert addresses() == ["ada@example.com"]


def test_a_refusal_after_a_doubt_keeps_the_doubt(time):
    with ses_does("lost"):
        deliver(order_placed_detail())
    throttled = faults.error_reply("TooManyRequestsException", status=429)
    with faults.inject_faults(client("sesv2"), "SendEmail", *[throttled] * 3):
        assert redeliver(time, 3, minutes=6) == [FAILED] * 3
    assert record().tries == 1

    with ses_does("lost", "lost"):
        assert redeliver(time, 4, minutes=6) == [[]] * 4

    assert len(sent_emails()) == 2


def test_a_sent_mail_is_remembered_for_years(time):
    deliver(order_placed_detail())

    assert redeliver(time, 4, days=900) == [[]] * 4

    assert len(sent_emails()) == 1
    assert record().expiration > (clock.utc_now()).timestamp()


def test_each_event_has_tries_of_its_own():
    details = [order_placed_detail() | {"id": f"evt_{number}"} for number in range(3)]

    with ses_does("lost"):
        assert deliver(*details) == FAILED
    assert deliver(*details) == []

    assert len(sent_emails()) == 4


# An instance that Lambda stops


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("call", range(1, 8))
def test_a_stop_at_any_call_repeats_the_mail_once_at_most(time, call, before):
    with stopped_at(call, before=before):
        deliver_until_stopped(order_placed_detail())
    answers = redeliver(time, 3, minutes=6)

    assert answers == [[]] * 3
    assert 1 <= len(sent_emails()) <= 2


@pytest.mark.parametrize("kills", range(1, 6))
def test_kills_after_the_accept_send_two_mails_at_most(time, kills):
    with ses_does(*["killed"] * kills):
        for _ in range(kills):
            deliver_until_stopped(order_placed_detail())
            time.advance(minutes=6)
    assert deliver(order_placed_detail()) == []

    assert len(sent_emails()) == min(2, 1 + kills)


def test_a_mail_waits_while_another_instance_may_send_it(time):
    with ses_does("killed"):
        deliver_until_stopped(order_placed_detail())

    time.advance(seconds=9)
    assert deliver(order_placed_detail()) == FAILED
    assert len(sent_emails()) == 1
    time.advance(seconds=2)
    assert deliver(order_placed_detail()) == []
    assert len(sent_emails()) == 2


def test_a_batch_stops_when_the_time_is_nearly_over():
    """2 s and one call to SES (6 s) are the least."""
    details = [order_placed_detail() | {"id": f"evt_{number}"} for number in range(4)]

    assert deliver(*details, milliseconds=7_999) == [f"message-{number}" for number in range(4)]
    assert (sent_emails(), list(MailRecord.scan())) == ([], [])
    assert deliver(*details, milliseconds=8_000) == []
    assert len(sent_emails()) == 4


# Two instances at once


@pytest.mark.parametrize("instances", [2, 8])
def test_two_instances_at_once_send_one_mail(instances):
    barrier = threading.Barrier(instances)
    answers = []

    def run() -> None:
        barrier.wait()
        answers.append(deliver(order_placed_detail()))

    threads = [threading.Thread(target=run) for _ in range(instances)]
    with ses_does("slow"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert addresses() == ["ada@example.com"]
    assert [] in answers
    assert deliver(order_placed_detail()) == []


# A database that fails


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_mail_is_never_sent_without_a_claim(time, times):
    faulty = [faults.read_timeout()] * times
    with faults.inject_faults(connection().client, "TransactWriteItems", *faulty):
        while deliver(order_placed_detail()) == FAILED:
            assert sent_emails() == []
            time.advance(minutes=6)

    assert len(sent_emails()) == 1


def test_a_claim_whose_reply_is_lost_counts_no_try(time):
    """The claim is in the table, and the worker cannot know."""
    lost = iter([True, False])

    def lose_reply(**_: object) -> None:
        if next(lost, False):
            raise faults.read_timeout()

    events = connection().client.meta.events
    events.register("after-call.dynamodb.TransactWriteItems", lose_reply)
    try:
        assert deliver(order_placed_detail()) == FAILED
    finally:
        events.unregister("after-call.dynamodb.TransactWriteItems", lose_reply)

    assert sent_emails() == []
    assert list(MailRecord.scan()) == []
    assert redeliver(time, 2, minutes=6) == [[], []]
    assert len(sent_emails()) == 1


def test_a_sent_mail_without_a_mark_is_not_redelivered(time):
    with (
        faults.inject_faults(connection().client, "UpdateItem", faults.read_timeout()),
        captured() as lines,
    ):
        assert deliver(order_placed_detail()) == []

    assert len(lines.saying("mailed without a record")) == 1
    assert len(sent_emails()) == 1
    assert redeliver(time, 3, minutes=6) == [[]] * 3  # if the event is published again
    assert len(sent_emails()) == 2


def test_a_lost_claim_is_not_released():
    repository.claim_mails({"evt_one": None}, until=clock.utc_now() + timedelta(seconds=9))

    repository.release_mail("evt_one", "clm_of_another", tries=0)

    assert record().tries == 1


def test_it_is_known_for_ten_years_that_a_mail_was_sent(time):
    deliver(order_placed_detail())

    assert record().expiration == int((time() + timedelta(days=3650)).timestamp())


def test_a_mail_is_not_begun_without_time_for_its_record():
    """Reading what is due may have taken the time that was left."""
    left = iter([10_000])
    event = email_fixtures.mail_queue_event(order_placed_detail())

    answer = handler(event, context(lambda: next(left, 7_999)))

    assert answer["batchItemFailures"] == [{"itemIdentifier": "message-0"}]
    assert sent_emails() == []
    assert list(MailRecord.scan()) == []


@pytest.mark.parametrize(
    ("code", "status", "is_transient"),
    [
        ("TooManyRequestsException", 429, True),
        ("InternalFailure", 500, True),
        ("RequestTimeout", 408, True),
        ("MessageRejected", 400, False),
        ("AccessDeniedException", 403, False),
    ],
)
def test_the_mail_service_s_errors_that_pass_are_transient(code, status, is_transient):
    error = ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendEmail"
    )

    assert sender.is_transient(error) is is_transient
