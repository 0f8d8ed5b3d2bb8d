"""Staff read and replace the tax rates and the shipping rates."""

import itertools
import json

import pytest

from orders.pricing.rates import repository
from orders.pricing.rates.schemas import ShippingRatesRequest, TaxRatesRequest
from shared import clock
from shared.addresses.country_rules import get_rules
from shared.countries import CODES
from shared.storage.models.pricing import RateTable
from tests.support import logs
from tests.support.http import ADA, STAFF
from tests.support.pricing import EUROPE, GERMANY, get_rates, put_rates

pytestmark = pytest.mark.usefixtures("aws")

CALIFORNIA = {
    "country": "US",
    "region": "California",
    "prices_include_tax": False,
    "rates": {"standard": 72500, "food": 0},
    "shipping_class": "food",
}
TAX = {"destinations": [GERMANY, CALIFORNIA]}
SHIPPING = {"zones": [EUROPE | {"free_from_minor": 5000}, EUROPE | {"countries": ["*"]}]}
TABLES = pytest.mark.parametrize(("table", "document"), [("tax", TAX), ("shipping", SHIPPING)])
FULL = {
    "region": None,
    "postal_codes": None,
    "rounding": "half_up",
    "taxes": None,
    "shipping_class": "standard",
}
QUEBEC = {
    "country": "CA",
    "region": "Quebec",
    "prices_include_tax": False,
    "taxes": [
        {"name": "GST", "rates": {"standard": 50000}},
        {"name": "QST", "rates": {"standard": 99750, "books": 0}, "rounding": "half_even"},
    ],
}


def fields(answer) -> list[tuple[str, str]]:
    return [(problem["path"], problem["code"]) for problem in answer.error["details"]["fields"]]


@pytest.mark.parametrize(("table", "entries"), [("tax", "destinations"), ("shipping", "zones")])
def test_a_table_that_was_never_set_is_empty_with_version_0(table, entries):
    answer = get_rates(table)

    assert answer.status == 200
    assert answer.body == {"version": 0, "updated_at": None, "updated_by": None, entries: []}
    assert answer.headers["ETag"].startswith('"0-')
    assert RateTable.count() == 0


def test_tax_rates_read_back_as_they_were_set():
    answer = put_rates("tax", TAX)

    assert answer.status == 200
    assert answer.body["destinations"] == [FULL | GERMANY, FULL | CALIFORNIA]
    assert (answer.body["version"], answer.body["updated_by"]) == (1, STAFF.user_id)
    again = get_rates("tax")
    assert (again.body, again.headers["ETag"]) == (answer.body, answer.headers["ETag"])


def test_shipping_rates_read_back_as_they_were_set():
    answer = put_rates("shipping", SHIPPING)

    assert answer.status == 200
    europe, world = answer.body["zones"]
    assert (europe["free_from_minor"], world["free_from_minor"]) == (5000, None)
    assert (europe["countries"], world["countries"]) == (["DE", "AT"], ["*"])
    assert get_rates("shipping").body == answer.body


def test_setting_one_table_leaves_the_other_unset():
    put_rates("tax", TAX)

    assert get_rates("shipping").body["version"] == 0


@TABLES
def test_the_etag_of_an_unset_table_allows_the_first_write(table, document):
    etag = get_rates(table).headers["ETag"]

    first = put_rates(table, document, if_match=etag)
    second = put_rates(table, document, if_match=etag)

    assert (first.status, first.body["version"]) == (200, 1)
    assert (second.status, second.code) == (412, "stale_version")
    assert second.error["details"] == {"current_version": 1}


@TABLES
def test_a_table_is_replaced_as_a_whole(table, document):
    etag = put_rates(table, document).headers["ETag"]
    (entries,) = document

    answer = put_rates(table, {entries: []}, if_match=etag)

    assert (answer.status, answer.body["version"], answer.body[entries]) == (200, 2, [])
    assert get_rates(table).body == answer.body


@TABLES
def test_the_second_of_two_editors_learns_the_current_version(table, document):
    etag = put_rates(table, document).headers["ETag"]
    (entries,) = document
    first = put_rates(table, {entries: document[entries][:1]}, if_match=etag)

    second = put_rates(table, {entries: []}, if_match=etag)

    assert (first.status, second.status, second.code) == (200, 412, "stale_version")
    assert second.error["details"] == {"current_version": 2}
    assert get_rates(table).body == first.body


