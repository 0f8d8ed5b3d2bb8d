"""Rules on moto: a transaction applies all of its writes or none."""

import itertools

import pytest

from shared.errors.base import AppError
from shared.storage.models.accounts import Login, Session, User
from shared.storage.models.catalog import Product, Stock
from shared.storage.transactions import ACTIONS_MAX, Transaction, Unwritable
from tests.support import shop
from tests.support.accounts import session

pytestmark = pytest.mark.usefixtures("aws")


class Refused(AppError):
    status, code = 409, "refused"


GONE = Refused("gone")


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


def require_user(transaction: Transaction, user_id: str, name: str) -> None:
    transaction.check(User, user_id, only_if=User.user_id.exists(), otherwise=Refused(name))


def error_of(transaction: Transaction) -> str:
    with pytest.raises(Refused) as raised:
        transaction.commit()
    return raised.value.message


def test_writes_to_several_tables_happen_together():
    shop.user("usr_ada")
    tea = shop.product("TEA", available=3)
    transaction = Transaction()
    require_user(transaction, "usr_ada", "no user")
    put_new(transaction, "ada@example.com", "taken")
    take(transaction, tea, 2, "out of stock")

    transaction.commit()

    assert Login.get("ada@example.com").user_id == "usr_ada"
    assert shop.available(tea) == 1


def remove(transaction: Transaction, email: str, name: str) -> None:
    transaction.delete(Login(email), only_if=Login.email.exists(), otherwise=Refused(name))


WRITES = {
    "check": lambda transaction, _: require_user(transaction, "usr_nobody", "check"),
    "delete": lambda transaction, _: remove(transaction, "nobody@example.com", "delete"),
    "put": lambda transaction, _: put_new(transaction, "taken@example.com", "put"),
    "update": lambda transaction, tea: take(transaction, tea, 99, "update"),
}


ORDERS = list(itertools.permutations(WRITES))


def test_the_error_of_the_write_added_first_is_raised():
    shop.login("taken@example.com").save()
    tea = shop.product("TEA", available=3)

    raised = {}
    for order in ORDERS:
        transaction = Transaction()
        for kind in order:
            WRITES[kind](transaction, tea)
        raised[order] = error_of(transaction)

    assert raised == {order: order[0] for order in ORDERS}


@pytest.mark.parametrize("failing", WRITES)
def test_each_failed_condition_raises_its_own_error(failing):
    for email in ("taken@example.com", "old@example.com"):
        shop.login(email).save()
    shop.user("usr_ada")
    tea, pot = shop.product("TEA", available=3), shop.product("POT", available=3)
    passing = {
        "check": lambda to: require_user(to, "usr_ada", "wrong one"),
        "delete": lambda to: remove(to, "old@example.com", "wrong one"),
        "put": lambda to: put_new(to, "new@example.com", "wrong one"),
        "update": lambda to: take(to, pot, 1, "wrong one"),
    }

    raised = {}
    for order in ORDERS:
        transaction = Transaction()
        for kind in order:
            passing[kind](transaction)
            if kind == failing:
                WRITES[kind](transaction, tea)
        raised[order] = error_of(transaction)

    assert raised == dict.fromkeys(ORDERS, failing)


def test_a_refused_transaction_writes_nothing():
    tea, pot = shop.product("TEA", available=3), shop.product("POT", available=1)
    transaction = Transaction()
    put_new(transaction, "ada@example.com", "taken")
    take(transaction, tea, 2, "no tea")
    take(transaction, pot, 2, "no pot")

    assert error_of(transaction) == "no pot"

    assert Login.count() == 0
    assert (shop.available(tea), shop.available(pot)) == (3, 1)


def test_a_write_without_a_condition_is_never_refused():
    shop.login("taken@example.com").save()
    transaction = Transaction()
    transaction.put(shop.login("free@example.com"))
    put_new(transaction, "taken@example.com", "taken")
    transaction.put(shop.login("also-free@example.com"))

    assert error_of(transaction) == "taken"


def test_several_writes_may_share_one_error():
    shop.user("usr_ada")
    refusal = Refused("one of them")
    transaction = Transaction()
    for user_id in ("usr_ada", "usr_nobody"):
        transaction.check(User, user_id, only_if=User.user_id.exists(), otherwise=refusal)

    assert error_of(transaction) == "one of them"


def test_a_condition_without_an_error_hides_no_other():
    transaction = Transaction()
    transaction.put(Stock("prd_1", available=1, version=2), only_if=Stock.version.exists())
    require_user(transaction, "usr_stranger", "no user")

    assert error_of(transaction) == "no user"


def test_a_transaction_has_as_many_writes_as_dynamodb_takes():
    transaction = Transaction()
    for number in range(ACTIONS_MAX):
        transaction.put(Stock(f"prd_{number}", available=1, version=1))

    transaction.commit()
    transaction.put(Stock("prd_last", available=1, version=1))

    with pytest.raises(Unwritable):
        transaction.commit()
    assert Stock.count() == ACTIONS_MAX


def test_an_update_creates_an_item_if_its_condition_allows_it():
    transaction = Transaction()
    transaction.update(Stock("prd_new"), [Stock.available.set(5), Stock.version.add(1)])

    transaction.commit()

    assert Stock.get("prd_new").available == 5


def test_the_length_of_a_transaction_is_its_writes():
    transaction = Transaction()
    put_new(transaction, "ada@example.com", "taken")
    require_user(transaction, "usr_ada", "no user")

    assert len(transaction) == 2


def test_a_delete_happens_with_the_other_writes():
    shop.login("old@example.com").save()
    transaction = Transaction()
    transaction.delete(Login("old@example.com"), only_if=Login.email.exists(), otherwise=GONE)
    put_new(transaction, "new@example.com", "taken")

    transaction.commit()

    assert [login.email for login in Login.scan()] == ["new@example.com"]


def test_a_delete_whose_condition_fails_deletes_nothing():
    shop.login("ada@example.com", version=2).save()
    transaction = Transaction()
    put_new(transaction, "new@example.com", "taken")
    transaction.delete(Login("ada@example.com"), only_if=Login.version == 1, otherwise=GONE)

    assert error_of(transaction) == "gone"

    assert [login.email for login in Login.scan()] == ["ada@example.com"]


def test_a_missing_item_can_be_deleted_without_a_condition():
    transaction = Transaction()
    transaction.delete(Login("nobody@example.com"))
    transaction.commit()

    transaction = Transaction()
    transaction.delete(Login("nobody@example.com"), only_if=Login.email.exists(), otherwise=GONE)
    assert error_of(transaction) == "gone"


def test_an_item_is_deleted_by_its_whole_key():
    user = shop.user("usr_ada")
    one, other = session(user), session(user)
    transaction = Transaction()
    transaction.delete(Session("usr_ada", one.session_id))
    transaction.check(
        Session,
        "usr_ada",
        other.session_id,
        only_if=Session.session_id.exists(),
        otherwise=GONE,
    )

    transaction.commit()

    assert [left.session_id for left in Session.scan()] == [other.session_id]
