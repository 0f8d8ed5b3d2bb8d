"""What a password is checked against, and what came of it. Logins are for this function alone."""

from datetime import datetime

from auth.credentials import attempts
from auth.credentials.attempts import Guard, Tally
from shared.dynamo import read_together
from shared.models import Attempts, Login
from shared.transactions import Transaction


def read(
    email: str, address: str, *, now: datetime, free_per_address: int
) -> tuple[Login | None, Guard]:
    """As it is now, in one call: people log in right after registering."""
    account = attempts.account_subject(email)
    known = attempts.known_subject(email, address)
    whole_address = attempts.address_subject(address, now)
    login, *rows = read_together(
        (Login, email), (Attempts, account), (Attempts, known), (Attempts, whole_address)
    )
    return login, Guard(
        Tally(account, rows[0]),
        Tally(known, rows[1]),
        Tally(whole_address, rows[2], free_per_address),
    )


def count_failure(guard: Guard, now: datetime) -> None:
    """Raises TooManyAttempts when another was counted first: then this one has no answer."""
    transaction = Transaction()
    guard.count_failure(transaction, now)
    transaction.commit()