@TABLES
def test_replacing_a_table_needs_if_match(table, document):
    answer = put_rates(table, document, if_match=None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert RateTable.count() == 0


@TABLES
def test_a_known_table_is_304(table, document):
    never_set = get_rates(table).headers["ETag"]
    unchanged = get_rates(table, **{"if-none-match": never_set})
    put_rates(table, document)

    changed = get_rates(table, **{"if-none-match": never_set})

    assert (unchanged.status, unchanged.body) == (304, "")
    assert (changed.status, changed.body["version"]) == (200, 1)


@TABLES
def test_setting_the_same_table_keeps_the_version(table, document):
    first = put_rates(table, document)

    second = put_rates(table, document)

    assert (second.status, second.body) == (200, first.body)


def beaten(monkeypatch, times: int) -> None:
    """Somebody else replaces the table between read and write, this many times."""
    left = [times]
    find = repository.find_rate_table

    def find_and_be_beaten(name):
        found = find(name)
        if left[0]:
            left[0] -= 1
            version = int(found.version) + 1 if found else 1
            RateTable(
                name,
                document='{"destinations":[]}',
                version=version,
                updated_at=clock.utc_now(),
                updated_by="usr_other",
            ).save()
        return found

    monkeypatch.setattr(repository, "find_rate_table", find_and_be_beaten)


@pytest.fixture
def set_before(aws):  # noqa: ARG001 (where it is set)
    put_rates("tax", TAX)


@pytest.mark.usefixtures("set_before")
def test_an_edit_that_loses_the_race_writes_nothing(monkeypatch):
    beaten(monkeypatch, 1)

    answer = put_rates("tax", {"destinations": [GERMANY]}, if_match='"1"')

    assert (answer.status, answer.error["details"]) == (412, {"current_version": 2})
    assert RateTable.get("tax").updated_by == "usr_other"


@pytest.mark.usefixtures("set_before")
def test_an_edit_of_any_version_wins_in_the_end(monkeypatch):
    beaten(monkeypatch, 2)

    answer = put_rates("tax", {"destinations": [GERMANY]})

    assert (answer.status, answer.body["version"]) == (200, 4)
    assert RateTable.get("tax").updated_by == STAFF.user_id


@pytest.mark.usefixtures("set_before")
def test_an_edit_that_always_loses_gives_up(monkeypatch):
    beaten(monkeypatch, 100)

    answer = put_rates("tax", {"destinations": [GERMANY]})

    assert (answer.status, answer.code) == (409, "concurrent_modification")
    assert RateTable.get("tax").updated_by == "usr_other"


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"country": "XX"}, "country", "unknown_country"),
        ({"country": "de"}, "country", "unknown_country"),
        ({"country": "*", "region": "Bavaria"}, "region", "unknown_region"),
        ({"region": "California"}, "region", "unknown_region"),
        ({"region": "US-CA"}, "region", "unknown_region"),
        ({"region": ""}, "region", "too_short"),
        ({"region": "  "}, "region", "too_short"),
        ({"region": "x" * 101}, "region", "too_long"),
        ({"region": "a\nb"}, "region", "wrong_format"),
        ({"region": "\ud800"}, "region", "not_unicode"),
        ({"prices_include_tax": "yes"}, "prices_include_tax", "wrong_type"),
        ({"rates": {}}, "rates", "too_short"),
        ({"rates": {"reduced": 70000}}, "", "no_standard_rate"),
        ({"rates": {"standard": -1}}, "rates.standard", "too_small"),
        ({"rates": {"standard": 1_000_001}}, "rates.standard", "too_large"),
        ({"rates": {"standard": 0.19}}, "rates.standard", "not_a_whole_number"),
        ({"rates": {"standard": "19"}}, "rates.standard", "wrong_type"),
        ({"shipping_class": "Reduced!"}, "shipping_class", "wrong_format"),
        ({"percent": 19}, "percent", "unknown_field"),
    ],
    ids=repr,
)
def test_a_destination_is_checked_field_by_field(change, path, code):
    answer = put_rates("tax", {"destinations": [CALIFORNIA, GERMANY | change]})

    at = f"body.destinations.1.{path}".removesuffix(".")
    assert (answer.status, fields(answer)) == (422, [(at, code)])
    assert RateTable.count() == 0


def test_a_tax_class_has_the_pattern_of_products():
    answer = put_rates("tax", {"destinations": [GERMANY | {"rates": {"standard": 0, "Books!": 0}}]})

    assert answer.status == 422
    assert fields(answer)[0][1] == "wrong_format"


