"""Hears webhooks: a server on a port of its own that keeps what is posted to it."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

SECONDS = 60  # that a webhook may take, on a machine that is busy
Webhook = tuple[bytes, dict[str, str]]  # with its headers in lower case


class Ear:
    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: queue.Queue[Webhook] = queue.Queue()

    def next(self, *words: str) -> Webhook:
        """The next one that has these in its body: others may still be on their way."""
        while True:
            body, headers = self.heard.get(timeout=SECONDS)
            if all(word in body.decode() for word in words):
                return body, headers


@contextmanager
def listening() -> Iterator[Ear]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            ear.heard.put((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        ear = Ear(f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield ear
        finally:
            server.shutdown()
            thread.join()
