"""Pure: rates that staff may set read back the same, as a view and as a rate table."""

from collections import Counter

from hypothesis import assume, given
from hypothesis import strategies as st

from orders.pricing import rate_tables
from orders.pricing.rate_tables import PPM, ShippingRates, ShipTo, TaxRates
from orders.pricing.rates.fields import Step, Zone
from orders.pricing.rates.schemas import (
    Destination,
    ShippingRatesRequest,
    ShippingRatesView,
    TaxRatesRequest,
    TaxRatesView,
)
from shared import characters, clock
from shared.countries import CODES
from shared.money import AMOUNT_MINOR_MAX
from shared.storage.models.pricing import RateTable

COUNTRIES = st.sampled_from(sorted(CODES))
REGIONS = (
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100)
    .map(characters.to_line)
    .filter(characters.is_visible)
)
CLASSES = st.from_regex(r"[a-z0-9_-]{1,40}", fullmatch=True)
AMOUNTS = st.integers(0, AMOUNT_MINOR_MAX)
RATES_PPM = st.integers(0, PPM)
DESTINATIONS = st.builds(
    Destination,
    country=COUNTRIES,
    region=st.none() | REGIONS,
    prices_include_tax=st.booleans(),
    rates=st.builds(
        lambda standard, others: others | {"standard": standard},
        RATES_PPM,
        st.dictionaries(CLASSES, RATES_PPM, max_size=5),
    ),
    shipping_class=CLASSES,
)


def _steps(unit: str, starts: set[int], price_minor: int) -> list[Step]:
    return [Step(price_minor=price_minor, **{unit: start}) for start in sorted(starts | {0})]


ZONES = st.builds(
    Zone,
    name=REGIONS,
    countries=st.lists(COUNTRIES | st.just("*"), min_size=1, max_size=5, unique=True),
    currency=st.sampled_from(["EUR", "USD", "JPY"]),
    steps=st.builds(
        _steps, st.sampled_from(["from_minor", "from_grams"]), st.sets(AMOUNTS, max_size=5), AMOUNTS
    ),
    free_from_minor=st.none() | AMOUNTS,
)


def stored(rates: TaxRatesRequest | ShippingRatesRequest) -> RateTable:
    return RateTable(
        rates.table_name,
        document=rates.model_dump_json(exclude_none=True),
        version=1,
        updated_at=clock.utc_now(),
        updated_by="usr_a",
    )


def place_of(destination: Destination) -> tuple[str, str]:
    return destination.country, (destination.region or "").casefold()


def require_each_country_once(zones: list[Zone]) -> None:
    listed = Counter((country, zone.currency) for zone in zones for country in zone.countries)
    assume(all(count == 1 for count in listed.values()))


@given(st.lists(DESTINATIONS, max_size=5, unique_by=place_of))
def test_tax_rates_read_back_as_they_were_stored(destinations):
    rates = TaxRatesRequest(destinations=destinations)

    assert TaxRatesView.from_model(stored(rates)).destinations == destinations


@given(st.lists(ZONES, max_size=5))
def test_shipping_rates_read_back_as_they_were_stored(zones):
    require_each_country_once(zones)
    rates = ShippingRatesRequest(zones=zones)

    assert ShippingRatesView.from_model(stored(rates)).zones == zones


@given(st.lists(DESTINATIONS, max_size=5, unique_by=place_of))
def test_pricing_reads_every_field_of_the_stored_tax_rates(destinations):
    document = stored(TaxRatesRequest(destinations=destinations)).document

    read = TaxRates.from_document(document)

    assert [vars(destination) for destination in read.destinations] == [
        destination.model_dump() for destination in destinations
    ]
    assert all(
        vars(read.destination(ShipTo(destination.country, destination.region)))
        == destination.model_dump()
        for destination in destinations
    )


@given(st.lists(ZONES, max_size=5))
def test_pricing_reads_every_field_of_the_stored_zones(zones):
    require_each_country_once(zones)

    read = ShippingRates.from_document(stored(ShippingRatesRequest(zones=zones)).document)

    assert [
        vars(zone) | {"steps": tuple(vars(step) for step in zone.steps)} for zone in read.zones
    ] == [
        zone.model_dump()
        | {
            "countries": tuple(zone.countries),
            "steps": tuple(step.model_dump() for step in zone.steps),
        }
        for zone in zones
    ]


def test_a_field_that_newer_code_stored_does_not_stop_pricing():
    document = '{"destinations": [{"country": "DE", "prices_include_tax": true, '
    document += '"rates": {"standard": 190000}, "reverse_charge": true}]}'

    found = TaxRates.from_document(document).destination(ShipTo("DE"))

    assert (found.rate_ppm("books"), found.shipping_class) == (190_000, rate_tables.STANDARD)


@given(DESTINATIONS)
def test_a_region_is_stored_without_surrounding_white_space(destination):
    assert destination.region is None or destination.region == destination.region.strip()
