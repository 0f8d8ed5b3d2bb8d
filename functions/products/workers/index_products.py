"""Index queue -> Listings and Search.

An event only says which entries to look at. The worker derives each entry again from the current
products, groups and stock. So repeated and reordered events do no harm, and the next event makes up
for a lost one.

The entries of a batch are read together and written together, several in one transaction. Where
DynamoDB refuses a transaction, each of its entries is indexed again alone. So an entry that others
index at the same time, or that cannot be read or stored, does not fail its neighbours.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from products.categories import repository as categories
from products.categories.tree import NO_CATEGORIES, CategoryTree
from products.index import repository
from products.index.catalog_entries import (
    CatalogEntry,
    build_entry_postings,
    build_listings,
    entries_affected_by,
)
from products.index.entry_messages import ENTRIES_PER_CALL, entries_in, send_entries
from products.index.updates import EntryUpdate, StoredEntry, pack_updates, plan_updates
from products.search.repository import store_words
from shared import clock, freeze_gc, observability
from shared.errors.base import Unavailable
from shared.errors.requests import ConcurrentModification
from shared.events.all_events import parse_event
from shared.events.catalog import CatalogEvent, CategoryEvent
from shared.records import Record
from shared.retries import retry
from shared.sqs_consumer import OutOfTime
from shared.storage.transactions import Contended

ENTRIES_TOGETHER = 25  # bounds the memory: a group has up to 100 variants
ATTEMPTS_AT_TREE = 10  # to add categories: an import may bring many, to many instances
ATTEMPTS_ALONE = 4  # at an entry that other instances index too; the queue would wait for minutes
MILLISECONDS_PER_WRITE = 8_000  # the longest call (shared.aws); what is left goes to the queue

freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Returns the messages that failed, so that SQS brings only those again."""
    observability.set_log_context(context.aws_request_id)
    entries_by_message: dict[str, set[str]] = {}
    failed: set[str] = set()
    for record in event["Records"]:
        try:
            entries_by_message[record["messageId"]] = _list_entries(record)
        except Exception as error:  # noqa: BLE001 (one message must not fail the others)
            _log_failure(record["messageId"], error)
            failed.add(record["messageId"])
    indexing = _Indexing(context)
    entry_ids = sorted(set().union(*entries_by_message.values()))
    for start in range(0, len(entry_ids), ENTRIES_TOGETHER):
        indexing.index(entry_ids[start : start + ENTRIES_TOGETHER])
    observability.logger.info(
        "indexed",
        entries=len(entry_ids),
        changed=len(indexing.changed),
        failed=len(indexing.failed),
    )
    failed |= {message for message, ids in entries_by_message.items() if ids & indexing.failed}
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}


def _list_entries(record: dict[str, Any]) -> set[str]:
    """What the message asks to index. Those of a category come in messages of their own."""
    body = json.loads(record["body"])
    if (entry_ids := entries_in(body)) is not None:
        return entry_ids
    event = parse_event(body["detail"])
    if isinstance(event, CategoryEvent):
        _divide_category(event.data.path, record["eventSourceARN"])
        entry_ids = set()
    elif isinstance(event, CatalogEvent):
        entry_ids = entries_affected_by(event)
    else:
        raise TypeError(f"{event.type} belongs to another queue")
    _log_event(event)
    return entry_ids


def _divide_category(path: str, queue_arn: str) -> None:
    """Send what is listed in the category to be indexed again. A repeat changes nothing."""
    after: str | None = None
    while True:
        page = categories.list_entry_ids(path, after, limit=ENTRIES_PER_CALL)
        send_entries(page.entry_ids, queue_arn)
        if page.after is None:
            return
        after = page.after


def _log_event(event: CatalogEvent | CategoryEvent) -> None:
    """With the id of the event's request, which the other lines of a batch cannot have."""
    extra = {"event_id": event.id, "event_type": event.type}
    observability.logger.info("indexing", extra=extra | {"correlation_id": event.correlation_id})


