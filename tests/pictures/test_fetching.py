"""A picture from a server: real requests to this machine, whose address counts as public here."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pictures import addresses, fetching
from pictures.failures import BadPicture, TryLater
from shared.pictures import urls

pytestmark = pytest.mark.enable_socket
LOOPBACK = "127.0.0.1"


class Server:
    """Answers as a test says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.pause = 0.0  # before each part of a body
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.headers["Host"], self.path))
                status, headers, body = outer.answers[self.path]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                step = max(1, len(body) // 10)
                for start in range(0, len(body), step):
                    time.sleep(outer.pause)
                    try:
                        self.wfile.write(body[start : start + step])
                    except OSError:
                        return

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, path: str, host: str = "shop.example") -> str:
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def resolved() -> list[str]:
    """The hosts that were resolved."""
    return []


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, resolved: list[str]) -> Iterator[Server]:
    server = Server()
    judge = addresses.is_public

    def resolve(target: urls.Target) -> list[str]:
        resolved.append(target.host)
        if target.host.endswith(".example"):
            return [LOOPBACK]
        return real(target)

    real = addresses.resolve
    monkeypatch.setattr(urls, "PORTS", {"http": (80, server.port), "https": (443, server.port)})
    monkeypatch.setattr(addresses, "resolve", resolve)
    assert not judge(addresses.ipaddress.ip_address(LOOPBACK))
    yield server
    server.close()


def test_the_content_of_a_url_is_fetched(server):
    server.answers["/a.jpg?v=1"] = (200, {"Content-Length": "3"}, b"abc")

    assert fetching.fetch(server.url("/a.jpg?v=1")) == b"abc"
    assert server.asked == [(f"shop.example:{server.port}", "/a.jpg?v=1")]


def test_the_name_is_resolved_once_for_a_request(server, resolved):
    server.answers["/a"] = (200, {"Content-Length": "1"}, b"a")

    fetching.fetch(server.url("/a"))

    assert resolved == ["shop.example"]


def test_the_connection_goes_to_the_address_that_was_checked(server, monkeypatch):
    """A name server that changes its answer right after the check changes nothing."""
    server.answers["/a"] = (200, {"Content-Length": "1"}, b"a")
    asked: list[str] = []
    connect = addresses.socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        return connect(host, *args, **kwargs)

    monkeypatch.setattr(addresses.socket, "getaddrinfo", getaddrinfo)

    assert fetching.fetch(server.url("/a")) == b"a"
    assert set(asked) <= {LOOPBACK}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(server, status):
    server.answers["/a"] = (status, {"Location": "/b", "Content-Length": "0"}, b"")
    server.answers["/b"] = (200, {"Content-Length": "1"}, b"b")

    assert fetching.fetch(server.url("/a")) == b"b"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/secret",
        "http://169.254.169.254:{port}/latest/meta-data/",
        "http://[::1]:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://localhost:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://10.0.0.1:{port}/",
        "http://user:secret@shop.example:{port}/secret",
        "file:///etc/passwd",
        "http://shop.example:22/",
    ],
)
def test_a_redirect_to_what_is_not_public_is_refused(server, location):
    server.answers["/a"] = (302, {"Location": location.format(port=server.port)}, b"")

    with pytest.raises(BadPicture) as refused:
        fetching.fetch(server.url("/a"))

    assert refused.value.failure.code == "url_not_allowed"
    assert [path for _, path in server.asked] == ["/a"]


def test_redirects_end(server):
    server.answers["/a"] = (302, {"Location": "/a", "Content-Length": "0"}, b"")

    with pytest.raises(BadPicture, match="too often"):
        fetching.fetch(server.url("/a"))
    assert len(server.asked) == fetching.REDIRECTS_MAX + 1


@pytest.mark.parametrize("status", [401, 403, 404, 410, 204, 304])
def test_an_answer_without_a_picture_fails(server, status):
    server.answers["/a"] = (status, {"Content-Length": "0"}, b"")

    with pytest.raises(BadPicture, match=str(status)) as refused:
        fetching.fetch(server.url("/a"))
    assert type(refused.value) is BadPicture


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_later(server, status):
    server.answers["/a"] = (status, {"Content-Length": "0"}, b"")

    with pytest.raises(TryLater, match=str(status)):
        fetching.fetch(server.url("/a"))


def test_a_file_that_declares_to_be_too_large_is_refused(server):
    server.answers["/a"] = (200, {"Content-Length": "20000001"}, b"")

    with pytest.raises(BadPicture, match="20 MB"):
        fetching.fetch(server.url("/a"))


def test_a_file_of_no_declared_size_is_measured(server, monkeypatch):
    monkeypatch.setattr(fetching, "BYTES_MAX", 1_000)
    server.answers["/a"] = (200, {}, bytes(1_001))
    server.answers["/b"] = (200, {}, bytes(1_000))

    with pytest.raises(BadPicture, match="20 MB"):
        fetching.fetch(server.url("/a"))
    assert len(fetching.fetch(server.url("/b"))) == 1_000


def test_a_slow_server_gets_the_time_in_all(server):
    server.answers["/a"] = (200, {"Content-Length": "10"}, b"0123456789")
    server.pause = 0.2
    started = time.monotonic()

    with pytest.raises(TryLater, match="10 seconds"):
        fetching.fetch(server.url("/a"), seconds_max=0.5)
    assert time.monotonic() - started < 1.5


def test_a_silent_name_server_gets_the_time_in_all(monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: done.wait(5) and [])

    with pytest.raises(TryLater, match="10 seconds"):
        fetching.fetch("https://shop.example/a", seconds_max=0.2)
    done.set()


def test_a_server_that_breaks_off_is_asked_later(server):
    server.answers["/a"] = (200, {"Content-Length": "100"}, b"0123456789")

    with pytest.raises(TryLater, match="broke off"):
        fetching.fetch(server.url("/a"))


def test_no_request_is_sent_without_its_encryption(server):
    """The server here speaks no TLS."""
    with pytest.raises(BadPicture) as refused:
        fetching.fetch(server.url("/a").replace("http://", "https://"))

    assert refused.value.failure.code == "picture_not_fetched"
    assert server.asked == []


def test_compressed_content_is_not_unpacked(server):
    """A picture is compressed already, and 20 MB could unpack to any size."""
    server.answers["/a"] = (200, {"Content-Encoding": "gzip", "Content-Length": "4"}, b"\x1f\x8b12")

    assert fetching.fetch(server.url("/a")) == b"\x1f\x8b12"
