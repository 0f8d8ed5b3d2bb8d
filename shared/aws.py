"""AWS clients: one session for each function instance, and bounded waits.

By default botocore waits 60 s to connect and 60 s to read, longer than a function may run. Here an
attempt of a call to DynamoDB or Secrets Manager takes at most 1.6 s. In an HTTP request
`shared.request_budget` decides whether another attempt follows. Elsewhere a call has three
attempts, with up to 3 s between them: at most 7.8 s. Calls to other services, which only workers
make, take at most 12 s.
"""

import os
import time
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ConnectionError as BrokenConnection
from botocore.exceptions import HTTPClientError

from shared import clock, request_budget, snapstart
from shared.errors.base import Unavailable
from shared.request_budget import ATTEMPT_SECONDS_MAX
from shared.retries import CONFLICT_DOUBLINGS, jitter_seconds

CONNECT_SECONDS = 0.5
READ_SECONDS = ATTEMPT_SECONDS_MAX - CONNECT_SECONDS
ATTEMPTS = 3  # outside a request
BACKOFF_SECONDS = 1 + 2  # the longest pauses between the attempts: botocore doubles them

_SERVICES_OF_REQUESTS = frozenset({"dynamodb", "secretsmanager"})
WORKER_CONNECT_SECONDS = 1  # of the other services
WORKER_READ_SECONDS = 2

# SES accepts no idempotency token: a retry after a lost reply would send a second mail. So a call
# to SES has one attempt and more time to answer.
_UNREPEATABLE = frozenset({"sesv2"})
_UNREPEATABLE_READ_SECONDS = 5

SILENCE = (BrokenConnection, HTTPClientError)  # no reply: the call may have had its effect
OVERLOADED = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
        *("500", "502", "503", "504"),  # botocore's codes for replies of a proxy, not of AWS
    }
)
CONFLICT = "TransactionConflictException"  # a single write met a transaction on the same item

_STARTED_AT = "souk_attempt_started_at"  # in botocore's context of a call


@cache
def session() -> botocore.session.Session:
    """The session of all clients. The calls that they make in a request are counted."""
    new = botocore.session.get_session()
    new.register("before-parameter-build", _count_call)
    new.register("request-created", _start_attempt)
    # botocore's own policy is registered for the service: only a longer name comes before it.
    new.register("needs-retry.*.*", _decide_retry)  # type: ignore[arg-type]  # handlers may answer
    return new


@cache
def client(service: str) -> Any:
    """The client of that service, with the function's credentials and region."""
    is_repeatable = service not in _UNREPEATABLE
    connect_seconds, read_seconds = _timeouts(service)
    created = session().create_client(
        service,
        config=Config(
            # By default botocore signs S3 forms in a way that regions opened since 2014 refuse.
            signature_version="s3v4" if service == "s3" else None,
            # By default botocore also sends S3 forms through us-east-1, and browsers do not follow
            # its redirect. A custom endpoint, as on a laptop, has no host for each bucket.
            s3={"addressing_style": "auto" if "AWS_ENDPOINT_URL" in os.environ else "virtual"},
            connect_timeout=connect_seconds,
            read_timeout=read_seconds,
            retries={"total_max_attempts": ATTEMPTS if is_repeatable else 1, "mode": "standard"},
        ),
    )
    _clients.append(created)
    return created


_clients: list[Any] = []


def _timeouts(service: str) -> tuple[float, float]:
    if service in _SERVICES_OF_REQUESTS:
        return CONNECT_SECONDS, READ_SECONDS
    if service in _UNREPEATABLE:
        return WORKER_CONNECT_SECONDS, _UNREPEATABLE_READ_SECONDS
    return WORKER_CONNECT_SECONDS, WORKER_READ_SECONDS


@snapstart.after_restore
def forget_connections() -> None:
    """Close what the snapshot kept open, and read the credentials again at the next call."""
    for opened in _clients:
        opened.close()
    held = session()._credentials  # type: ignore[attr-defined] # noqa: SLF001 (what is read already)
    if isinstance(held, RefreshableCredentials):
        held._expiry_time = clock.utc_now()  # type: ignore[attr-defined] # noqa: SLF001 (no public way)


# What botocore calls before an operation, and before and after each attempt of it


def _count_call(**_: Any) -> None:
    """Raises Unavailable when the request has given up on AWS: its budget is for all operations."""
    budget = request_budget.find_budget()
    if budget is None:
        return
    if budget.is_spent:
        raise Unavailable
    budget.calls += 1


def _start_attempt(**event: Any) -> None:
    event["request"].context[_STARTED_AT] = time.monotonic()


def _decide_retry(
    attempts: int, response: Any, caught_exception: Any, request_dict: dict[str, Any], **_: Any
) -> float | bool | None:
    """Return the pause before a retry, False for none, and None to leave that to botocore."""
    budget = request_budget.find_budget()
    if budget is None:
        return None
    budget.seconds += time.monotonic() - request_dict["context"][_STARTED_AT]
    code = "" if response is None else str(response[1].get("Error", {}).get("Code", ""))
    if code == CONFLICT:
        is_allowed = budget.record_conflict()
    elif _is_failure(response, caught_exception, code):
        is_allowed = budget.record_failure()
    else:
        return None
    if not is_allowed:
        return False
    pause = jitter_seconds(min(attempts, CONFLICT_DOUBLINGS + 1))
    budget.calls += 1
    budget.seconds += pause
    return pause


def _is_failure(response: Any, caught_exception: Any, code: str) -> bool:
    if caught_exception is not None:
        return isinstance(caught_exception, SILENCE)
    return code in OVERLOADED or response[0].status_code >= 500  # noqa: PLR2004 (HTTP)
