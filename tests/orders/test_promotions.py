"""Staff create promotions, change them, and see how often they were used."""

import pytest

from orders.pricing.promotions import repository
from orders.pricing.promotions.schemas import NewPromotion, to_request
from orders.staff_api import handler
from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse
from tests.attacks.attack import nested
from tests.attacks.text_values import HIDDEN
from tests.support import logs
from tests.support.http import ADA, ADMIN, STAFF, send
from tests.support.pricing import (
    create_promotion,
    get_promotion,
    list_promotions,
    patch_promotion,
    post_promotion,
)

pytestmark = pytest.mark.usefixtures("aws")

EUR_5 = {"amount_minor": 500, "currency": "EUR"}
EUR_50 = {"amount_minor": 5000, "currency": "EUR"}
USD_50 = {"amount_minor": 5000, "currency": "USD"}
FIXED = {"kind": "fixed", "percent": None, "amount": EUR_5}
FREE_SHIPPING = {"kind": "free_shipping", "percent": None}
MARCH, JUNE = "2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z"
FULL = {
    "minimum": EUR_50,
    "starts_at": MARCH,
    "ends_at": JUNE,
    "uses_max": 100,
    "uses_per_customer_max": 1,
    "description": "For the newsletter",
}


def fields(answer) -> list[tuple[str, str]]:
    return [(problem["path"], problem["code"]) for problem in answer.error["details"]["fields"]]


def use(code: str, times: int = 1) -> None:
    """Counts uses as orders do."""
    Promotion(PROMOTIONS, code).update([Promotion.used.add(times)])


def test_a_promotion_is_created_with_its_code():
    answer = post_promotion()

    assert answer.status == 201
    assert answer.headers["Location"] == "/v1/promotions/SPRING"
    assert answer.headers["ETag"].startswith('"1-')
    assert answer.body == {
        "is_automatic": False,
        "code": "SPRING",
        "name": None,
        "kind": "percent",
        "percent": 10,
        "amount": None,
        "minimum": None,
        "applies_to": None,
        "starts_at": None,
        "ends_at": None,
        "is_active": True,
        "uses_max": None,
        "uses_per_customer_max": None,
        "used": None,
        "description": "",
        "created_at": answer.body["created_at"],
        "version": 1,
    }
    assert get_promotion("SPRING").body == answer.body


def test_a_promotion_reads_back_as_it_was_created():
    made = create_promotion(**FULL)

    assert made | FULL == made
    assert made["used"] == 0
    assert get_promotion("SPRING").body == made


@pytest.mark.parametrize(
    ("changes", "currency"),
    [
        ({}, None),
        ({"minimum": USD_50}, "USD"),
        (FIXED, "EUR"),
        (FIXED | {"minimum": EUR_50}, "EUR"),
        (FREE_SHIPPING, None),
        (FREE_SHIPPING | {"minimum": EUR_50}, "EUR"),
    ],
    ids=repr,
)
def test_the_amounts_decide_the_currency_of_a_promotion(changes, currency):
    create_promotion(**changes)

    assert Promotion.get(PROMOTIONS, "SPRING").currency == currency


def test_a_code_is_the_same_in_upper_and_lower_case():
    made = create_promotion(code="spring-10")

    again = post_promotion(code="Spring-10")

    assert made["code"] == "SPRING-10"
    assert (again.status, again.code) == (409, "promotion_code_taken")
    assert again.error["details"] == {"code": "SPRING-10"}
    assert get_promotion("spring-10").body == made


def test_the_code_of_an_inactive_promotion_stays_taken():
    create_promotion(is_active=False)

    answer = post_promotion(percent=20)

    assert (answer.status, answer.code) == (409, "promotion_code_taken")
    assert get_promotion("SPRING").body["percent"] == 10


