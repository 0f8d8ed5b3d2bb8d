"""Reads what a password is checked against, and records failures."""

from datetime import datetime

from auth.credentials import login_throttle
from auth.credentials.login_throttle import FailureCounter, LoginThrottle
from shared.errors.accounts import TooManyAttempts
from shared.storage.dynamo import batch_get
from shared.storage.models.accounts import Attempts, Login
from shared.storage.transactions import Transaction


def find_login_and_throttle(
    email: str, address: str, *, now: datetime, free_attempts_per_address: int
) -> tuple[Login | None, LoginThrottle]:
    """One consistent read, because people log in right after registering."""
    account = login_throttle.account_subject(email)
    known_device = login_throttle.known_device_subject(email, address)
    network = login_throttle.address_subjects(address, limit=free_attempts_per_address, now=now)
    subjects = (account, known_device, *network)
    login, *counters = batch_get((Login, email), *((Attempts, subject) for subject in subjects))
    return login, LoginThrottle(
        FailureCounter(account, counters[0]),
        FailureCounter(known_device, counters[1]),
        login_throttle.address_counter(
            network, counters[2:], free_attempts=free_attempts_per_address
        ),
    )


def record_failure(throttle: LoginThrottle, now: datetime) -> None:
    """Raises TooManyAttempts when another failure was counted first: this guess gets no answer.

    It counts for its network all the same: it has cost the check of a password.
    """
    transaction = Transaction()
    throttle.stage_failure(transaction, now)
    try:
        transaction.commit()
    except TooManyAttempts:
        alone = Transaction()
        throttle.stage_address_failure(alone, now)
        alone.commit()
        raise
