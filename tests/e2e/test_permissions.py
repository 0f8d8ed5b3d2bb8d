"""Each function has its own role. A call fails without the permission it needs, as on AWS."""

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
class Callers:
    visitor: Shop
    staff: Shop
    admin: Shop
    buyer: Shop
    account: dict[str, str]  # of another customer, who has not logged in yet
    product_id: str

    def place_order(self) -> httpx.Response:
        return self.buyer.place_order(self.product_id)

    def list_orders(self) -> httpx.Response:
        return self.buyer.get("/orders")

    def place_order_with_promotion(self) -> httpx.Response:
        code = self.create_promotion(uses_max=1).json()["code"]
        return self._post_order(self.buyer, "/orders", promotion_code=code)

    def place_guest_order(self) -> httpx.Response:
        return self._post_order(self.visitor, "/guest/orders", email=f"{uuid4().hex}@example.com")

    def _post_order(self, shop: Shop, path: str, **more: object) -> httpx.Response:
        lines = [{"product_id": self.product_id, "quantity": 1}]
        body = {"lines": lines, "shipping_address": ADDRESS} | more
        return shop.call("POST", path, json=body, headers={"idempotency-key": uuid4().hex})

    def _create_order(self) -> str:
        return str(self.place_order().json()["id"])

    def start_payment(self) -> httpx.Response:
        return self.buyer.post(f"/orders/{self._create_order()}/payment", {})

    def add_order_note(self) -> httpx.Response:
        return self.staff.post(f"/orders/{self._create_order()}/notes", {"text": "Call first."})

    def ship_order(self) -> httpx.Response:
        order = f"/orders/{self._create_order()}"
        assert self.staff.post(f"{order}/mark-paid", {"reference": "cash"}).status_code == 200
        return self.staff.post(f"{order}/ship", {"carrier": "DHL"})

    def _correct_order(self, part: str, body: object) -> httpx.Response:
        path = f"/staff/orders/{self._create_order()}/{part}"
        return self.staff.call("PUT", path, json=body, headers={"if-match": "*"})

    def change_order_address(self) -> httpx.Response:
        return self._correct_order("shipping-address", ADDRESS | {"line1": "1 Other Street"})

    def change_order_buyer(self) -> httpx.Response:
        return self._correct_order("buyer", {"user_id": self.admin.get("/me").json()["id"]})

    def give_order_to_guest(self) -> httpx.Response:
        return self._correct_order("buyer", {"email": f"{uuid4().hex}@example.com"})

    def list_staff_orders(self) -> httpx.Response:
        return self.staff.get("/staff/orders")

    def get_tax_rates(self) -> httpx.Response:
        return self.staff.get("/tax-rates")

    def create_promotion(self, **more: object) -> httpx.Response:
        new = {"code": uuid4().hex.upper(), "kind": "percent", "percent": 10}
        return self.staff.post("/promotions", new | more)

    def list_promotions(self) -> httpx.Response:
        return self.staff.get("/promotions")

    def request_export(self) -> httpx.Response:
        wanted = {"placed_from": "2026-01-01T00:00:00Z", "placed_before": "2026-01-02T00:00:00Z"}
        return self.staff.call(
            "POST",
            "/exports",
            json=wanted | {"format": "csv"},
            headers={"idempotency-key": uuid4().hex},
        )

    def list_exports(self) -> httpx.Response:
        return self.staff.get("/exports")

    def create_product(self) -> httpx.Response:
        price = {"amount_minor": 1, "currency": "EUR"}
        return self.staff.post("/products", {"sku": uuid4().hex, "name": "Tea", "price": price})

    def list_products(self) -> httpx.Response:
        """A category that no cache contains."""
        return self.visitor.get("/products", category=uuid4().hex)

    def search_products(self) -> httpx.Response:
        return self.visitor.get("/products/search", q=uuid4().hex)

    def list_staff_products(self) -> httpx.Response:
        return self.staff.get("/staff/products")

    def create_variant(self) -> httpx.Response:
        price = {"amount_minor": 1, "currency": "EUR"}
        new = {"sku": uuid4().hex, "name": "Tea", "price": price}
        return self.staff.post("/products", new | {"group": uuid4().hex, "options": {"size": "S"}})

    def get_stock(self) -> httpx.Response:
        return self.staff.get(f"/products/{self.product_id}/stock")

    def adjust_stock(self) -> httpx.Response:
        return self.staff.call(
            "PATCH",
            f"/products/{self.product_id}/stock",
            json={"change": 1},
            headers={"idempotency-key": uuid4().hex},
        )

    def list_stock_movements(self) -> httpx.Response:
        return self.staff.get(f"/products/{self.product_id}/stock/movements")

    def register(self) -> httpx.Response:
        return self.visitor.post("/auth/register", _new_account() | {"name": "Ada"})

    def log_in(self) -> httpx.Response:
        return self.visitor.post("/auth/login", self.account)

    def list_sessions(self) -> httpx.Response:
        return self.buyer.get("/me/sessions")

    def export_account(self) -> httpx.Response:
        return self.buyer.get("/me/export")

    def verify_email(self) -> httpx.Response:
        """With an unknown token: the answer is that the link has expired."""
        return self.visitor.post("/auth/verify-email", {"token": uuid4().hex})

    def list_users(self) -> httpx.Response:
        return self.admin.get("/users")

    def use_api_key(self) -> httpx.Response:
        new = {"name": "script", "permissions": ["orders:place"], "expires_in_days": 1}
        key = self.staff.post("/me/api-keys", new).json()["key"]
        return Shop(self.visitor.connection, key).get("/orders")

    def get_me(self) -> httpx.Response:
        return self.buyer.get("/me")

    def create_upload(self) -> httpx.Response:
        file = {"kind": "products", "filename": "a.csv", "content_type": "text/csv", "size": 1}
        return self.staff.post("/uploads", file)

    def request_product_export(self) -> httpx.Response:
        headers = {"idempotency-key": uuid4().hex}
        wanted = {"format": "csv"}
        return self.staff.call("POST", "/product-exports", json=wanted, headers=headers)

    def list_product_exports(self) -> httpx.Response:
        return self.staff.get("/product-exports")