def test_times_are_stored_in_utc():
    made = create_promotion(starts_at="2026-03-01T00:00:00+01:00", ends_at="2026-06-01T00:00:00.5Z")

    assert made["starts_at"] == "2026-02-28T23:00:00Z"
    assert made["ends_at"] == "2026-06-01T00:00:00.500000Z"


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"code": "X"}, "code", "wrong_format"),
        ({"code": "X" * 41}, "code", "wrong_format"),
        ({"code": "-10"}, "code", "wrong_format"),
        ({"code": "A B"}, "code", "wrong_format"),
        ({"code": "A,B"}, "code", "wrong_format"),
        ({"code": "SPR\nING"}, "code", "wrong_format"),
        ({"code": "SPRıNG"}, "code", "wrong_format"),
        ({"code": "straße"}, "code", "wrong_format"),
        ({"code": "\ud800"}, "code", "not_unicode"),
        ({"code": None}, "code", "required"),
        ({"code": 10}, "code", "wrong_type"),
        ({"kind": "half"}, "kind", "unknown_value"),
        ({"kind": None}, "kind", "required"),
        ({"percent": 0}, "percent", "too_small"),
        ({"percent": 101}, "percent", "too_large"),
        ({"percent": 0.009}, "percent", "too_small"),
        ({"percent": 100.01}, "percent", "too_large"),
        ({"percent": True}, "percent", "wrong_type"),
        ({"percent": "10"}, "percent", "wrong_type"),
        ({"percent": None}, "percent", "needed_by_kind"),
        ({"amount": EUR_5}, "amount", "not_of_kind"),
        (FIXED | {"amount": None}, "amount", "needed_by_kind"),
        (FIXED | {"percent": 10}, "percent", "not_of_kind"),
        (FIXED | {"amount": EUR_5 | {"amount_minor": 0}}, "amount.amount_minor", "too_small"),
        (FIXED | {"amount": EUR_5 | {"amount_minor": -5}}, "amount.amount_minor", "too_small"),
        (
            FIXED | {"amount": EUR_5 | {"amount_minor": 10**12 + 1}},
            "amount.amount_minor",
            "too_large",
        ),
        (FIXED | {"amount": EUR_5 | {"currency": "XXX"}}, "amount.currency", "unknown_currency"),
        (FIXED | {"amount": 500}, "amount", "wrong_type"),
        (FIXED | {"minimum": USD_50}, "minimum", "mixed_currencies"),
        (FREE_SHIPPING | {"percent": 10}, "percent", "not_of_kind"),
        (FREE_SHIPPING | {"amount": EUR_5}, "amount", "not_of_kind"),
        (
            {"minimum": EUR_50 | {"amount_minor": -1}},
            "minimum.amount_minor",
            "too_small",
        ),
        ({"starts_at": "2026-03-01T00:00:00"}, "starts_at", "not_a_time"),
        ({"ends_at": "2026-06-01"}, "ends_at", "not_a_time"),
        ({"ends_at": 1793491200}, "ends_at", "not_a_time"),
        ({"starts_at": JUNE, "ends_at": MARCH}, "ends_at", "times_out_of_order"),
        ({"starts_at": MARCH, "ends_at": MARCH}, "ends_at", "times_out_of_order"),
        (
            {"starts_at": "2026-03-01T00:00:00Z", "ends_at": "2026-03-01T00:30:00+01:00"},
            "ends_at",
            "times_out_of_order",
        ),
        ({"is_active": "yes"}, "is_active", "wrong_type"),
        ({"uses_max": 0}, "uses_max", "too_small"),
        ({"uses_max": 10**9 + 1}, "uses_max", "too_large"),
        ({"uses_max": 1.5}, "uses_max", "not_a_whole_number"),
        ({"uses_per_customer_max": 0}, "uses_per_customer_max", "too_small"),
        ({"uses_per_customer_max": True}, "uses_per_customer_max", "wrong_type"),
        ({"description": "x" * 501}, "description", "too_long"),
        ({"used": 5}, "used", "unknown_field"),
        ({"name": ""}, "name", "too_short"),
        ({"name": "x" * 101}, "name", "too_long"),
        ({"is_automatic": "yes"}, "is_automatic", "wrong_type"),
        ({"is_automatic": True, "uses_max": 5}, "uses_max", "not_of_automatic"),
        (
            {"is_automatic": True, "uses_per_customer_max": 1},
            "uses_per_customer_max",
            "not_of_automatic",
        ),
        ({"applies_to": {}}, "applies_to", "applies_to_nothing"),
        ({"applies_to": {"skus": []}}, "applies_to", "applies_to_nothing"),
        ({"applies_to": {"tags": ["new"]}}, "applies_to.tags", "unknown_field"),
        ({"applies_to": {"skus": ["  "]}}, "applies_to.skus.0", "too_short"),
        ({"applies_to": {"skus": ["X"] * 51}}, "applies_to.skus", "too_long"),
        ({"applies_to": {"product_ids": ["TEA"]}}, "applies_to.product_ids.0", "wrong_format"),
        ({"applies_to": {"categories": ["Tea"]}}, "applies_to.categories.0", "wrong_format"),
        ({"applies_to": {"categories": ["/tea"]}}, "applies_to.categories.0", "wrong_format"),
        ({"applies_to": ["TEA"]}, "applies_to", "wrong_type"),
    ],
    ids=repr,
)
def test_a_promotion_is_checked_field_by_field(changes, path, code):
    answer = post_promotion(**changes)

    assert (answer.status, fields(answer)) == (422, [(f"body.{path}", code)])
    assert Promotion.count() == 0