class _Indexing(Record, frozen=False):
    """One invocation: the ids of the entries that it has changed, and of those that failed."""

    context: LambdaContext
    changed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    _words: dict[str, set[str]] = field(default_factory=dict)  # by entry
    _trees: list[CategoryTree] = field(default_factory=list)  # that these entries were put in

    def index(self, entry_ids: Sequence[str]) -> None:
        self._trees.clear()
        for entry_id in self._index_together(entry_ids):
            try:
                self._index_alone(entry_id)
            except Exception as error:  # noqa: BLE001 (one entry must not fail the others)
                self._fail([entry_id], error)
        self._store_words()
        # If a category was moved since then, its event can have come before these listings were
        # stored, and so it has missed them.
        if self._trees and categories.count_moves() != self._trees[0].moves:
            self.index(sorted(set(entry_ids) - self.failed))

    def _index_together(self, entry_ids: Sequence[str]) -> set[str]:
        """Returns the ids of the entries to index again alone."""
        try:
            self._require_time()  # before hundreds of reads, if the groups are large
            updates = self._plan(entry_ids)
        except OutOfTime as error:
            self._fail(entry_ids, error)
            return set()
        except (ValueError, KeyError, TypeError):  # the attempt alone shows which is unreadable
            return set(entry_ids)
        return self._store_together(updates)

    def _plan(self, entry_ids: Sequence[str]) -> list[EntryUpdate]:
        updates: list[EntryUpdate] = []
        for stored, entry in self._read(entry_ids):
            try:
                updates += self._plan_entry(stored, entry)
            except Exception as error:  # noqa: BLE001
                self._fail([entry.entry_id], error)
        return updates

    def _plan_entry(self, stored: StoredEntry, entry: CatalogEntry) -> list[EntryUpdate]:
        postings = build_entry_postings(entry)
        # Even if nothing changed: the first time may have failed to store them.
        self._words[entry.entry_id] = {posting.token for posting in postings}
        return plan_updates(stored, build_listings(entry), postings)

    def _store_together(self, updates: Iterable[EntryUpdate]) -> set[str]:
        """Returns the ids of the entries to index again alone."""
        refused: set[str] = set()
        for batch in pack_updates(updates):
            # A part of an entry cannot be stored without the parts before it.
            unstored = refused | self.failed
            possible = [update for update in batch if update.entry_id not in unstored]
            entry_ids = {update.entry_id for update in possible}
            try:
                self._store(possible)
            except Exception as error:  # noqa: BLE001 (the attempt alone shows which is at fault)
                if isinstance(error, Unavailable) and not isinstance(error, Contended):
                    self._fail(entry_ids, error)  # no answer: more calls would not help
                else:
                    refused |= entry_ids
        return refused

    def _index_alone(self, entry_id: str) -> None:
        """Each attempt reads the entry again."""

        def index_once() -> None:
            self._require_time()
            ((stored, entry),) = self._read([entry_id])
            for updates in pack_updates(self._plan_entry(stored, entry)):
                self._store(updates)

        retry(index_once, on=(ConcurrentModification, Contended), attempts=ATTEMPTS_ALONE)

    def _read(self, entry_ids: Sequence[str]) -> Iterator[tuple[StoredEntry, CatalogEntry]]:
        # The stored state is read first: if another instance stores a later entry after that, this
        # one's older entry fails at the stored version.
        stored = repository.get_stored_entries(entry_ids)
        entries = repository.get_catalog_entries(entry_ids)
        tree = self._get_tree(set().union(*(entry.categories for entry in entries)))
        for entry in entries:
            yield stored[entry.entry_id], entry.replace(tree=tree)

    def _get_tree(self, paths: set[str]) -> CategoryTree:
        """The current tree, with a category for each of these paths. Without paths, no tree."""
        if not paths:
            return NO_CATEGORIES

        def read_and_add() -> CategoryTree:
            tree = categories.get_tree(*self._trees[-1:])
            return categories.add_missing(tree, paths, clock.utc_now())

        losses = (categories.TreeChanged, Contended)
        self._trees.append(retry(read_and_add, on=losses, attempts=ATTEMPTS_AT_TREE))
        return self._trees[-1]

    def _store(self, updates: Sequence[EntryUpdate]) -> None:
        """Raises OutOfTime, and what the commit raises."""
        if not updates:
            return
        self._require_time()
        repository.store_updates(updates)
        self.changed.update(update.entry_id for update in updates)

    def _require_time(self) -> None:
        if self.context.get_remaining_time_in_millis() < MILLISECONDS_PER_WRITE:
            raise OutOfTime(f"{len(self.changed)} entries are indexed")

    def _store_words(self) -> None:
        try:
            store_words(set().union(*self._words.values()))
        except Unavailable as error:  # a word without corrections is no reason to index again
            _log_failure(f"words of {len(self._words)} entries", error)
        self._words.clear()

    def _fail(self, entry_ids: Iterable[str], error: Exception) -> None:
        for entry_id in entry_ids:
            _log_failure(entry_id, error)
            self.failed.add(entry_id)
            self._words.pop(entry_id, None)


def _log_failure(subject: str, error: Exception) -> None:
    observability.logger.error("not indexed", subject=subject, exc_info=error)
