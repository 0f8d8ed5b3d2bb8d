"""Check that a webhook comes from the provider and is recent. Pure.

The local provider uses Stripe's scheme too (docs.stripe.com/webhooks, "Verify manually"):
`t=<Unix seconds>,v1=<HMAC-SHA256 of "t.body" in hexadecimal>`, with several v1 during the rotation
of a secret. Stripe's library is not used here: it takes one secret, accepts times in the future,
and raises the same error for a wrong signature and for an old one.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable

from shared import clock
from shared.errors.orders import WebhookSignatureInvalid, WebhookTooOld

UNIX_SECONDS = re.compile(r"[0-9]{1,12}")
TOLERANCE_SECONDS = 5 * 60  # Stripe's default; nobody can replay a recorded webhook after that


def require_authentic(body: bytes, header: str | None, secrets: Iterable[str]) -> None:
    """Raises WebhookSignatureInvalid and WebhookTooOld."""
    signed_at, signatures = _parse(header or "")
    signed = str(signed_at).encode() + b"." + body
    expected = [
        hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets
    ]
    # A list and not a generator: to stop at the first match would leak which secret matched.
    matches = [
        hmac.compare_digest(digest, signature) for digest in expected for signature in signatures
    ]
    if not any(matches):
        raise WebhookSignatureInvalid
    if abs(clock.utc_now().timestamp() - signed_at) > TOLERANCE_SECONDS:
        raise WebhookTooOld(tolerance_seconds=TOLERANCE_SECONDS)


def _parse(header: str) -> tuple[int, list[bytes]]:
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value.encode(errors="replace") for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not UNIX_SECONDS.fullmatch(times[0]):
        raise WebhookSignatureInvalid(
            "The signature header is missing or has no timestamp. Send it unchanged."
        )
    return int(times[0]), signatures
