"""Limits the instances of each function, and starts one of each before the first request.

Like Lambda, MiniStack starts an instance for each request that finds no free one. On a laptop, 20
instances that start at once take longer than the gateway waits for any of them. So requests queue
for a few instances, SQS queues have few consumers, and each function behind the API is warmed up.
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

# A starting instance keeps a core busy. At least 2, so that a slow request does not stop others.
INSTANCES_MAX = min(max(os.cpu_count() or 2, 2), 4)
CONSUMERS_MAX = 2  # of each SQS queue, the minimum that AWS allows: the API needs the cores more
QUEUE_SECONDS_MAX = 30
DEFAULT_ROUTE = "$default"
# A request without a caller to a path that no function serves. Every function can answer it.
WARM_UP_EVENT = paths.ROOT / "events" / "reference.unknown.json"


class InstanceQueues:
    """A first-come, first-served queue in front of each function."""

    def __init__(self, routes: Mapping[str, str], instances: int = INSTANCES_MAX) -> None:
        """`routes` maps API Gateway's route keys, such as `GET /v1/me`, to functions."""
        self._patterns = [(_pattern(key), routes[key]) for key in sorted(routes, key=_sort_key)]
        self._instances: defaultdict[str | None, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(instances)
        )

    @asynccontextmanager
    async def turn(self, method: str, path: str) -> AsyncIterator[None]:
        """Holds an instance of the route's function. Raises TimeoutError if none becomes free.

        The wait has its own limit. The function's time limit starts with its call, as on AWS,
        where no request queues.
        """
        instance = self._instances[self.find_function(method, path)]
        async with asyncio.timeout(QUEUE_SECONDS_MAX):
            await instance.acquire()
        try:
            yield
        finally:
            instance.release()

    def find_function(self, method: str, path: str) -> str | None:
        """The function that API Gateway calls. None when no route matches."""
        request = f"{method} {path}"
        return next(
            (function for pattern, function in self._patterns if pattern.fullmatch(request)), None
        )


def _sort_key(key: str) -> tuple[bool, bool, int, bool]:
    """Sorts routes in API Gateway's order: literal paths, variables, `{proxy+}`, $default."""
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
    """Limits each SQS queue to CONSUMERS_MAX instances of its function. Idempotent."""
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            limit = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
            if ":sqs:" in mapping["EventSourceArn"] and limit != CONSUMERS_MAX:
                functions.update_event_source_mapping(
                    UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": CONSUMERS_MAX}
                )


@contextmanager
def warm_up(names: Sequence[str], functions: LambdaClient) -> Iterator[None]:
    """Starts an instance of each function in the background while the block runs."""
    is_over = threading.Event()
    thread = threading.Thread(
        target=start_one_of_each, args=(names, functions, is_over), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def start_one_of_each(
    names: Sequence[str], functions: LambdaClient, is_over: threading.Event
) -> None:
    """Starts an instance of each function, one after another, until `is_over` is set."""
    payload = WARM_UP_EVENT.read_bytes()
    for name in names:
        if is_over.is_set():
            return
        try:
            functions.invoke(FunctionName=name, Payload=payload)
        except (BotoCoreError, ClientError):
            return  # the first real request starts it and shows the error
