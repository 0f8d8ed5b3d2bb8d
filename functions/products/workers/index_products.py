"""Index queue -> Listings and Search, as the products, groups and stock are now.

An event only says what to look at: a unit is made anew from what is true, so that repeats and
disorder do no harm, and an event that was missed is made up for by the next.
"""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from products.index import repository
from products.index.catalog_entries import CatalogEntry, listings_of, postings_for, touched_by
from products.index.repository import Stored
from products.search.repository import learn
from shared import freeze_gc, observability
from shared.errors.base import Unavailable
from shared.errors.requests import ConcurrentModification
from shared.events.all_events import CatalogEvent, parse_event
from shared.retries import pause
from shared.storage.transactions import Contended

TRIES = 5  # at a unit that other instances index at the same time

freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the messages that failed; the others are done."""
    observability.set_log_context(context.aws_request_id)
    units_of_message: dict[str, set[str]] = {}
    failed: set[str] = set()
    for record in event["Records"]:
        try:
            units_of_message[record["messageId"]] = touched_by(_happened_in(record))
        except (ValueError, KeyError, TypeError) as error:
            _report(record["messageId"], error)
            failed.add(record["messageId"])
    broken = _index(sorted(set().union(*units_of_message.values())))
    failed |= {message for message, units in units_of_message.items() if units & broken}
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}


def _happened_in(record: dict[str, Any]) -> CatalogEvent:
    happened = parse_event(json.loads(record["body"])["detail"])
    if not isinstance(happened, CatalogEvent):
        raise TypeError(f"{happened.type} is for another queue")
    return happened


def _index(names: list[str]) -> set[str]:
    """Those that could not be indexed."""
    # First what is stored, then what is true: whoever has read the truth before another has stored
    # a later one then fails at its version.
    stored = repository.stored_of(names)
    broken: set[str] = set()
    changed = 0
    for unit in repository.units_named(names):
        try:
            changed += _index_one(stored[unit.name], unit)
        except Exception as error:  # noqa: BLE001 (one unit must not fail the others)
            _report(unit.name, error)
            broken.add(unit.name)
    observability.logger.info("indexed", units=len(names), changed=changed, broken=len(broken))
    return broken


def _index_one(stored: Stored, unit: CatalogEntry) -> bool:
    """Looks again where another instance was faster: the queue would wait for minutes."""
    for retry in range(1, TRIES):
        try:
            return _store(stored, unit)
        except (ConcurrentModification, Contended):
            pause(retry)
        stored = repository.stored_of([unit.name])[unit.name]
        (unit,) = repository.units_named([unit.name])
    return _store(stored, unit)


def _store(stored: Stored, unit: CatalogEntry) -> bool:
    postings = postings_for(unit)
    is_changed = repository.store(stored, listings_of(unit), postings)
    try:
        learn({posting.word for posting in postings})  # again, too: the first time may have failed
    except (
        Unavailable
    ) as busy:  # a word that cannot be misspelt yet is no reason to do it all again
        _report(f"the words of {unit.name}", busy)
    return is_changed


def _report(what: str, error: Exception) -> None:
    observability.logger.error("not indexed", what=what, exc_info=error)
