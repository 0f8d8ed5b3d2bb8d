"""Limits how many unknown promotion codes somebody may send in an hour: codes could be guessed.

A user counts alone, guests count by their network. After the limit every code is refused, a good
one too: otherwise the refusal would tell a good code from an unknown one. Requests that are under
way at once may each get an answer, so the limit can be passed by their number.
"""

from collections.abc import Iterable

from shared import clock
from shared.config import OrderSettings, settings
from shared.storage import rate_limits
from shared.storage.models.accounts import Attempts
from shared.storage.rate_limits import HourlyCounter
from shared.storage.transactions import Transaction

_WHAT = "unknown promotion code of"


def find_counter(guesser: str) -> HourlyCounter:
    limit = settings(OrderSettings).promotion_guesses_per_hour
    return rate_limits.find_counter(_WHAT, guesser, limit=limit, now=clock.utc_now())


def require_left(counter: HourlyCounter, stored: Iterable[Attempts]) -> None:
    """Raises TooManyAttempts if the counter, which was read, has no unknown code left."""
    counter.record_stored(stored)
    if counter.units_left < 1:
        raise rate_limits.limit_reached(_WHAT, clock.utc_now())


def record_guess(guesser: str) -> None:
    """Count an unknown code, before its sender learns that it is unknown. Raises TooManyAttempts.

    A code that has not started counts too, so that the time of the answer tells nothing.
    """
    limit = settings(OrderSettings).promotion_guesses_per_hour
    transaction = Transaction()
    rate_limits.consume_hourly_quota(transaction, _WHAT, guesser, limit=limit, now=clock.utc_now())
    transaction.commit()
