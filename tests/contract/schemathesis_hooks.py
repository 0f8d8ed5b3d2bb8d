"""Loaded by schemathesis: each request has the token of one account, or none for a visitor.

SOUK_ACCOUNTS has some accounts of the same role, as JSON. A token is renewed before it expires, and
after a request that ended its session. Requests that must end a session get one of their own.
Generated requests repeat the accounts' passwords wrongly, so one account may have to wait: the next
one logs in.
"""

import ast
import json
import os
import re
import time
from collections import deque
from http import HTTPStatus
from threading import Lock
from typing import Any

import jsonschema_rs
import requests
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

from tests.contract.generated_cases import (
    OF_GATEWAY,
    is_rule_beyond_schema,
    without_outer_white_space,
)

ACCOUNTS: list[dict[str, str]] = json.loads(os.environ.get("SOUK_ACCOUNTS", "[]"))
TOKEN_SECONDS = 300
ENDS_ITS_SESSION = {"log_out"}
# Cases: on a busy machine, the local stack's database takes longer than a request may wait for it.
UNAVAILABLE_MAX = 5
UNAVAILABLE: set[str] = set()


class Sessions:
    def __init__(self) -> None:
        self._accounts, self._lock = deque(ACCOUNTS), Lock()
        self._token, self._until = "", 0.0

    def token(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                self._token, self._until = self.log_in(), time.monotonic() + TOKEN_SECONDS
            return self._token

    def end(self, token: str) -> None:
        with self._lock:
            if token == self._token:
                self._until = 0.0

    def log_in(self) -> str:
        """Raises RuntimeError if no account can log in: all other answers would be 401."""
        for _ in ACCOUNTS:
            self._accounts.rotate()
            url = f"{os.environ['SOUK_URL']}/v1/auth/login"
            answer = requests.post(url, json=self._accounts[0], timeout=60)
            if answer.ok:
                return str(answer.json()["access_token"])
        raise RuntimeError(f"No account can log in: {answer.text}")


SESSIONS = Sessions()

# Python 3.11 mixes up the recursion depths of two threads that parse at once, and hypothesis parses
# the lambdas of the strategies that it shows.
_parse, _parsing = ast.parse, Lock()


def _parse_alone(*arguments: Any, **named: Any) -> Any:
    with _parsing:
        return _parse(*arguments, **named)


ast.parse = _parse_alone  # type: ignore[assignment]


class Account:
    def get(self, case: Any, _: Any) -> str:
        is_last = case.operation.definition.raw.get("operationId") in ENDS_ITS_SESSION
        return SESSIONS.log_in() if is_last else SESSIONS.token()

    def set(self, case: Any, data: str, _: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


if ACCOUNTS:
    schemathesis.auth(refresh_interval=None)(Account)


@schemathesis.hook
def after_call(_: Any, __: Any, response: Any) -> None:
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        sent = response.request.headers.get("Authorization", "")
        SESSIONS.end(str(sent).removeprefix("Bearer "))


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """In its coverage phase, schemathesis makes no ETag (it has quotes) and sends `0` as valid."""
    for parameter in case.operation.definition.raw.get("parameters", []):
        if parameter["name"] == "If-Match" and case.meta.generation.mode.is_positive:
            sent = str(case.headers.get("If-Match", "*"))
            if not re.search(parameter["schema"]["pattern"], sent):
                case.headers["If-Match"] = parameter["example"]


@schemathesis.hook
def filter_failure(_: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether it is a failure: see tests.contract.generated_cases."""
    error = _error_of(response)
    if error and error["code"] in OF_GATEWAY:
        return False
    if error and error["code"] == "unavailable" and len(UNAVAILABLE | {case.id}) <= UNAVAILABLE_MAX:
        UNAVAILABLE.add(case.id)
        return False
    if isinstance(failure, UnsupportedMethodResponse) and not error:
        # `/v1/products/search` matches a protected route, and the gateway asks for a token first.
        return bool(response.status_code != HTTPStatus.UNAUTHORIZED)
    if isinstance(failure, RejectedPositiveData):
        return not (error and is_rule_beyond_schema(error))
    return not (isinstance(failure, AcceptedNegativeData) and _is_valid_without_white_space(case))


def _error_of(response: Any) -> dict[str, Any]:
    """Empty for what the shop did not answer, or not refuse."""
    try:
        error: dict[str, Any] = response.json().get("error", {})
    except (ValueError, AttributeError):  # an answer to HEAD, or a document
        return {}
    return error


def _is_valid_without_white_space(case: Any) -> bool:
    described = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    body = without_outer_white_space(case.body)
    if case.media_type not in described or body == case.body:
        return False
    components = case.operation.schema.raw_schema["components"]
    schema = described[case.media_type]["schema"] | {"components": components}
    return bool(jsonschema_rs.is_valid(schema, body))
