"""Pure: rates that staff may set read back the same, as a view and as a rate table."""

import json
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orders.pricing import rate_tables, tax_places
from orders.pricing.rate_tables import ShippingRates, ShipTo, TaxRates
from orders.pricing.rates.schemas import Destination, ShippingRatesRequest, TaxRatesRequest
from orders.pricing.rates.shipping_fields import Step, Zone
from orders.pricing.rates.tax_fields import Tax, combine_rates
from orders.pricing.rates.views import ShippingRatesView, TaxRatesView
from orders.pricing.rounding import HALF_EVEN, HALF_UP, ROUNDINGS
from orders.pricing.taxes import PPM, TAXES_MAX
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


def rates_up_to(most_ppm: int) -> st.SearchStrategy[dict[str, int]]:
    return st.builds(
        lambda standard, others: others | {"standard": standard},
        st.integers(0, most_ppm),
        st.dictionaries(CLASSES, st.integers(0, most_ppm), max_size=5),
    )


def compound_all_but_the_first(taxes: list[Tax]) -> list[Tax]:
    return [tax.model_copy(update={"is_compound": bool(n % 2)}) for n, tax in enumerate(taxes)]


TAXES = st.lists(
    st.builds(
        Tax,
        name=REGIONS.map(lambda name: name[:40]).filter(characters.is_visible),
        rates=rates_up_to(100_000),
        rounding=st.none() | st.sampled_from(ROUNDINGS),
    ),
    min_size=1,
    max_size=TAXES_MAX,
    unique_by=lambda tax: tax.name.casefold(),
).map(compound_all_but_the_first)
PLACES = {
    "country": COUNTRIES,
    "region": st.none() | REGIONS,
    "postal_codes": st.none() | st.sampled_from([["10001"], ["10100..10299", "2*"]]),
    "prices_include_tax": st.booleans(),
    "rounding": st.sampled_from(ROUNDINGS),
    "shipping_class": CLASSES,
}
DESTINATIONS = st.one_of(
    st.builds(Destination, **PLACES, rates=rates_up_to(PPM)),
    st.builds(Destination, **PLACES, taxes=TAXES),
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


def require_each_country_once(zones: list[Zone]) -> None:
    listed = Counter((country, zone.currency) for zone in zones for country in zone.countries)
    assume(all(count == 1 for count in listed.values()))


@given(st.lists(DESTINATIONS, max_size=5, unique_by=tax_places.destination_place))
def test_tax_rates_read_back_as_they_were_stored(destinations):
    rates = TaxRatesRequest(destinations=destinations)

    assert TaxRatesView.from_model(stored(rates)).destinations == destinations


@given(st.lists(ZONES, max_size=5))
def test_shipping_rates_read_back_as_they_were_stored(zones):
    require_each_country_once(zones)
    rates = ShippingRatesRequest(zones=zones)

    assert ShippingRatesView.from_model(stored(rates)).zones == zones


# One a country: where tax depends on the region, no rate is for an address without one.
@given(st.lists(DESTINATIONS, max_size=5, unique_by=lambda each: each.country))
def test_pricing_reads_every_field_of_the_stored_tax_rates(destinations):
    document = stored(TaxRatesRequest(destinations=destinations)).document

    read = TaxRates.from_document(document)

    for one, sent in zip(read.destinations, destinations, strict=True):
        same = ("country", "region", "prices_include_tax", "rounding", "shipping_class")
        assert [getattr(one, name) for name in same] == [getattr(sent, name) for name in same]
        assert len(one.postal_codes) == len(sent.postal_codes or [])
        taxes = sent.taxes or [Tax(name="Tax", rates=sent.rates)]
        assert [(tax.name, tax.rates, tax.rounding, tax.is_compound) for tax in one.taxes] == [
            (tax.name, tax.rates, tax.rounding or sent.rounding, tax.is_compound) for tax in taxes
        ]
        code = sent.postal_codes[0][:5] if sent.postal_codes else None
        assert read.destination(ShipTo(one.country, one.region, code)) == one


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


GERMANY = '{"country": "DE", "prices_include_tax": true, "rates": {"standard": 190000}}'
OLD = f'{{"destinations": [{GERMANY}]}}'


def test_rates_from_before_rounding_was_a_setting_round_half_up():
    found = TaxRates.from_document(OLD).destination(ShipTo("DE"))
    shown = TaxRatesRequest.from_document(OLD).destinations[0]

    assert (found.rounding, found.taxes[0].rounding) == (HALF_UP, HALF_UP)
    assert (shown.rounding, shown.taxes, shown.postal_codes) == (HALF_UP, None, None)


def test_a_tax_without_a_rule_has_that_of_its_destination():
    taxes = [
        Tax(name="A", rates={"standard": 1}),
        Tax(name="B", rates={"standard": 1}, rounding=HALF_UP),
    ]
    sent = Destination(country="DE", prices_include_tax=True, rounding=HALF_EVEN, taxes=taxes)

    document = stored(TaxRatesRequest(destinations=[sent])).document
    found = TaxRates.from_document(document).destination(ShipTo("DE"))

    assert [tax.rounding for tax in found.taxes] == [HALF_EVEN, HALF_UP]


@given(TAXES)
def test_code_that_knows_one_tax_reads_the_rate_of_all(taxes):
    """Instances of the last release run beside this one during a deploy."""
    sent = Destination(country="DE", prices_include_tax=False, taxes=taxes)

    (fields,) = json.loads(stored(TaxRatesRequest(destinations=[sent])).document)["destinations"]

    assert fields["rates"] == combine_rates(taxes)
    for tax_class in fields["rates"]:
        exact = sum(tax.rates.get(tax_class, tax.rates["standard"]) for tax in taxes)
        assert fields["rates"][tax_class] >= exact


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_a_rounding_of_newer_code_is_shown(rounding):
    document = OLD.replace("}]}", f', "rounding": "{rounding}_newer"}}]}}')

    assert TaxRatesRequest.from_document(document).destinations[0].rounding == f"{rounding}_newer"
