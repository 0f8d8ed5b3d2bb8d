"""A hundred function instances in one process: `python -m tests.support.refreshers TOKEN COUNT`.

Run with a function's own environment, so that its code meets the database of a running stack.
Prints, as JSON, the refresh token that each was given, or the code that it was refused with.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from auth.sessions import service
from shared.errors import AppError


def main(token: str, count: int) -> None:
    start = Barrier(count)

    def tab(_: int) -> str:
        start.wait()
        try:
            return service.refresh(token).refresh_token
        except AppError as refusal:
            return refusal.code

    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(tab, range(count)))
    sys.stdout.write("\n" + json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
