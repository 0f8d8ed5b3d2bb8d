"""The calls of botocore's clients: recorded on their way out, or answered without AWS."""

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
    body: bytes  # as it is sent
    path: str = ""  # of the address; S3's has the bucket and the key
    start: int = 0  # the first byte that the call asks S3 for

    def names(self, table: str) -> bool:
        return f'"{table}"'.encode() in self.body


@contextmanager
def record_calls() -> Iterator[list[Call]]:
    """Records the calls of all clients in the block. A call that botocore retries counts once."""
    calls: list[Call] = []
    send = Endpoint.make_request

    def make_request(endpoint: Endpoint, operation: Any, request: dict[str, Any]) -> Any:
        calls.append(Call(operation.name, request["body"]))
        return send(endpoint, operation, request)

    with patch.object(Endpoint, "make_request", make_request):
        yield calls


@contextmanager
def answer_calls(answer: Callable[[Call], dict[str, Any]]) -> Iterator[None]:
    """Sends no call. `answer` returns what botocore would parse from AWS's answer."""
    ok = SimpleNamespace(status_code=200, headers={})

    def make_request(_: Endpoint, operation: Any, request: dict[str, Any]) -> Any:
        first = request["headers"].get("Range", "bytes=0-")[len("bytes=") :].partition("-")[0]
        call = Call(operation.name, request["body"], request["url_path"], int(first))
        return ok, answer(call)

    with patch.object(Endpoint, "make_request", make_request):
        yield