@pytest.mark.parametrize(
    "others",
    [
        [GERMANY],
        [CALIFORNIA | {"region": "california"}, CALIFORNIA],
        [CALIFORNIA | {"region": " California "}, CALIFORNIA],
        [CALIFORNIA | {"region": "US-CA"}, CALIFORNIA],
        [CALIFORNIA | {"region": "ca"}, CALIFORNIA],
        [GERMANY | {"country": "*"}, GERMANY | {"country": "*"}],
    ],
    ids=["country", "case", "blanks", "code", "short code", "others"],
)
def test_a_place_is_not_taxed_twice(others):
    first = [GERMANY] if others == [GERMANY] else []

    answer = put_rates("tax", {"destinations": [*first, *others]})

    assert (answer.status, fields(answer)) == (422, [("body", "named_twice")])
    assert RateTable.count() == 0


def test_a_country_and_its_region_are_two_destinations():
    nation = CALIFORNIA | {"region": None}
    other_california = CALIFORNIA | {"country": "MX", "region": "Baja California"}
    rest = GERMANY | {"country": "*"}

    answer = put_rates("tax", {"destinations": [CALIFORNIA, nation, other_california, rest]})

    assert answer.status == 200


def test_a_region_is_stored_without_surrounding_white_space():
    answer = put_rates("tax", {"destinations": [CALIFORNIA | {"region": " California\u00a0"}]})

    assert answer.body["destinations"][0]["region"] == "California"


def test_several_taxes_read_back_with_the_rates_of_all():
    answer = put_rates("tax", {"destinations": [QUEBEC]})

    (shown,) = answer.body["destinations"]
    gst, qst = QUEBEC["taxes"]
    assert answer.status == 200
    simple = {"is_compound": False}
    assert shown["taxes"] == [gst | simple | {"rounding": None}, qst | simple]
    assert shown["rates"] == {"standard": 149750, "books": 50000}
    assert get_rates("tax").body == answer.body


def test_taxes_that_were_read_can_be_sent_again():
    shown = put_rates("tax", {"destinations": [QUEBEC, GERMANY]}).body["destinations"]

    again = put_rates("tax", {"destinations": shown})

    assert (again.status, again.body["version"]) == (200, 1)


def test_changed_taxes_are_sent_without_the_rates_of_all():
    (shown,) = put_rates("tax", {"destinations": [QUEBEC]}).body["destinations"]
    shown["taxes"][0]["rates"]["standard"] = 60000

    both = put_rates("tax", {"destinations": [shown]})
    alone = put_rates("tax", {"destinations": [shown | {"rates": None}]})

    assert fields(both) == [("body.destinations.0.rates", "rates_differ_from_taxes")]
    assert "159750" in both.error["message"]
    assert alone.body["destinations"][0]["rates"]["standard"] == 159750


GST, QST = QUEBEC["taxes"]


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"taxes": None}, "rates", "required"),
        ({"taxes": []}, "taxes", "too_short"),
        ({"taxes": [GST | {"name": f"T{n}"} for n in range(6)]}, "taxes", "too_long"),
        ({"taxes": [GST, QST | {"name": "gst"}]}, "taxes", "named_twice"),
        ({"taxes": [GST, QST | {"name": " GST "}]}, "taxes", "named_twice"),
        ({"taxes": [GST | {"is_compound": True}, QST]}, "taxes", "compound_tax_first"),
        ({"taxes": [GST | {"rates": {"books": 0}}]}, "taxes.0", "no_standard_rate"),
        ({"taxes": [GST | {"rates": {}}]}, "taxes.0.rates", "too_short"),
        ({"taxes": [GST | {"rates": {"standard": -1}}]}, "taxes.0.rates.standard", "too_small"),
        (
            {"taxes": [GST | {"rates": {"standard": 1_000_001}}]},
            "taxes.0.rates.standard",
            "too_large",
        ),
        (
            {"taxes": [GST | {"rates": {"standard": 99750.5}}]},
            "taxes.0.rates.standard",
            "not_a_whole_number",
        ),
        (
            {"taxes": [GST | {"rates": {"standard": 10**6}}, QST]},
            "taxes",
            "taxes_too_high",
        ),
        ({"taxes": [GST | {"rounding": "up"}]}, "taxes.0.rounding", "unknown_value"),
        ({"taxes": [GST | {"name": ""}]}, "taxes.0.name", "too_short"),
        ({"taxes": [GST | {"name": "x" * 41}]}, "taxes.0.name", "too_long"),
        ({"taxes": [GST | {"rate": 5}]}, "taxes.0.rate", "unknown_field"),
        ({"rates": {"standard": 50000}}, "rates", "rates_differ_from_taxes"),
        ({"rounding": "HALF_UP"}, "rounding", "unknown_value"),
        ({"rounding": None}, "rounding", "wrong_type"),
        ({"postal_codes": []}, "postal_codes", "too_short"),
        ({"postal_codes": ["H2X*"] * 201}, "postal_codes", "too_long"),
        ({"postal_codes": ["*"]}, "postal_codes.0", "wrong_format"),
        ({"postal_codes": ["H2X...H2Z"]}, "postal_codes.0", "wrong_format"),
        ({"postal_codes": [10001]}, "postal_codes.0", "wrong_type"),
        ({"postal_codes": ["H2Z..H2X"]}, "postal_codes", "postal_codes_out_of_order"),
        ({"postal_codes": ["H2..H2X"]}, "postal_codes", "postal_codes_out_of_order"),
    ],
    ids=repr,
)
def test_taxes_and_postal_codes_are_checked_field_by_field(change, path, code):
    answer = put_rates("tax", {"destinations": [GERMANY, QUEBEC | change]})

    assert (answer.status, fields(answer)) == (422, [(f"body.destinations.1.{path}", code)])
    assert RateTable.count() == 0


