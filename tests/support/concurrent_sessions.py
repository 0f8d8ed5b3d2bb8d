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
    """The token that comes next."""
    return sessions.refresh(token).refresh_token


def guess(email: str, n: int) -> str:
    """Another password each time; the last one is right."""
    client = Client(address=f"203.0.113.{n}", device="")
    sessions.log_in(Credentials(email=email, password=GUESSES[n % len(GUESSES)]), client)
    return "right"


GUESSES = [f"wrong horse battery {n}" for n in range(7)] + ["correct horse battery"]
WHAT: dict[str, Callable[[str, int], str]] = {"refresh": refresh, "guess": guess}


def all_at_once(act: Callable[[str, int], str], argument: str, count: int) -> list[str]:
    """What each was answered, or the code that it was refused with."""
    start = Barrier(count)

    def one(n: int) -> str:
        start.wait()
        try:
            return act(argument, n)
        except AppError as refusal:
            return refusal.code

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def read_before_anyone_writes(count: int) -> None:
    """The worst that can happen to counts which are read first."""
    read, everyone_has_read = repository.read, Barrier(count)

    def read_and_wait(*args: Any, **kwargs: Any) -> Any:
        found = read(*args, **kwargs)
        everyone_has_read.wait()
        return found

    repository.read = read_and_wait


def main(what: str, argument: str, count: int) -> None:
    if what == "guess":
        read_before_anyone_writes(count)
    sys.stdout.write("\n" + json.dumps(all_at_once(WHAT[what], argument, count)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
