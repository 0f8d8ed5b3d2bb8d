"""Many function instances in one process: `python -m tests.support.instances WHAT ARGUMENT COUNT`.

Run with a function's own environment, so that its code meets the database of a running stack: the
local stack starts only a few instances of a function. Prints what each answered, as JSON.
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
from shared.callers import Client
from shared.errors import AppError


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