def test_a_postal_code_has_one_destination():
    def taxed(*codes, **more):
        return QUEBEC | {"postal_codes": list(codes)} | more

    twice = put_rates("tax", {"destinations": [taxed("H2X*"), taxed("H2A..H2Z")]})
    within = put_rates("tax", {"destinations": [taxed("H2X*", "h2x 1y4")]})
    elsewhere = [
        taxed("H2X*"),
        taxed("H2X*", region=None),
        taxed("H2X*", country="US", region="NY"),
        QUEBEC,
    ]
    once = put_rates("tax", {"destinations": elsewhere})

    for answer in (twice, within):
        assert (answer.status, fields(answer)) == (422, [("body", "postal_codes_overlap")])
        assert "H2X*" in answer.error["message"]
    assert once.status == 200


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"name": ""}, "name", "too_short"),
        ({"name": "a\tb"}, "name", "wrong_format"),
        ({"countries": []}, "countries", "too_short"),
        ({"countries": ["DE", "XX"]}, "countries.1", "unknown_country"),
        ({"countries": ["**"]}, "countries.0", "unknown_country"),
        ({"countries": [49]}, "countries.0", "wrong_type"),
        ({"currency": "XXX"}, "currency", "unknown_currency"),
        ({"steps": []}, "steps", "too_short"),
        ({"steps": [{"from_minor": 1, "price_minor": 1}]}, "", "steps_out_of_order"),
        (
            {"steps": [{"from_minor": start, "price_minor": 1} for start in (0, 9, 5)]},
            "",
            "steps_out_of_order",
        ),
        (
            {"steps": [{"from_minor": start, "price_minor": 1} for start in (0, 5, 5)]},
            "",
            "steps_out_of_order",
        ),
        (
            {"steps": [{"from_grams": start, "price_minor": 1} for start in (0, 5, 5)]},
            "",
            "steps_out_of_order",
        ),
        ({"steps": [{"from_grams": 1, "price_minor": 1}]}, "", "steps_out_of_order"),
        (
            {"steps": [{"price_minor": 1}, {"from_minor": 5, "from_grams": 5, "price_minor": 1}]},
            "",
            "steps_mixed",
        ),
        ({"steps": [{"from_grams": -1, "price_minor": 1}]}, "steps.0.from_grams", "too_small"),
        (
            {"steps": [{"from_minor": 0, "price_minor": -1}]},
            "steps.0.price_minor",
            "too_small",
        ),
        (
            {"steps": [{"from_minor": 0, "price_minor": 10**12 + 1}]},
            "steps.0.price_minor",
            "too_large",
        ),
        ({"free_from_minor": -1}, "free_from_minor", "too_small"),
        ({"free_from": 100}, "free_from", "unknown_field"),
    ],
    ids=repr,
)
def test_a_zone_is_checked_field_by_field(change, path, code):
    answer = put_rates("shipping", {"zones": [EUROPE | {"countries": ["FR"]}, EUROPE | change]})

    at = f"body.zones.1.{path}".removesuffix(".")
    assert (answer.status, fields(answer)) == (422, [(at, code)])
    assert RateTable.count() == 0


@pytest.mark.parametrize("repeated", ["DE", "*"])
def test_a_country_has_one_zone_in_each_currency(repeated):
    one, other = EUROPE | {"countries": [repeated]}, EUROPE | {"countries": ["FR", repeated]}

    twice = put_rates("shipping", {"zones": [one, other]})
    in_two_currencies = put_rates("shipping", {"zones": [one, other | {"currency": "USD"}]})

    assert (twice.status, fields(twice)) == (422, [("body", "named_twice")])
    assert repeated in twice.error["message"]
    assert in_two_currencies.status == 200


