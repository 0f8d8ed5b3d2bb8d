"""What is taxed how, and what shipping costs: two documents, each read and replaced as a whole."""

from orders.editing import persistently
from orders.pricing.rates import repository
from orders.pricing.rates.schemas import ShippingRates, TaxRates
from shared import clock, observability
from shared.errors.requests import InvalidFields
from shared.http.etags import ExpectedVersion
from shared.http.schemas import invalid_fields_error
from shared.storage.models.pricing import RateTable

DOCUMENT_BYTES_MAX = 300_000  # of the 400 KB that an item may have

Rates = TaxRates | ShippingRates

_NOTHING: dict[str, Rates] = {
    TaxRates.sheet: TaxRates(destinations=[]),
    ShippingRates.sheet: ShippingRates(zones=[]),
}


def sheet_of(kind: type[Rates]) -> RateTable:
    """As it is now; one that was never set is empty, and its version 0."""
    found = repository.find(kind.sheet)
    return found or RateTable(kind.sheet, document=_text_of(_NOTHING[kind.sheet]), version=0)


def replace(rates: Rates, expected: ExpectedVersion, *, by: str) -> RateTable:
    """Raises InvalidFields when it is too large, StaleVersion, and ConcurrentModification."""
    text = _text_of(rates)
    size = len(text.encode())
    if size > DOCUMENT_BYTES_MAX:
        raise _too_large(rates, size)
    return persistently(lambda: _replace_once(rates, text, expected, by=by), expected)


def _replace_once(rates: Rates, text: str, expected: ExpectedVersion, *, by: str) -> RateTable:
    before = sheet_of(type(rates))
    expected.check(before.version)
    if before.version and before.document == text:
        return before
    after = RateTable(
        rates.sheet,
        document=text,
        version=int(before.version) + 1,
        updated_at=clock.utc_now(),
        updated_by=by,
    )
    repository.put(after, upon=int(before.version))
    observability.audit(f"set_{rates.sheet}_rates", "done", user_id=by, version=str(after.version))
    return after


def _text_of(rates: Rates) -> str:
    # Without nulls, which say nothing; with what is so by default, which may not be so for ever.
    return rates.model_dump_json(exclude_none=True)


def _too_large(rates: Rates, size: int) -> InvalidFields:
    (field,) = type(rates).model_fields
    message = (
        f"Must be at most {DOCUMENT_BYTES_MAX:,} bytes of JSON, and is {size:,}: leave out regions "
        "that are taxed like their country, and give zones more countries"
    )
    return invalid_fields_error(
        [{"loc": ("body", field), "type": "rates_too_large", "msg": message}]
    )
