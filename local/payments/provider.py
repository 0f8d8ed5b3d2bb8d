"""The provider as it runs: its books, how it behaves, and what is on its way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from local.payments.behaviour import Behaviour
from local.payments.deliveries import Deliveries
from local.payments.ledger import Event, Ledger, Refund

SETTLES_AFTER = 0.5  # seconds, at least: that a refund was pending shows


class Provider:
    """Begun again with the same `state`, it knows what it knew, and tells what nobody has taken."""

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
        """Tells the shop of events as long as the block lasts."""
        async with httpx.AsyncClient(trust_env=False, transport=transport) as client:
            self._deliveries.start(client)
            for event in self.ledger.events:
                if not event.delivered:
                    self._deliveries.tell(event)
            for refund in self.ledger.pending():
                self.settle_later(refund)
            try:
                yield
            finally:
                await self._deliveries.stop()
                self._keep()

    def tell(self, event: Event) -> None:
        self._deliveries.tell(event)

    def settle_later(self, refund: Refund) -> None:
        self._deliveries.run(self._settle(refund))

    async def _settle(self, refund: Refund) -> None:
        await asyncio.sleep(max(self.behaviour.delay_seconds, SETTLES_AFTER))
        self.tell(self.ledger.settle(refund))

    def _keep(self) -> None:
        """MiniStack saves its state as late: so both know the same after the stack was killed."""
        if self._state is None:
            return
        draft = self._state.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(self.ledger.to_keep().model_dump_json())
        draft.replace(self._state)
