"""The payment provider that the settings name."""

from functools import lru_cache

from orders.payments.credentials import Credentials, get_credentials
from orders.payments.local_provider import LocalProvider
from orders.payments.provider import PaymentProvider
from shared import snapstart
from shared.config import ConfigurationError, PaymentSettings, settings

if settings(PaymentSettings).payment_provider == "stripe":
    # Stripe's library is large: only a shop that uses it imports it, and at the cold start rather
    # than during a request.
    from orders.payments.stripe_provider import StripeProvider


def get_provider() -> PaymentProvider:
    """Raises PaymentUnavailable if the provider's credentials cannot be read."""
    payment_settings = settings(PaymentSettings)
    return _create_provider(payment_settings, get_credentials(payment_settings.payment_secret_arn))


@lru_cache(maxsize=1)  # keeps the connections; rotated credentials make a new provider
def _create_provider(
    payment_settings: PaymentSettings, credentials: Credentials
) -> PaymentProvider:
    url = payment_settings.payment_provider_url
    is_manual = payment_settings.payment_capture == "manual"
    if payment_settings.payment_provider == "stripe":
        return StripeProvider(credentials, url, is_manual=is_manual)
    if payment_settings.payment_provider == "local":
        return LocalProvider(credentials, url, is_manual=is_manual)
    raise ConfigurationError(f"unknown payment provider {payment_settings.payment_provider!r}")


snapstart.after_restore(_create_provider.cache_clear)  # its connections ended with the snapshot
