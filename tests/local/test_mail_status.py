"""Why no mail came: one explanation for each way that an event can go."""

import pytest

from local.activity.mail_status import MailStatus, explain_mail
from local.targets import TIME_FORMAT
from tests.local.activity_stack import EVENT, NOON, event, line, message

MAILED = {"order.placed"}
PLACED = event()


def explain(*lines, messages=(), about=PLACED, history=()) -> MailStatus:
    return explain_mail(about, mailed_types=MAILED, lines=lines, messages=messages, history=history)


def test_an_event_without_a_mail_says_so():
    assert explain(about=event(type="product.created")).state == "no mail"


def test_a_sent_mail_is_named():
    status = explain(line("mailed", event_id=EVENT, message_id="m1"))

    assert (status.state, status.mail_id) == ("sent", "m1")


def test_a_mail_of_another_event_proves_nothing():
    other = line("mailed", event_id="evt_2", message_id="m2")

    assert explain(other).mail_id is None


def test_a_line_of_another_function_proves_nothing():
    relayed = line("published", event_id=EVENT, function="RelayFunction")

    assert explain(relayed).state == "unknown"


def test_a_mail_that_is_not_due_names_the_order_s_status_then():
    at, later = NOON.strftime(TIME_FORMAT), NOON.replace(hour=13).strftime(TIME_FORMAT)
    history = [{"status": "cancelled", "at": at}, {"status": "refunded", "at": later}]

    status = explain(line("no mail is due", event_id=EVENT), history=history)

    assert status.state == "not sent"
    assert "cancelled" in status.reason
    assert "refunded" not in status.reason


def test_a_mail_about_an_account_that_is_not_due_says_so():
    status = explain(line("no mail is due", event_id=EVENT))

    assert status.state == "not sent"
    assert "account" in status.reason


@pytest.mark.parametrize(
    ("logged", "state"), [("mail may have been sent", "in doubt"), ("mail given up", "not sent")]
)
def test_a_mail_that_ended_otherwise_says_how(logged, state):
    assert explain(line(logged, event_id=EVENT)).state == state


def test_a_message_that_nobody_received_waits():
    status = explain(messages=[message()])

    assert (status.state, "MailQueue" in status.reason) == ("waiting", True)


def test_a_failing_message_names_tries_error_and_next_try():
    failures = [line("not mailed", sqs_message_id="msg-1", reason="Throttled") for _ in range(2)]
    waiting = message(receive_count=2, visible_at=NOON.replace(hour=14))

    status = explain(*failures, messages=[waiting])

    assert status.state == "failing"
    assert "2 times with Throttled" in status.reason
    assert "14:00:00" in status.reason


def test_a_dead_letter_says_how_often_it_failed_and_where_it_is():
    failures = [line("not mailed", sqs_message_id="msg-1", reason="KeyError") for _ in range(5)]
    dead = message(queue="MailDeadLetters", receive_count=1)

    status = explain(*failures, messages=[dead])

    assert status.state == "failed"
    assert "5 times with KeyError" in status.reason
    assert "MailDeadLetters" in status.reason
    assert "redrive" in status.reason


def test_a_message_of_the_catalog_index_is_no_mail():
    indexing = message(queue="CatalogIndexDeadLetters")

    assert explain(messages=[indexing]).state == "unknown"


def test_a_held_mail_names_the_limit_and_the_next_look():
    held = message(queue="HeldMailQueue", visible_at=NOON.replace(minute=15))

    status = explain(line("mail held back", event_id=EVENT), messages=[held])

    assert status.state == "held back"
    assert "UnconfirmedMailsPerHour" in status.reason
    assert "12:15:00" in status.reason


def test_a_mail_that_was_held_and_sent_is_sent():
    held = line("mail held back", event_id=EVENT)
    sent = line("mailed", event_id=EVENT, message_id="m1")

    assert explain(held, sent).state == "sent"


def test_an_event_that_the_bus_has_not_is_in_the_outbox():
    status = explain(about=event(relayed_at=None))

    assert status.state == "waiting"
    assert "outbox" in status.reason
    assert "RelayFunction" in status.reason
