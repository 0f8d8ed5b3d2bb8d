"""Whole slice: staff keep what is taxed how, and what shipping costs."""

import json

import pytest

from orders.pricing.rates import repository
from orders.pricing.rates.schemas import ShippingRates, TaxRates
from shared import clock
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
SHEETS = pytest.mark.parametrize(("sheet", "document"), [("tax", TAX), ("shipping", SHIPPING)])
FULL = {"region": None, "shipping_class": "standard"}


def fields(answer) -> list[tuple[str, str]]:
    return [(it["path"], it["code"]) for it in answer.error["details"]["fields"]]


@pytest.mark.parametrize(("sheet", "parts"), [("tax", "destinations"), ("shipping", "zones")])
def test_what_was_never_set_is_empty_and_has_version_0(sheet, parts):
    answer = get_rates(sheet)

    assert answer.status == 200
    assert answer.body == {"version": 0, "updated_at": None, "updated_by": None, parts: []}
    assert answer.headers["ETag"].startswith('"0-')
    assert RateTable.count() == 0


def test_tax_rates_are_shown_as_they_were_set():
    answer = put_rates("tax", TAX)

    assert answer.status == 200
    assert answer.body["destinations"] == [FULL | GERMANY, CALIFORNIA]
    assert (answer.body["version"], answer.body["updated_by"]) == (1, STAFF.user_id)
    again = get_rates("tax")
    assert (again.body, again.headers["ETag"]) == (answer.body, answer.headers["ETag"])


def test_shipping_rates_are_shown_as_they_were_set():
    answer = put_rates("shipping", SHIPPING)

    assert answer.status == 200
    europe, world = answer.body["zones"]
    assert (europe["free_from_minor"], world["free_from_minor"]) == (5000, None)
    assert (europe["countries"], world["countries"]) == (["DE", "AT"], ["*"])
    assert get_rates("shipping").body == answer.body


def test_one_sheet_says_nothing_of_the_other():
    put_rates("tax", TAX)

    assert get_rates("shipping").body["version"] == 0


@SHEETS
def test_the_first_is_set_upon_the_tag_of_what_was_never_set(sheet, document):
    etag = get_rates(sheet).headers["ETag"]

    first = put_rates(sheet, document, if_match=etag)
    second = put_rates(sheet, document, if_match=etag)

    assert (first.status, first.body["version"]) == (200, 1)
    assert (second.status, second.code) == (412, "stale_version")
    assert second.error["details"] == {"current_version": 1}


@SHEETS
def test_it_is_replaced_as_a_whole(sheet, document):
    etag = put_rates(sheet, document).headers["ETag"]
    (parts,) = document

    answer = put_rates(sheet, {parts: []}, if_match=etag)

    assert (answer.status, answer.body["version"], answer.body[parts]) == (200, 2, [])
    assert get_rates(sheet).body == answer.body


@SHEETS
def test_of_two_editors_the_second_is_told_the_version_that_stands(sheet, document):
    etag = put_rates(sheet, document).headers["ETag"]
    (parts,) = document
    first = put_rates(sheet, {parts: document[parts][:1]}, if_match=etag)

    second = put_rates(sheet, {parts: []}, if_match=etag)

    assert (first.status, second.status, second.code) == (200, 412, "stale_version")
    assert second.error["details"] == {"current_version": 2}
    assert get_rates(sheet).body == first.body


@SHEETS
def test_who_sets_it_must_say_what_they_have_read(sheet, document):
    answer = put_rates(sheet, document, if_match=None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert RateTable.count() == 0


@SHEETS
def test_who_has_it_already_is_not_sent_it_again(sheet, document):
    never_set = get_rates(sheet).headers["ETag"]
    unchanged = get_rates(sheet, **{"if-none-match": never_set})
    put_rates(sheet, document)

    changed = get_rates(sheet, **{"if-none-match": never_set})

    assert (unchanged.status, unchanged.body) == (304, "")
    assert (changed.status, changed.body["version"]) == (200, 1)


@SHEETS
def test_setting_what_stands_already_makes_no_version(sheet, document):
    first = put_rates(sheet, document)

    second = put_rates(sheet, document)

    assert (second.status, second.body) == (200, first.body)


def beaten(monkeypatch, times: int) -> None:
    """As often, somebody else sets the sheet between the read and the write."""
    left = [times]
    find = repository.find

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

    monkeypatch.setattr(repository, "find", find_and_be_beaten)


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
def test_an_edit_upon_any_version_wins_in_the_end(monkeypatch):
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
        ({"country": "de"}, "country", "string_pattern_mismatch"),
        ({"country": "*"}, "country", "string_pattern_mismatch"),
        ({"region": ""}, "region", "string_too_short"),
        ({"region": "  "}, "region", "string_too_short"),
        ({"region": "x" * 101}, "region", "string_too_long"),
        ({"region": "a\nb"}, "region", "string_pattern_mismatch"),
        ({"region": "\ud800"}, "region", "string_unicode"),
        ({"prices_include_tax": "yes"}, "prices_include_tax", "bool_type"),
        ({"rates": {}}, "rates", "too_short"),
        ({"rates": {"reduced": 70000}}, "", "no_standard_rate"),
        ({"rates": {"standard": -1}}, "rates.standard", "greater_than_equal"),
        ({"rates": {"standard": 1_000_001}}, "rates.standard", "less_than_equal"),
        ({"rates": {"standard": 0.19}}, "rates.standard", "int_type"),
        ({"rates": {"standard": "19"}}, "rates.standard", "int_type"),
        ({"shipping_class": "Reduced!"}, "shipping_class", "string_pattern_mismatch"),
        ({"percent": 19}, "percent", "extra_forbidden"),
    ],
    ids=repr,
)
def test_a_destination_is_checked_field_by_field(change, path, code):
    answer = put_rates("tax", {"destinations": [CALIFORNIA, GERMANY | change]})

    at = f"body.destinations.1.{path}".removesuffix(".")
    assert (answer.status, fields(answer)) == (422, [(at, code)])
    assert RateTable.count() == 0


