"""Guessing: failures are counted, and each costs a longer wait than the one before.

| counted | free | then |
|---|---|---|
| per account, from addresses that its owner has not logged in from | 5 | 15 s, 30 s ... 15 min |
| per account, from one that they have | 5 | the same, of its own |
| per address, over an hour, for those it is not known for | `FAILURES_PER_ADDRESS` | the same |

That is at most 10 failures of an account in 15 minutes (OWASP ASVS 5.0, 6.3.1), and after 100 in a
row a day's wait (NIST SP 800-63B-4, 3.2.2). Nobody can lock the owner out: where they have logged
in before, or have reset the password, strangers' failures do not count.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared import ids
from shared.errors.accounts import TooManyAttempts
from shared.storage.models.accounts import Attempts
from shared.storage.rate_limits import hourly_subject, network
from shared.storage.transactions import Condition, Transaction

FREE = 5
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=15)
IN_A_ROW_MAX = 100
WAIT_AFTER_TOO_MANY = timedelta(days=1)
REMEMBERED = timedelta(days=1)  # after the last failure
KNOWN = timedelta(days=90)  # since the owner last logged in from there


def account_subject(email: str) -> str:
    return ids.derived_id("att", "account", email)


def known_subject(email: str, address: str) -> str:
    return ids.derived_id("att", "account at", email, network(address))


def address_subject(address: str, now: datetime) -> str:
    return hourly_subject("address", network(address), now)


def wait_after(failures: int, *, free: int = FREE) -> timedelta:
    """How long the next attempt has to wait, counted from the last failure."""
    if failures < free:
        return timedelta()
    if failures - free >= IN_A_ROW_MAX - FREE:
        return WAIT_AFTER_TOO_MANY
    doublings = min(failures - free, 10)  # long past the longest wait
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class FailureCounter:
    """The failures of one subject, as they were read."""

    subject: str
    stored: Attempts | None
    free: int = FREE

    def failures(self, now: datetime) -> int:
        if self.stored is None or self.stored.last_failed_at + REMEMBERED <= now:
            return 0
        return int(self.stored.failures)

    def admit(self, now: datetime) -> None:
        """Raises TooManyAttempts while it is too early."""
        if self.stored is None:
            return
        wait = wait_after(self.failures(now), free=self.free)
        left = (self.stored.last_failed_at + wait - now).total_seconds()
        if left > 0:
            raise TooManyAttempts(
                "Too many failed attempts. Wait, or reset your password.",
                retry_after=int(left) + 1,
            )

    def count(self, transaction: Transaction, now: datetime) -> None:
        """One more, if no other was counted meanwhile: of guesses made at once, one is answered."""
        expires_at = now + REMEMBERED
        if self.stored is not None:
            expires_at = max(expires_at, self.stored.expires_at)
        actions = [
            Attempts.failures.set(self.failures(now) + 1),
            Attempts.last_failed_at.set(now),
            Attempts.expires_at.set(expires_at),
        ]
        transaction.update(
            Attempts(self.subject), actions, only_if=self._uncounted(), otherwise=_overtaken()
        )

    def forget(self, transaction: Transaction) -> None:
        """A success: none any more, if no failure was counted meanwhile."""
        transaction.delete(
            Attempts(self.subject), only_if=self._uncounted(), otherwise=_overtaken()
        )

    def clear(self, transaction: Transaction, now: datetime) -> None:
        """As `forget`, but the subject stays known."""
        transaction.put(
            _known(self.subject, now), only_if=self._uncounted(), otherwise=_overtaken()
        )

    def _uncounted(self) -> Condition:
        """No failure was counted since this was read, though a success may have cleared it."""
        uncounted: Condition = Attempts.subject.does_not_exist() | (Attempts.failures == 0)
        if self.stored is not None:
            # The time too: an old count begins anew at one, and is one again.
            uncounted |= (Attempts.failures == self.stored.failures) & (
                Attempts.last_failed_at == self.stored.last_failed_at
            )
        return uncounted


@dataclass(frozen=True, slots=True)
class LoginThrottle:
    """The tallies that stand before one account, for an attempt from one address."""

    account: FailureCounter
    known: FailureCounter
    address: FailureCounter

    @property
    def _in_charge(self) -> FailureCounter:
        return self.account if self.known.stored is None else self.known

    def admit(self, now: datetime) -> None:
        """Raises TooManyAttempts."""
        if self.known.stored is None:  # a neighbour's failures do not keep the owner out
            self.address.admit(now)
        self._in_charge.admit(now)

    def count_failure(self, transaction: Transaction, now: datetime) -> None:
        self._in_charge.count(transaction, now)
        # Not conditional: people who share an address do not fail each other's attempts.
        actions = [
            Attempts.failures.add(1),
            Attempts.last_failed_at.set(now),
            Attempts.expires_at.set(now + timedelta(hours=2)),
        ]
        transaction.update(Attempts(self.address.subject), actions)

    def note_success(self, transaction: Transaction, now: datetime) -> None:
        if self._in_charge is self.account:
            self.account.forget(transaction)
            make_known(transaction, self.known.subject, now)
        else:
            self.known.clear(transaction, now)
            transaction.delete(Attempts(self.account.subject))

    def forget(self, transaction: Transaction) -> None:
        """As `note_success`, for an account that is no more: nobody is known to its address."""
        others = self.known if self._in_charge is self.account else self.account
        self._in_charge.forget(transaction)
        transaction.delete(Attempts(others.subject))


class CooldownActive(Exception):
    """It was done so lately that it need not be done again."""


def start_cooldown(
    transaction: Transaction, what: str, whose: str, *, every: timedelta, now: datetime
) -> None:
    """At most once in that time. Its refusal is CooldownActive, which is for no client to know."""
    transaction.put(
        Attempts(
            ids.derived_id("att", what, whose),
            failures=0,
            last_failed_at=now,
            expires_at=now + every,
        ),
        only_if=Attempts.subject.does_not_exist() | (Attempts.last_failed_at <= now - every),
        otherwise=CooldownActive(),
    )


def make_known(transaction: Transaction, subject: str, now: datetime) -> None:
    """The owner was there: from now on it has a count of its own."""
    transaction.put(_known(subject, now))


def _known(subject: str, now: datetime) -> Attempts:
    return Attempts(subject, failures=0, last_failed_at=now, expires_at=now + KNOWN)


def _overtaken() -> TooManyAttempts:
    return TooManyAttempts("Another attempt was made meanwhile. Try again.", retry_after=1)