@pytest.mark.parametrize(
    ("table", "document", "field"),
    [
        ("tax", {"destinations": [GERMANY] * 1001}, "destinations"),
        ("shipping", {"zones": [EUROPE] * 301}, "zones"),
    ],
)
def test_a_table_has_a_limited_number_of_entries(table, document, field):
    answer = put_rates(table, document)

    assert (answer.status, fields(answer)) == (422, [(f"body.{field}", "too_long")])


def of_regions(country: str, *, name: str = "code", classes: int = 48) -> list[dict]:
    rates = {"standard": 190000} | {f"{number:040}": 70000 for number in range(classes)}
    place = GERMANY | {"country": country, "rates": rates, "shipping_class": "standard"}
    return [
        place | {"region": getattr(region, name)} for region in get_rules(country).address_regions
    ]


def test_a_table_too_large_for_an_item_is_refused():
    destinations = of_regions("US") + of_regions("IT")

    answer = put_rates("tax", {"destinations": destinations})

    assert (answer.status, fields(answer)) == (422, [("body.destinations", "rates_too_large")])
    assert "300,000" in answer.error["message"]
    assert RateTable.count() == 0


def of_zones(count: int, *, name: str) -> list[dict]:
    steps = [{"from_minor": 0, "price_minor": 0}]
    steps += [{"from_minor": 10**10 + more, "price_minor": 10**10} for more in range(19)]
    places = zip(sorted(CODES)[:count], itertools.cycle(["EUR", "USD"]), strict=False)
    return [
        EUROPE | {"name": name, "countries": [country], "currency": currency, "steps": steps}
        for country, currency in places
    ]


def test_the_size_of_a_table_is_counted_in_bytes():
    in_latin = put_rates("shipping", {"zones": of_zones(240, name="o" * 100)})
    in_greek = put_rates("shipping", {"zones": of_zones(240, name="ω" * 100)})

    assert (in_latin.status, in_greek.status) == (200, 422)
    assert fields(in_greek) == [("body.zones", "rates_too_large")]


def test_the_stored_document_has_defaults_and_no_nulls():
    put_rates("tax", {"destinations": [GERMANY]})

    stored = RateTable.get("tax").document

    defaults = {"rounding": "half_up", "shipping_class": "standard"}
    assert json.loads(stored) == {"destinations": [GERMANY | defaults]}
    assert stored == json.dumps(json.loads(stored), separators=(",", ":"))


def test_an_unknown_region_is_refused_with_the_regions():
    wrong = GERMANY | {"country": "CA", "region": "Quebek"}

    answer = put_rates("tax", {"destinations": [GERMANY, wrong]})

    assert (answer.status, fields(answer)) == (
        422,
        [("body.destinations.1.region", "unknown_region")],
    )
    assert {"code": "CA-QC", "name": "Quebec"} in answer.error["details"]["regions"]
    assert RateTable.count() == 0


@pytest.mark.parametrize(
    ("country", "region"),
    [("CA", "CA-QC"), ("CA", "qc"), ("CA", "Québec"), ("JP", "東京都"), ("PT", "PT-20")],
)
def test_a_region_is_kept_as_staff_named_it(country, region):
    put_rates("tax", {"destinations": [GERMANY | {"country": country, "region": region}]})

    (kept,) = get_rates("tax").body["destinations"]
    assert (kept["country"], kept["region"]) == (country, region)


@TABLES
def test_the_audit_log_says_who_replaced_the_table(table, document):
    with logs.captured() as lines:
        put_rates(table, document)
        put_rates(table, document)

    (line,) = lines.saying("audit")
    assert (line["action"], line["result"]) == (f"replace_{table}_rates", "done")
    assert (line["user_id"], line["version"]) == (STAFF.user_id, "1")
    assert line["client_address"] == "203.0.113.7"


@pytest.mark.parametrize("table", ["tax", "shipping"])
def test_customers_cannot_read_the_tables(table):
    answer = get_rates(table, caller=ADA)

    assert (answer.status, answer.code) == (403, "forbidden")


@TABLES
def test_customers_cannot_replace_the_tables(table, document):
    answer = put_rates(table, document, caller=ADA)

    assert (answer.status, answer.code) == (403, "forbidden")
    assert RateTable.count() == 0


def test_each_table_is_stored_under_its_own_name():
    assert {TaxRatesRequest.table_name, ShippingRatesRequest.table_name} == {"tax", "shipping"}
