"""Somebody else writes first at every attempt: each route that edits answers 409 in the end."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from auth.api_keys.repository import find_creations
from shared.storage.models.accounts import Attempts, User
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.models.categories import ORDER, THE_ORDER, CategoryOrder
from shared.storage.models.pricing import PROMOTIONS, SHIPPING_RATES, Promotion, RateTable
from shared.storage.transactions import Transaction
from tests.support import catalog, categories, pricing, shop
from tests.support.accounts import call, get_tokens, register_confirmed, session
from tests.support.http import ADMIN, STAFF, Answer, Caller, send
from tests.test_hostile_requests import handler_of
from tests.test_route_matrix import samples

pytestmark = pytest.mark.usefixtures("aws")

Overtake = Callable[[Callable[[], object]], None]


@pytest.fixture
def overtake(monkeypatch: pytest.MonkeyPatch) -> Overtake:
    """Writes something before each transaction is sent."""

    def install(write: Callable[[], object]) -> None:
        commit = Transaction.commit

        def write_first(self: Transaction, **options: Any) -> None:
            write()
            commit(self, **options)

        monkeypatch.setattr(Transaction, "commit", write_first)

    return install


def bump(table: Any, *key: str) -> Callable[[], object]:
    return lambda: table(*key).update([table.version.set(table.version + 1)])


def assert_overtaken(answer: Answer) -> None:
    assert (answer.status, answer.code) == (409, "concurrent_modification")


@pytest.mark.parametrize(
    "edit",
    [
        lambda _: categories.post_category("Coffee"),
        lambda tea: categories.patch_category(tea["id"], {"name": "Tee"}),
        lambda tea: categories.delete_category(tea["id"]),
    ],
)
def test_a_change_of_the_categories_gives_up(edit, overtake):
    tea = categories.create_category("Tea")
    overtake(bump(CategoryOrder, ORDER, THE_ORDER))

    assert_overtaken(edit(tea))


@pytest.mark.parametrize(
    ("how", "body"),
    [
        ("patch", {"name": "Another"}),
        ("replace", catalog.TEA | {"name": "Another"}),
        ("archive", None),
    ],
)
def test_an_edit_of_a_product_gives_up(how, body, overtake):
    product_id = shop.product("TEA").product_id
    overtake(bump(Product, product_id))

    assert_overtaken(catalog.edit_product(how, product_id, body))


def test_a_new_variant_gives_up_its_group(overtake):
    catalog.create_product(sku="ONE", group="mugs", options={"colour": "red"})
    overtake(bump(ProductGroup, "mugs"))

    assert_overtaken(catalog.post_product(sku="TWO", group="mugs", options={"colour": "blue"}))


@pytest.mark.parametrize("change", [catalog.set_stock, catalog.adjust_stock])
def test_a_change_of_stock_gives_up(change, overtake):
    product_id = shop.product("TEA", available=5).product_id
    counts = count(2)
    overtake(lambda: Product(product_id).update([Product.stock_shards.set(next(counts))]))

    assert_overtaken(change(product_id, 3))


def test_an_edit_of_a_promotion_gives_up(overtake):
    pricing.promotion("SPRING")
    overtake(bump(Promotion, PROMOTIONS, "SPRING"))
    route = "PATCH /v1/promotions/{code}"

    answer = send(
        handler_of(route),
        samples()[route],
        caller=STAFF,
        body={"is_active": False},
        headers={"if-match": "*"},
        path={"code": "SPRING"},
    )

    assert_overtaken(answer)


def test_a_table_of_shipping_rates_gives_up(overtake):
    pricing.store_shipping_rates(pricing.zone("DE"))
    overtake(bump(RateTable, SHIPPING_RATES))

    assert_overtaken(pricing.put_rates("shipping", {"zones": [pricing.EUROPE]}))


@pytest.mark.parametrize("name", ["users.end_sessions", "users.remove_second_factor"])
def test_an_admins_change_of_an_account_gives_up(name, overtake):
    shop.user(ADMIN.user_id, roles={"customer", "admin"})
    user_id = register_confirmed().body["id"]
    User(user_id).update([User.second_factor.set(True)])
    overtake(bump(User, user_id))

    answer = send(
        handler_of("PATCH /v1/users/{user_id}"), name, caller=ADMIN, path={"user_id": user_id}
    )

    assert_overtaken(answer)


def test_the_end_of_other_sessions_gives_up(overtake):
    user_id = register_confirmed().body["id"]
    token = get_tokens()["access_token"]
    overtake(bump(User, user_id))

    assert_overtaken(call("me.end_other_sessions", token))


def test_a_new_api_key_gives_up(overtake):
    owner = Caller("usr_owner", "customer staff")
    user = shop.user(owner.user_id, roles={"customer", "staff"})
    session(user, session_id=owner.session_id)
    creations = Attempts(find_creations(owner.user_id).subject)
    overtake(lambda: creations.update([Attempts.failures.add(1)]))

    answer = send(handler_of("POST /v1/me/api-keys"), "me.create_api_key", caller=owner)

    assert_overtaken(answer)
