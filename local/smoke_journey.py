"""The steps of the smoke test: each returns what it saw, or raises what stopped it."""

import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx

from local import account_roles
from local.account_roles import AccountKeys
from local.smoke_access import Inbox, confirm_payment, open_inbox
from local.targets import OperationFailed, Target
from shared import ids

ANSWER_SECONDS_MAX = 35  # a cold start, and the 30 s that API Gateway waits
MAIL_SECONDS_MAX = 180  # the outbox, the bus, the queue and SES
WEBHOOK_SECONDS_MAX = 120
IMPORT_SECONDS_MAX = 180
POLL_SECONDS = 1.0
STAFF = ["staff"]
STOCK = 2
PRICE_MINOR = 500
ADDRESS = {
    "name": "Smoke Test",
    "line1": "1 Market Street",
    "postal_code": "1000",
    "city": "Brussels",
    "country": "BE",
}
CSV = "sku,name,price_minor,currency,available,category\n{sku},Smoke test,500,{currency},1,\n"


class Journey:
    """One visit to the shop, by an account that registers, becomes staff and is deleted."""

    def __init__(self, shop: Target, parameters: Mapping[str, str], client: httpx.Client) -> None:
        self._shop = shop
        self._parameters = parameters
        self._client = client
        self._inbox: Inbox = open_inbox(shop)
        self._run = uuid.uuid4().hex[:12]
        self._password = f"smoke-test-{secrets.token_hex(16)}"
        self._keys: AccountKeys | None = None
        self._product_ids: list[str] = []
        self._order_id: str | None = None
        self._recovery_codes: list[str] = []
        self._payment: dict[str, Any] = {}

    @classmethod
    @contextmanager
    def open(cls, shop: Target, parameters: Mapping[str, str]) -> Iterator[Self]:
        url = (shop.local_url or shop.outputs()["ApiUrl"]) + "/v1"
        is_on_aws = shop.local_url is None  # a proxy of this machine leads to AWS only
        with httpx.Client(base_url=url, timeout=ANSWER_SECONDS_MAX, trust_env=is_on_aws) as client:
            yield cls(shop, parameters, client)

    @property
    def url(self) -> str:
        return str(self._client.base_url)

    def check_health(self) -> str:
        return str(self._call("GET", "/health")["status"])

    def check_preflight(self) -> str:
        origin = self._parameters["AllowedOrigins"].split(",")[0].strip()
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,authorization,idempotency-key",
        }
        answer = self._client.request("OPTIONS", "/orders", headers=headers)
        allowed = answer.headers.get("access-control-allow-origin")
        if not answer.is_success or allowed not in (origin, "*"):
            raise OperationFailed(f"{answer.status_code} allows {allowed or 'no origin'}")
        return f"{origin} may call the API"

    def register(self) -> str:
        email = self._inbox.new_address(self._run)
        account = {"email": email, "password": self._password, "name": "Smoke Test"}
        self._call("POST", "/auth/register", account)
        self._keys = self._find_account(email)
        return f"{email} is {self._keys.user_id}"

    def check_mail(self) -> str:
        """Waits for the mail, and confirms the address with its link if it can be read."""
        keys = self._account()
        seen, token = self._inbox.wait_for_registration(keys, MAIL_SECONDS_MAX)
        if token is None:
            return seen
        self._call("POST", "/auth/verify-email", {"token": token})
        return f"{seen}; its link confirmed the address"

    def log_in(self) -> str:
        """As staff, whose role the operator's credentials grant. Confirms the address too."""
        account_roles.confirm_and_grant(self._shop.client("dynamodb"), self._account(), STAFF)
        if self._parameters["RequireStaffSecondFactor"] == "true":
            self._recovery_codes = self._enrol_second_factor()
        self._start_session()
        roles = self._call("GET", "/me")["roles"]
        return f"with the roles {', '.join(sorted(roles))}"

    def create_product(self) -> str:
        price = {"amount_minor": PRICE_MINOR, "currency": self._parameters["ShopCurrency"]}
        new = {"sku": f"SMOKE-{self._run}", "name": "Smoke test", "price": price}
        product_id = str(self._call("POST", "/products", new)["id"])
        self._product_ids.append(product_id)
        stock = {"available": STOCK, "reason": "smoke test"}
        self._call("PUT", f"/products/{product_id}/stock", stock, if_match="*")
        shown = self._call("GET", f"/products/{product_id}")
        return f"{shown['id']} is on sale"

    def place_order(self) -> str:
        lines = [{"product_id": self._product_ids[0], "quantity": 1}]
        body = {"lines": lines, "shipping_address": ADDRESS}
        order = self._call("POST", "/orders", body, idempotency_key=self._run)
        self._order_id = str(order["id"])
        return f"{order['id']} is {order['status']}"

    def pay(self) -> str:
        self._payment = self._call("POST", f"/orders/{self._order_id}/payment")
        return confirm_payment(self._shop, self._parameters, self._payment)

    def wait_for_webhook(self) -> str:
        path = f"/orders/{self._order_id}"
        self._wait(lambda: self._call("GET", path)["status"], "paid", WEBHOOK_SECONDS_MAX)
        return f"{self._order_id} is paid"

    def import_file(self) -> str:
        sku = f"SMOKE-{self._run}-CSV".upper()  # its product's id follows from this spelling
        content = CSV.format(sku=sku, currency=self._parameters["ShopCurrency"]).encode()
        file = {"kind": "products", "filename": "smoke.csv", "content_type": "text/csv"}
        upload = self._call("POST", "/uploads", file | {"size": len(content)})
        form = upload["form"]
        sent = httpx.post(
            form["url"],
            data=form["fields"],
            files={"file": content},
            timeout=ANSWER_SECONDS_MAX,
            trust_env=self._shop.local_url is None,
        )
        if not sent.is_success:
            raise OperationFailed(f"S3 answered {sent.status_code}: {sent.text[:200]}")
        self._product_ids.append(ids.derived_id("prd", sku))
        path = f"/uploads/{upload['id']}"
        self._wait(lambda: self._call("GET", path)["status"], "completed", IMPORT_SECONDS_MAX)
        counts = self._call("GET", path)["counts"]
        if (counts["rows"], counts["written"], counts["rejected"]) != (1, 1, 0):
            raise OperationFailed(f"the import counted {counts}")
        return "1 row written"

    def clean_up(self) -> str:
        """Cancels the order, which refunds it; archives the products; deletes the account."""
        if "Authorization" not in self._client.headers:
            raise OperationFailed(f"cannot log in, so the account {self._account().email} stays")
        if self._order_id:
            self._call("POST", f"/orders/{self._order_id}/cancel", {}, idempotency_key=self._run)
        for product_id in self._product_ids:
            self._call("DELETE", f"/products/{product_id}", if_match="*")
        account_roles.revoke(self._shop.client("dynamodb"), self._account(), STAFF)
        proof = {"password": self._password} | self._second_factor()
        self._call("DELETE", "/me", proof)
        kept = f"; the cancelled order {self._order_id} stays" if self._order_id else ""
        return f"{len(self._product_ids)} products and the account are deleted{kept}"

    def _account(self) -> AccountKeys:
        assert self._keys is not None  # noqa: S101 (the steps need `register`)
        return self._keys

    def _find_account(self, email: str) -> AccountKeys:
        """Reads the table: the API answers the registration of a known address with a random id."""
        tables = [self._shop.physical_id(name) for name in ("UsersTable", "LoginsTable")]
        found = self._shop.client("dynamodb").get_item(
            TableName=tables[1], Key={"email": {"S": email}}, ConsistentRead=True
        )
        if "Item" not in found:
            raise OperationFailed(f"{email} was registered but has no login")
        return AccountKeys(tables[0], tables[1], found["Item"]["user_id"]["S"], email)

    def _enrol_second_factor(self) -> list[str]:
        import pyotp  # noqa: PLC0415 (only a stack with this setting needs it)

        self._start_session()
        proof = {"password": self._password}
        secret = self._call("POST", "/me/second-factor", proof)["secret"]
        code = pyotp.TOTP(secret).now()
        enrolled = self._call("POST", "/me/second-factor/confirm", {"code": code})
        return list(enrolled["recovery_codes"])

    def _second_factor(self) -> dict[str, str]:
        return {"code": self._recovery_codes.pop()} if self._recovery_codes else {}

    def _start_session(self) -> None:
        login = {"email": self._account().email, "password": self._password}
        tokens = self._call("POST", "/auth/login", login | self._second_factor())
        self._client.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def _wait(self, read: Callable[[], str], expected: str, seconds_max: float) -> None:
        deadline = time.monotonic() + seconds_max
        while (status := read()) != expected:
            if status == "failed" or time.monotonic() > deadline:
                raise OperationFailed(f"the status is {status} and not {expected}")
            time.sleep(POLL_SECONDS)

    def _call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self._client.request(method, path, json=body, headers=named)
        if not answer.is_success:
            raise OperationFailed(
                f"{method} {path} answered {answer.status_code}: {answer.text[:200]}"
            )
        return answer.json() if answer.content else None
