"""Rotates the rings that sign tokens, cursors and links; `local.key_ring_rotation` says what they hold next."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from local import key_ring_rotation
from local.targets import OperationFailed, Target
from shared import clock
from shared.security import access_tokens

SIGNING_RINGS = (
    "TokenKeysSecret",
    "CursorKeysSecret",
)  # rings that rotate whenever somebody says so
LINK_RING = "OrderLinkKeysSecret"  # when no link is good any more that the older key has signed
CLOCK_OFF_MAX = timedelta(seconds=20)  # well within rings.MARGIN
CURSORS_LIVE = timedelta(hours=1)  # at least; who pages slower begins again
LINKS_LIVE = timedelta(days=90)  # as orders.guests.links has it


class RotatedLately(OperationFailed):
    """What the older of the ring's two keys has signed may be in use."""

    def __init__(self, ring: str, wait: timedelta) -> None:
        self.days = wait.days + 1
        minutes = int(wait.total_seconds() // 60) + 1
        super().__init__(
            f"{ring} was rotated lately, and what the older of its two keys has signed may be in "
            f"use. Try again in {minutes} min."
        )


def rotate_keys(shop: Target) -> str:
    """Each ring by itself, so that one that cannot be rotated does not hold up the others.

    The keys of guests' links stay as long as links live: that is no failure. Raises
    OperationFailed, with what became of each, unless all the others were rotated.
    """
    minutes = int(shop.environment_of("AuthFunction")["ACCESS_TOKEN_MINUTES"])
    tokens_live = timedelta(minutes=minutes, seconds=access_tokens.LEEWAY_SECONDS)
    refusals, done, told_of_links = [], [], " Nor does a guest lose a link."
    for ring in (*SIGNING_RINGS, LINK_RING):
        signatures_live = LINKS_LIVE if ring == LINK_RING else max(tokens_live, CURSORS_LIVE)
        try:
            _rotate(shop, ring, signatures_live=signatures_live)
            done.append(ring)
        except RotatedLately as lately:
            if ring == LINK_RING:
                told_of_links = f" Those of guests' links stay for another {lately.days} days."
            else:
                refusals.append(str(lately))
        except OperationFailed as refusal:
            refusals.append(str(refusal))
    if refusals:
        told = [f"{ring} was rotated." for ring in done]
        raise OperationFailed(" ".join(refusals + told))
    seconds = int(key_ring_rotation.TAKES_OVER_AFTER.total_seconds())
    return f"New keys take over in {seconds} s. Nobody is logged out.{told_of_links}"


def _rotate(shop: Target, ring: str, *, signatures_live: timedelta) -> None:
    manager, secret_id = shop.client("secretsmanager"), shop.physical_id(ring)
    held = manager.get_secret_value(SecretId=secret_id, VersionStage="AWSCURRENT")
    now = clock.utc_now()
    _check_clock(now, held["ResponseMetadata"]["HTTPHeaders"].get("date"))
    try:
        secret = key_ring_rotation.rotated(
            held["SecretString"], now=now, signatures_live=signatures_live
        )
    except key_ring_rotation.TooEarly as early:
        raise RotatedLately(ring, early.wait) from early
    except ValueError as error:  # it may quote the secret: that is not for a terminal
        raise OperationFailed(f"{ring} holds no key ring, and was left alone.") from error
    put = manager.put_secret_value(
        SecretId=secret_id, SecretString=secret, VersionStages=["SOUKNEXT"]
    )
    # Two steps, since only this one says which version it replaces: an operator who was faster has
    # moved the label already, and this fails instead of dropping their key.
    try:
        manager.update_secret_version_stage(
            SecretId=secret_id,
            VersionStage="AWSCURRENT",
            MoveToVersionId=put["VersionId"],
            RemoveFromVersionId=held["VersionId"],
        )
    except manager.exceptions.InvalidParameterException as error:
        raise OperationFailed(
            f"Somebody else has rotated {ring} meanwhile: their key stays, yours was dropped."
        ) from error


def _check_clock(now: datetime, told: str | None) -> None:
    """A new key takes over at a time that this machine names and all instances go by."""
    if told is None:
        return
    off = abs(now - parsedate_to_datetime(told))
    if off > CLOCK_OFF_MAX:
        raise OperationFailed(
            f"This machine's clock is {off.total_seconds():.0f} s off that of AWS: set it first."
        )
