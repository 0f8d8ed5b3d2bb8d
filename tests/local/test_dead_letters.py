"""An operator's work with dead-letter queues: the template's queues on moto."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from local import dead_letters, operations, republishing
from local.dead_letter_queues import Destination, list_queues
from local.dead_letters import Answer, Command
from local.targets import OperationFailed
from products.workers import watch_stock_levels
from shared import clock
from shared.aws import client
from shared.events.accounts import UserRegistered
from tests.local import shops
from tests.support import faults
from tests.support.email_fixtures import order_placed_detail
from tests.support.events import published_event_types
from tests.support.http import CONTEXT, sample
from tests.support.outbox_stream import received_ids, relayed_ids, stage, subscribe
from tests.support.shop import listed_product
from tests.template import stack
from tests.template.test_dead_letters import DEAD_LETTERS

pytestmark = pytest.mark.usefixtures("aws")

NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)
NOTHING_YET = "Nothing has changed yet. Add APPLY=1."


class Shop(shops.Shop):
    """Its queues and topics have their logical ids as names."""

    def resources(self) -> dict[str, Any]:
        return stack.resources("production")

    def client(self, service: str) -> Any:
        return client(service)

    def physical_id(self, logical_id: str) -> str:
        if logical_id == "AlarmTopic":
            return str(client("sns").create_topic(Name=logical_id)["TopicArn"])
        if logical_id.endswith("Function"):
            return logical_id
        if logical_id.endswith("Table"):
            return super().physical_id(logical_id)
        return url_of(logical_id)


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.setattr(dead_letters, "POLL_SECONDS", 0)
    monkeypatch.setattr(republishing, "assume_environment", lambda *_: None)  # keep our own


def url_of(name: str) -> str:
    """Creates the queue at the first call."""
    return str(client("sqs").create_queue(QueueName=name)["QueueUrl"])


def run(action: str = "list", queue: str = "Mail", **options: Any) -> Answer:
    shop = Shop("souk-test", boto3.Session())
    return dead_letters.run(shop, Command(action=action, queue=queue, **options))


def event_message(event_id: str, **changes: Any) -> str:
    """A message as EventBridge writes it."""
    detail = order_placed_detail() | {"id": event_id} | changes
    return json.dumps({"source": "souk", "detail-type": detail["type"], "detail": detail})


def send(queue: str, *bodies: str, **message: Any) -> list[str]:
    """Their ids."""
    sent = [
        client("sqs").send_message(QueueUrl=url_of(queue), MessageBody=body, **message)
        for body in bodies
    ]
    return [answer["MessageId"] for answer in sent]


def bodies_in(queue: str) -> list[str]:
    """The bodies of the visible messages. Afterwards they are not visible."""
    bodies: list[str] = []
    while found := (
        client("sqs").receive_message(QueueUrl=url_of(queue), MaxNumberOfMessages=10)
    ).get("Messages"):
        bodies += [message["Body"] for message in found]
    return sorted(bodies)


def upload_failure() -> str:
    """What Lambda sends when an invocation by S3 failed for the last time."""
    return json.dumps(
        {
            "version": "1.0",
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": sample("files.import_file"),
            "responsePayload": {"errorType": "Unavailable", "errorMessage": "-"},
        }
    )


def stream_failure(first: datetime, last: datetime) -> str:
    """What Lambda sends when it gives up records of a stream."""
    batch = {
        "shardId": "shardId-1",
        "startSequenceNumber": "1",
        "endSequenceNumber": "2",
        "approximateArrivalOfFirstRecord": f"{first:%Y-%m-%dT%H:%M:%SZ}",
        "approximateArrivalOfLastRecord": f"{last:%Y-%m-%dT%H:%M:%SZ}",
        "batchSize": 2,
        "streamArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/souk-outbox/stream/1",
    }
    return json.dumps({"version": "1.0", "DDBStreamBatchInfo": batch})


# The queues


def test_every_dead_letter_queue_of_the_template_is_found():
    queues = list_queues(stack.resources("production"))

    assert {queue.name for queue in queues} == DEAD_LETTERS
    assert {queue.name: (queue.destination, queue.target) for queue in queues} | {
        "MailDeadLetters": (Destination.QUEUE, "MailQueue"),
        "MailRuleDeadLetters": (Destination.QUEUE, "MailQueue"),
        "PaymentIncidentRuleDeadLetters": (Destination.TOPIC, "AlarmTopic"),
        "ExpiryRuleDeadLetters": (Destination.FUNCTION, "ExpiryFunction"),
        "FileDeadLetters": (Destination.INVOKED, "FileImportFunction"),
        "RelayDeadLetters": (Destination.TABLE, "OutboxTable"),
        "StockWatchDeadLetters": (Destination.TABLE, "StockTable"),
    } == {queue.name: (queue.destination, queue.target) for queue in queues}


@pytest.mark.parametrize("command", [Command(action="burn"), Command("show", queue="Post")])
def test_an_unknown_action_or_queue_is_refused(command):
    with pytest.raises(OperationFailed, match=r"must be one of list|There are: CatalogIndex, "):
        dead_letters.run(Shop("souk-test", boto3.Session()), command)


# List and show


def test_a_list_counts_the_messages_of_every_queue():
    send("MailDeadLetters", event_message("evt_one"), event_message("evt_two"))

    lines = run(queue="").lines

    assert [line.split()[0] for line in lines] == sorted(DEAD_LETTERS)
    counts = {name: int(count) for name, count, *_ in map(str.split, lines)}
    assert counts == dict.fromkeys(DEAD_LETTERS, 0) | {"MailDeadLetters": 2}


def test_a_list_says_how_old_the_oldest_message_is(monkeypatch):
    send("MailDeadLetters", event_message("evt_one"))
    later = clock.utc_now() + timedelta(days=3, hours=4, minutes=1)
    monkeypatch.setattr(clock, "utc_now", lambda: later)

    assert run().lines[0].endswith("1  the oldest is 3 d 4 h old")


@pytest.mark.parametrize("action", ["list", "show", "redrive", "purge"])
def test_looking_at_messages_leaves_them_visible(action):
    bodies = [event_message(f"evt_{n:02}") for n in range(23)]
    send("MailDeadLetters", *bodies)

    run(action)

    assert bodies_in("MailDeadLetters") == sorted(bodies)
    assert bodies_in("MailQueue") == []


def test_show_names_types_and_ids():
    (message_id,) = send("MailDeadLetters", event_message("evt_one"))

    (line,) = run("show", queue="MailDeadLetters").lines

    assert line.startswith(f"MailDeadLetters  {message_id}  order.placed evt_one ")
    assert "order_id=ord_one" in line
    assert line.endswith("0 min old, received 1 times")


@pytest.mark.parametrize(
    ("queue", "body", "label"),
    [
        ("File", upload_failure(), "upload uploads/upl_unknown"),
        (
            "Expiry",
            json.dumps({"requestPayload": {"detail-type": "Scheduled Event", "detail": {}}}),
            "invocation: Scheduled Event",
        ),
        (
            "Relay",
            stream_failure(NINE, NINE + timedelta(hours=1)),
            "2 records of a stream, from 2026-11-26T09:00:00Z to 2026-11-26T10:00:00Z",
        ),
        ("Mail", "not JSON", "unreadable"),
        ("Mail", '["a"]', "unreadable"),
        ("Mail", '{"detail-type": "order.placed", "detail": "ada@example.com"}', "unreadable"),
    ],
)
def test_show_describes_every_kind_of_message(queue, body, label):
    send(f"{queue}DeadLetters", body)

    (line,) = run("show", queue=queue).lines

    assert f"  {label}  0 min old" in line
    assert "203.0.113.7" not in line  # the network address in an upload's message
    assert "@" not in line


def test_show_ends_at_the_maximum():
    send("MailDeadLetters", *(event_message(f"evt_{n}") for n in range(12)))

    assert len(run("show", limit=3).lines) == 3
    assert len(run("show").lines) == 12


# Redrive


@pytest.mark.parametrize("queue", ["Mail", "MailRule", "Payment", "PaymentRule"])
def test_messages_go_back_to_their_queue_unchanged(queue):
    bodies = [event_message(f"evt_{n:02}") for n in range(23)]
    attributes = {"trace": {"DataType": "String", "StringValue": "abc"}}
    send(f"{queue}DeadLetters", *bodies, MessageAttributes=attributes)
    target = url_of(f"{queue.removesuffix('Rule')}Queue")

    answer = run("redrive", queue=queue, applies=True)

    assert answer.is_ok
    assert answer.lines[-1].startswith(f"{queue}DeadLetters: 23 messages were sent to")
    message = client("sqs").receive_message(
        QueueUrl=target, MessageAttributeNames=["All"], VisibilityTimeout=0
    )["Messages"][0]
    assert message["MessageAttributes"]["trace"]["StringValue"] == "abc"
    assert bodies_in(f"{queue.removesuffix('Rule')}Queue") == sorted(bodies)
    assert bodies_in(f"{queue}DeadLetters") == []


def test_an_event_that_a_rule_kept_reaches_no_other_queue():
    """On the bus, it would reach every other subscriber again."""
    everything = subscribe()
    send("MailRuleDeadLetters", event_message("evt_one"))

    run("redrive", queue="MailRule", applies=True)

    assert bodies_in("MailQueue") == [event_message("evt_one")]
    assert received_ids(everything) == []


def test_a_redrive_without_apply_changes_nothing():
    (message_id,) = send("MailDeadLetters", event_message("evt_one"))

    lines = run("redrive").lines

    assert message_id in lines[0]
    assert lines[1:] == [
        "MailDeadLetters: 1 messages would be sent to MailQueue",
        NOTHING_YET,
    ]
    assert bodies_in("MailQueue") == []


def test_one_message_is_redriven_by_its_id():
    bodies = [event_message(f"evt_{n:02}") for n in range(15)]
    ids = send("MailDeadLetters", *bodies)

    run("redrive", message_id=ids[12], applies=True)

    assert bodies_in("MailQueue") == [bodies[12]]
    assert bodies_in("MailDeadLetters") == sorted(set(bodies) - {bodies[12]})


@pytest.mark.parametrize("queue", ["Mail", "Relay"])
@pytest.mark.parametrize("action", ["show", "redrive", "purge"])
def test_an_id_that_no_message_has_is_reported(action, queue):
    send("MailDeadLetters", event_message("evt_one"))

    answer = run(action, queue=queue, message_id="unknown", applies=True)

    assert not answer.is_ok
    assert answer.lines[-1] == "No message has the id unknown."
    assert bodies_in("MailDeadLetters") == [event_message("evt_one")]


def test_as_many_messages_as_asked_are_redriven():
    send("MailDeadLetters", *(event_message(f"evt_{n}") for n in range(15)))

    run("redrive", limit=4, applies=True)

    assert (len(bodies_in("MailQueue")), len(bodies_in("MailDeadLetters"))) == (4, 11)


def test_all_queues_are_redriven_together():
    send("MailDeadLetters", event_message("evt_one"))
    send("PaymentRuleDeadLetters", event_message("evt_two"))

    assert run("redrive", queue="", applies=True).is_ok

    assert bodies_in("MailQueue") == [event_message("evt_one")]
    assert bodies_in("PaymentQueue") == [event_message("evt_two")]


def test_a_message_that_cannot_be_sent_stays():
    send("MailDeadLetters", event_message("evt_one"))

    with faults.inject_faults(client("sqs"), "SendMessage", faults.read_timeout()):
        answer = run("redrive", applies=True)

    assert not answer.is_ok
    assert bodies_in("MailDeadLetters") == [event_message("evt_one")]


def test_a_queue_that_fails_midway_says_so_and_stops_no_other():
    sent = [event_message(f"evt_{n}") for n in range(12)]
    send("MailDeadLetters", *sent)
    send("PaymentDeadLetters", event_message("evt_pay"))
    midway = [None] * 4 + [faults.error_reply("ServiceUnavailable", status=503)]

    with faults.inject_faults(client("sqs"), "SendMessage", *midway):
        answer = run("redrive", queue="", applies=True)

    assert not answer.is_ok
    assert "MailDeadLetters: 4 messages were sent to MailQueue" in answer.lines
    assert "PaymentDeadLetters: 1 messages were sent to PaymentQueue" in answer.lines
    assert sorted(bodies_in("MailQueue") + bodies_in("MailDeadLetters")) == sorted(sent)


def test_a_message_that_is_sent_and_not_deleted_comes_twice():
    send("MailDeadLetters", event_message("evt_one"))

    with faults.inject_faults(client("sqs"), "DeleteMessage", faults.read_timeout()):
        run("redrive", applies=True)
    run("redrive", applies=True)

    assert bodies_in("MailQueue") == [event_message("evt_one")] * 2
    assert bodies_in("MailDeadLetters") == []


def test_a_message_that_fails_again_is_not_redriven_again(monkeypatch):
    """It would go round for ever: a redriven message is younger than the command."""
    now = clock.utc_now() - timedelta(seconds=30)
    monkeypatch.setattr(clock, "utc_now", lambda: now)
    send("MailDeadLetters", event_message("evt_one"))

    assert run("redrive", applies=True).lines[-1] == (
        "MailDeadLetters: 0 messages were sent to MailQueue"
    )
    assert bodies_in("MailDeadLetters") == [event_message("evt_one")]


def test_an_alarm_message_goes_to_its_topic():
    topic = client("sns").create_topic(Name="AlarmTopic")["TopicArn"]
    inbox = url_of("inbox")
    arn = client("sqs").get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
    send("PaymentIncidentRuleDeadLetters", event_message("evt_one", type="order.refund_failed"))

    run("redrive", queue="PaymentIncidentRule", applies=True)

    (body,) = bodies_in("inbox")
    assert json.loads(body)["Message"].startswith(
        "order.refund_failed: order ord_one needs a person."
    )
    assert bodies_in("PaymentIncidentRuleDeadLetters") == []


def test_an_alarm_message_without_an_order_stays():
    send("PaymentIncidentRuleDeadLetters", json.dumps({"detail-type": "x", "detail": {}}))

    answer = run("redrive", queue="PaymentIncidentRule", applies=True)

    assert not answer.is_ok
    assert "stays: the message has no $.detail.data.order_id" in answer.lines[0]
    assert len(bodies_in("PaymentIncidentRuleDeadLetters")) == 1


SCHEDULED = {"detail-type": "Scheduled Event", "detail": {}, "id": "one"}


@pytest.mark.parametrize(
    ("queue", "body", "function", "payload"),
    [
        ("File", upload_failure(), "FileImportFunction", sample("files.import_file")),
        ("Expiry", json.dumps({"requestPayload": SCHEDULED}), "ExpiryFunction", SCHEDULED),
        ("ExpiryRule", json.dumps(SCHEDULED), "ExpiryFunction", SCHEDULED),
    ],
)
def test_a_failed_invocation_is_invoked_again(queue, body, function, payload):
    send(f"{queue}DeadLetters", body)

    accepted = faults.success_reply({"StatusCode": 202})
    with faults.inject_faults(client("lambda"), "Invoke", accepted) as calls:
        answer = run("redrive", queue=queue, applies=True)

    (call,) = calls.sent
    assert answer.is_ok
    assert f"/functions/{function}/invocations?Qualifier=live" in call["url"]
    assert call["headers"]["X-Amz-Invocation-Type"] == "Event"
    assert json.loads(call["body"]) == payload
    assert bodies_in(f"{queue}DeadLetters") == []


def test_a_failure_without_its_input_stays():
    send("FileDeadLetters", "{}", "not JSON")

    answer = run("redrive", queue="File", applies=True)

    assert not answer.is_ok
    assert bodies_in("FileDeadLetters") == ["not JSON", "{}"]


def test_what_the_relay_gave_up_is_published_from_the_outbox():
    everything = subscribe()
    occurred_at = datetime(2026, 11, 20, 9, 59, 30, tzinfo=UTC)
    data = {"user_id": "usr_ada", "access_epoch": 1}
    lost, other = stage(
        UserRegistered(data=data, occurred_at=occurred_at),
        UserRegistered(data=data, occurred_at=occurred_at - timedelta(days=1)),
    )
    arrived = occurred_at + timedelta(seconds=30)
    send("RelayDeadLetters", stream_failure(arrived, arrived))

    dry = run("redrive", queue="Relay").lines
    assert "1 events of 1 rows would be published" in "\n".join(dry)
    assert received_ids(everything) == []
    answer = run("redrive", queue="Relay", applies=True)

    assert answer.lines[1].startswith(
        "A redrive of them is the same as "
        "`make republish SINCE=2026-11-20T09:55Z UNTIL=2026-11-20T10:01Z`:"
    )
    assert received_ids(everything) == [lost.event_id]
    assert relayed_ids() == {lost.event_id} != {other.event_id}
    assert bodies_in("RelayDeadLetters") == []


@pytest.fixture
def _stock_watch():
    """The function, called as Lambda would call it."""
    lambda_client = client("lambda")

    def invoke(params: dict[str, Any], **_: Any) -> faults.Fault:
        assert "StockWatchFunction/invocations?Qualifier=live" in params["url"]
        watch_stock_levels.handler(json.loads(params["body"]), CONTEXT)
        return faults.success_reply({"StatusCode": 200})

    lambda_client.meta.events.register("before-call.lambda.Invoke", invoke)
    yield
    lambda_client.meta.events.unregister("before-call.lambda.Invoke", invoke)


@pytest.mark.usefixtures("_stock_watch")
def test_stock_levels_that_the_watcher_missed_are_announced():
    for n in range(120):
        listed_product(f"TEA-{n}", available=n % 2)
    now = clock.utc_now()
    send("StockWatchDeadLetters", stream_failure(now, now))

    dry = run("redrive", queue="StockWatch")
    assert dry.lines[1].endswith("that of 120 products would be checked.")
    assert published_event_types() == []
    answer = run("redrive", queue="StockWatch", applies=True)

    assert answer.is_ok
    assert published_event_types() == ["stock.replenished"] * 60
    assert bodies_in("StockWatchDeadLetters") == []


def test_messages_stay_when_the_watcher_fails():
    listed_product("TEA", available=1)
    now = clock.utc_now()
    send("StockWatchDeadLetters", stream_failure(now, now))

    failed = faults.success_reply({"StatusCode": 200, "FunctionError": "Unhandled"})
    with (
        faults.inject_faults(client("lambda"), "Invoke", failed),
        pytest.raises(OperationFailed, match="StockWatchFunction failed"),
    ):
        run("redrive", queue="StockWatch", applies=True)

    assert len(bodies_in("StockWatchDeadLetters")) == 1


def test_unreadable_positions_stay():
    send("RelayDeadLetters", "{}")

    answer = run("redrive", queue="Relay", applies=True)

    assert not answer.is_ok
    assert answer.lines[1] == "They stay: the message names no records of a stream"
    assert bodies_in("RelayDeadLetters") == ["{}"]


# Purge


def test_a_purge_deletes_the_messages_of_the_named_queue_only():
    send("MailDeadLetters", *(event_message(f"evt_{n}") for n in range(12)))
    send("PaymentDeadLetters", event_message("evt_pay"))

    assert run("purge", applies=True).lines == ["MailDeadLetters: 12 messages were deleted"]

    assert bodies_in("MailDeadLetters") == []
    assert bodies_in("PaymentDeadLetters") == [event_message("evt_pay")]


def test_a_purge_without_apply_deletes_nothing():
    send("MailDeadLetters", event_message("evt_one"))

    lines = run("purge").lines

    assert lines[-2:] == ["MailDeadLetters: 1 messages would be deleted", NOTHING_YET]
    assert bodies_in("MailDeadLetters") == [event_message("evt_one")]


@pytest.mark.parametrize("applies", [False, True])
def test_a_purge_must_name_its_queue(applies):
    with pytest.raises(OperationFailed, match="Name the queue to purge"):
        run("purge", queue="", applies=applies)


# The command


def test_the_command_passes_its_options_on(monkeypatch, capsys):
    shop = Shop("souk-test", boto3.Session())
    monkeypatch.setattr(operations, "get_target", lambda _: shop)
    ids = send("MailDeadLetters", *(event_message(f"evt_{n}") for n in range(3)))
    arguments = ["dead-letters", "--action", "redrive", "--queue", "Mail", "--max", ""]

    assert operations.main([*arguments, "--id", ids[1]]) == 0
    assert bodies_in("MailQueue") == []
    assert operations.main([*arguments, "--id", ids[1], "--apply"]) == 0

    assert bodies_in("MailQueue") == [event_message("evt_1")]
    assert "1 messages were sent to MailQueue" in capsys.readouterr().out


@pytest.mark.parametrize("limit", ["0", "-1", "many", " 1", "1.5", "9" * 30, "9" * 5000])
def test_a_maximum_must_be_a_number_of_messages(limit, monkeypatch, capsys):
    monkeypatch.setattr(operations, "get_target", lambda _: shops.shop())

    assert operations.main(["dead-letters", f"--max={limit}"]) == 1

    assert "MAX must be a number" in capsys.readouterr().err
