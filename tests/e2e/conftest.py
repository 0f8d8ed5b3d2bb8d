"""One local stack for the whole run. It deploys the production template and enforces IAM."""

import atexit
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import pytest

from local import payment_keys
from local import stack as local_stack
from local.aliases import ALIAS
from local.seeding import Account
from local.site import PROVIDER_PATH
from local.stack import Stack
from tests.__main__ import OTHERS_END
from tests.support.logs import find_secrets
from tests.support.shop import ADDRESS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# These limits end a wait for something that never happens. A busy machine needs a fraction of each.
WAIT_SECONDS_MAX = 180  # from an event in the outbox to its effect
RESPONSE_SECONDS_MAX = 120  # for a response; the stack itself gives up after two times 30 s
COMMAND_SECONDS_MAX = 600  # for a process that a test starts
BEGINS_WITH_THE_RUN = "ended_sessions"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Opens sockets for these tests only. Those that measure time come last."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("e2e")
            item.add_marker("enable_socket")
    items.sort(key=_is_timed)
    # What began with the run has had its minute in the middle, and its tokens have not expired.
    begun = [item for item in items if BEGINS_WITH_THE_RUN in _fixtures(item)]
    others = [item for item in items if item not in begun]
    middle = sum(not _is_timed(item) for item in others) // 2
    items[:] = [*others[:middle], *begun, *others[middle:]]


def _is_timed(item: pytest.Item) -> bool:
    return item.get_closest_marker("timed") is not None


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


@pytest.fixture(scope="session", autouse=True)
def _begin_with_the_run(request: pytest.FixtureRequest) -> None:
    """Begins what takes a minute, if a test of this run needs it."""
    if any(BEGINS_WITH_THE_RUN in _fixtures(item) for item in request.session.items):
        request.getfixturevalue(BEGINS_WITH_THE_RUN)


@pytest.fixture(autouse=True)
def _measure_alone(request: pytest.FixtureRequest) -> None:
    """Waits until the tests are over that `make test` runs beside these: see tests/__main__.py."""
    others_end = os.environ.get(OTHERS_END)
    if others_end and request.node.get_closest_marker("timed"):
        os.read(int(others_end), 1)  # returns when the other side of the pipe is closed


@dataclass(frozen=True)
class RestartedStack:
    """A stack that was deployed, used, stopped and started again."""

    stack: Stack
    order: dict[str, Any]  # placed before the stop
    steps: list[str]  # the messages of the second start
    first_start_seconds: float
    second_start_seconds: float


@pytest.fixture(scope="session")
def restarted_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestartedStack]:
    """Deploys once for the whole run. The tests use the stack after its second start."""
    state, steps = tmp_path_factory.mktemp("stack"), list[str]()
    began = time.monotonic()
    with local_stack.start(state) as first, connect(first) as shop:
        first_start_seconds = time.monotonic() - began
        customer = shop.log_in(first.customer.email, first.customer.password)
        order = customer.place_order(first.product_id).json()
        wait_until(lambda: order["id"] in fetch_url(f"{first.mailbox_url}.txt").text)
    began = time.monotonic()
    with local_stack.start(state, say=steps.append) as second:
        yield RestartedStack(second, order, steps, first_start_seconds, time.monotonic() - began)
        assert find_logged_secrets(second) == {}


def find_logged_secrets(stack: Stack) -> dict[str, str]:
    """An example of each kind of secret that the functions have logged, by the kind."""
    logs = stack.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert len(groups) > 5
    return {
        kind: event["message"][:300]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
        for kind in find_secrets(event["message"])
    }


@pytest.fixture(scope="session")
def stack(restarted_stack: RestartedStack) -> Stack:
    return restarted_stack.stack


