"""A table's stream and the mapping that invokes a function with its records."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.histories.deployed import EventSource

RETENTION = timedelta(hours=24)  # of a record in a stream of DynamoDB
POLL = timedelta(seconds=1)
RETRY_PAUSE_MAX = timedelta(minutes=10)  # Lambda backs off while a function fails

Invoke = Callable[[dict[str, Any]], Any]


@dataclass
class StreamMapping:
    """One shard. As Lambda does, it retries a failed batch, halves it, and gives up by age."""

    source: EventSource
    invoke: Invoke
    give_up: Callable[[dict[str, Any]], None]  # takes the message for the dead letters
    is_enabled: bool = True
    is_doubled: bool = False  # a batch whose success Lambda forgot comes again
    next_run: datetime | None = None
    pause: timedelta = POLL
    lost: int = 0  # records that aged out of the stream, unread
    _records: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    _batch_size: int = 0

    def __post_init__(self) -> None:
        self._batch_size = self._largest_batch

    @property
    def _largest_batch(self) -> int:
        return int(self.source.properties["BatchSize"])

    @property
    def due(self) -> datetime | None:
        """When something happens next, if anything does."""
        if not self._records:
            return None
        ends = self._records[0][0] + RETENTION
        return min(self.next_run or ends, ends) if self.is_enabled else ends

    def add(self, record: dict[str, Any], now: datetime) -> None:
        if self.source.accepts(record):
            self._records.append((now, record))
            self.next_run = self.next_run or now

    def reorder(self) -> None:
        """Records of different items are in different shards, which keep no common order."""
        self._records.reverse()

    def run(self, now: datetime) -> None:
        while self._records and now - self._records[0][0] >= RETENTION:
            self._records.pop(0)
            self.lost += 1
        if self.is_enabled and self.next_run and self.next_run <= now:
            self._give_up_the_old(now)
            while self._records and self._run_batch():
                self.pause = POLL
            self.next_run = now + self.pause if self._records else None

    def _give_up_the_old(self, now: datetime) -> None:
        age_max = int(self.source.properties.get("MaximumRecordAgeInSeconds", -1))
        while (
            age_max != -1
            and self._records
            and now - self._records[0][0] > timedelta(seconds=age_max)
        ):
            _, record = self._records.pop(0)
            self._report(record)

    def _report(self, record: dict[str, Any]) -> None:
        change = record["dynamodb"]
        arrived = datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC)
        batch = {
            "shardId": "shardId-1",
            "startSequenceNumber": change["SequenceNumber"],
            "endSequenceNumber": change["SequenceNumber"],
            "approximateArrivalOfFirstRecord": f"{arrived:%Y-%m-%dT%H:%M:%SZ}",
            "approximateArrivalOfLastRecord": f"{arrived:%Y-%m-%dT%H:%M:%SZ}",
            "batchSize": 1,
            "streamArn": record["eventSourceARN"],
        }
        self.give_up({"version": "1.0", "DDBStreamBatchInfo": batch})

    def _run_batch(self) -> bool:
        """Whether the whole batch succeeded."""
        batch = [record for _, record in self._records[: self._batch_size]]
        done = self._invoke_batch(batch)
        del self._records[:done]
        if done == len(batch):
            self._batch_size = self._largest_batch
            return True
        if self.source.properties.get("BisectBatchOnFunctionError"):
            self._batch_size = max(1, len(batch) // 2)
        self.pause = min(self.pause * 2, RETRY_PAUSE_MAX)
        return False

    def _invoke_batch(self, batch: list[dict[str, Any]]) -> int:
        """How many records from the first on succeeded."""
        try:
            if self.is_doubled:
                self.invoke({"Records": batch})
            answer = self.invoke({"Records": batch}) or {}
        except Exception:  # noqa: BLE001 (Lambda retries whatever was raised)
            return 0
        if "ReportBatchItemFailures" not in self.source.properties.get("FunctionResponseTypes", []):
            return len(batch)
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        return next((n for n, number in enumerate(numbers) if number in failed), len(batch))
