"""Histories over items that newer code has written: each field that it added is kept."""

import os

import pytest

from orders.lifecycle.transitions import ANONYMIZED
from shared.storage.models.accounts import Login, User
from shared.storage.models.catalog import Product, ProductGroup, Stock
from shared.storage.models.orders import Order
from shared.storage.models.pricing import Promotion
from tests.histories import invariants
from tests.histories.aws_calls import Call
from tests.histories.concurrency import run_history
from tests.histories.settling import list_unsettled
from tests.histories.tables import peek_all
from tests.histories.world import World
from tests.support.unknown_fields import (
    Raw,
    assert_marks_kept,
    assert_unknown_fields_kept,
    mark_stored_items,
    stored_item,
)

HISTORIES = int(os.environ.get("SOUK_MIXED_HISTORIES", "1"))  # `make soak` has 60
STEPS = int(os.environ.get("SOUK_HISTORY_STEPS", "12"))
FIRST_SEED = int(os.environ.get("SOUK_SEED", "1001"))
OK = 200
GROUPS = ProductGroup.Meta.table_name
TABLES = (Order, Product, ProductGroup, Stock, Promotion, User, Login)


class Leavers:
    """The variants that left their groups: one that joins again later is a new one."""

    def __init__(self, groups: list[Raw]) -> None:
        self._paths = {
            group["group"]["S"]: dict(map(self._path_of, group["variants"]["L"]))
            for group in groups
        }
        self.paths: dict[str, set[str]] = {group: set() for group in self._paths}

    @staticmethod
    def _path_of(variant: Raw) -> tuple[str, str]:
        product_id, sku = variant["M"]["product_id"], variant["M"]["sku"]
        return product_id["S"], f"/variants[{product_id} {sku}]"

    def note(self, call: Call, status: int) -> None:
        if call.operation != "TransactWriteItems" or status != OK:
            return
        puts = [action["Put"] for action in call.body["TransactItems"] if "Put" in action]
        for group in [put["Item"] for put in puts if put["TableName"] == GROUPS]:
            here = {each["M"]["product_id"]["S"] for each in group["variants"]["L"]}
            known = self._paths.get(group["group"]["S"], {})
            gone = {path for product_id, path in known.items() if product_id not in here}
            self.paths.setdefault(group["group"]["S"], set()).update(gone)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + HISTORIES))
def test_a_history_keeps_what_newer_code_has_stored(seed, report):
    """The second half of the history runs over the marked items of the first."""
    world = World(seed)
    with world.open():
        world.fill()
        run_history(world, seed, STEPS)
        marked = mark_stored_items(*TABLES)
        leavers = Leavers([item for (table, _), item in marked.items() if table == GROUPS])
        world.calls.after.insert(0, leavers.note)
        run_history(world, seed, STEPS)

        broken = [*invariants.list_broken(world), *list_unsettled(world)]
        assert not broken, "\n".join([*broken, f"SOUK_SEED={seed} SOUK_MIXED_HISTORIES=1"])
        for order in peek_all(Order):
            is_anonymized = order.fingerprint == ANONYMIZED
            before = marked.pop((Order.Meta.table_name, order.order_id), None)
            if before:
                assert_unknown_fields_kept(
                    before,
                    stored_item(Order, order.order_id),
                    without=("/shipping_address",) if is_anonymized else (),
                )
        for group in peek_all(ProductGroup):
            before = marked.pop((GROUPS, group.group), None)
            if before:
                after = stored_item(ProductGroup, group.group)
                assert_unknown_fields_kept(before, after, without=[*leavers.paths[group.group]])
        report(world.figures() | {"histories": 1})
        assert_marks_kept(marked, *TABLES)
