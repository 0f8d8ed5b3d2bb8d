"""Seeding a new shop, with the functions' own code on moto."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from auth.handler import handler as auth
from authorizer.handler import handler as authorizer
from local import seed_process, seeding
from local.emulator import StackError
from local.function_calls import FunctionTransport
from local.sample_products import SAMPLE_PRODUCTS
from products.handler import handler as products
from shared.aws import client
from shared.storage.models.accounts import Login, User
from shared.storage.models.catalog import Product, Stock

pytestmark = pytest.mark.usefixtures("aws")

OUTPUTS = {"UsersTableName": "souk-users", "LoginsTableName": "souk-logins"}
SHOP: Any = SimpleNamespace(client=client, outputs=lambda: OUTPUTS)
STAFF = seeding.Account("staff@souk.example", "amber-basil-birch-1000")
CUSTOMER = seeding.Account("customer@souk.example", "cedar-clove-coral-2000")


def connect() -> httpx.Client:
    transport = FunctionTransport({"/v1/auth": auth, "/v1/products": products}, authorizer)
    return httpx.Client(transport=transport, base_url="http://localhost/v1")


def seed() -> None:
    seed_process.fill(SHOP, STAFF, CUSTOMER)


def stored(account: seeding.Account) -> tuple[User, Login]:
    login = Login.get(account.email)
    return User.get(login.user_id), login


def listed() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = connect().get("/products?limit=100").json()["items"]
    return items


def test_seeded_accounts_are_confirmed_and_have_their_roles():
    seed()

    for account, roles in ((STAFF, {"customer", "staff"}), (CUSTOMER, {"customer"})):
        user, login = stored(account)
        assert user.roles == login.roles == roles
        assert user.email_verified
        assert login.email_verified
        assert login.suits_staff


def test_sample_products_have_their_stock_and_are_listed_at_once():
    seed()

    skus = {product.product_id: product.sku for product in Product.scan()}
    stock = {skus[row.product_id]: int(row.available) for row in Stock.scan()}
    assert stock == {sample.sku: sample.stock for sample in SAMPLE_PRODUCTS}
    groups = {sample.more_fields.get("group", sample.sku) for sample in SAMPLE_PRODUCTS}
    assert {product["group"] or product["sku"] for product in listed()} == groups


def test_seeding_again_creates_nothing():
    seed()
    before = sorted((product.sku, product.version) for product in Product.scan())

    seed()

    assert sorted((product.sku, product.version) for product in Product.scan()) == before
    assert len(list(User.scan())) == 2


def test_seeding_again_keeps_an_admin_role():
    seed()
    for row in stored(STAFF):
        row.update([type(row).roles.set({"customer", "staff", "admin"})])

    seed()

    assert [row.roles for row in stored(STAFF)] == [{"customer", "staff", "admin"}] * 2


def test_seeding_again_keeps_changed_passwords():
    seed()
    for account in (STAFF, CUSTOMER):
        login = Login.get(account.email)
        login.update([Login.password_hash.set(Login.get(STAFF.email).password_hash[:-1] + "x")])
    before = sorted((user.user_id, user.version) for user in User.scan())

    seed()

    assert sorted((user.user_id, user.version) for user in User.scan()) == before
    assert len(before) == 2


def test_products_that_cannot_be_listed_are_a_failure():
    seed()
    client("dynamodb").update_item(
        TableName="souk-products",
        Key={"product_id": {"S": listed()[0]["id"]}},
        UpdateExpression="SET price_minor = :text",
        ExpressionAttributeValues={":text": {"S": "unreadable"}},
    )

    with pytest.raises(StackError, match="1 of 2 sample products were not listed"):
        seed_process.list_products(listed()[:2])


def test_a_refused_request_is_a_failure(monkeypatch):
    monkeypatch.setattr(seeding, "_find_token", lambda *_: "no token")

    with pytest.raises(StackError, match="POST /v1/products answered 401"):
        seed()


def test_every_generated_password_is_long_enough_for_staff():
    shortest = sorted(seeding.WORDS, key=len)[:1] * 3

    assert len("-".join([*shortest, "1000"])) >= 15


def test_a_product_to_order_is_found_as_soon_as_one_is_listed(monkeypatch):
    seed()
    answers = iter([[], [], listed()])
    monkeypatch.setattr(seeding, "_client", lambda _: delayed(answers))
    monkeypatch.setattr(seeding, "POLL_SECONDS", 0)

    found = seeding.get_product_to_order("http://shop")

    assert Product.get(found).sku == SAMPLE_PRODUCTS[0].sku


def test_a_catalog_that_lists_nothing_is_a_failure(monkeypatch):
    monkeypatch.setattr(seeding, "_client", lambda _: connect())
    monkeypatch.setattr(seeding, "POLL_SECONDS", 0)
    monkeypatch.setattr(seeding, "LISTING_TIMEOUT_SECONDS", 0.2)

    with pytest.raises(StackError, match="the catalog lists no product"):
        seeding.get_product_to_order("http://shop")


def delayed(answers: Any) -> httpx.Client:
    """A shop whose listings show what was created some requests ago."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.query:
            return connect().get(f"/products?{request.url.query.decode()}")
        return httpx.Response(200, json={"items": next(answers)})

    return httpx.Client(base_url="http://shop/v1", transport=httpx.MockTransport(answer))


def test_a_shop_that_cannot_be_filled_says_why(tmp_path):
    log = tmp_path / "seeding.log"

    with pytest.raises(StackError, match=r"No local stack answers .*seeding\.log"):
        seed_process.run("http://127.0.0.1:9", STAFF, CUSTOMER, log)
