"""Bytes on a socket that are no proper HTTP request, or only just one.

The server answers each with its status in the error envelope, or closes the connection where HTTP
has no answer. It never answers with a 5xx or with HTML, and goes on serving.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

HOST = b"Host: localhost\r\n"
END = b"Connection: close\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
JSON = b"Content-Type: application/json\r\n"
LOGIN = b"POST /v1/auth/login HTTP/1.1\r\n" + HOST + JSON


@dataclass(frozen=True)
class RawAttack:
    """`statuses` are the allowed ones."""

    name: str
    sent: bytes
    statuses: tuple[int, ...] = (400,)


def get(target: bytes, *lines: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    return b"GET " + target + b" " + version + b"\r\n" + HOST + b"".join(lines) + END


def call(method: bytes, target: bytes = b"/v1/health") -> bytes:
    return method + b" " + target + b" HTTP/1.1\r\n" + HOST + END


TARGETS = [
    RawAttack("a fragment", get(b"/v1/health#x")),
    RawAttack("a fragment after a query", get(b"/v1/x?#")),
    RawAttack("a fragment in a query", get(b"/v1/x?a=1#b?c")),
    RawAttack("a fragment of a page", get(b"/mailbox#x")),
    RawAttack("only a fragment", get(b"#")),
    RawAttack("an encoded fragment", get(b"/v1/health%23x"), (404,)),
    RawAttack("an encoded line feed", get(b"/v1/orders/%0A")),
    RawAttack("an encoded line feed in the base", get(b"/v1/%0A")),
    RawAttack("an encoded line feed in a page", get(b"/mailbox/%0A")),
    RawAttack("an encoded line break and a header", get(b"/v1/x%0d%0aX-Evil:%201")),
    RawAttack("an encoded NUL", get(b"/v1/products/%00")),
    RawAttack("encoded dots", get(b"/v1/%2e%2e/%2e%2e/mailbox.json")),
    RawAttack("dots", get(b"/v1/../_ministack/health")),
    RawAttack("dots to the engine", get(b"/v1/../../../_ministack/health")),
    RawAttack("more dots to the engine", get(b"/v1" + b"/.." * 6 + b"/_ministack/health")),
    RawAttack("mixed dots", get(b"/v1/.%2E/x")),
    RawAttack("one dot", get(b"/v1/./health")),
    RawAttack("encoded slashes", get(b"/v1%2fhealth"), (200, 404)),
    RawAttack("a half encoding", get(b"/v1/products/%"), (400, 404)),
    RawAttack("a wrong encoding", get(b"/v1/products/%zz"), (400, 404)),
    RawAttack("no UTF-8", get(b"/v1/products/%ff%fe"), (400, 404)),
    RawAttack("an overlong encoding", get(b"/v1/products/%c0%ae"), (400, 404)),
    RawAttack("a lone surrogate", get(b"/v1/products/%ed%a0%80"), (400, 404)),
    RawAttack("a half encoding in a query", get(b"/v1/products?category=%"), (200, 400, 422)),
    RawAttack("no UTF-8 in a query", get(b"/v1/products?category=%ff"), (200, 400, 422)),
    RawAttack("a NUL in a query", get(b"/v1/products?category=%00"), (200, 400, 422)),
    RawAttack("separators alone", get(b"/v1/products?&&==&=&"), (200, 400, 422)),
    RawAttack("a semicolon", get(b"/v1/products?a;b=c"), (200, 400, 422)),
    RawAttack("brackets", get(b'/v1/products?a[b]={"c":1}|^`\\'), (200, 400, 422)),
    RawAttack("two slashes", get(b"//v1/health"), (404,)),
    RawAttack("many slashes", get(b"/v1" + b"/" * 500), (404,)),
    RawAttack("a backslash", get(b"/v1\\health"), (404,)),
    RawAttack("another host", get(b"http://evil.example/v1/health")),
    RawAttack("a relative target", get(b"v1/health")),
    RawAttack("an asterisk", get(b"*")),
    RawAttack("OPTIONS of the server", call(b"OPTIONS", b"*")),
    RawAttack("a tunnel", call(b"CONNECT", b"evil.example:443")),
    RawAttack("a tunnel to a path", call(b"CONNECT"), (400, 404, 405)),
    RawAttack("a byte over 0x7f", get(b"/v1/products/\xe9")),
    RawAttack("a byte over 0x7f in a query", get(b"/v1/products?category=\xe9")),
    RawAttack("a NUL", get(b"/v1/\0")),
    RawAttack("a control character", get(b"/v1/\x1b[2J")),
    RawAttack("a space", get(b"/v1/pro ducts")),
    RawAttack("a long path", get(b"/v1/" + b"a" * 11_000), (400, 431)),
    RawAttack("a path of 70 KB", get(b"/v1/" + b"a" * 70_000), (400, 431)),
    RawAttack("a long query", get(b"/v1/products?category=" + b"a" * 11_000), (400, 431)),
]
LINES = [
    RawAttack("HTTP/0.9", b"GET /v1/health\r\n\r\n"),
    RawAttack("HTTP/1.0 without Host", b"GET /v1/health HTTP/1.0\r\n\r\n"),
    RawAttack("HTTP/1.1 without Host", b"GET /v1/health HTTP/1.1\r\n\r\n"),
    RawAttack("HTTP/2.0 in the line", get(b"/v1/health", version=b"HTTP/2.0"), (200, 400)),
    RawAttack("HTTP/9.9", get(b"/v1/health", version=b"HTTP/9.9"), (200, 400)),
    RawAttack("HTTP/1.10", get(b"/v1/health", version=b"HTTP/1.10")),
    RawAttack("no version number", get(b"/v1/health", version=b"HTTP/")),
    RawAttack("another protocol", get(b"/v1/health", version=b"ICAP/1.0")),
    RawAttack("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500),
    RawAttack("HTTP/2 without upgrade", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    RawAttack("only line breaks", b"\r\n\r\n\r\n\r\n"),
    RawAttack("only NULs", b"\0" * 100),
    RawAttack("no method", b" /v1/health HTTP/1.1\r\n" + HOST + END),
    RawAttack("an unknown method", call(b"FOO"), (404, 405)),
    RawAttack("a method in lower case", call(b"get"), (200, 404, 405)),
    RawAttack("a tracing method", call(b"TRACE"), (404, 405)),
    RawAttack("a method of WebDAV", call(b"PROPFIND"), (404, 405)),
    RawAttack("a method with signs", call(b"G!#$%&'*+-.^_`|~T"), (404, 405)),
    RawAttack("a method with a slash", call(b"G/T")),
    RawAttack("a long method", call(b"A" * 3_000), (400, 404, 405)),
    RawAttack("an unknown method of a page", call(b"FOO", b"/mailbox"), (405,)),
    RawAttack("an unknown method of a missing page", call(b"FOO", b"/missing"), (404,)),
    RawAttack("a missing page", get(b"/missing"), (404,)),
    RawAttack("a bare CR", b"GET /v1/health HTTP/1.1\rHost: localhost\r\r"),
    RawAttack(
        "bare LFs", b"GET /v1/x HTTP/1.1\nHost: localhost\nConnection: close\n\n", (400, 404)
    ),
    RawAttack("a CR in a header", get(b"/v1/x", b"X-A: a\rb\r\n")),
    RawAttack("a NUL in a header", get(b"/v1/x", b"X-A: a\0b\r\n")),
    RawAttack("bytes over 0x7f in a header", get(b"/v1/x", b"X-A: \xff\xfe\r\n"), (400, 404)),
    RawAttack("no colon", get(b"/v1/x", b"X-A\r\n")),
    RawAttack("no name", get(b"/v1/x", b": a\r\n")),
    RawAttack("a space before the colon", get(b"/v1/x", b"X-A : a\r\n")),
    RawAttack("a folded header", get(b"/v1/x", b"X-A: a\r\n b\r\n"), (400, 404)),
    RawAttack("a folded first header", b"GET /v1/x HTTP/1.1\r\n X-A: a\r\n" + HOST + END),
    RawAttack("a header of 100 KB", get(b"/v1/x", b"X-A: " + b"a" * 100_000 + b"\r\n"), (400, 431)),
    RawAttack("a header of 11 KB", get(b"/v1/x", b"X-A: " + b"a" * 11_000 + b"\r\n"), (400, 431)),
    RawAttack("2,000 headers", get(b"/v1/x", b"X-A: a\r\n" * 2_000), (400, 404, 431)),
    RawAttack("an unknown expectation", get(b"/v1/x", b"Expect: 200-ok\r\n"), (404, 417)),
    RawAttack("an unknown upgrade", get(b"/v1/x", b"Upgrade: h2c, foo\r\n"), (404,)),
    RawAttack("a broken token", get(b"/v1/me", b"Authorization: Bearer \xff\r\n"), (400, 401)),
]
LENGTHS = [
    RawAttack(
        "a length and chunks",
        LOGIN + b"Content-Length: 5\r\n" + CHUNKED + END + b"2\r\n{}\r\n0\r\n\r\n",
    ),
    RawAttack(
        "chunks and a length",
        LOGIN + CHUNKED + b"Content-Length: 2\r\n" + END + b"2\r\n{}\r\n0\r\n\r\n",
    ),
    RawAttack("two lengths", LOGIN + b"Content-Length: 2\r\nContent-Length: 3\r\n" + END + b"{}x"),
    RawAttack("two equal lengths", LOGIN + b"Content-Length: 2\r\n" * 2 + END + b"{}", (400, 422)),
    RawAttack("two lengths in one", LOGIN + b"Content-Length: 2, 3\r\n" + END + b"{}x"),
    RawAttack("a negative length", LOGIN + b"Content-Length: -1\r\n" + END),
    RawAttack("a length with a sign", LOGIN + b"Content-Length: +2\r\n" + END + b"{}"),
    RawAttack("a length in words", LOGIN + b"Content-Length: two\r\n" + END + b"{}"),
    RawAttack("a hexadecimal length", LOGIN + b"Content-Length: 0x2\r\n" + END + b"{}"),
    RawAttack("an empty length", LOGIN + b"Content-Length:\r\n" + END + b"{}"),
    RawAttack("a length of 30 digits", LOGIN + b"Content-Length: " + b"9" * 30 + b"\r\n" + END),
    RawAttack("no chunk size", LOGIN + CHUNKED + END + b"\r\n{}\r\n0\r\n\r\n"),
    RawAttack("a chunk size in words", LOGIN + CHUNKED + END + b"two\r\n{}\r\n0\r\n\r\n"),
    RawAttack("a negative chunk size", LOGIN + CHUNKED + END + b"-2\r\n{}\r\n0\r\n\r\n"),
    RawAttack("a chunk size of 100 digits", LOGIN + CHUNKED + END + b"f" * 100 + b"\r\n{}\r\n"),
    RawAttack("a chunk that is longer", LOGIN + CHUNKED + END + b"2\r\n{}xx\r\n0\r\n\r\n"),
    RawAttack("a NUL in a chunk size", LOGIN + CHUNKED + END + b"2\0\r\n{}\r\n0\r\n\r\n"),
    RawAttack(
        "a bad chunk after a good one", LOGIN + CHUNKED + END + b"2\r\n{}\r\nxyz\r\n{}\r\n0\r\n\r\n"
    ),
    RawAttack("another coding", LOGIN + b"Transfer-Encoding: gzip\r\n" + END + b"{}"),
    RawAttack("two codings", LOGIN + b"Transfer-Encoding: gzip, chunked\r\n" + END + b"0\r\n\r\n"),
    RawAttack("chunked twice", LOGIN + CHUNKED * 2 + END + b"2\r\n{}\r\n0\r\n\r\n"),
    RawAttack(
        "a hidden coding", LOGIN + b"Transfer-Encoding: \x0bchunked\r\n" + END + b"0\r\n\r\n"
    ),
    RawAttack(
        "chunks in HTTP/1.0",
        b"POST /v1/auth/login HTTP/1.0\r\n" + HOST + CHUNKED + END + b"zz",
        (400, 408),
    ),
    RawAttack(
        "a body of a page",
        b"GET /mailbox HTTP/1.1\r\n" + HOST + CHUNKED + END + b"zz\r\n",
        (400, 408),
    ),
]
RAW_ATTACKS = [*TARGETS, *LINES, *LENGTHS]

BYTES = (
    b"a",
    b"1",
    b"/",
    b"=",
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b":",
    b"#",
    b"?",
    b"%",
    b"%0",
    b"\x7f",
    b"\xff",
)


def mutations(count: int, seed: int) -> Iterator[bytes]:
    """Proper requests with a few bytes inserted, removed or repeated. The seed decides which."""
    chosen = random.Random(seed)  # noqa: S311 (nothing secret)
    proper = [
        get(b"/v1/products?limit=2"),
        get(b"/mailbox.json"),
        LOGIN + b"Content-Length: 2\r\n" + END + b"{}",
        LOGIN + CHUNKED + END + b"2\r\n{}\r\n0\r\n\r\n",
    ]
    for _ in range(count):
        request = bytearray(chosen.choice(proper))
        for _ in range(chosen.randint(1, 4)):
            place = chosen.randrange(len(request))
            end = place + chosen.randint(0, 3)
            repeated = bytes(request[place:end] * 2)
            request[place:end] = chosen.choice([*BYTES, repeated, repeated, b""])
        yield bytes(request)
