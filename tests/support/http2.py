"""One GET over HTTP/2 without TLS, in the few frames that it needs (RFC 9113, RFC 7541)."""

import socket
from collections.abc import Mapping

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, HEADERS = 4, 1
END_STREAM_AND_HEADERS = 0x05
SECONDS_MAX = 10  # the server keeps the connection, so silence ends the answer


def exchange_over_http2(port: int, path: str, headers: Mapping[str, str]) -> bytes:
    """All frames that the server sends. `{port}` in the headers is the port."""
    pairs = {":method": "GET", ":scheme": "http", ":path": path, **headers}
    block = b"".join(
        _literal(name, value.replace("{port}", str(port))) for name, value in pairs.items()
    )
    sent = PREFACE + _frame(SETTINGS, 0, 0, b"") + _frame(HEADERS, END_STREAM_AND_HEADERS, 1, block)
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as connection:
        connection.sendall(sent)
        while not received.endswith(b"}"):
            try:
                part = connection.recv(65_536)
            except TimeoutError:
                break
            if not part:
                break
            received += part
    return received


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return (
        len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
    )


def _literal(name: str, value: str) -> bytes:
    """A field that is written out and not indexed; both parts are under 127 bytes."""
    return b"\0" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()