@dataclass(frozen=True)
class Shop:
    """The API as one client uses it: a visitor, or a user who is logged in."""

    connection: httpx.Client
    token: str | None = None
    refresh_token: str | None = None
    staff_account: Account | None = None  # may read the stored stock

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = request.pop("headers", {})
        if self.token:
            headers = headers | {"authorization": f"Bearer {self.token}"}
        return self.connection.request(method, f"/v1{path}", headers=headers, **request)

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return self.call("POST", path, json=body, headers=headers)

    def log_in(self, email: str, password: str) -> "Shop":
        answer = self.post("/auth/login", {"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        return replace(self, token=tokens["access_token"], refresh_token=tokens["refresh_token"])

    def register(self) -> "Shop":
        """Creates a new account and logs in."""
        account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
        answer = self.post("/auth/register", account | {"name": "Ada Lovelace"})
        assert answer.status_code == 201, answer.text
        return self.log_in(**account)

    @property
    def email(self) -> str:
        return str(self.get("/me").json()["email"])

    def create_product(self, *, available: int | None = None, **changes: object) -> str:
        """Creates a product with this stock, as staff; None sets none. Returns its id."""
        sku = f"SKU-{uuid4().hex}"
        new = {"sku": sku, "name": sku, "price": {"amount_minor": 1000, "currency": "EUR"}}
        created = self.post("/products", new | changes)
        assert created.status_code == 201, created.text
        product_id: str = created.json()["id"]
        if available is None:
            return product_id
        stock = {"available": available, "reason": "opening stock"}
        stock_set = self.call(
            "PUT", f"/products/{product_id}/stock", json=stock, headers={"if-match": "*"}
        )
        assert stock_set.status_code == 200, stock_set.text
        return product_id

    def place_order(
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
        """Starts it as the guest who placed the order if there is an order token."""
        path = f"/guest/orders/{order_id}" if order_token else f"/orders/{order_id}"
        headers = {"order-token": order_token} if order_token else {}
        started = self.call("POST", f"{path}/payment", headers=headers)
        assert started.status_code == 200, started.text
        payment: dict[str, Any] = started.json()
        return payment

    def confirm_payment(self, payment: dict[str, Any], card: str = "ok") -> httpx.Response:
        """Does what the provider's own page does. The provider then sends the shop a webhook."""
        return self.connection.post(
            f"{PROVIDER_PATH}/payments/{payment['payment_id']}/confirm",
            json={"client_secret": payment["client_secret"], "card": card},
        )

    def pay_order(self, order_id: str, *, order_token: str | None = None) -> None:
        confirmed = self.confirm_payment(self.start_payment(order_id, order_token=order_token))
        assert confirmed.status_code == 200, confirmed.text

    def call_order_action(
        self, order_id: str, action: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """Calls, for example, `ship` with `{"carrier": "DHL"}`, and sends an idempotency key."""
        return self.call(
            "POST",
            f"/orders/{order_id}/{action}",
            json=body or {},
            headers={"idempotency-key": uuid4().hex} | headers,
        )

    def get_order_status(self, order_id: str) -> str:
        return str(self.get(f"/orders/{order_id}").json()["status"])

    def wait_for_status(self, order_id: str, status: str) -> None:
        """Returns as soon as the order has this status."""
        wait_until(lambda: self.get_order_status(order_id) == status)

    def get_available(self, product_id: str) -> int:
        """The stored number, read as staff. Shoppers may see one that is some seconds old."""
        assert self.staff_account is not None
        staff = self.log_in(self.staff_account.email, self.staff_account.password)
        return int(staff.get(f"/products/{product_id}/stock").json()["available"])


def fetch_url(url: str, **query: str) -> httpx.Response:
    return _get_client().get(url, params=query)


@cache  # creating one takes longer than a response
def _get_client() -> httpx.Client:
    client = httpx.Client(timeout=RESPONSE_SECONDS_MAX, trust_env=False)
    atexit.register(client.close)
    return client


@contextmanager
def connect(stack: Stack) -> Iterator[Shop]:
    """A visitor of this stack."""
    limits = httpx.Limits(max_connections=100)
    with httpx.Client(
        base_url=stack.api_url, timeout=RESPONSE_SECONDS_MAX, limits=limits, trust_env=False
    ) as connection:
        yield Shop(connection, staff_account=stack.staff)


@dataclass(frozen=True)
class LastingShop(Shop):
    """A user of the whole session, who logs in again when the access token has expired."""

    account: tuple[str, str] = ("", "")  # e-mail address and password

    @classmethod
    def of(cls, visitor: Shop, email: str, password: str) -> Shop:
        own = vars(visitor) | {"account": (email, password)}
        return cls(**own).log_in(email, password)

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        answer = super().call(method, path, **request)
        if answer.status_code != 401 or '"token_expired"' not in answer.text:
            return answer
        renewed = replace(self, token=None).log_in(*self.account)
        object.__setattr__(self, "token", renewed.token)
        return super().call(method, path, **request)


@pytest.fixture(scope="session")
def visitor(stack: Stack) -> Iterator[Shop]:
    with connect(stack) as shop:
        yield shop


@pytest.fixture(scope="session")
def staff(stack: Stack, visitor: Shop) -> Shop:
    return LastingShop.of(visitor, stack.staff.email, stack.staff.password)


@pytest.fixture(scope="session")
def admin(stack: Stack, visitor: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """An account with a confirmed address, which the operator's command made an admin."""
    account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
    visitor.post("/auth/register", account | {"name": "Grace Hopper"})
    token = wait_for_mailed_token(stack, account["email"])
    assert visitor.post("/auth/verify-email", {"token": token}).status_code == 204
    granted = run_operation(stack, tmp_path_factory.mktemp("admin"), "admin", account["email"])
    assert granted.returncode == 0, granted.stderr
    assert '"action":"update_user"' in granted.stderr
    return LastingShop.of(visitor, **account)


@pytest.fixture
def buyer(visitor: Shop) -> Shop:
    """A customer who has just registered."""
    return visitor.register()


@pytest.fixture
def restored_rates(staff: Shop) -> Iterator[None]:
    """Clears the tax and shipping rates that a test sets. Others order without rates."""
    yield
    for route, document in (("tax-rates", "destinations"), ("shipping-rates", "zones")):
        answer = staff.call("PUT", f"/{route}", json={document: []}, headers={"if-match": "*"})
        assert answer.status_code == 200, answer.text


@dataclass(frozen=True)
class EndedSessions:
    """Clients whose access tokens the authorizer had cached when their sessions ended."""

    ended: dict[str, Shop]
    ended_at: dict[str, float]
    kept: Shop  # as old as the others


@pytest.fixture(scope="session")
def ended_sessions(stack: Stack, visitor: Shop, admin: Shop) -> EndedSessions:
    """Made at the start of the run, because the cache keeps a token for a minute."""
    account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
    registered = visitor.post("/auth/register", account | {"name": "Ada Lovelace"})
    assert registered.status_code == 201, registered.text
    logged_out, ended, changed, kept = (visitor.log_in(**account) for _ in range(4))
    disabled, promoted = visitor.register(), visitor.register()
    clients = (logged_out, ended, changed, disabled, promoted, kept)
    *_, disabled_id, promoted_id, _ = (client.get("/me").json()["id"] for client in clients)
    token = wait_for_mailed_token(stack, promoted.email)
    assert visitor.post("/auth/verify-email", {"token": token}).status_code == 204
    sessions = kept.get("/me/sessions").json()["items"]
    assert [session["current"] for session in sessions] == [True, False, False, False]
    new_password = {"current_password": account["password"], "new_password": uuid4().hex}

    def edit_user(user_id: str, **changes: object) -> httpx.Response:
        return admin.call("PATCH", f"/users/{user_id}", json=changes, headers={"if-match": "*"})

    calls: dict[str, Callable[[], httpx.Response]] = {
        "logged out": lambda: logged_out.call("POST", "/auth/logout"),
        "ended": lambda: kept.call("DELETE", f"/me/sessions/{sessions[2]['id']}"),
        "password changed": lambda: kept.call("PUT", "/me/password", json=new_password),
        "disabled": lambda: edit_user(disabled_id, status="disabled"),
        "promoted": lambda: edit_user(promoted_id, roles=["customer", "staff"]),
    }
    ended_at = {}
    for name, end_session in calls.items():
        assert end_session().status_code in (200, 204), name
        ended_at[name] = time.monotonic()
    return EndedSessions(dict(zip(calls, clients, strict=False)), ended_at, kept)


def list_mails(stack: Stack, address: str) -> list[dict[str, str]]:
    """The mails that were sent to this address, newest first."""
    mails: list[dict[str, str]] = fetch_url(f"{stack.mailbox_url}.json", to=address).json()
    return mails


def wait_for_mailed_token(stack: Stack, address: str, subject: str = "") -> str:
    """The token of the link in the newest mail whose subject contains this text."""

    def list_texts_with_token() -> list[str]:
        mails = (mail for mail in list_mails(stack, address) if subject in mail["subject"].lower())
        return [mail["text"] for mail in mails if "token=" in mail["text"]]

    wait_until(lambda: len(list_texts_with_token()) > 0)
    return list_texts_with_token()[0].partition("token=")[2].split()[0]


def list_stored(stack: Stack, output: str) -> list[dict[str, Any]]:
    """All items of the table that this output names. A scan ends after each MB."""
    pages = stack.client("dynamodb").get_paginator("scan")
    found = pages.paginate(TableName=stack.outputs[output], ConsistentRead=True)
    return [item for page in found for item in page["Items"]]


def run_expiry(stack: Stack) -> None:
    """Invokes the function as the schedule does each minute."""
    answer = stack.client("lambda").invoke(
        FunctionName=stack.physical_ids["ExpiryFunction"],
        Qualifier=ALIAS,
        Payload=json.dumps({"id": uuid4().hex}),
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def make_overdue(stack: Stack, order_id: str) -> None:
    """Moves the end of the time to pay to a minute ago."""
    a_minute_ago = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    stack.client("dynamodb").update_item(
        TableName=stack.outputs["OrdersTableName"],
        Key={"order_id": {"S": order_id}},
        UpdateExpression="SET expires_at = :expired_at",
        ConditionExpression="attribute_exists(expires_at)",
        ExpressionAttributeValues={":expired_at": {"S": a_minute_ago}},
    )


@contextmanager
def provider_behaviour(stack: Stack, **changes: Any) -> Iterator[None]:
    """Changes fields of local/payments/behaviour.py until the block ends."""
    secret = stack.client("secretsmanager").get_secret_value(
        SecretId=stack.physical_ids[payment_keys.SECRET]
    )
    headers = {"authorization": f"Bearer {json.loads(secret['SecretString'])['api_key']}"}
    url = f"{stack.api_url}{PROVIDER_PATH}/behaviour"
    with httpx.Client(headers=headers, timeout=RESPONSE_SECONDS_MAX, trust_env=False) as operator:
        before = operator.get(url).json()
        operator.put(url, json=changes).raise_for_status()
        try:
            yield
        finally:
            operator.put(url, json={name: before[name] for name in changes}).raise_for_status()


@pytest.fixture
def list_mails_to(stack: Stack) -> Callable[[str], list[dict[str, str]]]:
    return partial(list_mails, stack)


def run_concurrently(calls: list[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Starts all calls at the same moment. Returns their responses in the order of the calls."""
    start = Barrier(len(calls))

    def run(call: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def run_concurrent_sessions(stack: Stack, command: str, argument: str, count: int) -> list[str]:
    """The answers of this many instances of AuthFunction to one command.

    tests.support.concurrent_sessions has the commands.
    """
    answers: list[str] = run_in_function_environment(
        stack, "AuthFunction", "tests.support.concurrent_sessions", command, argument, str(count)
    )
    return answers


def run_in_function_environment(
    stack: Stack,
    function: str,
    module: str,
    *arguments: str,
    seconds_max: float = COMMAND_SECONDS_MAX,
) -> Any:
    """Runs the module with the function's environment. Returns the JSON on its last line.

    The function's own time limit does not apply.
    """
    configuration = stack.client("lambda").get_function_configuration(
        FunctionName=stack.physical_ids[function], Qualifier=ALIAS
    )
    environment = configuration["Environment"]["Variables"] | {
        "AWS_ENDPOINT_URL": stack.aws_endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}",
    }
    command = [sys.executable, "-m", module, *arguments]
    finished = subprocess.run(  # noqa: S603 (our own module)
        command,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds_max,
    )
    return json.loads(finished.stdout.splitlines()[-1])


def run_operation(
    stack: Stack, tmp_path: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m local.operations` on this stack and no other."""
    (tmp_path / "stack.json").write_text(json.dumps(stack.facts()))
    script = (
        "import sys; from pathlib import Path; from local import operations, paths;"
        f"paths.STATE = Path({str(tmp_path)!r});"
        "sys.exit(operations.main(sys.argv[1:]))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_TABLE")}
    return subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS_MAX,
    )


def wait_until(
    is_met: Callable[[], bool], seconds_max: float = WAIT_SECONDS_MAX, *, pause: float = 0.1
) -> None:
    """Returns as soon as the condition is met. Fails if that takes longer."""
    deadline = time.monotonic() + seconds_max
    while not is_met():
        assert time.monotonic() < deadline, f"the condition was not met within {seconds_max} s"
        time.sleep(pause)