def test_promotions_are_listed_newest_first():
    codes = [create_promotion(code=f"CODE-{number}")["code"] for number in range(5)]
    patch_promotion("CODE-0", {"is_active": False})

    first = list_promotions(limit="2")
    second = list_promotions(limit="2", cursor=first.body["next_cursor"])
    third = list_promotions(limit="2", cursor=second.body["next_cursor"])

    items = [promotion for page in (first, second, third) for promotion in page.body["items"]]
    assert [promotion["code"] for promotion in items] == codes[::-1]
    assert third.body["next_cursor"] is None
    assert items[-1] == get_promotion("CODE-0").body


def test_the_list_omits_the_uses_of_customers():
    create_promotion()
    PromotionUse(ADA.user_id, "SPRING", used=1).save()

    assert [promotion["code"] for promotion in list_promotions().body["items"]] == ["SPRING"]


def test_a_cursor_of_another_user_is_refused():
    for number in range(2):
        create_promotion(code=f"CODE-{number}")
    cursor = list_promotions(limit="1").body["next_cursor"]

    answer = list_promotions(limit="1", cursor=cursor, caller=ADMIN)

    assert (answer.status, answer.code) == (400, "cursor_user_mismatch")


@pytest.mark.parametrize(
    "call", [lambda: get_promotion("NOTHING"), lambda: patch_promotion("NOTHING", {"percent": 20})]
)
def test_an_unknown_promotion_is_404(call):
    answer = call()

    assert (answer.status, answer.code) == (404, "promotion_not_found")
    assert Promotion.count() == 0


def test_a_patch_changes_only_the_fields_it_names():
    before = create_promotion(**FULL)

    answer = patch_promotion("SPRING", {"percent": 20, "description": "For all", "ends_at": None})

    assert answer.status == 200
    changed = {"percent": 20, "description": "For all", "ends_at": None, "version": 2}
    assert answer.body == before | changed
    assert answer.headers["ETag"].startswith('"2-')
    assert get_promotion("SPRING").body == answer.body


def test_a_patch_accepts_the_code_in_lower_case():
    create_promotion()

    assert patch_promotion("spring", {"percent": 20}).body["percent"] == 20


def test_a_patch_may_change_one_half_of_an_amount():
    create_promotion(**FIXED)

    answer = patch_promotion("SPRING", {"amount": {"amount_minor": 700}})

    assert answer.body["amount"] == {"amount_minor": 700, "currency": "EUR"}


def test_the_currency_is_removed_with_the_last_amount():
    create_promotion(minimum=EUR_50)

    patch_promotion("SPRING", {"minimum": None})

    stored = Promotion.get(PROMOTIONS, "SPRING")
    assert (stored.minimum_minor, stored.currency) == (None, None)


def test_null_removes_a_field():
    create_promotion(**FULL)
    nothing = dict.fromkeys(FULL)

    answer = patch_promotion("SPRING", nothing)

    assert answer.body | nothing | {"description": ""} == answer.body
    assert answer.body["used"] is None


