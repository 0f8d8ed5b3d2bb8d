"""Runs one operation whole between two AWS calls of another, at each place where it can be."""

from collections.abc import Callable, Iterator

from shared.storage.dynamo import connection
from tests.support.aws_calls import on_each_call

Operation = Callable[[], object]


def interleave(first: Operation, second: Operation, *, before_call: int) -> bool:
    """Runs `first`; `second` runs whole before that call of it, which is counted from 1.

    Returns whether `first` made so many calls to DynamoDB. If not, `second` did not run.
    """
    calls = 0

    def count_call(_: str) -> None:
        nonlocal calls
        calls += 1  # those of `second` too, which runs when the count matters no more
        if calls == before_call:
            second()

    with on_each_call("before-call", count_call, connection().client):
        first()
    return calls >= before_call


def each_interleaving(prepare: Callable[[int], tuple[Operation, Operation]]) -> Iterator[int]:
    """Interleaves two operations at every call of the first. Yields the place after each run.

    `prepare` makes a state of its own for each place, and both operations on it.
    """
    place = 1
    while interleave(*prepare(place), before_call=place):
        yield place
        place += 1
