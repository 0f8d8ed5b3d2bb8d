"""A change of a product's currency, which needs that no open order has units of the product."""

import pytest

from shared.storage import stock
from shared.storage.models.catalog import Stock
from shared.storage.stock import StockChanged
from shared.storage.stock_shards import Allocation, StockSnapshot
from shared.storage.transactions import Transaction

pytestmark = pytest.mark.usefixtures("aws")


def stored(allocated_by_shard: list[int | None]) -> StockSnapshot:
    """The stock of a product whose shards have so many units allocated. None: no order took any."""
    for number, allocated in enumerate(allocated_by_shard):
        counted = {} if allocated is None else {"allocated": allocated}
        Stock(f"prd_1#{number}" if number else "prd_1", available=5, version=3, **counted).save()
    return stock.get_stocks({"prd_1": len(allocated_by_shard)})["prd_1"]


def set_currency(before: StockSnapshot, units: int = 0) -> None:
    transaction = Transaction()
    changes = {0: units} if units else {}
    stock.stage_change(transaction, before, changes, otherwise=StockChanged(), currency="USD")
    transaction.commit()


def take(quantity: int, *, shard: int, currency: str = "EUR") -> None:
    transaction = Transaction()
    allocation = Allocation({shard: quantity})
    stock.stage_allocation(
        transaction, "prd_1", allocation, currency=currency, otherwise=StockChanged()
    )
    transaction.commit()


def release(units: int, *, shard: int) -> None:
    transaction = Transaction()
    stock.stage_move(transaction, "prd_1", shard, available=0, allocated=-units, is_bounded=False)
    transaction.commit()


@pytest.mark.parametrize(
    "allocated", [[0], [None], [0, 0, 0], [None, 0], [-1, 1], [2, -3, 1], [1, None, -1]]
)
def test_shards_that_add_up_to_nothing_allocated_can_change(allocated):
    before = stored(allocated)
    assert before.allocated == 0

    set_currency(before, units=2)

    after = stock.get_stocks({"prd_1": len(allocated)})["prd_1"]
    assert {shard.currency for shard in after.shards} == {"USD"}
    assert (after.available, after.allocated) == (before.available + 2, 0)


@pytest.mark.parametrize("shard", [0, 1])
@pytest.mark.parametrize("allocated", [[0, 0], [None, None], [-1, 1]])
def test_an_order_since_the_read_prevents_the_change(allocated, shard):
    before = stored(allocated)
    take(1, shard=shard)

    with pytest.raises(StockChanged):
        set_currency(before)

    assert {item.currency for item in Stock.scan()} == {None}


@pytest.mark.parametrize("shard", [0, 1])
def test_a_shipment_since_the_read_prevents_the_change(shard):
    before = stored([1, -1])
    release(1, shard=shard)

    with pytest.raises(StockChanged):
        set_currency(before)


def test_stock_that_was_never_set_keeps_its_new_currency():
    """Its first delivery must not be sold at a price that was read in the old currency."""
    set_currency(stock.get_stocks({"prd_1": 2})["prd_1"])
    delivered = stock.get_stocks({"prd_1": 2})["prd_1"]
    transaction = Transaction()
    stock.stage_change(transaction, delivered, {0: 5, 1: 5}, otherwise=StockChanged())
    transaction.commit()

    for shard in (0, 1):
        with pytest.raises(StockChanged):
            take(1, shard=shard, currency="EUR")
        take(1, shard=shard, currency="USD")
