"""Sends bytes to a port of this machine, and reads what comes back until the server closes."""

import json
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SECONDS_MAX = 60  # for an answer on a busy machine; a server that hangs reaches it


@dataclass(frozen=True)
class RawAnswer:
    """`status` is 0 if the server closed the connection without an answer."""

    status: int
    head: bytes  # in lower case
    body: bytes
    rest: bytes = b""  # answers to further requests

    @property
    def error(self) -> dict[str, Any]:
        """Of the error envelope; raises ValueError or KeyError where it is something else."""
        error: dict[str, Any] = json.loads(self.body)["error"]
        return error


def exchange(port: int, sent: bytes, *, host: str = "127.0.0.1") -> RawAnswer:
    """Sends the bytes and reads until the server closes."""
    received = b""
    with socket.create_connection((host, port), timeout=SECONDS_MAX) as connection:
        try:
            connection.sendall(sent)
            while part := connection.recv(65_536):
                received += part
        except (ConnectionResetError, BrokenPipeError):
            pass  # the server had its answer ready and did not wait for the rest
    return parse(received)


def parse(received: bytes) -> RawAnswer:
    if not received:
        return RawAnswer(0, b"", b"")
    head, _, rest = received.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
    if b"transfer-encoding: chunked" in head.lower():
        body, rest = _join_chunks(rest)
    elif length:
        body, rest = rest[: int(length[1])], rest[int(length[1]) :]
    else:
        body, rest = rest, b""
    return RawAnswer(int(head.split(b" ")[1]), head.lower(), body, rest)


def _join_chunks(rest: bytes) -> tuple[bytes, bytes]:
    joined, size = b"", -1
    while size:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line, 16)
        joined, rest = joined + rest[:size], rest[size + 2 :]
    return joined, rest


def request(method: str, target: str, lines: Sequence[str], *, port: int, body: str = "") -> bytes:
    """A request with these header lines, in which `{port}` is the port."""
    length = (f"Content-Length: {len(body)}",) if body else ()
    is_upgrade = any(line.startswith("Upgrade") for line in lines)
    connection = "Connection: Upgrade, close" if is_upgrade else "Connection: close"
    head = [f"{method} {target} HTTP/1.1", *lines, *length, connection, "", ""]
    return "\r\n".join(head).replace("{port}", str(port)).encode("latin-1") + body.encode()
