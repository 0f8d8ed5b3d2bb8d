"""The running provider: its ledger, its behaviour and its deliveries.

The local stack uses it where a stack on AWS uses Stripe. No money moves. It signs webhooks, sends
them asynchronously and repeats them until the shop accepts them; it can decline cards; its calls
are idempotent by key. `PUT /behaviour` makes it misbehave as a real provider may.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from local.payments.behaviour import Behaviour
from local.payments.deliveries import Deliveries
from local.payments.ledger import Ledger
from local.payments.records import Event, Refund

REFUND_SETTLES_AFTER_SECONDS = 0.5  # at least, so that the status `pending` is visible


class Provider:
    """With the `state` of an earlier run it continues where that run stopped."""

    def __init__(
        self, *, api_key: str, webhook_secret: str, webhook_url: str, state: Path | None
    ) -> None:
        self.api_key = api_key
        self.behaviour = Behaviour(webhook_url=webhook_url)
        self.ledger = Ledger()
        if state is not None and state.exists():
            self.ledger = Ledger.model_validate_json(state.read_bytes())
        self._state = state
        self._deliveries = Deliveries(webhook_secret, self.behaviour)

    @contextlib.asynccontextmanager
    async def running(
        self, transport: httpx.AsyncBaseTransport | None = None
    ) -> AsyncIterator[None]:
        """Sends webhooks while the block runs, undelivered ones of an earlier run first."""
        async with httpx.AsyncClient(trust_env=False, transport=transport) as client:
            self._deliveries.start(client)
            for event in self.ledger.events:
                if not event.delivered:
                    self._deliveries.send(event)
            for refund in self.ledger.list_pending_refunds():
                self.settle_later(refund)
            try:
                yield
            finally:
                await self._deliveries.stop()
                self.save()

    def send(self, event: Event) -> None:
        self._deliveries.send(event)

    def settle_later(self, refund: Refund) -> None:
        self._deliveries.run_in_background(self._settle(refund))

    async def _settle(self, refund: Refund) -> None:
        await asyncio.sleep(max(self.behaviour.delay_seconds, REFUND_SETTLES_AFTER_SECONDS))
        self.send(self.ledger.settle(refund))

    def save(self) -> None:
        """Writes the ledger to its file, if there is one."""
        if self._state is None or not self._state.parent.exists():
            return
        draft = self._state.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(self.ledger.to_saved().model_dump_json())
        draft.replace(self._state)
