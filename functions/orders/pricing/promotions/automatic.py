"""The automatic promotions that are active, as one document that every order reads. Pure.

It holds them as they are stored themselves, in the order of their creation. Staff write it in the
transaction that writes the promotion, so the two never differ.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from shared.errors.promotions import AutomaticPromotionLimit
from shared.storage.models.pricing import Promotion

PROMOTIONS_MAX = 20
DOCUMENT_BYTES_MAX = 300_000  # of DynamoDB's 400 KB an item
EMPTY = "[]"


def from_document(document: str) -> tuple[Promotion, ...]:
    return tuple(Promotion.from_raw_data(stored) for stored in json.loads(document))


def replace_in_document(document: str, changed: Promotion, now: datetime) -> str:
    """The document with this promotion as it is now, and without those that have ended.

    Raises AutomaticPromotionLimit.
    """
    others = [each for each in from_document(document) if each.code != changed.code]
    listed = [
        each for each in (*others, changed) if each.is_active and not _has_ended(each.ends_at, now)
    ]
    replaced = _to_document(sorted(listed, key=lambda each: str(each.listed_at)))
    if len(listed) > PROMOTIONS_MAX or len(replaced.encode()) > DOCUMENT_BYTES_MAX:
        raise AutomaticPromotionLimit(promotions_max=PROMOTIONS_MAX)
    return replaced


def _to_document(promotions: Iterable[Promotion]) -> str:
    stored = [promotion.serialize() for promotion in promotions]
    # Only newer code may store bytes in a promotion. JSON has none, so they are left out.
    return json.dumps(stored, ensure_ascii=False, separators=(",", ":"), default=lambda _: None)


def _has_ended(ends_at: datetime | None, now: datetime) -> bool:
    return ends_at is not None and ends_at <= now
