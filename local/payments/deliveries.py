"""Events on their way to the shop: signed, in order unless told otherwise, until they are taken."""

import asyncio
import hashlib
import hmac
import json
import time
from collections import defaultdict
from collections.abc import Coroutine

import httpx

from local.payments.behaviour import Behaviour
from local.payments.ledger import Event

ANSWER_SECONDS = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30  # seconds between two attempts; each is twice the one before
GIVES_UP_AFTER = 600  # seconds of trying
LOOK_SECONDS = 0.05  # while events are held
OTHER_SECRET = "of somebody else"  # noqa: S105 (it is nobody's)


class Deliveries:
    """On the event loop of the server, from `start` to `stop`."""

    def __init__(self, secret: str, behaviour: Behaviour) -> None:
        self._secret = secret
        self._behaviour = behaviour
        self._client: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._of_payment: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._shuffled: list[Event] = []

    def start(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def tell(self, event: Event) -> None:
        """No caller waits for it."""
        if not self._behaviour.shuffle_seconds:
            self.run(self._in_order(event))
            return
        self._shuffled.append(event)
        if len(self._shuffled) == 1:
            self.run(self._in_reverse(self._behaviour.shuffle_seconds))

    def run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # else it may be collected while it waits
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in (running := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _in_order(self, event: Event) -> None:
        """Its first attempt follows those of what the same payment has told before."""
        await asyncio.sleep(self._behaviour.delay_seconds)
        await self._until_let_go()
        async with self._of_payment[event.payment_id]:
            is_taken = await self._attempt(event)
        await self._until_taken(event, is_taken=is_taken)

    async def _in_reverse(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        events, self._shuffled = self._shuffled[::-1], []
        await self._until_let_go()
        for event in events:
            self.run(self._until_taken(event, is_taken=await self._attempt(event)))

    async def _until_let_go(self) -> None:
        while self._behaviour.hold or not self._behaviour.webhook_url:  # noqa: ASYNC110 (set anywhere)
            await asyncio.sleep(LOOK_SECONDS)

    async def _until_taken(self, event: Event, *, is_taken: bool) -> None:
        gives_up_at, pause = time.monotonic() + GIVES_UP_AFTER, FIRST_PAUSE
        while not is_taken and time.monotonic() < gives_up_at:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            is_taken = await self._attempt(event)

    async def _attempt(self, event: Event) -> bool:
        """Whether all copies were taken."""
        event.attempts += 1
        answers = [await self._post(event) for _ in range(self._behaviour.copies)]
        event.delivered = all(answers)
        return event.delivered

    async def _post(self, event: Event) -> bool:
        assert self._client is not None, "deliveries were not started"  # noqa: S101
        body = json.dumps(event.body(), separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "Payment-Signature": self._signature(body)}
        try:
            answer = await self._client.post(
                self._behaviour.webhook_url, content=body, headers=headers, timeout=ANSWER_SECONDS
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.is_success

    def _signature(self, body: bytes) -> str:
        signed_at = int(time.time()) - self._behaviour.signed_ago_seconds
        secret = OTHER_SECRET if self._behaviour.wrong_secret else self._secret
        signed = f"{signed_at}.".encode() + body
        return f"t={signed_at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