def _new_account() -> dict[str, str]:
    return {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}


# The statements that a call needs. Reading keys is not among them: a warm instance has its keys.
Call = Callable[[Callers], httpx.Response]
CALLS_BY_STATEMENT: dict[tuple[str, str], Call] = {
    ("AuthorizerRole", "ReadWhoCalls"): Callers.get_me,
    ("AuthorizerRole", "RecordKeyUse"): Callers.use_api_key,
    ("AuthRole", "ReadLogins"): Callers.log_in,
    ("AuthRole", "ReadAttempts"): Callers.log_in,
    ("AuthRole", "CountAttempts"): Callers.log_in,
    ("AuthRole", "CheckAccounts"): Callers.log_in,
    ("AuthRole", "ReadUsers"): Callers.get_me,
    ("AuthRole", "BrowseUsers"): Callers.list_users,
    ("AuthRole", "WriteAccounts"): Callers.register,
    ("AuthRole", "StageEvents"): Callers.register,
    ("AuthRole", "KeepSessions"): Callers.list_sessions,
    ("AuthRole", "KeepApiKeys"): Callers.export_account,
    ("AuthRole", "UseEmailTokens"): Callers.verify_email,
    ("AuthRole", "ExportOrders"): Callers.export_account,
    ("AuthRole", "ExportUploads"): Callers.export_account,
    ("ProductsRole", "ReadAndWriteProducts"): Callers.create_product,
    ("ProductsRole", "BrowseProductsByStatus"): Callers.list_staff_products,
    ("ProductsRole", "ReadAndWriteGroups"): Callers.create_variant,
    ("ProductsRole", "ReadAndSetStock"): Callers.get_stock,
    ("ProductsRole", "RecordMovements"): Callers.adjust_stock,
    ("ProductsRole", "ListMovements"): Callers.list_stock_movements,
    ("ProductsRole", "BrowseListings"): Callers.list_products,
    ("ProductsRole", "SearchWords"): Callers.search_products,
    ("ProductsRole", "StageEvents"): Callers.create_product,
    ("OrdersRole", "PriceOrders"): Callers.place_order,
    ("OrdersRole", "ReadAndWriteOrders"): Callers.place_order,
    ("OrdersRole", "TakeAndReturnStock"): Callers.place_order,
    ("OrdersRole", "CountPromotions"): Callers.place_order_with_promotion,
    ("OrdersRole", "CountOrdersAndHeldStock"): Callers.place_guest_order,
    ("OrdersRole", "StageEvents"): Callers.place_order,
    ("OrdersRole", "ListOrdersOfABuyer"): Callers.list_orders,
    ("StaffApiRole", "ReadAndChangeOrders"): Callers.add_order_note,
    ("StaffApiRole", "ListOrders"): Callers.list_staff_orders,
    ("StaffApiRole", "ReturnStock"): Callers.ship_order,
    ("StaffApiRole", "KeepRates"): Callers.get_tax_rates,
    ("StaffApiRole", "PriceOrdersAtAnotherAddress"): Callers.change_order_address,
    ("StaffApiRole", "ReadNewBuyers"): Callers.change_order_buyer,
    ("StaffApiRole", "CountOrdersOfAnAccount"): Callers.change_order_buyer,
    ("StaffApiRole", "FindOwnerOfAnAddress"): Callers.give_order_to_guest,
    ("StaffApiRole", "KeepPromotions"): Callers.create_promotion,
    ("StaffApiRole", "ListPromotions"): Callers.list_promotions,
    ("StaffApiRole", "ReadAndRequestExports"): Callers.request_export,
    ("StaffApiRole", "ListExports"): Callers.list_exports,
    ("StaffApiRole", "StageEvents"): Callers.request_export,
    ("PaymentsRole", "ReadAndChangeOrders"): Callers.start_payment,
    ("UploadsRole", "ReadAndChangeUploads"): Callers.create_upload,
    ("UploadsRole", "ReadAndRequestExports"): Callers.request_product_export,
    ("UploadsRole", "ListExports"): Callers.list_product_exports,
    ("UploadsRole", "StageEvents"): Callers.request_product_export,
}