def test_a_promotion_is_ended_and_resumed_by_is_active():
    create_promotion()

    over = patch_promotion("SPRING", {"is_active": False})
    back = patch_promotion("SPRING", {"is_active": True})

    assert (over.body["is_active"], back.body["is_active"]) == (False, True)


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"code": "SUMMER"}, "code", "unknown_field"),
        ({"kind": "free_shipping"}, "kind", "unknown_field"),
        ({"used": 0}, "used", "unknown_field"),
        ({"version": 9}, "version", "unknown_field"),
        ({"percent": None}, "percent", "needed_by_kind"),
        ({"percent": 101}, "percent", "too_large"),
        ({"percent": "20"}, "percent", "wrong_type"),
        ({"amount": EUR_5}, "amount", "not_of_kind"),
        ({"minimum": {"currency": None}}, "minimum.currency", "required"),
        ({"minimum": {"minor": 5}}, "minimum.minor", "unknown_field"),
        ({"starts_at": JUNE}, "ends_at", "times_out_of_order"),
        ({"ends_at": "2026-02-01T00:00:00Z"}, "ends_at", "times_out_of_order"),
        ({"ends_at": "soon"}, "ends_at", "not_a_time"),
        ({"is_active": None}, "is_active", "not_nullable"),
        ({"is_automatic": True}, "is_automatic", "unknown_field"),
        ({"applies_to": {"skus": None}}, "applies_to", "applies_to_nothing"),
        ({"uses_max": 0}, "uses_max", "too_small"),
        ({"description": "x" * 501}, "description", "too_long"),
    ],
    ids=repr,
)
def test_a_patch_to_an_invalid_promotion_names_the_field(changes, path, code):
    before = create_promotion(**FULL)

    answer = patch_promotion("SPRING", changes)

    assert (answer.status, fields(answer)) == (422, [(f"body.{path}", code)])
    assert get_promotion("SPRING").body == before


def test_a_patch_cannot_mix_the_currencies_of_the_amounts():
    create_promotion(**FIXED, minimum=EUR_50)

    answer = patch_promotion("SPRING", {"amount": {"currency": "USD"}})

    assert (answer.status, fields(answer)) == (422, [("body.minimum", "mixed_currencies")])


def test_a_patch_that_changes_nothing_keeps_the_version():
    before = create_promotion(**FULL)

    answers = [
        patch_promotion("SPRING", {}),
        patch_promotion("SPRING", {"percent": 10, "starts_at": MARCH}),
    ]

    assert [(answer.status, answer.body) for answer in answers] == [(200, before)] * 2


