"""The local stack's payment provider, on its own port and without the rest of the stack."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from local.payments.app import create_app
from tests.support.payments import API_KEY, SECRETS

START_TIMEOUT_SECONDS = 60  # on a busy machine


class LocalPayments:
    """The calls of a buyer, of its dashboard, and of a test that wants it to misbehave."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {API_KEY}"})

    def pay(self, payment_id: str, client_secret: str, card: str = "ok") -> dict[str, Any]:
        body = {"client_secret": client_secret, "card": card}
        answer = self._http.post(f"/payments/{payment_id}/confirm", json=body)
        shown: dict[str, Any] = answer.raise_for_status().json()
        return shown

    def refund_in_dashboard(self, payment_id: str, amount_minor: int) -> None:
        body = {"amount_minor": amount_minor}
        self._http.post(f"/payments/{payment_id}/dashboard-refund", json=body).raise_for_status()

    def dispute(self, payment_id: str, amount_minor: int, status: str) -> None:
        body = {"amount_minor": amount_minor, "status": status}
        self._http.post(f"/payments/{payment_id}/dispute", json=body).raise_for_status()

    def set_behaviour(self, **changes: Any) -> None:
        self._http.put("/behaviour", json=changes).raise_for_status()

    def close(self) -> None:
        self._http.close()


@contextmanager
def run_server() -> Iterator[LocalPayments]:
    app = create_app(api_key=API_KEY, webhook_secret=SECRETS[-1], webhook_url="")
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    payments = LocalPayments(f"http://127.0.0.1:{port}")
    try:
        yield payments
    finally:
        payments.close()
        server.should_exit = True
        thread.join()
