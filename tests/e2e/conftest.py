"""One local stack for the whole run: the real template, really deployed, with IAM enforced."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from local import payment_keys
from local import stack as local_stack
from local.gateway import PROVIDER
from local.seeding import Account
from local.stack import Stack
from tests.support.logs import find_secrets
from tests.support.shop import ADDRESS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# No promise: these end a wait for what never comes. A busy machine needs a fraction of each.
EVENTUALLY_SECONDS = 180  # for an event to go from the outbox to where it is seen
CLIENT_SECONDS = 120  # for an answer; the stack itself gives up after two times 30
COMMAND_SECONDS = 600  # for a process that a test starts


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Here, and only here, sockets are open."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("e2e")
            item.add_marker("enable_socket")


@dataclass(frozen=True)
class Restarted:
    """A stack that was deployed, used, stopped, and started again; `order` is from before."""

    stack: Stack
    order: dict[str, Any]
    steps: list[str]  # what the second start said that it did
    first_seconds: float  # that the first start took
    second_seconds: float


@pytest.fixture(scope="session")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    """One deploy a run: what the suite tests is what a person has from the second day on."""
    state, steps = tmp_path_factory.mktemp("stack"), list[str]()
    began = time.monotonic()
    with local_stack.start(state) as first, connected(first) as shop:
        first_seconds = time.monotonic() - began
        customer = shop.logged_in(first.customer.email, first.customer.password)
        order = customer.order(first.product_id).json()
        eventually(lambda: order["id"] in get(f"{first.mailbox_url}.txt").text)
    began = time.monotonic()
    with local_stack.start(state, say=steps.append) as second:
        yield Restarted(second, order, steps, first_seconds, time.monotonic() - began)
        assert logged_secrets(second) == {}


def logged_secrets(stack: Stack) -> dict[str, str]:
    """What the functions have logged and should not, whatever the tests made them do: examples."""
    logs = stack.client("logs")
    groups = [it["logGroupName"] for it in logs.describe_log_groups()["logGroups"]]
    assert len(groups) > 5
    return {
        found: event["message"][:300]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
        for found in find_secrets(event["message"])
    }


@pytest.fixture(scope="session")
def stack(restarted: Restarted) -> Stack:
    return restarted.stack


@dataclass(frozen=True)
class Shop:
    """The API as one client has it: a visitor, or someone who is logged in."""

    connection: httpx.Client
    token: str | None = None
    refresh_token: str | None = None
    clerk: Account | None = None  # of the staff, who counts stock

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = request.pop("headers", {})
        if self.token:
            headers = headers | {"authorization": f"Bearer {self.token}"}
        return self.connection.request(method, f"/v1{path}", headers=headers, **request)

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return self.call("POST", path, json=body, headers=headers)

    def logged_in(self, email: str, password: str) -> "Shop":
        answer = self.post("/auth/login", {"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        return replace(self, token=tokens["access_token"], refresh_token=tokens["refresh_token"])

    def registered(self) -> "Shop":
        """Someone new, logged in."""
        account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
        answer = self.post("/auth/register", account | {"name": "Ada Lovelace"})
        assert answer.status_code == 201, answer.text
        return self.logged_in(**account)

    @property
    def email(self) -> str:
        return str(self.get("/me").json()["email"])

    def product(self, *, available: int, **changes: object) -> str:
        """A new product with that much stock; for staff. Its id."""
        sku = f"SKU-{uuid4().hex}"
        new = {"sku": sku, "name": sku, "price": {"amount_minor": 1000, "currency": "EUR"}}
        made = self.post("/products", new | changes)
        assert made.status_code == 201, made.text
        product_id: str = made.json()["id"]
        count = {"available": available, "reason": "opening stock"}
        counted = self.call(
            "PUT", f"/products/{product_id}/stock", json=count, headers={"if-match": "*"}
        )
        assert counted.status_code == 200, counted.text
        return product_id

    def order(
        self, product_id: str, *, quantity: int = 1, key: str | None = None
    ) -> httpx.Response:
        lines = [{"product_id": product_id, "quantity": quantity}]
        return self.call(
            "POST",
            "/orders",
            headers={"idempotency-key": key or uuid4().hex},
            json={"lines": lines, "shipping_address": ADDRESS},
        )

    def start_payment(self, order_id: str, *, order_token: str | None = None) -> dict[str, Any]:
        """With a token, as the guest whose order it is."""
        path = f"/guest/orders/{order_id}" if order_token else f"/orders/{order_id}"
        headers = {"order-token": order_token} if order_token else {}
        begun = self.call("POST", f"{path}/payment", headers=headers)
        assert begun.status_code == 200, begun.text
        payment: dict[str, Any] = begun.json()
        return payment

    def confirm(self, payment: dict[str, Any], card: str = "ok") -> httpx.Response:
        """As the provider's own page does; the shop hears of it from the provider."""
        return self.connection.post(
            f"{PROVIDER}/payments/{payment['payment_id']}/confirm",
            json={"client_secret": payment["client_secret"], "card": card},
        )

    def pay(self, order_id: str, *, order_token: str | None = None) -> None:
        confirmed = self.confirm(self.start_payment(order_id, order_token=order_token))
        assert confirmed.status_code == 200, confirmed.text

    def act(self, order_id: str, what: str, body: object = None, **headers: str) -> httpx.Response:
        """`staff.act(order_id, "ship", {"carrier": "DHL"})`; a key is sent, and used if need be."""
        return self.call(
            "POST",
            f"/orders/{order_id}/{what}",
            json=body or {},
            headers={"idempotency-key": uuid4().hex} | headers,
        )

    def status_of(self, order_id: str) -> str:
        return str(self.get(f"/orders/{order_id}").json()["status"])

    def sees(self, order_id: str, status: str) -> None:
        """Returns as soon as the order has that status."""
        eventually(lambda: self.status_of(order_id) == status)

    def available(self, product_id: str) -> int:
        """As it is stored, whoever asks: what a shopper is shown may be some seconds old."""
        assert self.clerk is not None
        stockroom = self.logged_in(self.clerk.email, self.clerk.password)
        return int(stockroom.get(f"/products/{product_id}/stock").json()["available"])


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=CLIENT_SECONDS, trust_env=False)


