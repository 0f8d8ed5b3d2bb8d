"""Whole slice: the worker sends one mail for each event of the mail queue."""

import json
import re
from pathlib import Path

import pytest

from notifications import emails
from notifications.emails import MailedOrderEvent
from notifications.workers.send_emails import handler
from orders.guests import links
from shared.aws import client
from shared.storage.models.accounts import EmailToken
from shared.storage.models.orders import Order
from tests.support import email_fixtures, faults, shop
from tests.support.email_fixtures import (
    MAILED,
    build_event,
    event_types,
    mail_queue_event,
    order_placed_detail,
    sent_emails,
    user_registered,
)
from tests.support.http import CONTEXT, sample
from tests.support.logs import captured
from tests.template import stack

pytestmark = pytest.mark.usefixtures("aws")

NOBODY_FAILED = {"batchItemFailures": []}
PARTS = ("subject.txt", "txt", "html")


def failed(answer) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def order_of(buyer_id: str, event_id: str) -> dict:
    """The event of a stored order of this buyer."""
    order_id = f"ord_{buyer_id}"
    email_fixtures.sample_order(order_id=order_id, buyer_id=buyer_id).save()
    return order_placed_detail() | {
        "id": event_id,
        "data": order_placed_detail()["data"] | {"order_id": order_id},
    }


@pytest.fixture
def order(aws) -> Order:  # noqa: ARG001 (the tables must exist first)
    """The order of the sample event."""
    stored = email_fixtures.sample_order()
    stored.save()
    return stored


def recipients() -> list[str]:
    return [address for message in sent_emails() for address in message.destinations["ToAddresses"]]


@pytest.mark.usefixtures("order")
def test_a_buyer_gets_a_mail_about_their_order():
    shop.user("usr_ada", email="ada@example.com", name="Ada Lovelace", email_verified=True)

    with faults.inject_faults(client("sesv2"), "SendEmail") as calls:
        answer = handler(sample("notifications.send_emails"), CONTEXT)

    (message,) = sent_emails()
    (handed_over,) = [json.loads(call["body"])["Content"]["Simple"] for call in calls.sent]
    assert answer == NOBODY_FAILED
    assert (message.source, message.subject) == ("shop@example.com", "Your order at Souk (ord_one)")
    assert message.destinations == {"ToAddresses": ["ada@example.com"]}
    assert "Hello Ada Lovelace, thank you for your order" in " ".join(message.body.split())
    assert "Green tea, 100 g" in handed_over["Body"]["Text"]["Data"]
    assert handed_over["Body"]["Text"]["Charset"] == handed_over["Body"]["Html"]["Charset"]


def test_a_new_user_gets_a_mail():
    shop.user("usr_ada", email="ada@example.com")

    handler(mail_queue_event(user_registered().model_dump(mode="json")), CONTEXT)

    assert [(message.subject, recipients()) for message in sent_emails()] == [
        ("Welcome to Souk", ["ada@example.com"])
    ]


@pytest.mark.usefixtures("order")
def test_a_redelivered_message_is_mailed_once():
    shop.user("usr_ada")

    answers = [handler(sample("notifications.send_emails"), CONTEXT) for _ in range(3)]

    assert answers == [NOBODY_FAILED] * 3
    assert len(sent_emails()) == 1


@pytest.mark.usefixtures("order")
def test_an_event_twice_in_one_batch_is_mailed_once():
    shop.user("usr_ada")

    answer = handler(mail_queue_event(order_placed_detail(), order_placed_detail()), CONTEXT)

    assert answer == NOBODY_FAILED
    assert len(sent_emails()) == 1


@pytest.mark.usefixtures("order")
def test_two_events_about_one_order_send_two_mails():
    shop.user("usr_ada")

    handler(
        mail_queue_event(order_placed_detail(), order_placed_detail() | {"id": "evt_two"}), CONTEXT
    )

    assert len(sent_emails()) == 2


def test_a_mail_that_ses_refuses_is_sent_later():
    for user_id in ("usr_ada", "usr_bob", "usr_eve"):
        shop.user(user_id)
    batch = mail_queue_event(
        order_of("usr_ada", "evt_1"), order_of("usr_bob", "evt_2"), order_of("usr_eve", "evt_3")
    )

    throttled = faults.error_reply("TooManyRequestsException", status=429)
    with faults.inject_faults(client("sesv2"), "SendEmail", None, throttled):
        answer = handler(batch, CONTEXT)
    assert failed(answer) == ["message-1"]
    assert recipients() == ["usr_ada@example.com", "usr_eve@example.com"]
    again = handler(batch, CONTEXT)

    assert again == NOBODY_FAILED
    assert recipients() == ["usr_ada@example.com", "usr_eve@example.com", "usr_bob@example.com"]


@pytest.mark.usefixtures("order")
def test_a_failure_is_logged_without_the_address():
    shop.user("usr_ada", email="ada@example.com")
    refused = faults.error_reply("MessageRejected")
    refused[1]["Error"]["Message"] = "Email address is not verified: ada@example.com"

    with faults.inject_faults(client("sesv2"), "SendEmail", refused), captured() as lines:
        handler(mail_queue_event(order_placed_detail()), CONTEXT)

    (line,) = lines.saying("not mailed")
    assert (line["level"], line["reason"]) == ("ERROR", "MessageRejected")
    assert (line["sqs_message_id"], "ada@example.com" in lines.text) == ("message-0", False)


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "[]",
        "{}",
        json.dumps({"detail": None}),
        json.dumps({"detail": {}}),
        json.dumps({"detail": order_placed_detail() | {"type": "order.vanished"}}),
        json.dumps(
            {"detail": {key: value for key, value in order_placed_detail().items() if key != "id"}}
        ),
        json.dumps({"detail": order_placed_detail() | {"data": {}}}),
    ],
)
def test_a_message_without_an_event_fails_alone(body):
    shop.user("usr_ada")
    batch = mail_queue_event(None, order_placed_detail())
    batch["Records"][0]["body"] = body

    answer = handler(batch, CONTEXT)

    assert failed(answer) == ["message-0"]
    assert len(sent_emails()) == 1


