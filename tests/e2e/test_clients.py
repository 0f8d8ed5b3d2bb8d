"""Generated clients in two languages shop: each does the whole journey, and meets the same."""

import json
from pathlib import Path

import pytest

from local.site import PROVIDER_PATH
from local.stack import Stack
from tests.clients import generation
from tests.clients.generation import JOURNEY
from tests.contract.tools import needs_npm_tools, run_node, run_python_tool
from tests.e2e.conftest import Shop

STOCK = 5


@pytest.fixture
def product_id(staff: Shop) -> str:
    return staff.create_product(available=STOCK)


@pytest.fixture
def settings(stack: Stack, product_id: str) -> dict[str, str]:
    return {
        "SOUK_URL": stack.api_url,
        "SOUK_PROVIDER_URL": f"{stack.api_url}{PROVIDER_PATH}",
        "SOUK_PRODUCT_ID": product_id,
        "SOUK_CUSTOMER_EMAIL": stack.customer.email,
        "SOUK_CUSTOMER_PASSWORD": stack.customer.password,
        "SOUK_STAFF_EMAIL": stack.staff.email,
        "SOUK_STAFF_PASSWORD": stack.staff.password,
    }


def assert_journey(printed: str, product_id: str) -> None:
    report = json.loads(printed)
    first, second = report["placed"]
    assert first == second
    assert report["paid"] == "paid"
    assert len(report["products"]) == len(set(report["products"])) > 5
    assert len(report["orders"]) == len(set(report["orders"])) > 1
    assert first in report["orders"]
    assert report["draft"] == ["Renamed", "draft"]
    assert report["read_again"] == [200, 304]
    assert report["refused"] == {
        "status": 409,
        "code": "out_of_stock",
        "product_id": product_id,
        "quantity": 9,
        "is_available": True,
    }


def test_a_generated_python_client_shops(
    settings: dict[str, str], product_id: str, tmp_path: Path
) -> None:
    folder = generation.generate_python_client(tmp_path)

    finished = run_python_tool("python", str(folder / f"{JOURNEY}.py"), **settings)

    assert finished.returncode == 0, finished.stderr
    assert_journey(finished.stdout, product_id)


@needs_npm_tools
def test_a_generated_typescript_client_shops(
    settings: dict[str, str], product_id: str, tmp_path: Path
) -> None:
    folder = generation.generate_typescript_client(tmp_path)
    assert generation.compile_typescript(folder, JOURNEY, "--noCheck") == []

    finished = run_node(folder / "built" / f"{JOURNEY}.js", **settings)

    assert finished.returncode == 0, finished.stderr
    assert_journey(finished.stdout, product_id)
