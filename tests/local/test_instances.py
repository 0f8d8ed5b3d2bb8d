import asyncio
import importlib
import json
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local import instances
from local.instances import InstanceQueues
from tests.template import stack

ROUTES = {
    "GET /v1/me": "Auth",
    "ANY /v1/me/{anything}": "Fallback",
    "GET /v1/me/{id}": "Auth",
    "GET /v1/orders/{id}": "Orders",
    "GET /v1/orders/latest": "Latest",
    "ANY /v1/orders/{proxy+}": "Proxy",
    "$default": "Reference",
}


@pytest.mark.parametrize(
    ("method", "path", "function"),
    [
        ("GET", "/v1/me", "Auth"),
        ("POST", "/v1/me", "Reference"),
        ("GET", "/v1/me/7", "Auth"),
        ("PUT", "/v1/me/7", "Fallback"),
        ("GET", "/v1/orders/ord_1", "Orders"),
        ("GET", "/v1/orders/latest", "Latest"),
        ("GET", "/v1/orders/ord_1/payment", "Proxy"),
        ("GET", "/v1/orders", "Reference"),
        ("GET", "/v1/me\n", "Reference"),
    ],
)
def test_a_request_queues_for_the_function_of_its_route(
    method: str, path: str, function: str
) -> None:
    assert InstanceQueues(ROUTES).find_function(method, path) == function


def test_without_a_default_route_some_requests_have_no_function() -> None:
    assert InstanceQueues({"GET /v1/me": "Auth"}).find_function("GET", "/v1/you") is None


class Work:
    """Requests that run until `finish`. `started` lists them in the order of their starts."""

    def __init__(self, queues: InstanceQueues) -> None:
        self.queues = queues
        self.started: list[str] = []
        self._may_finish: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def send(self, name: str, path: str = "/v1/me", *, fails: bool = False) -> None:
        self._may_finish[name] = asyncio.Event()

        async def take_a_turn() -> None:
            async with self.queues.turn("GET", path):
                self.started.append(name)
                await self._may_finish[name].wait()
                if fails:
                    raise ValueError(name)

        self._tasks[name] = asyncio.create_task(take_a_turn())
        await self.settle()

    async def finish(self, name: str) -> None:
        self._may_finish[name].set()
        await asyncio.wait([self._tasks[name]])
        await self.settle()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.wait([self._tasks[name]])
        await self.settle()

    async def finish_all(self) -> list[BaseException | None]:
        for may_finish in self._may_finish.values():
            may_finish.set()
        return await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    @staticmethod
    async def settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)


def test_a_function_runs_a_few_requests_in_order() -> None:
    async def scenario() -> list[list[str]]:
        work, seen = Work(InstanceQueues(ROUTES, instances=2)), []
        for name in "abcde":
            await work.send(name)
        seen.append([*work.started])
        for name in "ba":
            await work.finish(name)
            seen.append([*work.started])
        await work.finish_all()
        return seen

    assert asyncio.run(scenario()) == [[*"ab"], [*"abc"], [*"abcd"]]


def test_a_queue_does_not_delay_other_functions() -> None:
    async def scenario() -> list[str]:
        work = Work(InstanceQueues(ROUTES, instances=1))
        await work.send("mine")
        await work.send("waits")
        await work.send("other", "/v1/orders/ord_1")
        started = [*work.started]
        await work.finish_all()
        return started

    assert asyncio.run(scenario()) == ["mine", "other"]


def test_a_failed_or_cancelled_request_frees_its_instance() -> None:
    async def scenario() -> list[str]:
        work = Work(InstanceQueues(ROUTES, instances=1))
        await work.send("fails", fails=True)
        await work.send("gives up while it waits")
        await work.send("gives up at work")
        await work.send("last")
        await work.cancel("gives up while it waits")
        await work.finish("fails")
        await work.cancel("gives up at work")
        started = [*work.started]
        await work.finish_all()
        return started

    assert asyncio.run(scenario()) == ["fails", "gives up at work", "last"]


def test_a_request_waits_at_most_until_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(instances, "QUEUE_SECONDS_MAX", 0.01)

    async def scenario() -> list[Any]:
        work = Work(InstanceQueues(ROUTES, instances=1))
        await work.send("long")
        await work.send("waits")
        await asyncio.wait([work._tasks["waits"]])  # noqa: SLF001
        first = [*work.started, *await work.finish_all()]
        await work.send("later")
        return [*first, work.started[-1], *await work.finish_all()]

    long, none, error, later, *_ = asyncio.run(scenario())

    assert (long, none, later) == ("long", None, "later")
    assert isinstance(error, TimeoutError)


class Mappings:
    """A Lambda client with event source mappings, one on each page."""

    def __init__(self, *stored: dict[str, Any]) -> None:
        self.stored = {str(number): mapping for number, mapping in enumerate(stored)}

    def get_paginator(self, _: str) -> "Mappings":
        return self

    def paginate(self) -> Iterator[dict[str, Any]]:
        for uuid, mapping in self.stored.items():
            yield {"EventSourceMappings": [{"UUID": uuid, **mapping}]}

    def update_event_source_mapping(self, UUID: str, **changes: Any) -> None:  # noqa: N803
        assert self.stored[UUID].get("ScalingConfig") != changes["ScalingConfig"]
        self.stored[UUID] = self.stored[UUID] | changes


def test_only_queues_get_a_limit_of_consumers() -> None:
    queue = {"EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:mail"}
    stream = {"EventSourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/1"}
    few = {"ScalingConfig": {"MaximumConcurrency": 2}}
    client = Mappings(queue, queue | {"ScalingConfig": {"MaximumConcurrency": 10}}, stream)

    instances.limit_consumers(client)  # type: ignore[arg-type]
    instances.limit_consumers(client)  # type: ignore[arg-type]

    assert list(client.stored.values()) == [queue | few, queue | few, stream]


class Functions:
    """A Lambda client that records invocations. `reached` is set when it invokes `last`."""

    def __init__(self, last: str, *, broken: str = "") -> None:
        self.called: list[str] = []
        self.reached = Event()
        self._last, self._broken = last, broken

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert json.loads(Payload)["rawPath"] == "/v1/nowhere"
        self.called.append(FunctionName)
        if FunctionName == self._last:
            self.reached.set()
        if FunctionName == self._broken:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")
        return {}


def test_functions_start_in_order_while_the_stack_runs() -> None:
    client = Functions(last="c")

    with instances.warm_up(["a", "b", "c"], client):  # type: ignore[arg-type]
        assert client.reached.wait(60)

    assert client.called == ["a", "b", "c"]


def test_a_stopping_stack_starts_no_more_functions() -> None:
    client = Functions(last="b")

    instances.start_one_of_each(["a", "b", "c"], client, client.reached)  # type: ignore[arg-type]

    assert client.called == ["a", "b"]


def test_an_unreachable_function_ends_the_warm_up() -> None:
    client = Functions(last="", broken="b")

    instances.start_one_of_each(["a", "b", "c"], client, Event())  # type: ignore[arg-type]

    assert client.called == ["a", "b"]


def handlers() -> list[str]:
    """The handlers of the functions behind the API."""
    return ["authorizer.handler.handler", *sorted(set(stack.handlers().values()))]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("handler", handlers())
def test_every_function_answers_the_warm_up_request(handler: str) -> None:
    module, _, name = handler.rpartition(".")
    request = json.loads(instances.WARM_UP_EVENT.read_bytes())

    answer = getattr(importlib.import_module(module), name)(request, None)

    assert answer.get("statusCode", 404) == 404
    assert answer.get("isAuthorized", True)
