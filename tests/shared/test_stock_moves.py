"""What an order gives back to a shard, or lets go of."""

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
def test_what_is_given_back_or_has_left_is_on_order_no_more(available, after):
    Stock("prd_1", available=5, allocated=3, version=4).save()

    move(available=available, allocated=-2)

    assert stored() == after


def test_a_shard_other_than_the_first_is_an_item_of_its_own():
    Stock("prd_1", available=5, allocated=3, version=4).save()
    Stock("prd_1#2", available=1, allocated=1, version=1).save()

    move(2, available=1, allocated=-1)

    assert stored("prd_1#2") == (2, 0, 2)
    assert stored() == (5, 3, 4)


@pytest.mark.parametrize("allocated", [0, 1])
def test_a_shard_with_fewer_on_order_was_split_anew(allocated):
    Stock("prd_1", available=5, allocated=allocated, version=4).save()

    with pytest.raises(Resharded) as found:
        move(available=2, allocated=-2)

    assert found.value.product_id == "prd_1"
    assert stored() == (5, allocated, 4)


def test_a_shard_that_is_gone_was_split_anew_and_does_not_come_back():
    with pytest.raises(Resharded):
        move(3, available=1, allocated=-1)

    assert Stock.count() == 0


def test_without_that_bound_it_is_moved_whatever_is_there():
    Stock("prd_1", available=5, allocated=1, version=4).save()

    move(available=2, allocated=-2, is_bounded=False)

    assert stored() == (7, -1, 5)
