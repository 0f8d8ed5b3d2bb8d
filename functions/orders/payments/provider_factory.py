"""The provider that the shop is set up with."""

from functools import lru_cache

from orders.payments.credentials import Credentials, credentials
from orders.payments.local_provider import LocalProvider
from orders.payments.provider import PaymentProvider
from shared.config import ConfigurationError, PaymentSettings, settings

if settings(PaymentSettings).payment_provider == "stripe":
    # Its library is for nobody else, and is imported as the function starts: not in a request.
    from orders.payments.stripe_provider import StripeProvider


def provider() -> PaymentProvider:
    """Raises PaymentUnavailable while its keys cannot be read."""
    wanted = settings(PaymentSettings)
    return _made(wanted, credentials(wanted.payment_secret_arn))


@lru_cache(maxsize=1)  # its connections live on; rotated keys make another
def _made(wanted: PaymentSettings, keys: Credentials) -> PaymentProvider:
    is_manual = wanted.payment_capture == "manual"
    if wanted.payment_provider == "stripe":
        return StripeProvider(keys, wanted.payment_provider_url, is_manual=is_manual)
    if wanted.payment_provider == "local":
        return LocalProvider(keys, wanted.payment_provider_url, is_manual=is_manual)
    raise ConfigurationError(f"there is no payment provider {wanted.payment_provider!r}")
