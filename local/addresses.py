"""What the functions are told anew at each start of the stack: the next may have another port.

That is no reason to deploy again, so it is set on the functions as they run.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from local.gateway import PROVIDER

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def parameters(base_url: str) -> dict[str, str]:
    """The template parameters that follow from where this start of the stack answers."""
    return {"ShopUrl": base_url, "PaymentProviderUrl": f"{base_url}{PROVIDER}"}


def tell(base_url: str, physical: Mapping[str, str], functions: "LambdaClient") -> None:
    """Mails lead to this start of the stack, and payments are made at it."""
    urls = parameters(base_url)
    for function, variable, parameter in (
        ("MailFunction", "SHOP_URL", "ShopUrl"),
        ("PaymentsFunction", "PAYMENT_PROVIDER_URL", "PaymentProviderUrl"),
        ("PaymentWorkerFunction", "PAYMENT_PROVIDER_URL", "PaymentProviderUrl"),
    ):
        _set(physical[function], variable, urls[parameter], functions)


def _set(function: str, variable: str, url: str, functions: "LambdaClient") -> None:
    deployed = functions.get_function_configuration(FunctionName=function)
    variables = deployed["Environment"]["Variables"]
    if variables.get(variable) != url:
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": {**variables, variable: url}}
        )
