"""Rules on moto: errors that depend on the stored item."""

import pytest

from shared.storage.models.accounts import Login
from shared.storage.models.catalog import Stock
from shared.storage.transactions import Transaction
from tests.support import shop

pytestmark = pytest.mark.usefixtures("aws")


class Found(Exception):
    """Carries the item that failed the condition."""

    def __init__(self, item: Stock | Login | None) -> None:
        self.item = item


def found_by(transaction: Transaction) -> Stock | Login | None:
    with pytest.raises(Found) as raised:
        transaction.commit()
    return raised.value.item


def test_a_refused_put_gets_the_stored_item():
    shop.login("ada@example.com", user_id="usr_first").save()
    transaction = Transaction()
    new = shop.login("ada@example.com", user_id="usr_second")
    transaction.put(new, only_if=Login.email.does_not_exist(), otherwise=Found)

    item = found_by(transaction)

    assert isinstance(item, Login)
    assert (item.user_id, item.roles) == ("usr_first", {"customer"})


def test_a_refused_update_gets_the_stored_item():
    tea = shop.product("TEA", available=3)
    transaction = Transaction()
    actions = [Stock.available.add(-5)]
    item = Stock(tea.product_id)
    transaction.update(item, actions, only_if=Stock.available >= 5, otherwise=Found)

    found = found_by(transaction)

    assert isinstance(found, Stock)
    assert (found.product_id, found.available) == (tea.product_id, 3)
    assert shop.available(tea) == 3


def test_a_missing_item_is_none():
    transaction = Transaction()
    item = Stock("prd_nothing")
    actions = [Stock.available.set(1)]
    transaction.update(item, actions, only_if=Stock.product_id.exists(), otherwise=Found)

    assert found_by(transaction) is None


def test_the_function_chooses_the_error_by_the_item():
    def refusal(item: Stock | None) -> Exception:
        return LookupError("never counted" if item is None else f"{item.available} left")

    messages = []
    for sku, available in (("TEA", 2), ("POT", None)):
        product = shop.product(sku, available=available)
        transaction = Transaction()
        transaction.update(
            Stock(product.product_id),
            [Stock.available.add(-5)],
            only_if=Stock.available >= 5,
            otherwise=refusal,
        )
        with pytest.raises(LookupError) as raised:
            transaction.commit()
        messages.append(str(raised.value))

    assert messages == ["2 left", "never counted"]


def test_the_first_of_two_refused_writes_gets_its_item():
    tea, pot = shop.product("TEA", available=1), shop.product("POT", available=2)
    transaction = Transaction()
    for product in (pot, tea):
        transaction.update(
            Stock(product.product_id),
            [Stock.available.add(-5)],
            only_if=Stock.available >= 5,
            otherwise=Found,
        )

    item = found_by(transaction)

    assert isinstance(item, Stock)
    assert item.product_id == pot.product_id
