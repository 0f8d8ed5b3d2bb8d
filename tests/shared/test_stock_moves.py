"""Moves of stock: units that an order returns to a shard or no longer allocates."""

import pytest

from shared.storage import stock
from shared.storage.models.catalog import Stock
from shared.storage.stock import Resharded
from shared.storage.transactions import Transaction

pytestmark = pytest.mark.usefixtures("aws")


def move(shard: int = 0, *, available: int, allocated: int, is_bounded: bool = True) -> None:
    transaction = Transaction()
    stock.stage_move(
        transaction,
        "prd_1",
        shard,
        available=available,
        allocated=allocated,
        is_bounded=is_bounded,
    )
    transaction.commit()


def stored(key: str = "prd_1") -> tuple[int, int, int]:
    item = Stock.get(key)
    return int(item.available), int(item.allocated), int(item.version)


@pytest.mark.parametrize(("available", "after"), [(2, (7, 1, 5)), (0, (5, 1, 5))])
def test_returned_and_shipped_units_are_no_longer_allocated(available, after):
    Stock("prd_1", available=5, allocated=3, version=4).save()

    move(available=available, allocated=-2)

    assert stored() == after


def test_each_shard_is_an_item_of_its_own():
    Stock("prd_1", available=5, allocated=3, version=4).save()
    Stock("prd_1#2", available=1, allocated=1, version=1).save()

    move(2, available=1, allocated=-1)

    assert stored("prd_1#2") == (2, 0, 2)
    assert stored() == (5, 3, 4)


@pytest.mark.parametrize("allocated", [0, 1])
def test_a_shard_with_fewer_allocated_units_was_resharded(allocated):
    Stock("prd_1", available=5, allocated=allocated, version=4).save()

    with pytest.raises(Resharded) as found:
        move(available=2, allocated=-2)

    assert found.value.product_id == "prd_1"
    assert stored() == (5, allocated, 4)


def test_a_move_does_not_restore_a_removed_shard():
    with pytest.raises(Resharded):
        move(3, available=1, allocated=-1)

    assert Stock.count() == 0


def test_an_unbounded_move_ignores_what_is_allocated():
    Stock("prd_1", available=5, allocated=1, version=4).save()

    move(available=2, allocated=-2, is_bounded=False)

    assert stored() == (7, -1, 5)
