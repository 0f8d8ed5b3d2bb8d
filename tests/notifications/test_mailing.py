"""Whole slice: messages of the mail queue to mail, one for each event."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from botocore.exceptions import ReadTimeoutError

from notifications import emails
from notifications.sender import SesSender
from notifications.worker import handler
from shared import events
from shared.aws import client
from tests.support import faults, shop
from tests.support.http import CONTEXT, sample
from tests.support.logs import captured
from tests.support.mail import detail, queued, sent, user_registered
from tests.template import stack

pytestmark = pytest.mark.usefixtures("aws")

NOBODY_FAILED = {"batchItemFailures": []}


def failed(answer) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def order_of(buyer_id: str, event_id: str) -> dict:
    return detail() | {"id": event_id, "data": detail()["data"] | {"buyer_id": buyer_id}}


def recipients() -> list[str]:
    return [address for message in sent() for address in message.destinations["ToAddresses"]]


def test_a_buyer_gets_a_mail_about_their_order():
    shop.user("usr_ada", email="ada@example.com", name="Ada Lovelace", email_verified=True)

    with faults.answering(client("sesv2"), "SendEmail") as calls:
        answer = handler(sample("notifications.mail_queue"), CONTEXT)

    (mail,) = sent()
    (handed_over,) = [json.loads(call["body"])["Content"]["Simple"] for call in calls.sent]
    assert answer == NOBODY_FAILED
    assert (mail.source, mail.subject) == ("shop@example.com", "Your order at Souk")
    assert mail.destinations == {"ToAddresses": ["ada@example.com"]}
    assert "Thank you, Ada Lovelace" in mail.body
    assert "Green tea, 100 g" in handed_over["Body"]["Text"]["Data"]
    assert handed_over["Body"]["Text"]["Charset"] == handed_over["Body"]["Html"]["Charset"]


def test_a_new_user_gets_a_mail():
    shop.user("usr_ada", email="ada@example.com")

    handler(queued(user_registered().model_dump(mode="json")), CONTEXT)

    assert [(mail.subject, recipients()) for mail in sent()] == [
        ("Welcome to Souk", ["ada@example.com"])
    ]


def test_a_message_that_comes_again_is_mailed_once():
    shop.user("usr_ada")

    answers = [handler(sample("notifications.mail_queue"), CONTEXT) for _ in range(3)]

    assert answers == [NOBODY_FAILED] * 3
    assert len(sent()) == 1


def test_an_event_that_comes_in_two_messages_of_one_batch_is_mailed_once():
    shop.user("usr_ada")

    answer = handler(queued(detail(), detail()), CONTEXT)

    assert answer == NOBODY_FAILED
    assert len(sent()) == 1


def test_two_events_about_one_order_are_two_mails():
    shop.user("usr_ada")

    handler(queued(detail(), detail() | {"id": "evt_two"}), CONTEXT)

    assert len(sent()) == 2


def test_a_mail_that_ses_refuses_holds_up_no_other_and_is_sent_later():
    for user_id in ("usr_ada", "usr_bob", "usr_eve"):
        shop.user(user_id)
    batch = queued(
        order_of("usr_ada", "evt_1"), order_of("usr_bob", "evt_2"), order_of("usr_eve", "evt_3")
    )

    throttled = faults.refused("TooManyRequestsException", status=429)
    with faults.answering(client("sesv2"), "SendEmail", None, throttled):
        answer = handler(batch, CONTEXT)
    assert failed(answer) == ["message-1"]
    assert recipients() == ["usr_ada@example.com", "usr_eve@example.com"]
    again = handler(batch, CONTEXT)

    assert again == NOBODY_FAILED
    assert recipients() == ["usr_ada@example.com", "usr_eve@example.com", "usr_bob@example.com"]


def test_mail_that_ses_does_not_take_at_all_comes_again():
    shop.user("usr_ada")

    with faults.answering(client("sesv2"), "SendEmail", faults.timed_out()):
        answer = handler(queued(detail()), CONTEXT)
    assert failed(answer) == ["message-0"]
    assert sent() == []
    again = handler(queued(detail()), CONTEXT)

    assert again == NOBODY_FAILED
    assert len(sent()) == 1


def test_why_a_mail_was_not_sent_is_logged_without_the_address():
    shop.user("usr_ada", email="ada@example.com")
    refused = faults.refused("MessageRejected")
    refused[1]["Error"]["Message"] = "Email address is not verified: ada@example.com"

    with faults.answering(client("sesv2"), "SendEmail", refused), captured() as lines:
        handler(queued(detail()), CONTEXT)

    (line,) = lines.saying("not mailed")
    assert (line["level"], line["reason"]) == ("ERROR", "MessageRejected")
    assert (line["sqs_message_id"], "ada@example.com" in lines.text) == ("message-0", False)


class Killed(BaseException):
    """As by a timeout: nothing of ours runs after it."""


def kill_while_sending(monkeypatch, *, milliseconds_left: int) -> None:
    def killed(*_: Any) -> str:
        raise Killed

    context = SimpleNamespace(
        **vars(CONTEXT) | {"get_remaining_time_in_millis": lambda: milliseconds_left}
    )
    with monkeypatch.context() as patched:
        patched.setattr(SesSender, "send", killed)
        with pytest.raises(Killed):
            handler(sample("notifications.mail_queue"), context)


def test_a_mail_whose_worker_was_killed_is_sent_when_that_workers_time_is_up(monkeypatch):
    shop.user("usr_ada")
    kill_while_sending(monkeypatch, milliseconds_left=0)

    answer = handler(sample("notifications.mail_queue"), CONTEXT)

    assert answer == NOBODY_FAILED
    assert len(sent()) == 1


def test_a_mail_that_another_worker_may_be_sending_waits(monkeypatch):
    shop.user("usr_ada")
    kill_while_sending(monkeypatch, milliseconds_left=10_000)

    answer = handler(queued(detail()), CONTEXT)

    assert failed(answer) == ["message-0"]
    assert sent() == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "[]",
        "{}",
        json.dumps({"detail": None}),
        json.dumps({"detail": {}}),
        json.dumps({"detail": detail() | {"type": "order.vanished"}}),
        json.dumps({"detail": {key: it for key, it in detail().items() if key != "id"}}),
        json.dumps({"detail": detail() | {"data": {}}}),
    ],
)
def test_a_message_that_is_no_event_fails_alone(body):
    shop.user("usr_ada")
    batch = queued(None, detail())
    batch["Records"][0]["body"] = body

    answer = handler(batch, CONTEXT)

    assert failed(answer) == ["message-0"]
    assert len(sent()) == 1


def test_an_event_about_someone_who_is_gone_is_done_without_a_mail():
    answer = handler(sample("notifications.mail_queue"), CONTEXT)

    assert answer == NOBODY_FAILED
    assert sent() == []


def test_every_event_that_the_rule_lets_through_has_its_three_templates():
    rules = stack.of_type("AWS::Events::Rule").values()
    (rule,) = [it for it in rules if "MailQueue" in {target["Id"] for target in it["Targets"]}]
    templates = Path(emails.__file__).parent / "templates"

    types = set(rule["EventPattern"]["detail-type"])

    mailed = (*get_args(events.UserEvent), events.OrderPlaced)
    assert types == {it.model_fields["type"].default for it in mailed} - {"user.deleted"}
    for name in types:
        for part in ("subject.txt", "txt", "html"):
            assert (templates / f"{name}.{part}").is_file()


def test_a_mail_whose_reply_is_lost_is_not_handed_over_again_at_once():
    shop.user("usr_ada", email="ada@example.com")
    tries = []

    def lose_the_reply(request: Any, **_: Any) -> None:
        tries.append(request.url)
        raise ReadTimeoutError(endpoint_url=request.url)

    hooks = client("sesv2").meta.events
    hooks.register_first("before-send.sesv2.SendEmail", lose_the_reply)
    try:
        answer = handler(queued(user_registered().model_dump(mode="json")), CONTEXT)
    finally:
        hooks.unregister("before-send.sesv2.SendEmail", lose_the_reply)

    assert len(failed(answer)) == 1
    assert len(tries) == 1
