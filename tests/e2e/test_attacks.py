"""The corpus of attacks against the local stack: each is refused, and the shop goes on."""

import http.client
import importlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest

from local.stack import Stack
from tests.attacks.attack import Attack
from tests.attacks.request_lines import RAW_ATTACKS, RawAttack, get, mutations
from tests.e2e.conftest import RESPONSE_SECONDS_MAX, ROOT, Shop
from tests.support.raw_http import RawAnswer, exchange

ANSWER_BYTES_MAX = 1_000_000
CLIENTS = 4
MUTATIONS = 150
# What API Gateway answers itself, before any code of the shop runs.
GATEWAY_ANSWERS = {401: {"message": "Unauthorized"}, 403: {"message": "Forbidden"}}


def list_modules() -> list[ModuleType]:
    paths = sorted((ROOT / "tests" / "attacks").glob("*.py"))
    return [importlib.import_module(f"tests.attacks.{path.stem}") for path in paths]


def list_attacks() -> Iterator[object]:
    for module in list_modules():
        for attack in getattr(module, "ATTACKS", []):
            yield pytest.param(attack, id=f"{module.__name__.rpartition('.')[2]}: {attack.name}")


@dataclass(frozen=True)
class Targets:
    """The shop that is attacked: who calls, and what the placeholders stand for."""

    tokens: dict[str, str | None]
    values: dict[str, str]

    def fill(self, text: bytes) -> bytes:
        values = self.values | {"unique": uuid4().hex}
        return re.sub(
            rb"\{(%s)\}" % "|".join(values).encode(),
            lambda found: values[found[1].decode()].encode(),
            text,
        )


@pytest.fixture(scope="module")
def targets(staff: Shop, visitor: Shop) -> Targets:
    customer = visitor.register()
    product_id = staff.create_product(available=1000)
    order = customer.place_order(product_id)
    assert order.status_code == 201, order.text
    return Targets(
        tokens={"visitor": None, "customer": customer.token, "staff": staff.token},
        values={"product_id": product_id, "order_id": order.json()["id"]},
    )


Answers = dict[int, Future[tuple[int, bytes]]]  # by the id of the attack


def send(stack: Stack, attack: Attack, targets: Targets) -> tuple[int, bytes]:
    """The status and the body. The path goes out as it is written."""
    headers = {name: targets.fill(value.encode()) for name, value in attack.all_headers.items()}
    token = targets.tokens[attack.caller]
    if token is not None:
        headers.setdefault("authorization", f"Bearer {token}".encode())
    address = stack.api_url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=RESPONSE_SECONDS_MAX)
    try:
        body = None if attack.body is None else targets.fill(attack.body)
        connection.request(
            attack.method, targets.fill(attack.path.encode()).decode(), body, headers
        )
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest, stack: Stack, targets: Targets) -> Answers:
    """Of all attacks whose tests run. Several are on the way at a time, as from several clients."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    attacks = [call.params["attack"] for call in calls if call and "attack" in call.params]
    with ThreadPoolExecutor(CLIENTS) as pool:
        return {
            id(attack): pool.submit(send, stack, attack, targets)
            for attack in attacks
            if isinstance(attack, Attack)
        }


@pytest.mark.parametrize("attack", list(list_attacks()))
def test_an_attack_gets_the_answer_that_it_should(attack: Attack, answers: Answers):
    status, body = answers[id(attack)].result()

    assert status in attack.statuses, body[:500]
    assert len(body) < ANSWER_BYTES_MAX
    if status >= 400 and (attack.code or json.loads(body) != GATEWAY_ANSWERS.get(status)):
        error = json.loads(body)["error"]
        assert attack.code in (None, error["code"])


def assert_is_proper(answer: RawAnswer) -> None:
    assert answer.status < 500
    assert b"text/html" not in answer.head
    if answer.status >= 400 and json.loads(answer.body) != GATEWAY_ANSWERS.get(answer.status):
        assert answer.error["code"]


@pytest.fixture
def port(stack: Stack) -> int:
    return int(stack.api_url.rpartition(":")[2])


@pytest.mark.parametrize("attack", RAW_ATTACKS, ids=lambda attack: attack.name)
def test_a_broken_request_is_refused_in_the_envelope(attack: RawAttack, port: int):
    answer = exchange(port, attack.sent)

    assert_is_proper(answer)
    assert answer.status in attack.statuses


def test_no_mutation_of_a_request_is_a_500(port: int):
    with ThreadPoolExecutor(CLIENTS) as pool:
        for answer in pool.map(partial(exchange, port), mutations(MUTATIONS, seed=31)):
            assert_is_proper(answer)


def test_the_gateway_logs_no_traceback(stack: Stack, port: int):
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda attack: exchange(port, attack.sent), RAW_ATTACKS))

    log = (Path(stack.log_dir) / "gateway.log").read_text()

    assert "Traceback" not in log


def test_the_shop_works_after_the_attacks(staff: Shop, visitor: Shop, port: int):
    product_id = staff.create_product(available=1)

    placed = visitor.register().place_order(product_id)

    assert exchange(port, get(b"/v1/health")).status == 200
    assert placed.status_code == 201
    assert staff.get_available(product_id) == 0