def test_a_tax_class_is_named_like_a_products():
    answer = put_rates("tax", {"destinations": [GERMANY | {"rates": {"standard": 0, "Books!": 0}}]})

    assert answer.status == 422
    assert fields(answer)[0][1] == "string_pattern_mismatch"


@pytest.mark.parametrize(
    "others",
    [
        [GERMANY],
        [CALIFORNIA | {"region": "california"}, CALIFORNIA],
        [CALIFORNIA | {"region": " California "}, CALIFORNIA],
    ],
    ids=["country", "case", "blanks"],
)
def test_a_place_is_not_taxed_twice(others):
    answer = put_rates("tax", {"destinations": [GERMANY, *others]})

    assert (answer.status, fields(answer)) == (422, [("body", "named_twice")])
    assert RateTable.count() == 0


def test_a_country_is_not_its_regions():
    nation = CALIFORNIA | {"region": None}
    other_california = CALIFORNIA | {"country": "MX"}

    answer = put_rates("tax", {"destinations": [CALIFORNIA, nation, other_california]})

    assert answer.status == 200


def test_a_region_is_kept_without_the_blanks_around_it():
    answer = put_rates("tax", {"destinations": [CALIFORNIA | {"region": " California\u00a0"}]})

    assert answer.body["destinations"][0]["region"] == "California"


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"name": ""}, "name", "string_too_short"),
        ({"name": "a\tb"}, "name", "string_pattern_mismatch"),
        ({"countries": []}, "countries", "too_short"),
        ({"countries": ["DE", "XX"]}, "countries.1", "value_error"),
        ({"countries": ["**"]}, "countries.0", "value_error"),
        ({"countries": [49]}, "countries.0", "string_type"),
        ({"currency": "XXX"}, "currency", "value_error"),
        ({"steps": []}, "steps", "too_short"),
        ({"steps": [{"from_minor": 1, "price_minor": 1}]}, "", "steps_out_of_order"),
        (
            {"steps": [{"from_minor": it, "price_minor": 1} for it in (0, 9, 5)]},
            "",
            "steps_out_of_order",
        ),
        (
            {"steps": [{"from_minor": it, "price_minor": 1} for it in (0, 5, 5)]},
            "",
            "steps_out_of_order",
        ),
        (
            {"steps": [{"from_minor": 0, "price_minor": -1}]},
            "steps.0.price_minor",
            "greater_than_equal",
        ),
        (
            {"steps": [{"from_minor": 0, "price_minor": 10**12 + 1}]},
            "steps.0.price_minor",
            "less_than_equal",
        ),
        ({"free_from_minor": -1}, "free_from_minor", "greater_than_equal"),
        ({"free_from": 100}, "free_from", "extra_forbidden"),
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
    ("sheet", "document", "field"),
    [
        ("tax", {"destinations": [GERMANY] * 1001}, "destinations"),
        ("shipping", {"zones": [EUROPE] * 301}, "zones"),
    ],
)
def test_a_sheet_has_so_many_parts(sheet, document, field):
    answer = put_rates(sheet, document)

    assert (answer.status, fields(answer)) == (422, [(f"body.{field}", "too_long")])


def regions(count: int, *, name: str = "") -> list[dict]:
    rates = {"standard": 190000} | {f"class-{number}": 70000 for number in range(12)}
    return [GERMANY | {"region": f"{name}{number}", "rates": rates} for number in range(count)]


def test_a_document_that_an_item_has_no_room_for_is_refused():
    answer = put_rates("tax", {"destinations": regions(1000)})

    assert (answer.status, fields(answer)) == (422, [("body.destinations", "rates_too_large")])
    assert "300,000" in answer.error["message"]
    assert RateTable.count() == 0


def test_its_size_is_counted_in_bytes():
    in_latin = put_rates("tax", {"destinations": regions(800, name="o" * 60)})
    in_greek = put_rates("tax", {"destinations": regions(800, name="ω" * 60)})

    assert (in_latin.status, in_greek.status) == (200, 422)


def test_what_is_stored_says_what_is_so_by_default_and_no_nulls():
    put_rates("tax", {"destinations": [GERMANY]})

    stored = RateTable.get("tax").document

    assert json.loads(stored) == {"destinations": [GERMANY | {"shipping_class": "standard"}]}
    assert stored == json.dumps(json.loads(stored), separators=(",", ":"))


@SHEETS
def test_who_has_set_it_is_in_the_audit_log(sheet, document):
    with logs.captured() as lines:
        put_rates(sheet, document)
        put_rates(sheet, document)

    (line,) = lines.saying("audit")
    assert (line["action"], line["result"]) == (f"set_{sheet}_rates", "done")
    assert (line["user_id"], line["version"]) == (STAFF.user_id, "1")
    assert line["client_address"] == "203.0.113.7"


@pytest.mark.parametrize("sheet", ["tax", "shipping"])
def test_the_sheets_are_not_for_customers_to_read(sheet):
    answer = get_rates(sheet, caller=ADA)

    assert (answer.status, answer.code) == (403, "forbidden")


@SHEETS
def test_the_sheets_are_not_for_customers_to_set(sheet, document):
    answer = put_rates(sheet, document, caller=ADA)

    assert (answer.status, answer.code) == (403, "forbidden")
    assert RateTable.count() == 0


def test_each_sheet_is_kept_under_a_name_of_its_own():
    assert {TaxRates.sheet, ShippingRates.sheet} == {"tax", "shipping"}
