"""What a password is checked against, and what came of it. Logins are for this function alone."""

from datetime import datetime

from auth.credentials import login_throttle
from auth.credentials.login_throttle import FailureCounter, LoginThrottle
from shared.storage.dynamo import batch_get
from shared.storage.models.accounts import Attempts, Login
from shared.storage.transactions import Transaction


def read(
    email: str, address: str, *, now: datetime, free_per_address: int
) -> tuple[Login | None, LoginThrottle]:
    """As it is now, in one call: people log in right after registering."""
    account = login_throttle.account_subject(email)
    known = login_throttle.known_subject(email, address)
    whole_address = login_throttle.address_subject(address, now)
    login, *rows = batch_get(
        (Login, email), (Attempts, account), (Attempts, known), (Attempts, whole_address)
    )
    return login, LoginThrottle(
        FailureCounter(account, rows[0]),
        FailureCounter(known, rows[1]),
        FailureCounter(whole_address, rows[2], free_per_address),
    )


def count_failure(guard: LoginThrottle, now: datetime) -> None:
    """Raises TooManyAttempts when another was counted first: then this one has no answer."""
    transaction = Transaction()
    guard.count_failure(transaction, now)
    transaction.commit()
