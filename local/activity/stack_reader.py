"""Reads what a local stack holds: tables, queues, events, logs, orders. It changes nothing.

Every method blocks. MiniStack shows the messages of queues without receiving them, so consumers
and receive counts see nothing of this.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import httpx
from boto3.dynamodb.types import TypeDeserializer

from local.activity.records import (
    BusEvent,
    LogLine,
    QueuedMessage,
    events_of_row,
    line_from_log,
    message_from_peek,
)
from local.dead_letter_queues import list_queues
from local.emulator import ACCOUNT
from local.targets import Target

SECONDS_MAX = 20
MAIL_RULE = "MailRule"
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True)
class Layout:
    """Where the parts of a stack are. All keys are logical ids."""

    tables: Mapping[str, str]  # names
    queues: Mapping[str, str]  # URLs
    log_groups: Mapping[str, str]  # of functions
    redrives: Mapping[str, str]  # dead-letter queues: where their messages go back to
    mailed_types: frozenset[str]  # of events that the mail worker gets
    pictures: str  # the name of the bucket


@dataclass(frozen=True)
class PictureFile:
    """A size of a picture, with the headers that S3 answers with."""

    content: bytes
    content_type: str
    cache_control: str


def find_layout(resources: Mapping[str, Any], physical: Mapping[str, str]) -> Layout:
    """`resources` are those of the processed template."""

    def of_type(kind: str) -> Iterator[str]:
        return (
            name
            for name in sorted(resources)
            if resources[name]["Type"] == kind and name in physical
        )

    functions = {
        name: resources[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
        for name in of_type("AWS::Lambda::Function")
    }
    pattern = resources[MAIL_RULE]["Properties"]["EventPattern"]
    return Layout(
        tables={name: physical[name] for name in of_type("AWS::DynamoDB::Table")},
        queues={name: physical[name] for name in of_type("AWS::SQS::Queue")},
        log_groups={name: physical[group] for name, group in functions.items()},
        redrives={queue.name: queue.target for queue in list_queues(resources)},
        mailed_types=frozenset(pattern["detail-type"]),
        pictures=physical.get("PicturesBucket", ""),
    )


class StackReader:
    def __init__(self, target: Target) -> None:
        self.target = target
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()  # boto3 makes clients for one thread at a time

    @cached_property
    def layout(self) -> Layout:
        cloudformation = self._client("cloudformation")
        described = cloudformation.describe_stack_resources(StackName=self.target.stack_name)
        physical = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in described["StackResources"]
        }
        return find_layout(self.target.resources(), physical)

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.target.client(service)
            return self._clients[service]

    def count_items(self) -> dict[str, int]:
        """By table. MiniStack counts at once, where AWS counts every six hours."""
        return {
            name: self._client("dynamodb").describe_table(TableName=table)["Table"]["ItemCount"]
            for name, table in self.layout.tables.items()
        }

    def find_picture(self, key: str) -> PictureFile | None:
        s3 = self._client("s3")
        try:
            answer = s3.get_object(Bucket=self.layout.pictures, Key=key)
        except s3.exceptions.NoSuchKey:
            return None
        return PictureFile(
            answer["Body"].read(), answer["ContentType"], answer.get("CacheControl", "no-store")
        )

    def list_messages(self) -> list[QueuedMessage]:
        """Those of all queues, oldest first."""
        url = f"{self.target.endpoint_url}/_ministack/sqs/messages"
        with httpx.Client(trust_env=False, timeout=SECONDS_MAX) as client:
            answer = client.get(url, params={"account": ACCOUNT}).raise_for_status().json()
        names = {url.rpartition("/")[2]: name for name, url in self.layout.queues.items()}
        messages = [
            message_from_peek(names[address.rpartition("/")[2]], peeked)
            for region in answer["messages"].get(ACCOUNT, {}).values()
            for address, queue in region.items()
            if address.rpartition("/")[2] in names
            for peeked in queue
        ]
        return sorted(messages, key=lambda message: message.sent_at)

    def list_events(self, text: str = "") -> list[BusEvent]:
        """The events of the outbox that contain this text, newest first.

        The outbox forgets an event a week after the bus has accepted it.
        """
        query: dict[str, Any] = {"TableName": self.layout.tables["OutboxTable"]}
        if text:
            query["FilterExpression"] = "contains(payload, :text)"
            query["ExpressionAttributeValues"] = {":text": {"S": text}}
        scan = self._client("dynamodb").get_paginator("scan")
        pages = scan.paginate(ConsistentRead=True, **query)
        events = [
            event for page in pages for row in page["Items"] for event in events_of_row(_plain(row))
        ]
        return sorted(events, key=lambda event: (event.occurred_at, event.id), reverse=True)

    def list_lines(
        self, text: str = "", *, functions: Collection[str] = (), since: datetime | None = None
    ) -> list[LogLine]:
        """The log lines with this text, oldest first; of all functions unless some are named."""
        lines = [
            line
            for name, group in self.layout.log_groups.items()
            if not functions or name in functions
            for line in self._list_lines_of(name, group, text, since)
        ]
        return sorted(lines, key=lambda line: line.at)

    def _list_lines_of(
        self, name: str, group: str, text: str, since: datetime | None
    ) -> Iterator[LogLine]:
        query: dict[str, Any] = {"logGroupName": group}
        if text:
            query["filterPattern"] = f'"{text}"'
        if since:
            query["startTime"] = int(since.timestamp() * 1000)
        pages = self._client("logs").get_paginator("filter_log_events").paginate(**query)
        for page in pages:
            for logged in page["events"]:
                if line := line_from_log(name, logged):
                    yield line

    def find_orders(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """By id; without those that do not exist."""
        return self._find("OrdersTable", "order_id", ids)

    def find_buyers(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Users by id; without guests."""
        return self._find("UsersTable", "user_id", ids)

    def _find(self, table: str, key: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        name, found = self.layout.tables[table], dict[str, dict[str, Any]]()
        unique = sorted(set(ids))
        for start in range(0, len(unique), 100):  # DynamoDB's limit
            keys = [{key: {"S": each}} for each in unique[start : start + 100]]
            answer = self._client("dynamodb").batch_get_item(RequestItems={name: {"Keys": keys}})
            found |= {item[key]["S"]: _plain(item) for item in answer["Responses"].get(name, [])}
        return found


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in item.items()}