def test_a_patch_needs_if_match():
    before = create_promotion()

    answer = patch_promotion("SPRING", {"percent": 20}, if_match=None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert get_promotion("SPRING").body == before


def test_the_second_of_two_editors_learns_the_current_version():
    create_promotion()
    seen = get_promotion("SPRING").headers["ETag"]
    first = patch_promotion("SPRING", {"percent": 20}, if_match=seen)

    second = patch_promotion("SPRING", {"percent": 30}, if_match=seen)

    assert (first.status, second.status, second.code) == (200, 412, "stale_version")
    assert second.error["details"] == {"current_version": 2}
    assert get_promotion("SPRING").body == first.body


def test_a_known_promotion_is_304_until_it_is_used():
    create_promotion(uses_max=5)
    etag = get_promotion("SPRING").headers["ETag"]

    unused = get_promotion("SPRING", **{"if-none-match": etag})
    use("SPRING")
    used = get_promotion("SPRING", **{"if-none-match": etag})

    assert (unused.status, unused.body) == (304, "")
    assert (used.status, used.body["used"]) == (200, 1)


def test_uses_since_the_read_do_not_block_an_edit():
    create_promotion(uses_max=5)
    etag = get_promotion("SPRING").headers["ETag"]
    use("SPRING")

    answer = patch_promotion("SPRING", {"percent": 20}, if_match=etag)

    assert (answer.status, answer.body["used"]) == (200, 1)


def before_the_write(monkeypatch, happens) -> None:
    """Lets this happen once, between the read and the write of an edit."""
    find = repository.get_promotion
    left = [happens]

    def find_then_overtake(code):
        found = find(code)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(repository, "get_promotion", find_then_overtake)


def test_an_edit_keeps_uses_of_the_same_moment(monkeypatch):
    create_promotion(uses_max=5)
    before_the_write(monkeypatch, lambda: use("SPRING", 2))

    answer = patch_promotion("SPRING", {"uses_max": 9, "percent": 20})

    assert answer.status == 200
    assert get_promotion("SPRING").body["used"] == 2


@pytest.mark.parametrize(
    ("if_match", "outcome"), [('"1"', (412, 30, 10)), ("*", (200, 30, 20))], ids=["version", "any"]
)
def test_an_overtaken_edit_applies_only_with_any_version(monkeypatch, if_match, outcome):
    create_promotion(uses_max=10)
    before_the_write(monkeypatch, lambda: patch_promotion("SPRING", {"percent": 30}))

    answer = patch_promotion("SPRING", {"uses_max": 20}, if_match=if_match)

    now = get_promotion("SPRING").body
    assert (answer.status, now["percent"], now["uses_max"]) == outcome


def test_uses_are_counted_from_when_the_limit_is_set():
    create_promotion()

    answer = patch_promotion("SPRING", {"uses_max": 5})

    assert answer.body["used"] == 0


def test_a_restored_limit_still_counts_earlier_orders():
    """Their cancellation releases the uses that they counted."""
    create_promotion(uses_max=5)
    use("SPRING", 3)
    patch_promotion("SPRING", {"uses_max": None})

    answer = patch_promotion("SPRING", {"uses_max": 4})

    assert (answer.body["uses_max"], answer.body["used"]) == (4, 3)


def test_a_limit_may_be_set_below_the_uses():
    create_promotion(uses_max=5)
    use("SPRING", 3)

    answer = patch_promotion("SPRING", {"uses_max": 2})

    assert (answer.status, answer.body["uses_max"], answer.body["used"]) == (200, 2, 3)


def test_the_audit_log_says_who_created_and_changed_it():
    with logs.captured() as lines:
        post_promotion(description="For Ada")
        patch_promotion("SPRING", {"percent": 20, "uses_max": 5})
        patch_promotion("SPRING", {"percent": 20})

    made, changed = lines.saying("audit")
    assert (made["action"], made["promotion_code"]) == ("create_promotion", "SPRING")
    assert (changed["action"], changed["changed"]) == ("update_promotion", "percent uses_max")
    assert (changed["promotion_code"], changed["version"]) == ("SPRING", "2")
    assert {line["user_id"] for line in (made, changed)} == {STAFF.user_id}
    assert "For Ada" not in lines.text


@pytest.mark.parametrize(
    "call",
    [
        lambda: post_promotion(caller=ADA),
        lambda: list_promotions(caller=ADA),
        lambda: patch_promotion("SPRING", {"percent": 20}, caller=ADA),
    ],
    ids=["create", "list", "patch"],
)
def test_customers_cannot_manage_promotions(call):
    answer = call()

    assert (answer.status, answer.code) == (403, "forbidden")
    assert Promotion.count() == 0


@pytest.mark.parametrize("changes", [FULL, FIXED, FREE_SHIPPING], ids=["percent", "fixed", "free"])
def test_a_stored_promotion_is_always_a_valid_request(changes):
    create_promotion(**changes)
    stored = Promotion.get(PROMOTIONS, "SPRING")

    assert NewPromotion.model_validate(to_request(stored)).code == "SPRING"


@pytest.mark.parametrize("depth", [33, 900, 2_000, 20_000])
@pytest.mark.parametrize("member", ["amount", "minimum"])
def test_a_deep_patch_of_a_stored_promotion_is_refused(member, depth):
    create_promotion()

    answer = send(
        handler,
        "pricing.patch_promotion",
        caller=STAFF,
        raw_body=(b'{"%s":%s}' % (member.encode(), nested(depth))).decode(),
        path={"code": "SPRING"},
        headers={"if-match": "*"},
    )

    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert fields(answer) in (
        [(f"body.{member}", "too_deep")],
        [("body", "too_many_values")],
    )
    assert Promotion.get(PROMOTIONS, "SPRING").version == 1


@pytest.mark.parametrize("text", [HIDDEN["only an override"], HIDDEN["an escape sequence"]])
def test_a_description_has_no_hidden_character(text):
    create_promotion()

    created = post_promotion(code="SUMMER", description=text)
    patched = patch_promotion("SPRING", {"description": text})

    for answer in (created, patched):
        assert fields(answer) == [("body.description", "wrong_format")]
