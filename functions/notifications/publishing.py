"""Publishes rows of the outbox on the event bus, and marks those whose every event went out.

The relay and the operator's `make republish` call it. It needs EVENT_BUS_NAME and OUTBOX_TABLE.

The bus refuses an entry in one of two ways. What may succeed later is refused: the caller tries
again. What can never succeed is set aside: an error line names the row, an alarm counts these
lines, and the row stays in the outbox without a mark. So it stops no other row, and is not lost.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared import aws, observability
from shared.config import RelaySettings, settings
from shared.errors.base import Unavailable
from shared.records import Record
from shared.retries import retry
from shared.storage import outbox
from shared.storage.outbox import RawRow

SOURCE = "souk"
ENTRIES_MAX = 10  # EventBridge's limits on one PutEvents: its entries, and their bytes together
CALL_BYTES_MAX = 256 * 1024 - 1  # "The total entry size must be less than 256KB"
PUT_ATTEMPTS = 3
BACKOFF_OFFSET = 2  # pauses of up to 0.2 s and 0.4 s

# Codes that blame the entry, so a repetition cannot mend it. AWS also calls AccessDeniedException
# and NotAuthorizedForSourceException not retryable. They blame our permissions, which concern all
# events and which an operator mends, so events wait for that. Codes that nobody knows yet wait too:
# to try again costs less than to need an operator for each event of an outage.
ENTRY_FAULTS = frozenset(
    {
        "InvalidArgument",
        "MalformedDetail",
        "NotAuthorizedForDetailTypeException",
        "RedactionFailure",
        "ValidationException",  # of a whole call, which one bad entry is enough for
    }
)

_bus_name = settings(RelaySettings).event_bus_name


class MalformedRow(Exception):
    """The row's payload is no event and no list of events. The message says what is wrong."""


class _EntriesRefused(Exception):
    """The bus refused some entries for now."""


class Entry(Record):
    """One event of a row."""

    row_id: str
    event_id: str  # another than the row's if the row has several events
    correlation_id: str
    detail_type: str
    detail: str

    @property
    def size(self) -> int:
        """In bytes, as PutEvents counts an entry without time and resources."""
        texts = (SOURCE, self.detail_type, self.detail)
        return sum(len(text.encode(errors="surrogatepass")) for text in texts)

    def log_fields(self) -> dict[str, str]:
        """With the id of the request that caused the event, instead of the relay's."""
        return {
            "event_id": self.event_id,
            "event_type": self.detail_type,
            "correlation_id": self.correlation_id,
        }


class Outcome(Record, frozen=False):
    """What went out, and how many were refused for now or set aside; a bad row counts once."""

    entries: list[Entry] = field(default_factory=list)  # that the bus accepted
    refused: int = 0
    set_aside: int = 0
    _unpublished: set[str] = field(default_factory=set)  # ids of rows with an event that stayed

    def set_row_aside(self, row: RawRow, reason: str) -> None:
        self._set_aside(
            _text(row, "event_id"), _text(row, "type"), _text(row, "correlation_id"), reason
        )

    def add_refusal(self, entry: "Entry", code: str) -> None:
        if code in ENTRY_FAULTS:
            self._set_aside(entry.row_id, entry.detail_type, entry.correlation_id, code)
        else:
            self.refused += 1
            self._unpublished.add(entry.row_id)

    def _set_aside(self, row_id: str, event_type: str, correlation_id: str, reason: str) -> None:
        self.set_aside += 1
        self._unpublished.add(row_id)
        extra = {"event_id": row_id, "event_type": event_type, "correlation_id": correlation_id}
        observability.logger.error("event set aside", extra=extra | {"reason": reason})

    def is_published(self, row: RawRow) -> bool:
        return _text(row, "event_id") not in self._unpublished


def publish_rows(rows: Sequence[RawRow]) -> Outcome:
    """Publish the events of these rows, and mark the rows of which the bus accepted every event.

    Raises what botocore raises when the bus does not answer: rows may be published without a mark.
    """
    outcome, entries = Outcome(), list[Entry]()
    for row in rows:
        fitting, faults = read_row(row)
        entries += fitting
        for fault in faults:
            outcome.set_row_aside(row, fault)
    refusals = _put_entries(entries)
    for entry, code in refusals:
        outcome.add_refusal(entry, code)
    refused = [entry for entry, _ in refusals]
    outcome.entries = [entry for entry in entries if entry not in refused]
    _mark([row for row in rows if outcome.is_published(row)])
    return outcome