@contextmanager
def remove_statement(stack: Stack, role: str, sid: str) -> Iterator[None]:
    """Removes the statement from the role until the block ends."""
    iam = stack.client("iam")
    name = stack.physical_ids[role]
    (policy_name,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    granted = iam.get_role_policy(RoleName=name, PolicyName=policy_name)["PolicyDocument"]
    remaining = [statement for statement in granted["Statement"] if statement["Sid"] != sid]
    assert len(remaining) == len(granted["Statement"]) - 1, f"{role} has no statement {sid}"

    def put_statements(statements: list[dict[str, object]]) -> None:
        document = json.dumps(granted | {"Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName=policy_name, PolicyDocument=document)

    put_statements(remaining)
    try:
        yield
    finally:
        put_statements(granted["Statement"])


@pytest.fixture(scope="module")
def product_id(staff: Shop) -> str:
    return staff.create_product(available=1000)


@pytest.fixture
def callers(  # noqa: PLR0913, PLR0917 (fixtures)
    call: Call, visitor: Shop, staff: Shop, admin: Shop, buyer: Shop, product_id: str
) -> Callers:
    account = _new_account()
    if call is Callers.log_in:  # registering takes long, so it is done for no other call
        visitor.post("/auth/register", account | {"name": "Ada"})
    return Callers(visitor, staff, admin, buyer, account, product_id)


@pytest.mark.parametrize(
    ("role", "sid", "call"),
    [(*statement, call) for statement, call in CALLS_BY_STATEMENT.items()],
    ids=["-".join(statement) for statement in CALLS_BY_STATEMENT],
)
def test_a_permission_is_needed_and_enforced(role, sid, call, stack, callers):
    with remove_statement(stack, role, sid):
        without_permission = call(callers)
    with_permission = call(callers)

    assert without_permission.status_code == 500, without_permission.text
    assert with_permission.status_code in (200, 201, 202, 400), with_permission.text