@contextmanager
def connected(stack: Stack) -> Iterator[Shop]:
    """A visitor of that stack."""
    limits = httpx.Limits(max_connections=100)
    with httpx.Client(
        base_url=stack.api_url, timeout=CLIENT_SECONDS, limits=limits, trust_env=False
    ) as connection:
        yield Shop(connection, clerk=stack.staff)


@pytest.fixture(scope="session")
def visitor(stack: Stack) -> Iterator[Shop]:
    with connected(stack) as shop:
        yield shop


@pytest.fixture(scope="session")
def staff(stack: Stack, visitor: Shop) -> Shop:
    return visitor.logged_in(stack.staff.email, stack.staff.password)


@pytest.fixture(scope="session")
def admin(stack: Stack, visitor: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Made by the operator of an account whose address is confirmed."""
    account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
    visitor.post("/auth/register", account | {"name": "Grace Hopper"})
    token = mailed_token(stack, account["email"])
    assert visitor.post("/auth/verify-email", {"token": token}).status_code == 204
    done = operate(stack, tmp_path_factory.mktemp("admin"), "admin", account["email"])
    assert done.returncode == 0, done.stderr
    assert '"action":"update_user"' in done.stderr
    return visitor.logged_in(**account)


@pytest.fixture
def buyer(visitor: Shop) -> Shop:
    """Someone who has just registered."""
    return visitor.registered()


def mails_of(stack: Stack, address: str) -> list[dict[str, str]]:
    """Those that this address has been sent."""
    mails = get(f"{stack.mailbox_url}.json").json()
    return [mail for mail in mails if address in mail["to"]]


def mailed_token(stack: Stack, address: str, subject: str = "") -> str:
    """That of the link in the newest mail about this, which may be on its way."""

    def linked() -> list[str]:
        mails = (mail for mail in mails_of(stack, address) if subject in mail["subject"].lower())
        return [mail["text"] for mail in mails if "token=" in mail["text"]]

    eventually(lambda: len(linked()) > 0)
    return linked()[0].partition("token=")[2].split()[0]


def sweep(stack: Stack) -> None:
    """As the schedule does each minute."""
    done = stack.client("lambda").invoke(
        FunctionName=stack.physical_ids["ExpiryFunction"], Payload=json.dumps({"id": uuid4().hex})
    )
    assert "FunctionError" not in done, done["Payload"].read()


def make_overdue(stack: Stack, order_id: str) -> None:
    """Its time to be paid was over a minute ago."""
    a_minute_ago = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    stack.client("dynamodb").update_item(
        TableName=stack.outputs["OrdersTableName"],
        Key={"order_id": {"S": order_id}},
        UpdateExpression="SET expires_at = :then",
        ConditionExpression="attribute_exists(expires_at)",
        ExpressionAttributeValues={":then": {"S": a_minute_ago}},
    )


@contextmanager
def behaving(stack: Stack, **how: Any) -> Iterator[None]:
    """The payment provider, as long as the block lasts: see local/payments/behaviour.py."""
    secret = stack.client("secretsmanager").get_secret_value(
        SecretId=stack.physical_ids[payment_keys.SECRET]
    )
    headers = {"authorization": f"Bearer {json.loads(secret['SecretString'])['api_key']}"}
    url = f"{stack.api_url}{PROVIDER}/behaviour"
    with httpx.Client(headers=headers, timeout=CLIENT_SECONDS, trust_env=False) as operator:
        before = operator.get(url).json()
        operator.put(url, json=how).raise_for_status()
        try:
            yield
        finally:
            operator.put(url, json={name: before[name] for name in how}).raise_for_status()


@pytest.fixture
def mails_to(stack: Stack) -> Callable[[str], list[dict[str, str]]]:
    return partial(mails_of, stack)


def at_once(stack: Stack, what: str, argument: str, count: int) -> list[str]:
    """What as many instances of AuthFunction answer: see tests.support.concurrent_sessions."""
    answers: list[str] = as_function(
        stack, "AuthFunction", "tests.support.concurrent_sessions", what, argument, str(count)
    )
    return answers


def as_function(
    stack: Stack, function: str, module: str, *arguments: str, seconds: float = COMMAND_SECONDS
) -> Any:
    """What that module prints last, run with all that the function has but its time limit."""
    configuration = stack.client("lambda").get_function_configuration(
        FunctionName=stack.physical_ids[function]
    )
    environment = configuration["Environment"]["Variables"] | {
        "AWS_ENDPOINT_URL": stack.aws_endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}",
    }
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(  # noqa: S603 (our own module)
        command,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds,
    )
    return json.loads(done.stdout.splitlines()[-1])


def operate(stack: Stack, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m local.operations`, on that stack and no other."""
    (tmp_path / "stack.json").write_text(json.dumps(stack.facts()))
    script = (
        "import sys; from pathlib import Path; from local import operations, paths;"
        f"paths.STATE = Path({str(tmp_path)!r});"
        "sys.exit(operations.main(sys.argv[1:]))"
    )
    environment = {name: it for name, it in os.environ.items() if not name.endswith("_TABLE")}
    return subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )


def eventually(is_so: Callable[[], bool], seconds: float = EVENTUALLY_SECONDS) -> None:
    """Returns as soon as it is so; fails when it has not become so in that time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.1)
