"""AWS as botocore's clients meet it: counted on the way out, or replaced by canned answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Call:
    operation: str
    body: bytes  # as it would go over the wire

    def names(self, table: str) -> bool:
        return f'"{table}"'.encode() in self.body


@contextmanager
def watched() -> Iterator[list[Call]]:
    """The calls of all clients, as they go out. One that botocore tries again counts once."""
    calls: list[Call] = []
    send = Endpoint.make_request

    def make_request(endpoint: Endpoint, operation: Any, request: dict[str, Any]) -> Any:
        calls.append(Call(operation.name, request["body"]))
        return send(endpoint, operation, request)

    with patch.object(Endpoint, "make_request", make_request):
        yield calls


@contextmanager
def answering(answer: Callable[[Call], dict[str, Any]]) -> Iterator[None]:
    """No call goes out; `answer` gives what botocore would have parsed."""
    ok = SimpleNamespace(status_code=200, headers={})

    def make_request(_: Endpoint, operation: Any, request: dict[str, Any]) -> Any:
        return ok, answer(Call(operation.name, request["body"]))

    with patch.object(Endpoint, "make_request", make_request):
        yield