def read_row(row: RawRow) -> tuple[list[Entry], list[str]]:
    """The events of a row that the bus can take, and why it can never take the others."""
    try:
        entries = _parse(row)
    except MalformedRow as error:
        return [], [str(error)]
    fitting = [entry for entry in entries if entry.size <= CALL_BYTES_MAX]
    return fitting, [f"{entry.size} bytes" for entry in entries if entry.size > CALL_BYTES_MAX]


def _parse(row: RawRow) -> list[Entry]:
    """Raises MalformedRow."""
    payload = _text(row, "payload")
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MalformedRow("the payload is no JSON") from error
    if not isinstance(document, list):  # `outbox.stage_events` writes a list
        return [_to_entry(row, _text(row, "type"), document, payload)]
    return [_to_entry(row, _text_in(event, "type"), event, json.dumps(event)) for event in document]


def _to_entry(row: RawRow, detail_type: str, event: Any, detail: str) -> Entry:
    """Raises MalformedRow."""
    if not isinstance(event, dict) or not detail_type:
        raise MalformedRow("the payload is no event with a type")
    return Entry(
        row_id=_text(row, "event_id"),
        event_id=_text_in(event, "id"),
        correlation_id=_text_in(event, "correlation_id"),
        detail_type=detail_type,
        detail=detail,
    )


def _text_in(event: Any, name: str) -> str:
    value = event.get(name) if isinstance(event, dict) else None
    return value if isinstance(value, str) else ""


def _text(row: RawRow, name: str) -> str:
    return str(row.get(name, {}).get("S", ""))


def _put_entries(entries: list[Entry]) -> list[tuple[Entry, str]]:
    """The entries that the bus refused in every attempt or for good, each with the code."""
    waiting = entries
    final: list[tuple[Entry, str]] = []
    refused: list[tuple[Entry, str]] = []

    def put_waiting() -> None:
        nonlocal waiting, refused
        answers = [refusal for batch in _batches(waiting) for refusal in _put(batch)]
        final.extend(refusal for refusal in answers if refusal[1] in ENTRY_FAULTS)
        refused = [refusal for refusal in answers if refusal[1] not in ENTRY_FAULTS]
        waiting = [entry for entry, _ in refused]
        if waiting:
            raise _EntriesRefused

    with suppress(_EntriesRefused):
        retry(
            put_waiting,
            on=(_EntriesRefused,),
            attempts=PUT_ATTEMPTS,
            backoff_offset=BACKOFF_OFFSET,
        )
    return final + refused


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """As many entries together as one PutEvents takes."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if len(batch) == ENTRIES_MAX or (batch and size + entry.size > CALL_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch


def _put(batch: list[Entry]) -> list[tuple[Entry, str]]:
    """Put the entries on the bus. Return those that it refused: PutEvents itself succeeds."""
    request = [
        {
            "EventBusName": _bus_name,
            "Source": SOURCE,
            "DetailType": entry.detail_type,
            "Detail": entry.detail,
        }
        for entry in batch
    ]
    try:
        answer = aws.client("events").put_events(Entries=request)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if code not in ENTRY_FAULTS:
            raise
        if len(batch) == 1:
            return [(batch[0], code)]
        return [refusal for entry in batch for refusal in _put([entry])]  # finds the one at fault
    results = zip(batch, answer["Entries"], strict=True)
    return [(entry, result["ErrorCode"]) for entry, result in results if "ErrorCode" in result]


def _mark(rows: list[RawRow]) -> None:
    """The bus has the events. To fail here would send them all again, so this never fails.

    A row without a mark shows up in `make verify`. Consumers drop the repeat of `make republish`.
    """
    try:
        outbox.mark_relayed(rows)
    except (Unavailable, BotoCoreError, ClientError) as error:
        observability.logger.error(
            "relayed rows not marked", rows=len(rows), reason=type(error).__name__
        )
