"""Seeding a new shop: real accounts on moto, and a catalog that has its products already."""

import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from local import seeding
from local.emulator import StackError
from local.sample_products import SAMPLE_PRODUCTS
from shared.aws import client
from shared.storage.models.accounts import Login, User
from tests.support import accounts

pytestmark = pytest.mark.usefixtures("aws")

AWS: Any = SimpleNamespace(client=client)
OUTPUTS = {"UsersTableName": "souk-users", "LoginsTableName": "souk-logins"}
STAFF = seeding.Account("staff@souk.example", "amber-basil-birch-1000")
CUSTOMER = seeding.Account("customer@souk.example", "cedar-clove-coral-2000")


@pytest.fixture(autouse=True)
def shop(monkeypatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/products":
            return httpx.Response(409)
        names = {"/v1/auth/register": "auth.register", "/v1/auth/login": "auth.login"}
        registered = accounts.post(names[path], httpx.Response(200, content=request.content).json())
        return httpx.Response(registered.status, json=registered.body)

    def connect(_: str) -> httpx.Client:
        return httpx.Client(base_url="http://shop/v1", transport=httpx.MockTransport(answer))

    monkeypatch.setattr(seeding, "_client", connect)


class Catalog:
    """An empty catalog behind the API. Listings show new products after `lag` requests."""

    def __init__(self, lag: float) -> None:
        self.lag = lag
        self.created: list[dict[str, Any]] = []
        self.counts: dict[str, int] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/auth/login":
            return httpx.Response(200, json={"access_token": "token"})
        if request.method == "PUT":
            if request.headers.get("if-match") != "*":
                return httpx.Response(428)
            self.counts[request.url.path.split("/")[3]] = json.loads(request.content)["available"]
            return httpx.Response(200, json={})
        if request.method == "POST":
            product = {"group": None} | json.loads(request.content)
            self.created.append(product | {"id": f"prd_{product['sku']}"})
            return httpx.Response(201, json=self.created[-1])
        if sku := request.url.params.get("sku"):
            named = [product for product in self.created if product["sku"] == sku]
            return httpx.Response(200, json={"items": named})
        self.lag -= 1
        return httpx.Response(200, json={"items": self.listed() if self.lag < 0 else []})

    def listed(self) -> list[dict[str, Any]]:
        """One product of each group, newest first."""
        return list(
            {product["group"] or product["id"]: product for product in self.created}.values()
        )[::-1]


def connect_to(monkeypatch, catalog: Catalog) -> None:
    def connect(_: str) -> httpx.Client:
        transport = httpx.MockTransport(catalog.answer)
        return httpx.Client(base_url="http://shop/v1", transport=transport)

    monkeypatch.setattr(seeding, "_client", connect)
    monkeypatch.setattr(seeding, "POLL_SECONDS", 0)
    monkeypatch.setattr(seeding, "LISTING_TIMEOUT_SECONDS", 0.2)


def seed() -> None:
    seeding.seed("http://shop", AWS, OUTPUTS, STAFF, CUSTOMER)


def stored(account: seeding.Account) -> tuple[User, Login]:
    login = Login.get(account.email)
    return User.get(login.user_id), login


def test_seeded_accounts_are_confirmed_and_have_their_roles():
    seed()

    for account, roles in ((STAFF, {"customer", "staff"}), (CUSTOMER, {"customer"})):
        user, login = stored(account)
        assert user.roles == login.roles == roles
        assert user.email_verified
        assert login.email_verified
        assert login.suits_staff


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


def test_every_generated_password_is_long_enough_for_staff():
    shortest = sorted(seeding.WORDS, key=len)[:1] * 3

    assert len("-".join([*shortest, "1000"])) >= 15


def test_seeding_ends_when_the_new_products_are_listed(monkeypatch):
    seed()  # creates the accounts
    catalog = Catalog(lag=3)
    connect_to(monkeypatch, catalog)

    seed()

    assert catalog.lag < 0
    assert [product["sku"] for product in catalog.created] == [
        sample.sku for sample in SAMPLE_PRODUCTS
    ]
    assert catalog.counts == {f"prd_{sample.sku}": sample.stock for sample in SAMPLE_PRODUCTS}
    assert seeding.get_product_to_order("http://shop") == f"prd_{SAMPLE_PRODUCTS[0].sku}"


def test_a_catalog_that_is_never_listed_is_a_failure(monkeypatch):
    seed()
    connect_to(monkeypatch, Catalog(lag=float("inf")))

    with pytest.raises(StackError, match="does not list SCARF-LINEN, prd_BOWL"):
        seed()
    with pytest.raises(StackError, match="does not list any product"):
        seeding.get_product_to_order("http://shop")
