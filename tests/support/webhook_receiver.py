"""An HTTP server that keeps the webhooks it receives."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.support.foreign_pages import is_foreign

TIMEOUT_SECONDS = 60  # for a webhook to arrive on a busy machine
Webhook = tuple[bytes, dict[str, str]]  # body, and headers with names in lower case


class WebhookReceiver:
    def __init__(self, url: str) -> None:
        self.url = url
        self.received: queue.Queue[Webhook] = queue.Queue()

    def next_webhook(self, *words: str) -> Webhook:
        """The next webhook whose body contains all of the words; drops others before it."""
        while True:
            body, headers = self.received.get(timeout=TIMEOUT_SECONDS)
            if all(word in body.decode() for word in words):
                return body, headers


@contextmanager
def receive_webhooks() -> Iterator[WebhookReceiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if is_foreign(headers, server.server_port):
                self.send_response(403)
            else:
                receiver.received.put((body, headers))
                self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = WebhookReceiver(f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
