"""Imported rows of products that are sold beyond their stock, or are not counted."""

import pytest

from files.workers.import_file import handler
from shared import ids
from shared.storage.models.catalog import Product, Stock, StockMovement
from shared.storage.models.uploads import Upload
from tests.support import imports, shop
from tests.support.events import published_events
from tests.support.http import CONTEXT
from tests.support.imports import put_file
from tests.support.orders import count_units

pytestmark = pytest.mark.usefixtures("aws")

HEADER = "sku,name,price_minor,currency,available"


def imported(*rows: str, more: str = ",stock_policy") -> list[tuple[str | None, str]]:
    """The field and the code of each error."""
    imports.upload()
    handler(put_file("\n".join([HEADER + more, *rows, ""])), CONTEXT)
    upload = Upload.get("upl_one", "upload")
    assert upload.status == "completed"
    return [(error.field, error.code) for error in upload.errors]


def product(sku: str = "TEA") -> Product:
    return Product.get(ids.derived_id("prd", sku))


@pytest.mark.parametrize("cell", ["", "0", " "])
def test_an_uncounted_row_has_no_stock(cell):
    assert imported(f"SONG,Song,100,EUR,{cell},untracked") == []

    assert product("SONG").stock_policy == "untracked"
    assert (Stock.count(), StockMovement.count()) == (0, 0)


@pytest.mark.parametrize("policy", ["", "tracked", "backorder"])
def test_a_counted_row_needs_its_stock(policy):
    assert imported(f"TEA,Tea,100,EUR,,{policy}") == [("available", "wrong_type")]


def test_an_empty_cell_keeps_the_stock_that_is_not_counted():
    tea = shop.product("TEA", available=3, stock_policy="untracked")

    assert imported("TEA,Tea,100,EUR,", more="") == []

    assert count_units(tea) == (3, 0)


@pytest.mark.parametrize("more", ["", ",stock_policy"])
def test_uncounted_stock_cannot_be_imported(more):
    song = shop.product("SONG", available=3, stock_policy="untracked")
    row = f"SONG,Song,100,EUR,5{',untracked' if more else ''}"

    assert imported(row, more=more) == [("available", "stock_not_tracked")]
    assert count_units(song) == (3, 0)


def test_an_import_without_policies_keeps_them():
    shop.product("SONG", stock_policy="untracked")
    shop.product("TEA", available=1, stock_policy="backorder", backorder_limit=3)

    assert imported("SONG,New,100,EUR,0", "TEA,New,100,EUR,4", more="") == []

    assert (product("SONG").name, product("SONG").stock_policy) == ("New", "untracked")
    tea = product()
    assert (tea.stock_policy, tea.backorder_limit) == ("backorder", 3)
    assert count_units(tea) == (4, 0)


def test_an_empty_policy_is_tracked():
    shop.product("TEA", available=2, stock_policy="untracked", backorder_limit=9)

    assert imported("TEA,Tea,100,EUR,5,,", more=",stock_policy,backorder_limit") == []

    tea = product()
    assert (tea.stock_policy, tea.backorder_limit) == ("tracked", None)
    assert count_units(tea) == (5, 0)


def test_backorders_can_be_counted_below_zero():
    tea = shop.product("TEA", stock_policy="backorder")
    shop.sell(tea, 4)

    assert imported("TEA,The TEA,1000,EUR,-1,backorder") == []

    assert count_units(tea) == (-1, 4)
    (movement,) = StockMovement.scan()
    assert (movement.kind, movement.change) == ("import", 3)


@pytest.mark.parametrize(
    ("stored", "policy"), [("tracked", None), ("backorder", "tracked"), ("untracked", "")]
)
def test_a_count_below_zero_needs_its_policy(stored, policy):
    shop.product("TEA", stock_policy=stored)
    row = "TEA,Tea,100,EUR,-1" + ("" if policy is None else f",{policy}")

    found = imported(row, more="" if policy is None else ",stock_policy")

    assert found == [("available", "too_small")]


def test_a_stored_policy_allows_a_count_below_zero():
    tea = shop.product("TEA", stock_policy="backorder")

    assert imported("TEA,Tea,100,EUR,-1", more="") == []

    assert count_units(tea) == (-1, 0)


@pytest.mark.parametrize("shards", [1, 3])
def test_an_import_ends_backorders(shards):
    tea = shop.product("TEA", stock_policy="backorder", stock_shards=shards)
    for _ in range(4):
        shop.sell(tea, 2)

    assert imported("TEA,The TEA,1000,EUR,0,tracked") == []

    assert count_units(tea) == (0, 8)
    assert {shard.backorders_max for shard in Stock.scan()} == {0}
    assert min(shard.available for shard in Stock.scan()) == 0


def test_the_same_file_again_writes_nothing():
    rows = ("TEA,Tea,100,EUR,5,backorder,9", "SONG,Song,100,EUR,,untracked,")
    more = ",stock_policy,backorder_limit"
    imported(*rows, more=more)
    before = shop.stored_items()
    events = [event for event in published_events() if event.type != "upload.completed"]

    imports.upload("upl_two")
    handler(put_file("\n".join([HEADER + more, *rows, ""]), "upl_two"), CONTEXT)

    changed = {table for table, _ in shop.stored_items() ^ before}
    assert [event for event in published_events() if event.type != "upload.completed"] == events
    assert len(changed) == 2  # the uploads and the outbox


def test_a_change_of_policy_reaches_the_index():
    shop.listed_product("TEA", available=0)

    imported("TEA,The TEA,1000,EUR,,untracked")

    event = next(each for each in published_events() if each.type == "product.updated")
    assert (event.type, event.data.changed) == ("product.updated", ["stock_policy"])
