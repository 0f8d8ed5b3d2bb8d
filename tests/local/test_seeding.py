"""The shop to begin with: the real accounts on moto, and a catalog that is full already."""

import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from local import seeding
from local.errors import StackError
from local.sample_products import GOODS
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
        answered = accounts.post(names[path], httpx.Response(200, content=request.content).json())
        return httpx.Response(answered.status, json=answered.body)

    def connected(_: str) -> httpx.Client:
        return httpx.Client(base_url="http://shop/v1", transport=httpx.MockTransport(answer))

    monkeypatch.setattr(seeding, "_client", connected)


class Catalog:
    """Products as the API has them; listings show what was made `lag` looks later."""

    def __init__(self, lag: float) -> None:
        self.lag = lag
        self.made: list[dict[str, Any]] = []
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
            self.made.append(product | {"id": f"prd_{product['sku']}"})
            return httpx.Response(201, json=self.made[-1])
        self.lag -= 1
        return httpx.Response(200, json={"items": self.shown() if self.lag < 0 else []})

    def shown(self) -> list[dict[str, Any]]:
        """One of a group, the newest first."""
        return list({it["group"] or it["id"]: it for it in self.made}.values())[::-1]


def open_shop(monkeypatch, catalog: Catalog) -> None:
    def connected(_: str) -> httpx.Client:
        transport = httpx.MockTransport(catalog.answer)
        return httpx.Client(base_url="http://shop/v1", transport=transport)

    monkeypatch.setattr(seeding, "_client", connected)
    monkeypatch.setattr(seeding, "LOOK_SECONDS", 0)
    monkeypatch.setattr(seeding, "SHOWN_SECONDS", 0.2)


def seed() -> None:
    seeding.seed("http://shop", AWS, OUTPUTS, STAFF, CUSTOMER)


def stored(account: seeding.Account) -> tuple[User, Login]:
    login = Login.get(account.email)
    return User.get(login.user_id), login


def test_the_accounts_are_confirmed_and_fit_for_what_they_may_do():
    seed()

    for account, roles in ((STAFF, {"customer", "staff"}), (CUSTOMER, {"customer"})):
        user, login = stored(account)
        assert user.roles == login.roles == roles
        assert user.email_verified
        assert login.email_verified
        assert login.suits_staff


def test_who_was_made_an_admin_is_one_after_the_next_seeding():
    seed()
    for row in stored(STAFF):
        row.update([type(row).roles.set({"customer", "staff", "admin"})])

    seed()

    assert [row.roles for row in stored(STAFF)] == [{"customer", "staff", "admin"}] * 2


def test_accounts_whose_passwords_were_changed_are_left_as_they_are():
    seed()
    for account in (STAFF, CUSTOMER):
        login = Login.get(account.email)
        login.update([Login.password_hash.set(Login.get(STAFF.email).password_hash[:-1] + "x")])
    before = sorted((user.user_id, user.version) for user in User.scan())

    seed()

    assert sorted((user.user_id, user.version) for user in User.scan()) == before
    assert len(before) == 2


def test_every_password_that_can_be_made_is_long_enough_for_staff():
    shortest = sorted(seeding.WORDS, key=len)[:1] * 3

    assert len("-".join([*shortest, "1000"])) >= 15


def test_seeding_ends_when_shoppers_are_shown_what_was_made(monkeypatch):
    seed()  # the accounts
    catalog = Catalog(lag=3)
    open_shop(monkeypatch, catalog)

    seed()

    assert catalog.lag < 0
    assert [it["sku"] for it in catalog.made] == [good.sku for good in GOODS]
    assert catalog.counts == {f"prd_{good.sku}": good.stock for good in GOODS}
    assert seeding.product_to_order("http://shop") == f"prd_{GOODS[0].sku}"


def test_a_catalog_that_is_never_shown_is_told(monkeypatch):
    seed()
    open_shop(monkeypatch, Catalog(lag=float("inf")))

    with pytest.raises(StackError, match="does not show SCARF-LINEN, prd_BOWL"):
        seed()
    with pytest.raises(StackError, match="does not show anything"):
        seeding.product_to_order("http://shop")