@pytest.mark.usefixtures("order")
def test_an_order_of_a_deleted_user_sends_no_mail():
    answer = handler(sample("notifications.send_emails"), CONTEXT)

    assert answer == NOBODY_FAILED
    assert sent_emails() == []


def test_a_missing_order_sends_no_mail():
    shop.user("usr_ada")

    answer = handler(sample("notifications.send_emails"), CONTEXT)

    assert answer == NOBODY_FAILED
    assert sent_emails() == []


def test_a_guest_s_link_is_in_no_log_and_no_row():
    email_fixtures.sample_order(buyer_id="gst_one", guest_email="guest@example.com").save()

    with captured() as lines:
        answer = handler(sample("notifications.send_emails"), CONTEXT)

    (message,) = sent_emails()
    (token,) = set(re.findall(r"token=([\w.-]+)", message.body))
    links.require_valid_token("ord_one", token)
    assert answer == NOBODY_FAILED
    assert recipients() == ["guest@example.com"]
    for secret in (token, "token=", "guest@"):
        assert secret not in lines.text
    assert list(EmailToken.scan()) == []


def test_a_guest_order_that_a_user_claimed_is_mailed_to_the_user():
    """The event is older than the claim and has the guest's id."""
    shop.user("usr_ada", email="ada@example.com", name="Ada Lovelace", email_verified=True)
    email_fixtures.sample_order().save()
    stale = order_placed_detail() | {
        "data": order_placed_detail()["data"] | {"buyer_id": "gst_one"}
    }

    handler(mail_queue_event(stale), CONTEXT)

    (message,) = sent_emails()
    assert recipients() == ["ada@example.com"]
    assert "https://shop.example/orders/ord_one" in message.body
    assert "token=" not in message.body


def test_only_the_buyer_of_an_order_gets_its_mail():
    shop.user("usr_eve", email="eve@example.com")
    shop.user("usr_ada", email="ada@example.com")
    email_fixtures.sample_order().save()
    forged = order_placed_detail() | {
        "data": order_placed_detail()["data"] | {"buyer_id": "usr_eve"}
    }

    handler(mail_queue_event(forged), CONTEXT)

    assert recipients() == ["ada@example.com"]


def test_a_free_order_sends_one_mail_for_its_two_events():
    shop.user("usr_ada")
    free = email_fixtures.totals(discount_minor=2500, total_minor=0)
    email_fixtures.sample_order(status="paid", awaits=None, expires_at=None, totals=free).save()
    paid = build_event("order.paid").model_dump(mode="json") | {"id": "evt_two"}

    answer = handler(mail_queue_event(order_placed_detail(), paid), CONTEXT)

    assert answer == NOBODY_FAILED
    assert [message.subject for message in sent_emails()] == ["Your order at Souk (ord_one)"]


STATUSES = {
    "order.placed": "pending_payment",
    "order.confirmation_requested": "pending_payment",
    "order.paid": "paid",
    "order.partially_shipped": "partially_shipped",
    "order.shipped": "shipped",
    "order.partially_cancelled": "paid",
    "order.address_changed": "paid",
    "order.buyer_changed": "pending_payment",
    "order.cancelled": "cancelled",
    "order.expired": "expired",
    "order.refunded": "refunded",
}


@pytest.mark.parametrize("name", event_types(MailedOrderEvent))
def test_each_order_event_sends_one_mail(name):
    shop.user("usr_ada", email="ada@example.com")
    email_fixtures.sample_order(status=STATUSES[name]).save()
    event = build_event(name).model_dump(mode="json")

    answers = [handler(mail_queue_event(event), CONTEXT) for _ in range(2)]

    assert answers == [NOBODY_FAILED] * 2
    assert recipients() == ["ada@example.com"]


def test_a_guest_s_mail_waits_for_unreachable_link_keys():
    email_fixtures.sample_order(buyer_id="gst_one", guest_email="guest@example.com").save()

    with faults.inject_faults(client("secretsmanager"), "GetSecretValue", faults.read_timeout()):
        answer = handler(mail_queue_event(order_placed_detail()), CONTEXT)
    assert failed(answer) == ["message-0"]
    assert handler(mail_queue_event(order_placed_detail()), CONTEXT) == NOBODY_FAILED

    assert recipients() == ["guest@example.com"]


def test_the_rule_matches_exactly_the_mailed_events():
    rules = stack.of_type("AWS::Events::Rule").values()
    (rule,) = [
        each for each in rules if "MailQueue" in {target["Id"] for target in each["Targets"]}
    ]

    matched = set(rule["EventPattern"]["detail-type"])

    assert matched == {event.type for event in MAILED}


@pytest.mark.parametrize("name", sorted({event.type for event in MAILED}))
def test_every_mail_has_its_three_templates(name):
    templates = Path(emails.__file__).parent / "templates"
    stem = {"order.confirmation_requested": "order.placed"}.get(name, name)  # the same mail

    assert [part for part in PARTS if not (templates / f"{stem}.{part}").is_file()] == []
