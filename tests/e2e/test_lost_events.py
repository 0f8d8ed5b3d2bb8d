"""The relay is broken for a day, and its stream forgets. Each lost event comes back, once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from local.aliases import ALIAS
from local.stack import Stack
from tests.e2e.conftest import list_mails, list_stored, run_operation, wait_until


def relay_mappings(stack: Stack) -> list[dict[str, Any]]:
    found = stack.client("lambda").list_event_source_mappings(
        FunctionName=stack.physical_ids["RelayFunction"]
    )
    return list(found["EventSourceMappings"])


@contextmanager
def broken_relay(stack: Stack) -> Iterator[None]:
    """No relay runs inside the block, and the stream's records of that time are lost."""
    (mapping,) = relay_mappings(stack)
    stack.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
    wait_until(lambda: relay_mappings(stack) == [])
    try:
        yield
    finally:
        stack.client("lambda").create_event_source_mapping(
            EventSourceArn=mapping["EventSourceArn"],
            FunctionName=mapping["FunctionArn"],
            StartingPosition="LATEST",  # nothing of what was written before
            BatchSize=mapping["BatchSize"],
            FilterCriteria=mapping["FilterCriteria"],
            MaximumRecordAgeInSeconds=mapping["MaximumRecordAgeInSeconds"],
        )


def list_unmarked(stack: Stack) -> list[dict[str, Any]]:
    return [row for row in list_stored(stack, "OutboxTableName") if "relayed_at" not in row]


