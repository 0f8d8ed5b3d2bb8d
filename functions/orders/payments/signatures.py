"""Whether a webhook is the provider's, and of now. Pure.

Stripe's scheme (docs.stripe.com/webhooks, "Verify manually"), which the local provider has too:
`t=<Unix seconds>,v1=<HMAC-SHA256 of "t.body" in hexadecimal>`, with several v1 while a secret is
rotated. Stripe's library does the same with one secret, lets the future through, and does not say
whether it was the signature or the age.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable

from shared import clock
from shared.errors.orders import WebhookSignatureInvalid, WebhookTooOld

SECONDS = re.compile(r"[0-9]{1,12}")  # since 1970
TOLERANCE_SECONDS = 5 * 60  # a recorded webhook is of no use after that


def require_authentic(body: bytes, header: str | None, secrets: Iterable[str]) -> None:
    """Raises WebhookSignatureInvalid and WebhookTooOld."""
    signed_at, signatures = _parse(header or "")
    signed = str(signed_at).encode() + b"." + body
    expected = [
        hmac.new(key.encode(), signed, hashlib.sha256).hexdigest().encode() for key in secrets
    ]
    # Without a stop at the first that fits: the time tells nothing.
    fitting = [hmac.compare_digest(it, shown) for it in expected for shown in signatures]
    if not any(fitting):
        raise WebhookSignatureInvalid("The signature is none of this webhook's secrets.")
    if abs(clock.utc_now().timestamp() - signed_at) > TOLERANCE_SECONDS:
        raise WebhookTooOld(
            "It was signed too long ago, or in the future.", tolerance_seconds=TOLERANCE_SECONDS
        )


def _parse(header: str) -> tuple[int, list[bytes]]:
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value.encode() for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not SECONDS.fullmatch(times[0]):
        raise WebhookSignatureInvalid("There is no signature, or none with a time.")
    return int(times[0]), signatures
