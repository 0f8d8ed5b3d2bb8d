"""Tax rates and shipping rates: two tables, each read and replaced as a whole."""

import json

from orders.pricing.rates import repository
from orders.pricing.rates.documents import to_document
from orders.pricing.rates.regions import require_known_regions
from orders.pricing.rates.schemas import ShippingRatesRequest, TaxRatesRequest
from shared import clock, observability
from shared.errors.requests import InvalidFields
from shared.http.etags import ExpectedVersion
from shared.http.schemas import invalid_fields_error
from shared.retries import retry_on_stale_version
from shared.storage.models.pricing import RateTable

DOCUMENT_BYTES_MAX = 300_000  # of DynamoDB's 400 KB an item

Rates = TaxRatesRequest | ShippingRatesRequest

_EMPTY: dict[str, Rates] = {
    TaxRatesRequest.table_name: TaxRatesRequest(destinations=[]),
    ShippingRatesRequest.table_name: ShippingRatesRequest(zones=[]),
}


def get_rates(kind: type[Rates]) -> RateTable:
    """The current table; an empty one with version 0 if it was never set."""
    table = repository.find_rate_table(kind.table_name)
    return table or RateTable(
        kind.table_name, document=to_document(_EMPTY[kind.table_name]), version=0
    )


def replace_rates(rates: Rates, expected: ExpectedVersion, *, by: str) -> RateTable:
    """Raises StaleVersion, ConcurrentModification, and InvalidFields.

    The fields are a region that the country does not have, and a table that is too large.
    """
    if isinstance(rates, TaxRatesRequest):
        require_known_regions(rates)
    return retry_on_stale_version(lambda: _replace_once(rates, expected, by=by), expected)


def _replace_once(rates: Rates, expected: ExpectedVersion, *, by: str) -> RateTable:
    before = get_rates(type(rates))
    expected.check(before.version)
    document = to_document(rates, before.document)
    size = len(document.encode())
    if size > DOCUMENT_BYTES_MAX:
        raise _too_large(rates, size)
    if before.version and json.loads(before.document) == json.loads(document):
        return before
    after = RateTable(
        rates.table_name,
        document=document,
        version=int(before.version) + 1,
        updated_at=clock.utc_now(),
        updated_by=by,
    )
    after.keep_unknown_of(before)
    repository.replace_rate_table(after, version=int(before.version))
    observability.audit(
        f"replace_{rates.table_name}_rates", "done", user_id=by, version=str(after.version)
    )
    return after


def _too_large(rates: Rates, size: int) -> InvalidFields:
    (field,) = type(rates).model_fields
    message = (
        f"Must be at most {DOCUMENT_BYTES_MAX:,} bytes of JSON, but has {size:,}. Remove regions "
        "that have the same rates as their country, or combine zones"
    )
    return invalid_fields_error(
        [{"loc": ("body", field), "type": "rates_too_large", "msg": message}]
    )
