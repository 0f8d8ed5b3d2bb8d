"""Each function runs under its own role: what a role may not do fails here, as it would in AWS."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from local.stack import Stack
from tests.e2e.conftest import Shop
from tests.support.shop import ADDRESS


@dataclass(frozen=True)
class Cast:
    visitor: Shop
    staff: Shop
    admin: Shop
    buyer: Shop
    account: dict[str, str]  # someone else's, who has not logged in yet
    product: str

    def place_an_order(self) -> httpx.Response:
        return self.buyer.order(self.product)

    def list_orders(self) -> httpx.Response:
        return self.buyer.get("/orders")

    def order_with_a_code(self) -> httpx.Response:
        code = self.make_a_promotion(uses_max=1).json()["code"]
        return self._order(self.buyer, "/orders", promotion_code=code)

    def order_as_a_guest(self) -> httpx.Response:
        return self._order(self.visitor, "/guest/orders", email=f"{uuid4().hex}@example.com")

    def _order(self, shop: Shop, path: str, **more: object) -> httpx.Response:
        lines = [{"product_id": self.product, "quantity": 1}]
        body = {"lines": lines, "shipping_address": ADDRESS} | more
        return shop.call("POST", path, json=body, headers={"idempotency-key": uuid4().hex})

    def _ordered(self) -> str:
        return str(self.place_an_order().json()["id"])

    def begin_to_pay(self) -> httpx.Response:
        return self.buyer.post(f"/orders/{self._ordered()}/payment", {})

    def note_on_an_order(self) -> httpx.Response:
        return self.staff.post(f"/orders/{self._ordered()}/notes", {"text": "Call first."})

    def ship_an_order(self) -> httpx.Response:
        order = f"/orders/{self._ordered()}"
        assert self.staff.post(f"{order}/mark-paid", {"reference": "cash"}).status_code == 200
        return self.staff.post(f"{order}/ship", {"carrier": "DHL"})

    def list_all_orders(self) -> httpx.Response:
        return self.staff.get("/staff/orders")

    def see_the_tax_rates(self) -> httpx.Response:
        return self.staff.get("/tax-rates")

    def make_a_promotion(self, **more: object) -> httpx.Response:
        new = {"code": uuid4().hex.upper(), "kind": "percent", "percent": 10}
        return self.staff.post("/promotions", new | more)

    def list_promotions(self) -> httpx.Response:
        return self.staff.get("/promotions")

    def request_an_export(self) -> httpx.Response:
        wanted = {"placed_from": "2026-01-01T00:00:00Z", "placed_before": "2026-01-02T00:00:00Z"}
        return self.staff.call(
            "POST",
            "/exports",
            json=wanted | {"format": "csv"},
            headers={"idempotency-key": uuid4().hex},
        )

    def list_exports(self) -> httpx.Response:
        return self.staff.get("/exports")

    def create_a_product(self) -> httpx.Response:
        price = {"amount_minor": 1, "currency": "EUR"}
        return self.staff.post("/products", {"sku": uuid4().hex, "name": "Tea", "price": price})

    def browse(self) -> httpx.Response:
        """What nobody has asked for, and no cache can have."""
        return self.visitor.get("/products", category=uuid4().hex)

    def search(self) -> httpx.Response:
        return self.visitor.get("/products/search", q=uuid4().hex)

    def list_drafts(self) -> httpx.Response:
        return self.staff.get("/staff/products")

    def create_a_variant(self) -> httpx.Response:
        price = {"amount_minor": 1, "currency": "EUR"}
        new = {"sku": uuid4().hex, "name": "Tea", "price": price}
        return self.staff.post("/products", new | {"group": uuid4().hex, "options": {"size": "S"}})

    def see_the_stock(self) -> httpx.Response:
        return self.staff.get(f"/products/{self.product}/stock")

    def adjust_the_stock(self) -> httpx.Response:
        return self.staff.call(
            "PATCH",
            f"/products/{self.product}/stock",
            json={"change": 1},
            headers={"idempotency-key": uuid4().hex},
        )

    def list_movements(self) -> httpx.Response:
        return self.staff.get(f"/products/{self.product}/stock/movements")

    def register(self) -> httpx.Response:
        return self.visitor.post("/auth/register", _new_account() | {"name": "Ada"})

    def log_in(self) -> httpx.Response:
        return self.visitor.post("/auth/login", self.account)

    def list_sessions(self) -> httpx.Response:
        return self.buyer.get("/me/sessions")

    def export_account(self) -> httpx.Response:
        return self.buyer.get("/me/export")

    def follow_a_link(self) -> httpx.Response:
        """To be told that it is good no more."""
        return self.visitor.post("/auth/verify-email", {"token": uuid4().hex})

    def list_users(self) -> httpx.Response:
        return self.admin.get("/users")

    def use_an_api_key(self) -> httpx.Response:
        new = {"name": "script", "permissions": ["orders:place"], "expires_in_days": 1}
        key = self.staff.post("/me/api-keys", new).json()["key"]
        return Shop(self.visitor.connection, key).get("/orders")

    def read_oneself(self) -> httpx.Response:
        return self.buyer.get("/me")

    def announce_a_file(self) -> httpx.Response:
        file = {"kind": "products", "filename": "a.csv", "content_type": "text/csv", "size": 1}
        return self.staff.post("/uploads", file)


def _new_account() -> dict[str, str]:
    return {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}


# All that a call can show, but for the keys: an instance that is warm has them.
NEEDED_FOR: dict[tuple[str, str], Callable[[Cast], httpx.Response]] = {
    ("AuthorizerRole", "ReadWhoCalls"): Cast.read_oneself,
    ("AuthorizerRole", "NoteKeyUse"): Cast.use_an_api_key,
    ("AuthRole", "ReadLogins"): Cast.log_in,
    ("AuthRole", "ReadAttempts"): Cast.log_in,
    ("AuthRole", "CountAttempts"): Cast.log_in,
    ("AuthRole", "CheckAccounts"): Cast.log_in,
    ("AuthRole", "ReadUsers"): Cast.read_oneself,
    ("AuthRole", "BrowseUsers"): Cast.list_users,
    ("AuthRole", "WriteAccounts"): Cast.register,
    ("AuthRole", "StageEvents"): Cast.register,
    ("AuthRole", "KeepSessions"): Cast.list_sessions,
    ("AuthRole", "KeepApiKeys"): Cast.export_account,
    ("AuthRole", "UseEmailTokens"): Cast.follow_a_link,
    ("AuthRole", "ExportOrders"): Cast.export_account,
    ("AuthRole", "ExportUploads"): Cast.export_account,
    ("ProductsRole", "ReadAndWriteProducts"): Cast.create_a_product,
    ("ProductsRole", "BrowseProductsByStatus"): Cast.list_drafts,
    ("ProductsRole", "ReadAndWriteGroups"): Cast.create_a_variant,
    ("ProductsRole", "ReadAndSetStock"): Cast.see_the_stock,
    ("ProductsRole", "RecordMovements"): Cast.adjust_the_stock,
    ("ProductsRole", "ListMovements"): Cast.list_movements,
    ("ProductsRole", "BrowseListings"): Cast.browse,
    ("ProductsRole", "SearchWords"): Cast.search,
    ("ProductsRole", "StageEvents"): Cast.create_a_product,
    ("OrdersRole", "PriceOrders"): Cast.place_an_order,
    ("OrdersRole", "ReadAndWriteOrders"): Cast.place_an_order,
    ("OrdersRole", "TakeAndReturnStock"): Cast.place_an_order,
    ("OrdersRole", "CountPromotions"): Cast.order_with_a_code,
    ("OrdersRole", "CountOrdersOfTheHour"): Cast.order_as_a_guest,
    ("OrdersRole", "StageEvents"): Cast.place_an_order,
    ("OrdersRole", "ListOrdersOfABuyer"): Cast.list_orders,
    ("StaffApiRole", "ReadAndChangeOrders"): Cast.note_on_an_order,
    ("StaffApiRole", "ListOrders"): Cast.list_all_orders,
    ("StaffApiRole", "ReturnStock"): Cast.ship_an_order,
    ("StaffApiRole", "KeepRates"): Cast.see_the_tax_rates,
    ("StaffApiRole", "KeepPromotions"): Cast.make_a_promotion,
    ("StaffApiRole", "ListPromotions"): Cast.list_promotions,
    ("StaffApiRole", "ReadAndRequestExports"): Cast.request_an_export,
    ("StaffApiRole", "ListExports"): Cast.list_exports,
    ("StaffApiRole", "StageEvents"): Cast.request_an_export,
    ("PaymentsRole", "ReadAndChangeOrders"): Cast.begin_to_pay,
    ("UploadsRole", "ReadAndOpenUploads"): Cast.announce_a_file,
}


@contextmanager
def without(stack: Stack, role: str, sid: str) -> Iterator[None]:
    """The stack as it would be if that statement were not in the template."""
    iam = stack.client("iam")
    name = stack.physical_ids[role]
    (policy_name,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    granted = iam.get_role_policy(RoleName=name, PolicyName=policy_name)["PolicyDocument"]
    less = [statement for statement in granted["Statement"] if statement["Sid"] != sid]
    assert len(less) == len(granted["Statement"]) - 1, f"{role} has no statement {sid}"

    def grant(statements: list[dict[str, object]]) -> None:
        document = json.dumps(granted | {"Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName=policy_name, PolicyDocument=document)

    grant(less)
    try:
        yield
    finally:
        grant(granted["Statement"])


@pytest.fixture
def cast(visitor: Shop, staff: Shop, admin: Shop, buyer: Shop) -> Cast:
    account = _new_account()
    visitor.post("/auth/register", account | {"name": "Ada"})
    return Cast(visitor, staff, admin, buyer, account, staff.product(available=10))


@pytest.mark.parametrize(("role", "sid"), NEEDED_FOR)
def test_a_permission_is_needed_and_enforced(role, sid, stack, cast):
    call = NEEDED_FOR[role, sid]

    with without(stack, role, sid):
        broken = call(cast)
    whole = call(cast)

    assert broken.status_code == 500, broken.text
    assert whole.status_code in (200, 201, 202, 400), whole.text
