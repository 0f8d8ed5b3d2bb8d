"""Loaded by schemathesis: each request has the token of one account, or none for a visitor.

The environment has the account. A token is renewed before it expires. Requests that end sessions
get a token of their own. Generated requests repeat the account's password wrongly, so a login may
have to wait: until then the last token stays, and a request that ends its session has none.
"""

import os
import time
from http import HTTPStatus
from typing import Any

import requests
import schemathesis

EMAIL = os.environ.get("SOUK_EMAIL")
TOKEN_SECONDS = 300
ENDS_ITS_SESSION = {"log_out"}


class Account:
    def __init__(self) -> None:
        self._token, self._until = "", 0.0

    def get(self, case: Any, _: Any) -> str:
        if case.operation.definition.raw.get("operationId") in ENDS_ITS_SESSION:
            return self._log_in()
        if time.monotonic() >= self._until:
            self._token = self._log_in() or self._token
            self._until = time.monotonic() + TOKEN_SECONDS
        return self._token

    def set(self, case: Any, data: str, _: Any) -> None:
        if data:
            case.headers["Authorization"] = f"Bearer {data}"

    def _log_in(self) -> str:
        """Empty while the account must wait."""
        answer = requests.post(
            f"{os.environ['SOUK_URL']}/v1/auth/login",
            json={"email": EMAIL, "password": os.environ["SOUK_PASSWORD"]},
            timeout=60,
        )
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            return ""
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token


if EMAIL:
    schemathesis.auth(refresh_interval=None)(Account)
