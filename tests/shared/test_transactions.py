"""Rules on moto: writes that happen together or not at all."""

import itertools

import pytest

from shared import dynamo
from shared.errors import AppError
from shared.models import Login, Product, Stock, User
from shared.transactions import Transaction
from tests.support import shop

pytestmark = pytest.mark.usefixtures("aws")


class Refused(AppError):
    status, code = 409, "refused"


def put_new(transaction: Transaction, email: str, name: str) -> None:
    new = shop.login(email)
    transaction.put(new, only_if=Login.email.does_not_exist(), otherwise=Refused(name))


def take(transaction: Transaction, product: Product, quantity: int, name: str) -> None:
    transaction.update(
        Stock(product.product_id),
        [Stock.available.add(-quantity)],
        only_if=Stock.available >= quantity,
        otherwise=Refused(name),
    )


def demand_user(transaction: Transaction, user_id: str, name: str) -> None:
    transaction.check(User, user_id, only_if=User.user_id.exists(), otherwise=Refused(name))


def refusal_of(transaction: Transaction) -> str:
    with pytest.raises(Refused) as raised:
        transaction.commit()
    return raised.value.message


def test_writes_to_several_tables_happen_together():
    shop.user("usr_ada")
    tea = shop.product("TEA", available=3)
    transaction = Transaction()
    demand_user(transaction, "usr_ada", "no user")
    put_new(transaction, "ada@example.com", "taken")
    take(transaction, tea, 2, "out of stock")

    transaction.commit()

    assert Login.get("ada@example.com").user_id == "usr_ada"
    assert shop.available(tea) == 1


WRITES = {
    "check": lambda transaction, _: demand_user(transaction, "usr_nobody", "check"),
    "put": lambda transaction, _: put_new(transaction, "taken@example.com", "put"),
    "update": lambda transaction, tea: take(transaction, tea, 99, "update"),
}


@pytest.mark.parametrize("order", list(itertools.permutations(WRITES)), ids="-".join)
def test_of_several_refusals_that_of_the_write_added_first_is_raised(order):
    shop.login("taken@example.com").save()
    tea = shop.product("TEA", available=3)
    transaction = Transaction()
    for kind in order:
        WRITES[kind](transaction, tea)

    assert refusal_of(transaction) == order[0]


@pytest.mark.parametrize("failing", WRITES)
@pytest.mark.parametrize("order", list(itertools.permutations(WRITES)), ids="-".join)
def test_each_failed_condition_raises_its_own_refusal(order, failing):
    shop.login("taken@example.com").save()
    shop.user("usr_ada")
    tea, pot = shop.product("TEA", available=3), shop.product("POT", available=3)
    passing = {
        "check": lambda: demand_user(transaction, "usr_ada", "wrong one"),
        "put": lambda: put_new(transaction, "new@example.com", "wrong one"),
        "update": lambda: take(transaction, pot, 1, "wrong one"),
    }
    transaction = Transaction()
    for kind in order:
        passing[kind]()
        if kind == failing:
            WRITES[kind](transaction, tea)

    assert refusal_of(transaction) == failing


def test_a_refused_transaction_writes_nothing():
    tea, pot = shop.product("TEA", available=3), shop.product("POT", available=1)
    transaction = Transaction()
    put_new(transaction, "ada@example.com", "taken")
    take(transaction, tea, 2, "no tea")
    take(transaction, pot, 2, "no pot")

    assert refusal_of(transaction) == "no pot"

    assert Login.count() == 0
    assert (shop.available(tea), shop.available(pot)) == (3, 1)


def test_a_write_without_a_condition_cannot_be_the_one_refused():
    shop.login("taken@example.com").save()
    transaction = Transaction()
    transaction.put(shop.login("free@example.com"))
    put_new(transaction, "taken@example.com", "taken")
    transaction.put(shop.login("also-free@example.com"))

    assert refusal_of(transaction) == "taken"


def test_one_refusal_may_stand_for_several_writes():
    shop.user("usr_ada")
    refusal = Refused("one of them")
    transaction = Transaction()
    for user_id in ("usr_ada", "usr_nobody"):
        transaction.check(User, user_id, only_if=User.user_id.exists(), otherwise=refusal)

    assert refusal_of(transaction) == "one of them"


def test_an_update_creates_the_item_unless_its_condition_says_otherwise():
    transaction = Transaction()
    transaction.update(Stock("prd_new"), [Stock.available.set(5), Stock.version.add(1)])

    transaction.commit()

    assert Stock.get("prd_new").available == 5


def test_a_transaction_knows_how_many_writes_it_has():
    transaction = Transaction()
    put_new(transaction, "ada@example.com", "taken")
    demand_user(transaction, "usr_ada", "no user")

    assert len(transaction) == 2


def test_all_tables_share_one_client():
    clients = {table._get_connection().connection.client for table in (Login, Product, Stock, User)}  # noqa: SLF001

    assert clients == {dynamo.connection().client}


def test_a_batch_finds_the_items_that_exist_each_once():
    stocked = [shop.product(f"SKU-{n}", available=n).product_id for n in range(120)]

    found = Stock.fetch([*stocked, "prd_nothing", stocked[0]])

    assert set(found) == set(stocked)
    assert found[stocked[7]].available == 7


def test_a_batch_of_nothing_asks_nothing():
    assert Stock.fetch([]) == {}
