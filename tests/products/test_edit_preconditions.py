"""If-Match and If-None-Match of products: no edit overwrites a version that nobody read."""

import pytest

from tests.support import events, shop
from tests.support.catalog import (
    TEA,
    create_product,
    edit_product,
    get_product,
    get_staff_product,
    patch_product,
)

pytestmark = pytest.mark.usefixtures("aws")


@pytest.mark.parametrize("how", ["replace", "patch", "archive"])
def test_an_edit_needs_if_match(how):
    tea = create_product()
    body = {"replace": TEA | {"name": "x"}, "patch": {"name": "x"}}.get(how)

    answer = edit_product(how, tea["id"], body, if_match=None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert get_staff_product(tea["id"]).body == tea


@pytest.mark.parametrize("how", ["replace", "patch", "archive"])
def test_the_second_of_two_editors_gets_the_current_version(how):
    tea = create_product()
    seen = get_staff_product(tea["id"]).headers["ETag"]
    first = patch_product(tea["id"], {"name": "Sencha"}, if_match=seen)
    body = {"replace": TEA | {"name": "x"}, "patch": {"name": "x"}}.get(how)

    second = edit_product(how, tea["id"], body, if_match=seen)

    assert (first.status, second.status, second.code) == (200, 412, "stale_version")
    assert second.error["details"] == {"current_version": 2}
    assert get_staff_product(tea["id"]).body == first.body
    types = [event.type for event in events.published_events()]
    assert sorted(types) == ["product.created", "product.updated"]


@pytest.mark.parametrize(
    "if_match", ['"1"', '"7", "1"', '"1-0123abcd"', "*", '  "1"  ', '"7" ,"1"']
)
def test_if_match_accepts_every_form_of_the_current_etag(if_match):
    tea = create_product()

    assert patch_product(tea["id"], {"name": "Sencha"}, if_match=if_match).status == 200


@pytest.mark.parametrize("if_match", ['"2"', 'W/"1"', '"x"', '""', '"01x"', '"2-1"'])
def test_an_etag_of_another_version_is_stale(if_match):
    tea = create_product()

    answer = patch_product(tea["id"], {"name": "Sencha"}, if_match=if_match)

    assert (answer.status, answer.error["details"]) == (412, {"current_version": 1})


@pytest.mark.parametrize("if_match", ["1", '"1', "", '"1" "2"', '"1",', "**", 'w/"1"'])
def test_a_malformed_etag_is_refused(if_match):
    tea = create_product()

    answer = patch_product(tea["id"], {"name": "Sencha"}, if_match=if_match)

    assert (answer.status, answer.code) == (400, "invalid_precondition")
    assert get_staff_product(tea["id"]).body == tea


def test_the_etag_for_shoppers_is_valid_for_an_edit():
    """It differs after each sale, but its version does not."""
    tea = create_product()

    etag = get_product(tea["id"]).headers["ETag"]

    assert patch_product(tea["id"], {"name": "Sencha"}, if_match=etag).status == 200


@pytest.mark.parametrize("show", [get_product, get_staff_product])
def test_an_unchanged_product_is_not_modified(show):
    tea = create_product()
    etag = show(tea["id"]).headers["ETag"]

    answer = show(tea["id"], **{"if-none-match": etag})
    patch_product(tea["id"], {"name": "Sencha"})
    later = show(tea["id"], **{"if-none-match": etag})

    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, "", etag)
    assert (later.status, later.body["name"]) == (200, "Sencha")


def test_a_sale_changes_the_etag():
    tea = shop.listed_product("TEA", available=5)
    etag = get_staff_product(tea.product_id).headers["ETag"]

    shop.sell(tea, 1)

    assert get_staff_product(tea.product_id).headers["ETag"] != etag
