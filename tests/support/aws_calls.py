"""Counts the calls to AWS, and breaks one of them: before AWS acts, or after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from shared.aws import client
from shared.storage.dynamo import connection
from tests.support.faults import Fault


class Killed(BaseException):
    """Lambda stops the function: at its timeout, without memory, or with its host."""


@contextmanager
def on_each_call(phase: str, act: Callable[[str], Fault], *clients: Any) -> Iterator[None]:
    """`act` gets the name of each operation, before AWS is called or after it has answered.

    `phase` is `before-call` or `after-call`. A fault that `act` returns before the call replaces
    the answer, and AWS does nothing. Without `clients`, the calls to DynamoDB and S3 count.
    """

    def handle(model: Any, **_: Any) -> Fault:
        return act(model.name)

    watched = [
        (each.meta.events, f"{phase}.{each.meta.service_model.service_id.hyphenize()}")
        for each in clients or (connection().client, client("s3"))
    ]
    for emitter, name in watched:
        emitter.register(name, handle)
    try:
        yield
    finally:
        for emitter, name in watched:
            emitter.unregister(name, handle)


@contextmanager
def record_calls() -> Iterator[list[str]]:
    """The names of the operations, in the order of the calls."""
    names: list[str] = []

    def add(name: str) -> None:
        names.append(name)

    with on_each_call("before-call", add):
        yield names


@contextmanager
def break_call(
    number: int, fault: Fault | Killed, *clients: Any, phase: str = "before-call"
) -> Iterator[None]:
    """The call with this number, counted from 0, meets the fault. An exception is raised."""
    calls = iter(range(10_000))

    def act(_: str) -> Fault:
        if next(calls) != number:
            return None
        if isinstance(fault, BaseException):
            raise fault
        return fault

    with on_each_call(phase, act, *clients):
        yield
