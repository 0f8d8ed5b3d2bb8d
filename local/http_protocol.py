"""uvicorn's HTTP/1.1 connection, as the local stack needs it.

A request that the parser refuses gets the shop's error envelope instead of plain text, whatever
part of a response was sent before, and headers that never end do not keep a connection for ever.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.refusals import MALFORMED

HEADER_SECONDS_MAX = 10


class EnvelopeProtocol(H11Protocol):
    _timeout: asyncio.TimerHandle | None = None  # runs while a request's headers are incomplete

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def send_400_response(self, _: str) -> None:
        """Called when the parser cannot read on: in the headers, or in a body."""
        running = vars(self)["cycle"]  # None before the first request, which uvicorn's type omits
        if running is not None and not running.response_complete:
            running.disconnected = True  # the application reads and answers no more
            running.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send_refusal()
        self.transport.close()

    def _send_refusal(self) -> None:
        body = MALFORMED.to_body()
        headers = [*MALFORMED.headers(body), (b"connection", b"close")]
        events: tuple[Any, ...] = (
            h11.Response(status_code=MALFORMED.status, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        for event in events:
            self.transport.write(self.conn.send(event) or b"")

    def _watch_headers(self) -> None:
        is_incomplete = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0] != b""
        if not is_incomplete:
            self._stop_watching()
        elif self._timeout is None:
            self._timeout = self.loop.call_later(HEADER_SECONDS_MAX, self.send_400_response, "")

    def _stop_watching(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None
