"""Sends events to the shop as signed webhooks, in order, until the shop accepts them."""

import asyncio
import hashlib
import hmac
import json
import time
from collections import defaultdict
from collections.abc import Coroutine

import httpx

from local.payments.behaviour import Behaviour
from local.payments.records import Attempt, Event

TIMEOUT_SECONDS = 10  # for the shop's answer
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 0.5, 30  # pause between attempts; it doubles each time
RETRY_PERIOD_SECONDS = 600
POLL_SECONDS = 0.05  # while events are held
ANSWERS_KEPT_MAX = 20  # of one event
WRONG_SECRET = "wrong secret"  # noqa: S105 (it protects nothing)


class Deliveries:
    """Runs on the server's event loop, from `start` to `stop`."""

    def __init__(self, secret: str, behaviour: Behaviour) -> None:
        self._secret = secret
        self._behaviour = behaviour
        self._client: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._payment_locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._to_reverse: list[Event] = []

    def start(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def send(self, event: Event) -> None:
        """Returns at once; the event is sent in the background."""
        if not self._behaviour.shuffle_seconds:
            self.run_in_background(self._send_in_order(event))
            return
        self._to_reverse.append(event)
        if len(self._to_reverse) == 1:
            self.run_in_background(self._send_reversed(self._behaviour.shuffle_seconds))

    def run_in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # asyncio keeps no reference of its own to a waiting task
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in (running := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _send_in_order(self, event: Event) -> None:
        """The first attempt waits for the first attempts of earlier events of the same payment."""
        await asyncio.sleep(self._behaviour.delay_seconds)
        await self._wait_while_held()
        async with self._payment_locks[event.payment_id]:
            is_accepted = await self._attempt(event)
        await self._retry_until_accepted(event, is_accepted=is_accepted)

    async def _send_reversed(self, seconds: float) -> None:
        """Collects events for this long, then sends the latest first."""
        await asyncio.sleep(seconds)
        events, self._to_reverse = self._to_reverse[::-1], []
        await self._wait_while_held()
        for event in events:
            is_accepted = await self._attempt(event)
            self.run_in_background(self._retry_until_accepted(event, is_accepted=is_accepted))

    async def _wait_while_held(self) -> None:
        while self._behaviour.hold or not self._behaviour.webhook_url:  # noqa: ASYNC110 (a plain flag)
            await asyncio.sleep(POLL_SECONDS)

    async def _retry_until_accepted(self, event: Event, *, is_accepted: bool) -> None:
        deadline, pause = time.monotonic() + RETRY_PERIOD_SECONDS, RETRY_SECONDS_MIN
        while not is_accepted and time.monotonic() < deadline:
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_SECONDS_MAX)
            is_accepted = await self._attempt(event)

    async def _attempt(self, event: Event) -> bool:
        """True if the shop accepted every copy."""
        event.attempts += 1
        answers = [await self._post(event) for _ in range(self._behaviour.copies)]
        event.delivered = all(answers)
        return event.delivered

    async def _post(self, event: Event) -> bool:
        assert self._client is not None, "call start() first"  # noqa: S101
        body = json.dumps(event.to_webhook(), separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "Payment-Signature": self._signature(body)}
        try:
            answer = await self._client.post(
                self._behaviour.webhook_url, content=body, headers=headers, timeout=TIMEOUT_SECONDS
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            _record(event, None, type(error).__name__)
            return False
        _record(event, answer.status_code, _read_outcome(answer))
        return answer.is_success

    def _signature(self, body: bytes) -> str:
        signed_at = int(time.time()) - self._behaviour.signed_ago_seconds
        secret = WRONG_SECRET if self._behaviour.wrong_secret else self._secret
        signed = f"{signed_at}.".encode() + body
        return f"t={signed_at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def _record(event: Event, status: int | None, outcome: str) -> None:
    attempt = Attempt(at=int(time.time()), status=status, outcome=outcome)
    event.answers = [*event.answers, attempt][-ANSWERS_KEPT_MAX:]


def _read_outcome(answer: httpx.Response) -> str:
    """What the shop did with the webhook, or why it refused it."""
    try:
        content = answer.json()
        if "error" in content:
            return str(content["error"]["code"])
        return ": ".join(filter(None, (content["outcome"], content.get("reason"))))
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.reason_phrase
