"""Giving the functions the address of this start."""

from typing import Any

from local.base_url import update_functions

PHYSICAL = {
    name: f"souk-local-{name}"
    for name in ("MailFunction", "PaymentsFunction", "PaymentWorkerFunction")
}


class Functions:
    """A Lambda client that stores environment variables."""

    def __init__(self) -> None:
        self.variables: dict[str, dict[str, str]] = {
            name: {"LOG_LEVEL": "INFO"} for name in PHYSICAL.values()
        }
        self.changed: list[str] = []

    def get_function_configuration(self, **query: str) -> dict[str, Any]:
        return {"Environment": {"Variables": dict(self.variables[query["FunctionName"]])}}

    def update_function_configuration(self, **changes: Any) -> None:
        self.variables[changes["FunctionName"]] = changes["Environment"]["Variables"]
        self.changed.append(changes["FunctionName"])


def update(url: str, functions: Any) -> None:
    update_functions(url, PHYSICAL, functions)


def test_functions_get_the_address_of_this_start() -> None:
    functions = Functions()

    update("http://localhost:8001", functions)

    provider = {"LOG_LEVEL": "INFO", "PAYMENT_PROVIDER_URL": "http://localhost:8001/provider"}
    assert functions.variables == {
        "souk-local-MailFunction": {"LOG_LEVEL": "INFO", "SHOP_URL": "http://localhost:8001"},
        "souk-local-PaymentsFunction": provider,
        "souk-local-PaymentWorkerFunction": provider,
    }


def test_a_start_at_the_same_port_changes_no_function() -> None:
    functions = Functions()
    update("http://localhost:8000", functions)
    functions.changed.clear()

    update("http://localhost:8000", functions)

    assert functions.changed == []
