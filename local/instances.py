"""How many instances of each function the local stack starts, and when.

Lambda starts an instance for each request that finds none free, and so does MiniStack. On a laptop
twenty instances that start at once take longer than the gateway waits for any of them. So requests
queue for a few instances, queues have a few consumers, and one instance of each function behind the
API starts ahead of the first request.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local import paths

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# An instance keeps a core busy while it starts. At least two: a slow request must not stop others.
INSTANCES_MAX = min(max(os.cpu_count() or 2, 2), 4)
CONSUMERS_MAX = 2  # of a queue: the fewest that AWS allows; people wait for the API, not for these
QUEUE_SECONDS_MAX = 30
DEFAULT_ROUTE = "$default"
# From nobody, to an address that no function serves: each has an answer to that.
REQUEST_FOR_NOTHING = paths.ROOT / "events" / "reference.unknown.json"


class InstanceQueues:
    """A queue in front of each function: first come, first served."""

    def __init__(self, routes: Mapping[str, str], instances: int = INSTANCES_MAX) -> None:
        """`routes` maps API Gateway's route keys, such as `GET /v1/me`, to functions."""
        self._patterns = [(_pattern(key), routes[key]) for key in sorted(routes, key=_generality)]
        self._instances: defaultdict[str | None, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(instances)
        )

    @asynccontextmanager
    async def turn(self, method: str, path: str) -> AsyncIterator[None]:
        """Holds an instance of the function behind this route; raises TimeoutError if none frees.

        The wait has a limit of its own: the time that a function may take counts from its call, as
        on AWS, where no request queues.
        """
        instance = self._instances[self.function(method, path)]
        async with asyncio.timeout(QUEUE_SECONDS_MAX):
            await instance.acquire()
        try:
            yield
        finally:
            instance.release()

    def function(self, method: str, path: str) -> str | None:
        """The one that API Gateway would call; None when no route matches."""
        request = f"{method} {path}"
        return next(
            (function for pattern, function in self._patterns if pattern.fullmatch(request)), None
        )


def _generality(key: str) -> tuple[bool, bool, int, bool]:
    """Sorts routes as API Gateway prefers them: literal paths, variables, `{proxy+}`, $default."""
    return key == DEFAULT_ROUTE, "+}" in key, key.count("{"), key.startswith("ANY ")


def _pattern(key: str) -> re.Pattern[str]:
    if key == DEFAULT_ROUTE:
        return re.compile(".*", re.DOTALL)
    method, _, path = key.partition(" ")
    segments = "/".join(_segment(segment) for segment in path.split("/"))
    return re.compile(("[A-Z]+" if method == "ANY" else method) + " " + segments)


def _segment(segment: str) -> str:
    if not segment.startswith("{"):
        return re.escape(segment)
    return ".+" if segment.endswith("+}") else "[^/]+"


def limit_consumers(functions: LambdaClient) -> None:
    """Lets no queue start more than CONSUMERS_MAX instances of its function. Idempotent."""
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            limit = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
            if ":sqs:" in mapping["EventSourceArn"] and limit != CONSUMERS_MAX:
                functions.update_event_source_mapping(
                    UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": CONSUMERS_MAX}
                )


@contextmanager
def starting_ahead(names: Sequence[str], functions: LambdaClient) -> Iterator[None]:
    """Starts an instance of each function while the block runs."""
    is_over = threading.Event()
    thread = threading.Thread(target=start_each, args=(names, functions, is_over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def start_each(names: Sequence[str], functions: LambdaClient, is_over: threading.Event) -> None:
    """Starts an instance of each function, one after the other, until `is_over`."""
    payload = REQUEST_FOR_NOTHING.read_bytes()
    for name in names:
        if is_over.is_set():
            return
        try:
            functions.invoke(FunctionName=name, Payload=payload)
        except (BotoCoreError, ClientError):
            return  # the first request starts it then, and shows what is wrong with it
