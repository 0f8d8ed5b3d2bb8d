"""Many instances of AuthFunction in one process.

    python -m tests.support.concurrent_sessions COMMAND ARGUMENT COUNT

Run it with the function's environment, so that the code uses a running stack's database. The local
stack would take minutes to start a hundred instances. Prints each instance's answer as JSON.
"""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from auth.credentials import repository
from auth.sessions import service as sessions
from auth.sessions.schemas import Credentials
from shared.errors.base import AppError
from shared.http.authorization import Client


def refresh(token: str, _: int) -> str:
    """Returns the new refresh token."""
    return sessions.refresh_tokens(token).refresh_token


def guess(email: str, n: int) -> str:
    """Tries another password for each `n`; the last of them is right."""
    client = Client(address=f"203.0.113.{n}", device="")
    sessions.log_in(Credentials(email=email, password=GUESSES[n % len(GUESSES)]), client)
    return "right"


GUESSES = [f"wrong horse battery {n}" for n in range(7)] + ["correct horse battery"]
COMMANDS: dict[str, Callable[[str, int], str]] = {"refresh": refresh, "guess": guess}


def run_at_once(act: Callable[[str, int], str], argument: str, count: int) -> list[str]:
    """The result of each call, or the code of its refusal."""
    start = Barrier(count)

    def run(n: int) -> str:
        start.wait()
        try:
            return act(argument, n)
        except AppError as refusal:
            return refusal.code

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def delay_writes_until_all_have_read(count: int) -> None:
    """The worst order of events for counters that are read before they are written."""
    read, all_have_read = repository.find_login_and_throttle, Barrier(count)

    def read_and_wait(*args: Any, **kwargs: Any) -> Any:
        found = read(*args, **kwargs)
        all_have_read.wait()
        return found

    repository.find_login_and_throttle = read_and_wait


def main(command: str, argument: str, count: int) -> None:
    if command == "guess":
        delay_writes_until_all_have_read(count)
    sys.stdout.write("\n" + json.dumps(run_at_once(COMMANDS[command], argument, count)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
