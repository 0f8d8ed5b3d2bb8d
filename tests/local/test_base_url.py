"""Giving the functions the address of this start, in a version that their alias names."""

from typing import Any

import pytest

from local.aliases import delete_others
from local.base_url import base_url_parameters, update_functions

PHYSICAL = {
    name: f"souk-local-{name}"
    for name in (
        "ExportFunction",
        "MailFunction",
        "PaymentsFunction",
        "PaymentWorkerFunction",
        "ProductsFunction",
    )
}


class Functions:
    """A Lambda client of functions with environment variables, versions and the alias `live`."""

    def __init__(self) -> None:
        first = {"LOG_LEVEL": "INFO"}
        self.versions = {name: {"$LATEST": first, "1": first} for name in PHYSICAL.values()}
        self.live = dict.fromkeys(PHYSICAL.values(), "1")

    def get_function_configuration(self, *, FunctionName: str, Qualifier: str) -> dict[str, Any]:  # noqa: N803
        assert Qualifier == "live"
        return {"Environment": {"Variables": dict(self.serving(FunctionName))}}

    def update_function_configuration(self, *, FunctionName: str, Environment: Any) -> None:  # noqa: N803
        self.versions[FunctionName]["$LATEST"] = Environment["Variables"]

    def publish_version(self, *, FunctionName: str) -> dict[str, str]:  # noqa: N803
        versions = self.versions[FunctionName]
        number = str(len(versions))
        versions[number] = versions["$LATEST"]
        return {"Version": number}

    def update_alias(self, *, FunctionName: str, Name: str, FunctionVersion: str) -> None:  # noqa: N803
        assert Name == "live"
        self.live[FunctionName] = FunctionVersion

    def get_alias(self, *, FunctionName: str, Name: str) -> dict[str, str]:  # noqa: N803
        assert Name == "live"
        return {"FunctionVersion": self.live[FunctionName]}

    def get_paginator(self, operation: str) -> "Functions":
        assert operation == "list_versions_by_function"
        return self

    def paginate(self, *, FunctionName: str) -> list[dict[str, Any]]:  # noqa: N803
        """Each version on a page of its own."""
        return [{"Versions": [{"Version": number}]} for number in list(self.versions[FunctionName])]

    def delete_function(self, *, FunctionName: str, Qualifier: str) -> None:  # noqa: N803
        del self.versions[FunctionName][Qualifier]

    def serving(self, function: str) -> dict[str, str]:
        return self.versions[function][self.live[function]]


@pytest.fixture
def functions() -> Any:
    return Functions()


def update(url: str, functions: Any) -> None:
    update_functions(base_url_parameters(url), PHYSICAL, functions)


def test_functions_serve_with_the_address_of_this_start(functions: Any) -> None:
    update("http://localhost:8001", functions)

    provider = {"LOG_LEVEL": "INFO", "PAYMENT_PROVIDER_URL": "http://localhost:8001/provider"}
    pictures = {"LOG_LEVEL": "INFO", "PICTURES_URL": "http://localhost:8001"}
    assert {name: functions.serving(name) for name in PHYSICAL.values()} == {
        "souk-local-ExportFunction": pictures,
        "souk-local-MailFunction": {"LOG_LEVEL": "INFO", "SHOP_URL": "http://localhost:8001"},
        "souk-local-PaymentsFunction": provider,
        "souk-local-PaymentWorkerFunction": provider,
        "souk-local-ProductsFunction": pictures,
    }


def test_a_start_at_the_same_port_publishes_no_version(functions: Any) -> None:
    update("http://localhost:8000", functions)
    before = dict(functions.live)

    update("http://localhost:8000", functions)

    assert functions.live == before


def test_only_the_version_that_serves_is_kept(functions: Any) -> None:
    for port in range(8000, 8003):
        update(f"http://localhost:{port}", functions)

    delete_others(PHYSICAL.values(), functions)

    assert all(versions.keys() == {"$LATEST", "4"} for versions in functions.versions.values())
    assert set(functions.live.values()) == {"4"}
