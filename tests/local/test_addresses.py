"""What functions are told at each start of the stack."""

from typing import Any

from local import base_url

PHYSICAL = {
    name: f"souk-local-{name}"
    for name in ("MailFunction", "PaymentsFunction", "PaymentWorkerFunction")
}


class Functions:
    """Lambda, as far as it is asked here."""

    def __init__(self) -> None:
        self.variables: dict[str, dict[str, str]] = {
            name: {"LOG_LEVEL": "INFO"} for name in PHYSICAL.values()
        }
        self.changed: list[str] = []

    def get_function_configuration(self, **asked: str) -> dict[str, Any]:
        return {"Environment": {"Variables": dict(self.variables[asked["FunctionName"]])}}

    def update_function_configuration(self, **wanted: Any) -> None:
        self.variables[wanted["FunctionName"]] = wanted["Environment"]["Variables"]
        self.changed.append(wanted["FunctionName"])


def tell(url: str, functions: Any) -> None:
    base_url.update_functions(url, PHYSICAL, functions)


def test_mails_lead_to_this_start_of_the_stack_and_payments_are_made_at_it() -> None:
    functions = Functions()

    tell("http://localhost:8001", functions)

    provider = {"LOG_LEVEL": "INFO", "PAYMENT_PROVIDER_URL": "http://localhost:8001/provider"}
    assert functions.variables == {
        "souk-local-MailFunction": {"LOG_LEVEL": "INFO", "SHOP_URL": "http://localhost:8001"},
        "souk-local-PaymentsFunction": provider,
        "souk-local-PaymentWorkerFunction": provider,
    }


def test_a_start_at_the_same_port_changes_no_function() -> None:
    functions = Functions()
    tell("http://localhost:8000", functions)
    functions.changed.clear()

    tell("http://localhost:8000", functions)

    assert functions.changed == []
