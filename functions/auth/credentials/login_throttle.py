"""Login throttling: each failed attempt costs a longer wait than the one before.

| counter | free attempts | then |
|---|---|---|
| account, from devices that its owner has not logged in from | 5 | 15 s, 30 s ... 15 min |
| account, from one known device | 5 | the same waits, counted apart |
| network address, in an hour, where it is not known | `FAILURES_PER_ADDRESS` | the same waits |

This allows at most 10 failures of an account in 15 minutes (OWASP ASVS 5.0, 6.3.1). After 100
failures in a row the wait is a day (NIST SP 800-63B-4, 3.2.2). Nobody can lock the owner out:
failures elsewhere do not count on a device where the owner has logged in or reset the password.

A device is a network address, or an IPv6 /64 (`shared.storage.rate_limits.network`).
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared import ids
from shared.errors.accounts import TooManyAttempts
from shared.records import Record
from shared.storage.models.accounts import Attempts
from shared.storage.rate_limits import COUNTER_TTL, hourly_subjects, network
from shared.storage.transactions import Condition, Transaction

FREE_ATTEMPTS = 5  # failures before the first wait
FIRST_WAIT = timedelta(seconds=15)  # doubles with each further failure
WAIT_MAX = timedelta(minutes=15)
CONSECUTIVE_FAILURES_MAX = 100  # NIST SP 800-63B-4, 3.2.2
LOCKOUT = timedelta(days=1)  # the wait after CONSECUTIVE_FAILURES_MAX
FAILURES_TTL = timedelta(days=1)  # since the last failure
KNOWN_DEVICE_TTL = timedelta(days=90)  # since the owner's last login from there
_DOUBLINGS_MAX = 10  # already far above WAIT_MAX; keeps the shift small


def account_subject(email: str) -> str:
    return ids.derived_id("att", "account", email)


def known_device_subject(email: str, address: str) -> str:
    return ids.derived_id("att", "account at", email, network(address))


def address_subjects(address: str, *, limit: int, now: datetime) -> list[str]:
    """The shards of the counter: people who share an address do not wait for each other."""
    return hourly_subjects("address", network(address), limit=limit, now=now)


def address_counter(
    subjects: Sequence[str], stored: Sequence[Attempts | None], *, free_attempts: int
) -> "FailureCounter":
    """The failures of all shards, as one counter whose next failure goes to a random shard."""
    subject = random.choice(subjects)  # noqa: S311 (no secret)
    shards = [shard for shard in stored if shard is not None]
    if not shards:
        return FailureCounter(subject, None, free_attempts)
    together = Attempts(
        subject,
        failures=sum(int(shard.failures) for shard in shards),
        last_failed_at=max(shard.last_failed_at for shard in shards),
        expires_at=max(shard.expires_at for shard in shards),
    )
    return FailureCounter(subject, together, free_attempts)


def wait_after(failures: int, *, free_attempts: int = FREE_ATTEMPTS) -> timedelta:
    """Return the wait between the last failure and the next attempt."""
    if failures < free_attempts:
        return timedelta()
    if failures - free_attempts >= CONSECUTIVE_FAILURES_MAX - FREE_ATTEMPTS:
        return LOCKOUT
    doublings = min(failures - free_attempts, _DOUBLINGS_MAX)
    return min(FIRST_WAIT * (1 << doublings), WAIT_MAX)


class FailureCounter(Record):
    """The failures of one subject, as they were read."""

    subject: str
    stored: Attempts | None
    free_attempts: int = FREE_ATTEMPTS

    def failures(self, now: datetime) -> int:
        if self.stored is None or self.stored.last_failed_at + FAILURES_TTL <= now:
            return 0
        return int(self.stored.failures)

    def check(self, now: datetime) -> None:
        """Raises TooManyAttempts during a wait."""
        if self.stored is None:
            return
        wait = wait_after(self.failures(now), free_attempts=self.free_attempts)
        seconds_left = (self.stored.last_failed_at + wait - now).total_seconds()
        if seconds_left > 0:
            raise TooManyAttempts(
                "Too many failed attempts. Retry after the time in Retry-After, or reset your "
                "password.",
                retry_after=int(seconds_left) + 1,
            )

    def stage_failure(self, transaction: Transaction, now: datetime) -> None:
        """Count one more failure, if nobody else has counted one since the counter was read.

        So of several guesses at the same moment only one gets an answer. The transaction raises
        TooManyAttempts for the others.
        """
        expires_at = now + FAILURES_TTL
        if self.stored is not None:
            expires_at = max(expires_at, self.stored.expires_at)
        actions = [
            Attempts.failures.set(self.failures(now) + 1),
            Attempts.last_failed_at.set(now),
            Attempts.expires_at.set(expires_at),
        ]
        transaction.update(
            Attempts(self.subject), actions, only_if=self._is_as_read(), otherwise=_overtaken()
        )

    def stage_deletion(self, transaction: Transaction) -> None:
        """Delete the counter, if no failure was counted since it was read."""
        transaction.delete(
            Attempts(self.subject), only_if=self._is_as_read(), otherwise=_overtaken()
        )

    def stage_reset(self, transaction: Transaction, now: datetime) -> None:
        """Set the counter to 0, if no failure was counted since it was read.

        The item stays, because it marks a known device.
        """
        transaction.upsert(
            _known_device(self.subject, now), only_if=self._is_as_read(), otherwise=_overtaken()
        )

    def _is_as_read(self) -> Condition:
        """No failure was counted since the counter was read. A success may have reset it."""
        is_as_read: Condition = Attempts.subject.does_not_exist() | (Attempts.failures == 0)
        if self.stored is not None:
            # Compare the time too: a counter that has expired starts at 1 again.
            is_as_read |= (Attempts.failures == self.stored.failures) & (
                Attempts.last_failed_at == self.stored.last_failed_at
            )
        return is_as_read


class LoginThrottle(Record):
    """The counters that apply to one account, for an attempt from one address."""

    account: FailureCounter
    known_device: FailureCounter
    address: FailureCounter

    @property
    def _account_counter(self) -> FailureCounter:
        is_known = self.known_device.stored is not None
        return self.known_device if is_known else self.account

    def check(self, now: datetime) -> None:
        """Raises TooManyAttempts during a wait."""
        if self.known_device.stored is None:  # a neighbour's failures do not lock the owner out
            self.address.check(now)
        self._account_counter.check(now)

    def stage_failure(self, transaction: Transaction, now: datetime) -> None:
        self._account_counter.stage_failure(transaction, now)
        self.stage_address_failure(transaction, now)

    def stage_address_failure(self, transaction: Transaction, now: datetime) -> None:
        # Not conditional: people who share an address must not fail each other's attempts.
        actions = [
            Attempts.failures.add(1),
            Attempts.last_failed_at.set(now),
            Attempts.expires_at.set(now + COUNTER_TTL),
        ]
        transaction.update(Attempts(self.address.subject), actions)

    def stage_success(self, transaction: Transaction, now: datetime) -> None:
        """Clear the account's failures and mark the device as known.

        The transaction raises TooManyAttempts when a failure was counted in between.
        """
        if self._account_counter is self.account:
            self.account.stage_deletion(transaction)
            stage_known_device(transaction, self.known_device.subject, now)
        else:
            self.known_device.stage_reset(transaction, now)
            transaction.delete(Attempts(self.account.subject))

    def stage_deletion(self, transaction: Transaction) -> None:
        """Delete both counters of an account that is being deleted."""
        is_account = self._account_counter is self.account
        other = self.known_device if is_account else self.account
        self._account_counter.stage_deletion(transaction)
        transaction.delete(Attempts(other.subject))


class CooldownActive(Exception):
    """The same action happened too recently. No client may learn this."""


def start_cooldown(
    transaction: Transaction, action: str, who: str, *, every: timedelta, now: datetime
) -> None:
    """Allow the action once per `every`. The transaction raises CooldownActive."""
    transaction.upsert(
        Attempts(
            ids.derived_id("att", action, who),
            failures=0,
            last_failed_at=now,
            expires_at=now + every,
        ),
        only_if=Attempts.subject.does_not_exist() | (Attempts.last_failed_at <= now - every),
        otherwise=CooldownActive(),
    )


def stage_known_device(transaction: Transaction, subject: str, now: datetime) -> None:
    """The owner has shown the password there: the device has its own counter from now on."""
    transaction.upsert(_known_device(subject, now))


def _known_device(subject: str, now: datetime) -> Attempts:
    return Attempts(subject, failures=0, last_failed_at=now, expires_at=now + KNOWN_DEVICE_TTL)


def _overtaken() -> TooManyAttempts:
    return TooManyAttempts(
        "Another attempt was made at the same time. Retry in a second.", retry_after=1
    )
