"""How much one HTTP request may spend on AWS calls that fail: the one limit on all its retries.

A client waits for a request, and a service that is overloaded recovers sooner when nobody insists.
So while AWS is down a request answers 503 within SECONDS_MAX and after CALLS_MAX calls, whatever
fails and however: botocore's retries, those of `shared.retries` and those of each operation share
the budget. One failure among healthy calls is always retried once.

A transaction that meets another writer is no outage: DynamoDB works, and the next attempt usually
succeeds. A request retries until it has lost CONFLICTS_MAX times.

Workers have no budget. Nobody waits for them, and their queue redelivers what fails.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.records import Record

CALLS_MAX = 3  # of a request to which AWS gives no answer
SECONDS_MAX = 3.0  # that a request waits for AWS
ATTEMPT_SECONDS_MAX = 1.6  # of one attempt of a call: `shared.aws` sets its time-outs accordingly
CONFLICTS_MAX = 10  # as many attempts as a transaction on a hot item has


class RequestBudget(Record, frozen=False):
    """What a request has spent. Threads that work for one request share its budget."""

    calls: int = 0
    failures: int = 0  # calls that were refused, throttled or not answered
    conflicts: int = 0  # transactions that lost to another writer
    seconds: float = 0.0  # in calls, and in pauses before retries
    is_spent: bool = False  # a call has failed for good: the request makes no other

    def record_failure(self) -> bool:
        """Return whether a retry may follow. If not, the request makes no other call."""
        self.failures += 1
        self.is_spent = not self.allows_retry()
        return not self.is_spent

    def record_conflict(self) -> bool:
        """Return whether a retry may follow."""
        self.conflicts += 1
        return self.allows_retry()

    def allows_retry(self) -> bool:
        if not self.failures and not self.conflicts:
            return True  # AWS works, and the caller's own rule wants another attempt
        has_call_left = self.failures <= 1 or self.calls < CALLS_MAX
        has_time_left = self.seconds + ATTEMPT_SECONDS_MAX <= SECONDS_MAX
        return has_call_left and has_time_left and self.conflicts < CONFLICTS_MAX


_budget: ContextVar[RequestBudget | None] = ContextVar("request_budget", default=None)


@contextmanager
def limit_retries() -> Iterator[RequestBudget]:
    """Give the calls in this block, and in threads that copy its context, one new budget."""
    budget = RequestBudget()
    token = _budget.set(budget)
    try:
        yield budget
    finally:
        _budget.reset(token)


def find_budget() -> RequestBudget | None:
    """None outside a request."""
    return _budget.get()


def allows_retry() -> bool:
    """Whether the code that runs now may repeat what failed; outside a request it always may."""
    budget = _budget.get()
    return budget is None or budget.allows_retry()


def record_failure() -> None:
    """Count a reply that says that DynamoDB is overloaded, though the call itself succeeded."""
    budget = _budget.get()
    if budget is not None:
        budget.record_failure()


def record_pause(seconds: float) -> None:
    """Count the time before a retry that the code makes itself."""
    budget = _budget.get()
    if budget is not None:
        budget.seconds += seconds


def record_conflict() -> None:
    budget = _budget.get()
    if budget is not None:
        budget.record_conflict()
