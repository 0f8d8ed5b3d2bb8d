"""Pure: whatever staff are allowed to set can be read again, and means the same."""

from collections import Counter

from hypothesis import assume, given
from hypothesis import strategies as st

from orders.pricing.rates.schemas import (
    PPM_MAX,
    Destination,
    ShippingRates,
    ShippingRatesView,
    Step,
    TaxRates,
    TaxRatesView,
    Zone,
)
from shared import clock
from shared.countries import CODES
from shared.money import AMOUNT_MINOR_MAX
from shared.storage.models.pricing import RateTable

COUNTRIES = st.sampled_from(sorted(CODES))
REGIONS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=100).filter(
    str.strip
)
CLASSES = st.from_regex(r"[a-z0-9_-]{1,40}", fullmatch=True)
AMOUNTS = st.integers(0, AMOUNT_MINOR_MAX)
PPM = st.integers(0, PPM_MAX)
DESTINATIONS = st.builds(
    Destination,
    country=COUNTRIES,
    region=st.none() | REGIONS,
    prices_include_tax=st.booleans(),
    rates=st.builds(
        lambda standard, others: others | {"standard": standard},
        PPM,
        st.dictionaries(CLASSES, PPM, max_size=5),
    ),
    shipping_class=CLASSES,
)


def _steps(starts: set[int], price_minor: int) -> list[Step]:
    return [Step(from_minor=it, price_minor=price_minor) for it in sorted(starts | {0})]


ZONES = st.builds(
    Zone,
    name=REGIONS,
    countries=st.lists(COUNTRIES | st.just("*"), min_size=1, max_size=5, unique=True),
    currency=st.sampled_from(["EUR", "USD", "JPY"]),
    steps=st.builds(_steps, st.sets(AMOUNTS, max_size=5), AMOUNTS),
    free_from_minor=st.none() | AMOUNTS,
)


def stored(document: TaxRates | ShippingRates) -> RateTable:
    text = document.model_dump_json(exclude_none=True)
    return RateTable(
        document.sheet, document=text, version=1, updated_at=clock.utc_now(), updated_by="usr_a"
    )


def place_of(destination: Destination) -> tuple[str, str]:
    return destination.country, (destination.region or "").casefold()


@given(st.lists(DESTINATIONS, max_size=5, unique_by=place_of))
def test_tax_rates_come_back_as_they_were_stored(destinations):
    rates = TaxRates(destinations=destinations)

    assert TaxRatesView.from_model(stored(rates)).destinations == destinations


@given(st.lists(ZONES, max_size=5))
def test_shipping_rates_come_back_as_they_were_stored(zones):
    named = Counter((country, it.currency) for it in zones for country in it.countries)
    assume(all(count == 1 for count in named.values()))
    rates = ShippingRates(zones=zones)

    assert ShippingRatesView.from_model(stored(rates)).zones == zones


@given(DESTINATIONS)
def test_a_region_is_kept_as_addresses_are_compared_with_it(destination):
    assert destination.region is None or destination.region == destination.region.strip()
