"""`make verify` and `make repair` know stock below 0, and lines that take no stock."""

import pytest

from local import reconciliation
from local.reconciliation import reconcile
from local.repair import repair
from shared.storage.models.catalog import Product, Stock
from tests.local import shops
from tests.local.counted_products import create_counted_product
from tests.support import catalog, orders
from tests.support.catalog import patch_product
from tests.support.orders import LIFECYCLES, return_items

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(reconciliation.time, "sleep", lambda _: None)


def counted(policy: str, *changes: int, **more) -> Product:
    product = create_counted_product("TEA", *changes)
    patch_product(product.product_id, {"stock_policy": policy} | more)
    return product


def verify() -> list[str]:
    return [str(drift) for drift in reconcile(shops.shop()).drifts]


@pytest.mark.parametrize("policy", ["tracked", "backorder", "untracked"])
def test_every_status_of_every_policy_is_explained(policy):
    tea = counted(policy, 30)

    for decisions in LIFECYCLES.values():
        orders.create_order(*decisions, product=tea, quantity=4)
    orders.create_order(
        orders.mark_paid_manually, orders.ship, return_items(**{tea.product_id: 1}), product=tea
    )

    assert verify() == []


def test_a_change_of_policy_needs_no_repair():
    tea = counted("tracked", 3)
    placed = [orders.create_order(product=tea)]
    for policy in ("backorder", "untracked", "backorder", "tracked"):
        patch_product(tea.product_id, {"stock_policy": policy})
        if policy != "tracked":
            placed.append(orders.create_order(product=tea))

    assert verify() == []
    for order in placed:
        orders.update_order(order.order_id, orders.cancel)
    assert verify() == []
    assert orders.count_units(tea) == (3, 0)


@pytest.mark.parametrize("now", ["backorder", "tracked"])
def test_lost_stock_below_zero_is_repaired(now):
    tea = counted("backorder", 1)
    orders.create_order(product=tea, quantity=4)
    patch_product(tea.product_id, {"stock_policy": now, "stock_shards": 2})
    Stock(tea.product_id).update([Stock.available.add(2)])

    repairs = repair(shops.shop(), applies=True)

    assert repairs.is_ok
    assert (orders.count_units(tea), verify()) == ((-3, 4), [])


def test_staff_can_count_stock_after_its_backorders_shipped():
    tea = counted("backorder", 1)
    orders.create_order(orders.mark_paid_manually, orders.ship, product=tea, quantity=4)

    catalog.set_stock(tea.product_id, 6)

    assert (orders.count_units(tea), verify()) == ((6, 0), [])
