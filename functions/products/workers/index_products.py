"""Index queue -> Listings and Search.

An event only says which entries to look at. The worker derives each entry again from the current
products, groups and stock. So repeated and reordered events do no harm, and the next event makes up
for a lost one.
"""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from products.index import repository
from products.index.catalog_entries import (
    CatalogEntry,
    build_entry_postings,
    build_listings,
    entries_affected_by,
)
from products.index.repository import StoredEntry
from products.search.repository import store_words
from shared import freeze_gc, observability
from shared.errors.base import Unavailable
from shared.errors.requests import ConcurrentModification
from shared.events.all_events import parse_event
from shared.events.catalog import CatalogEvent
from shared.retries import retry
from shared.storage.transactions import Contended

INDEX_ATTEMPTS = 5  # at an entry that other instances index too; the queue would wait for minutes

freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Returns the messages that failed, so that SQS brings only those again."""
    observability.set_log_context(context.aws_request_id)
    entries_by_message: dict[str, set[str]] = {}
    failed: set[str] = set()
    for record in event["Records"]:
        try:
            entries_by_message[record["messageId"]] = entries_affected_by(_parse(record))
        except (ValueError, KeyError, TypeError) as error:
            _log_failure(record["messageId"], error)
            failed.add(record["messageId"])
    failed_entries = _index(sorted(set().union(*entries_by_message.values())))
    failed |= {message for message, ids in entries_by_message.items() if ids & failed_entries}
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}


def _parse(record: dict[str, Any]) -> CatalogEvent:
    event = parse_event(json.loads(record["body"])["detail"])
    if not isinstance(event, CatalogEvent):
        raise TypeError(f"{event.type} belongs to another queue")
    return event


def _index(entry_ids: list[str]) -> set[str]:
    """Returns the ids of the entries that failed."""
    # The stored state is read first: if another instance stores a later entry after that, this
    # one's older entry fails at the stored version.
    stored = repository.get_stored_entries(entry_ids)
    failed: set[str] = set()
    changed = 0
    for entry in repository.get_catalog_entries(entry_ids):
        try:
            changed += _index_entry(stored[entry.entry_id], entry)
        except Exception as error:  # noqa: BLE001 (one entry must not fail the others)
            _log_failure(entry.entry_id, error)
            failed.add(entry.entry_id)
    observability.logger.info(
        "indexed", entries=len(entry_ids), changed=changed, failed=len(failed)
    )
    return failed


def _index_entry(stored: StoredEntry, entry: CatalogEntry) -> bool:
    """Whether anything changed. Each attempt after the first reads the entry again."""
    reads = chain([(stored, entry)], _read_again(entry.entry_id))
    return retry(
        lambda: _store(*next(reads)),
        on=(ConcurrentModification, Contended),
        attempts=INDEX_ATTEMPTS,
    )


def _read_again(entry_id: str) -> Iterator[tuple[StoredEntry, CatalogEntry]]:
    while True:
        stored = repository.get_stored_entries([entry_id])[entry_id]
        (entry,) = repository.get_catalog_entries([entry_id])
        yield stored, entry


def _store(stored: StoredEntry, entry: CatalogEntry) -> bool:
    postings = build_entry_postings(entry)
    is_changed = repository.update_entry(stored, build_listings(entry), postings)
    try:
        # Even if nothing changed: the first time may have failed.
        store_words({posting.token for posting in postings})
    except Unavailable as error:  # a word without corrections is no reason to index again
        _log_failure(f"words of {entry.entry_id}", error)
    return is_changed


def _log_failure(subject: str, error: Exception) -> None:
    observability.logger.error("not indexed", subject=subject, exc_info=error)
