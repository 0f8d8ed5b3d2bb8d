"""Gives the functions this start's address. Another start may use another port.

A new address needs no new deploy: the deployed functions get it in a version of their own.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from local.aliases import set_variable
from local.site import PROVIDER_PATH

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def base_url_parameters(base_url: str) -> dict[str, str]:
    """The template parameters that depend on the address."""
    return {
        "ShopUrl": base_url,
        "PaymentProviderUrl": f"{base_url}{PROVIDER_PATH}",
        "PicturesUrl": base_url,
    }


def update_functions(
    settings: Mapping[str, str], physical: Mapping[str, str], functions: "LambdaClient"
) -> None:
    """Sets the address that mails link to, of pictures, and of the payment provider.

    `settings` has `base_url_parameters`, maybe among other parameters.
    """
    for function, variable, parameter in (
        ("MailFunction", "SHOP_URL", "ShopUrl"),
        ("PaymentsFunction", "PAYMENT_PROVIDER_URL", "PaymentProviderUrl"),
        ("ProductsFunction", "PICTURES_URL", "PicturesUrl"),
        ("ExportFunction", "PICTURES_URL", "PicturesUrl"),
        ("PaymentWorkerFunction", "PAYMENT_PROVIDER_URL", "PaymentProviderUrl"),
    ):
        set_variable(physical[function], variable, settings[parameter], functions)
