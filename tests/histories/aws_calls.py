"""Each request that the SDK sends to AWS, in the moment before moto answers it.

Here a history switches to another thread, injects a fault, or records what changed. The code under
test sees a fault as AWS's reply, so the SDK's own retries run as in production. moto ignores
ClientRequestToken; this module remembers each token, so that a repeated transaction is applied
once, as DynamoDB promises.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber

Reply = tuple[int, dict[str, str], str | bytes]
WRITES = frozenset({"TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"})


@dataclass(frozen=True)
class Call:
    """One attempt of the SDK at one call."""

    service: str
    operation: str
    body: dict[str, Any]

    @property
    def is_write(self) -> bool:
        return self.operation in WRITES

    @property
    def identity(self) -> str:
        """Equal for the SDK's attempts at one call."""
        token = self.body.get("ClientRequestToken")
        return str(token) if token else json.dumps([self.operation, self.body], sort_keys=True)

    def __str__(self) -> str:
        tables = sorted({table for table, _ in written_items(self)} or _tables_read(self))
        return f"{self.operation} {' '.join(table.removeprefix('souk-') for table in tables)}"


@dataclass
class AwsCalls:
    """What happens around each call. A reply from `answer` replaces moto's.

    `after` gets the status of the reply.
    """

    before: list[Callable[[Call], None]] = field(default_factory=list)
    answer: list[Callable[[Call], Reply | None]] = field(default_factory=list)
    around_write: list[Callable[[Call], Callable[[], None]]] = field(default_factory=list)
    after: list[Callable[[Call, int], None]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _applied: dict[str, Reply] = field(default_factory=dict)  # by token

    def send(self, call: Call, apply: Callable[[], Any]) -> Any:
        for hook in self.before:
            hook(call)
        self.counts["calls"] += 1
        reply = self._reply(call, apply)
        for finish in self.after:
            finish(call, reply[0] if reply else 0)
        return reply

    def _reply(self, call: Call, apply: Callable[[], Any]) -> Any:
        for answer in self.answer:
            reply = answer(call)
            if reply is not None:
                return reply
        token = call.body.get("ClientRequestToken")
        if token in self._applied:
            return self._applied[token]
        finish = [hook(call) for hook in self.around_write] if call.is_write else []
        reply = apply()
        for done in finish:
            done()
        if token and reply[0] == 200:
            self._applied[token] = reply
        return reply


@contextmanager
def intercepted(calls: AwsCalls) -> Iterator[AwsCalls]:
    """Inside the block, `calls` sees each attempt of each call."""
    answer = BotocoreStubber.process_request

    def process(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
        return calls.send(_parse(request), lambda: answer(stubber, request))

    with mock.patch.object(BotocoreStubber, "process_request", process):
        yield calls


def lost_reply() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="https://aws.example")


def error_reply(code: str, *, status: int = 400, **more: Any) -> Reply:
    body = {"__type": f"com.amazonaws#{code}", "message": "injected", "Message": "injected"}
    return status, {}, json.dumps(body | more)


def cancelled(call: Call, code: str) -> Reply:
    """DynamoDB cancels the transaction because of its first write."""
    reasons = [{"Code": "None"} for _ in call.body["TransactItems"]]
    reasons[0] = {"Code": code, "Message": "injected"}
    return error_reply("TransactionCanceledException", CancellationReasons=reasons)


def written_items(call: Call) -> Iterator[tuple[str, dict[str, Any]]]:
    """The table, and the key or the item, of each write."""
    if call.operation == "BatchWriteItem":
        for table, requests in call.body["RequestItems"].items():
            for request in requests:
                ((_, write),) = request.items()
                yield table, write.get("Item") or write["Key"]
        return
    if call.operation == "TransactWriteItems":
        writes = [write for item in call.body["TransactItems"] for write in item.values()]
    else:
        writes = [call.body] if call.is_write else []
    for write in writes:
        yield write["TableName"], write.get("Item") or write["Key"]


def _tables_read(call: Call) -> set[str]:
    if call.operation == "BatchGetItem":
        return set(call.body["RequestItems"])
    return {call.body["TableName"]} if "TableName" in call.body else set()


def _parse(request: AWSPreparedRequest) -> Call:
    target = request.headers.get("X-Amz-Target", b"")
    name = target.decode() if isinstance(target, bytes) else target
    if name:
        service, _, operation = name.partition(".")
        return Call(service.partition("_")[0].lower(), operation, json.loads(request.body or "{}"))
    if "/v2/email/outbound-emails" in str(request.url):
        return Call("ses", "SendEmail", json.loads(request.body))
    return Call(str(request.url).split("/")[2].split(".")[0], str(request.method), {})
