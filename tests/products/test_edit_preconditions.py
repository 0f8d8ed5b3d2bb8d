"""If-Match and If-None-Match of products: no edit overwrites a version that nobody read."""

import pytest

from tests.support import shop
from tests.support.catalog import TEA, created, edit, get, inspect, patch

pytestmark = pytest.mark.usefixtures("aws")


@pytest.mark.parametrize("how", ["replace", "patch", "archive"])
def test_an_edit_needs_if_match(how):
    tea = created()
    body = {"replace": TEA | {"name": "x"}, "patch": {"name": "x"}}.get(how)

    answer = edit(how, tea["id"], body, if_match=None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert inspect(tea["id"]).body == tea


@pytest.mark.parametrize("how", ["replace", "patch", "archive"])
def test_the_second_of_two_editors_gets_the_current_version(how):
    tea = created()
    seen = inspect(tea["id"]).headers["ETag"]
    first = patch(tea["id"], {"name": "Sencha"}, if_match=seen)
    body = {"replace": TEA | {"name": "x"}, "patch": {"name": "x"}}.get(how)

    second = edit(how, tea["id"], body, if_match=seen)

    assert (first.status, second.status, second.code) == (200, 412, "stale_version")
    assert second.error["details"] == {"current_version": 2}
    assert inspect(tea["id"]).body == first.body
    types = [event.type for event in shop.staged_so_far()]
    assert sorted(types) == ["product.created", "product.updated"]


@pytest.mark.parametrize(
    "if_match", ['"1"', '"7", "1"', '"1-0123abcd"', "*", '  "1"  ', '"7" ,"1"']
)
def test_if_match_accepts_every_form_of_the_current_etag(if_match):
    tea = created()

    assert patch(tea["id"], {"name": "Sencha"}, if_match=if_match).status == 200


@pytest.mark.parametrize("if_match", ['"2"', 'W/"1"', '"x"', '""', '"01x"', '"2-1"'])
def test_an_etag_of_another_version_is_stale(if_match):
    tea = created()

    answer = patch(tea["id"], {"name": "Sencha"}, if_match=if_match)

    assert (answer.status, answer.error["details"]) == (412, {"current_version": 1})


@pytest.mark.parametrize("if_match", ["1", '"1', "", '"1" "2"', '"1",', "**", 'w/"1"'])
def test_a_malformed_etag_is_refused(if_match):
    tea = created()

    answer = patch(tea["id"], {"name": "Sencha"}, if_match=if_match)

    assert (answer.status, answer.code) == (400, "invalid_precondition")
    assert inspect(tea["id"]).body == tea


def test_the_etag_for_shoppers_is_valid_for_an_edit():
    """It differs after each sale, but its version does not."""
    tea = created()

    etag = get(tea["id"]).headers["ETag"]

    assert patch(tea["id"], {"name": "Sencha"}, if_match=etag).status == 200


@pytest.mark.parametrize("show", [get, inspect])
def test_an_unchanged_product_is_not_modified(show):
    tea = created()
    etag = show(tea["id"]).headers["ETag"]

    answer = show(tea["id"], **{"if-none-match": etag})
    patch(tea["id"], {"name": "Sencha"})
    later = show(tea["id"], **{"if-none-match": etag})

    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, "", etag)
    assert (later.status, later.body["name"]) == (200, "Sencha")


def test_a_sale_changes_the_etag():
    tea = shop.product("TEA", available=5)
    etag = inspect(tea.product_id).headers["ETag"]

    shop.sell(tea, 1)

    assert inspect(tea.product_id).headers["ETag"] != etag