def move_back_by_a_day(stack: Stack, rows: list[dict[str, Any]]) -> None:
    """As if the outage were that long."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for row in rows:
        stack.client("dynamodb").update_item(
            TableName=stack.outputs["OutboxTableName"],
            Key={"event_id": row["event_id"]},
            UpdateExpression="SET occurred_at = :then",
            ExpressionAttributeValues={":then": {"S": f"{yesterday:%Y-%m-%dT%H:%M:%S.%f}+0000"}},
        )


def test_events_of_a_broken_relay_are_published_once(stack, staff, visitor, tmp_path):
    wait_until(lambda: list_unmarked(stack) == [])
    tea = staff.create_product(available=9)
    buyer = visitor.register()
    wait_until(lambda: len(list_mails(stack, buyer.email)) == 1)  # the welcome
    wait_until(lambda: list_unmarked(stack) == [])
    with broken_relay(stack):
        waiting = buyer.place_order(tea).json()
        cancelled = buyer.place_order(tea).json()
        buyer.pay_order(cancelled["id"])
        buyer.wait_for_status(cancelled["id"], "paid")
        assert buyer.call_order_action(cancelled["id"], "cancel").status_code == 200
    after = buyer.place_order(tea).json()

    def subjects() -> list[str]:
        return [mail["subject"] for mail in list_mails(stack, buyer.email)]

    def refunds() -> list[str]:
        order = staff.get(f"/staff/orders/{cancelled['id']}").json()
        return [refund["status"] for refund in order["refunds"]]

    # The relay works again. It does not learn what it missed.
    wait_until(lambda: any("order at" in subject for subject in subjects()))
    lost = list_unmarked(stack)
    types = {row["type"]["S"] for row in lost}
    assert len(subjects()) == 2  # the welcome, and the order after the outage
    assert refunds() == ["requested"]
    assert {"order.placed", "order.paid"} <= types or "several" in types
    move_back_by_a_day(stack, lost)
    overdue = run_operation(stack, tmp_path, "verify")
    assert overdue.returncode == 1
    assert f"outbox: {len(lost)} rows were not relayed" in overdue.stdout
    since = (datetime.now(UTC) - timedelta(days=2)).isoformat()

    dry = run_operation(stack, tmp_path, "republish", "--since", since)
    assert dry.returncode == 0, dry.stderr
    assert f"of {len(lost)} rows would be published" in dry.stdout
    assert len(list_unmarked(stack)) == len(lost)
    applied = run_operation(stack, tmp_path, "republish", "--since", since, "--apply")
    assert applied.returncode == 0, applied.stderr
    assert f"of {len(lost)} rows were sent to the bus" in applied.stdout

    wait_until(lambda: refunds() == ["succeeded"])
    # Of the cancelled order, only its cancellation and its refund are still true.
    wait_until(lambda: len(subjects()) == 5)
    assert sum("cancelled" in subject for subject in subjects()) == 1
    assert sum("refund of" in subject for subject in subjects()) == 1
    wait_until(lambda: list_unmarked(stack) == [])
    healthy = run_operation(stack, tmp_path, "verify")
    assert healthy.returncode == 0, healthy.stdout

    # Everything again: consumers drop it.
    before = sorted(subjects())
    again = run_operation(stack, tmp_path, "republish", "--since", since, "--all", "--apply")
    assert again.returncode == 0, again.stderr
    wait_until(lambda: is_idle(stack))
    assert sorted(subjects()) == before
    assert refunds() == ["succeeded"]
    assert {buyer.get_order_status(order["id"]) for order in (waiting, after)} == {
        "pending_payment"
    }


def is_idle(stack: Stack) -> bool:
    """Whether the queues of mails and payments are empty."""
    counts = []
    for name in ("MailQueue", "PaymentQueue"):
        attributes = stack.client("sqs").get_queue_attributes(
            QueueUrl=stack.physical_ids[name], AttributeNames=["All"]
        )["Attributes"]
        counts += [
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        ]
    return counts == [0] * 4


def test_what_an_alias_fails_to_handle_is_kept_after_retries(stack):
    """The settings of asynchronous invocations belong to the alias, which everything invokes."""
    queue = stack.physical_ids["FileDeadLetters"]

    def count() -> int:
        attributes = stack.client("sqs").get_queue_attributes(
            QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    before = count()
    stack.client("lambda").invoke(
        FunctionName=stack.physical_ids["FileImportFunction"],
        Qualifier=ALIAS,
        InvocationType="Event",
        Payload=b'{"Records": [{}]}',
    )

    wait_until(lambda: count() == before + 1)
    stack.client("sqs").purge_queue(QueueUrl=queue)


def test_a_dead_letter_is_shown_and_redriven(stack, staff, visitor, tmp_path):
    buyer = visitor.register()
    order = buyer.place_order(staff.create_product(available=1)).json()
    wait_until(lambda: len(list_mails(stack, buyer.email)) == 2)
    (row,) = [
        row
        for row in list_stored(stack, "OutboxTableName")
        if row["type"]["S"] == "order.placed" and order["id"] in row["payload"]["S"]
    ]
    event = json.loads(row["payload"]["S"]) | {"id": f"{row['event_id']['S']}x"}
    body = {"source": "souk", "detail-type": event["type"], "detail": event}
    sent = stack.client("sqs").send_message(
        QueueUrl=stack.physical_ids["MailRuleDeadLetters"], MessageBody=json.dumps(body)
    )

    def run(*options: str) -> str:
        finished = run_operation(stack, tmp_path, "dead-letters", *options)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    listed = run()
    shown = run("--action", "show", "--queue", "MailRule")
    dry = run("--action", "redrive", "--queue", "MailRule", "--id", sent["MessageId"])
    assert any(line.split()[:2] == ["MailRuleDeadLetters", "1"] for line in listed.splitlines())
    assert f"{sent['MessageId']}  order.placed {event['id']} order_id={order['id']}" in shown
    assert "Nothing has changed yet" in dry
    redriven = run("--action", "redrive", "--queue", "MailRule", "--apply")

    assert "1 messages were sent to MailQueue" in redriven
    wait_until(lambda: len(list_mails(stack, buyer.email)) == 3)
    assert any(line.split()[:2] == ["MailRuleDeadLetters", "0"] for line in run().splitlines())
