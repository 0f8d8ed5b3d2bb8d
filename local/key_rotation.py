"""Rotates the key rings that sign tokens, cursors and links: `make rotate-keys`."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from local import key_ring_rotation
from local.targets import OperationFailed, Target
from shared import clock
from shared.security import access_tokens

SIGNING_RINGS = ("TokenKeysSecret", "CursorKeysSecret")  # rotated by every run
LINK_RING = "OrderLinkKeysSecret"  # rotated when no link that its older key signed is valid
CLOCK_SKEW_MAX = timedelta(seconds=20)  # well below key_ring_rotation.CLOCK_MARGIN
CURSOR_LIFETIME = timedelta(hours=1)  # at least; a client that pages more slowly starts again
ORDER_LINK_LIFETIME = timedelta(days=90)  # as in orders.guests.links


class RotatedRecently(OperationFailed):
    def __init__(self, ring: str, wait: timedelta) -> None:
        self.days = wait.days + 1
        minutes = int(wait.total_seconds() // 60) + 1
        super().__init__(
            f"{ring} was rotated recently, and signatures of its older key may be in use. "
            f"Try again in {minutes} min."
        )


def rotate_keys(shop: Target) -> str:
    """Rotates each ring independently: a ring that cannot be rotated does not stop the others.

    The ring of order links keeps its keys as long as links live. That is no failure. Raises
    OperationFailed, which names the result for each ring, if another ring was not rotated.
    """
    minutes = int(shop.environment_of("AuthFunction")["ACCESS_TOKEN_MINUTES"])
    token_lifetime = timedelta(minutes=minutes, seconds=access_tokens.LEEWAY_SECONDS)
    refusals, rotated = [], []
    link_result = "Order links stay valid."
    for ring in (*SIGNING_RINGS, LINK_RING):
        lifetime = (
            ORDER_LINK_LIFETIME if ring == LINK_RING else max(token_lifetime, CURSOR_LIFETIME)
        )
        try:
            _rotate(shop, ring, signature_lifetime=lifetime)
            rotated.append(ring)
        except RotatedRecently as refusal:
            if ring == LINK_RING:
                link_result = f"The keys of order links stay for another {refusal.days} days."
            else:
                refusals.append(str(refusal))
        except OperationFailed as refusal:
            refusals.append(str(refusal))
    if refusals:
        raise OperationFailed(" ".join([*refusals, *(f"{ring} was rotated." for ring in rotated)]))
    seconds = int(key_ring_rotation.TAKEOVER_DELAY.total_seconds())
    return f"The new keys sign in {seconds} s. Nobody is logged out. {link_result}"


def _rotate(shop: Target, ring: str, *, signature_lifetime: timedelta) -> None:
    manager, secret_id = shop.client("secretsmanager"), shop.physical_id(ring)
    stored = manager.get_secret_value(SecretId=secret_id, VersionStage="AWSCURRENT")
    now = clock.utc_now()
    _check_clock(now, stored["ResponseMetadata"]["HTTPHeaders"].get("date"))
    try:
        secret = key_ring_rotation.rotate(
            stored["SecretString"], now=now, signature_lifetime=signature_lifetime
        )
    except key_ring_rotation.RotationTooEarly as error:
        raise RotatedRecently(ring, error.wait) from error
    except ValueError as error:  # the message leaves its text out: it may quote the secret
        raise OperationFailed(f"{ring} contains no key ring and was not changed.") from error
    _replace_secret(manager, ring, secret_id, stored["VersionId"], secret)


def _replace_secret(manager: Any, ring: str, secret_id: str, replaced: str, secret: str) -> None:
    """Raises OperationFailed when another operator was faster."""
    put = manager.put_secret_value(
        SecretId=secret_id, SecretString=secret, VersionStages=["SOUKNEXT"]
    )
    # Only this second call names the version that it replaces. It fails if another operator has
    # moved the label, and so it cannot drop that operator's key.
    try:
        manager.update_secret_version_stage(
            SecretId=secret_id,
            VersionStage="AWSCURRENT",
            MoveToVersionId=put["VersionId"],
            RemoveFromVersionId=replaced,
        )
    except manager.exceptions.InvalidParameterException as error:
        raise OperationFailed(
            f"Another operator has just rotated {ring}. Their new key stays; yours was dropped."
        ) from error


def _check_clock(now: datetime, aws_date: str | None) -> None:
    """This machine sets the time when a new key signs. Instances compare it with their clocks."""
    if aws_date is None:
        return
    skew = abs(now - parsedate_to_datetime(aws_date))
    if skew > CLOCK_SKEW_MAX:
        raise OperationFailed(
            f"This machine's clock differs from AWS's by {skew.total_seconds():.0f} s. "
            "Set the clock, then run this again."
        )
