"""Let everything that is under way end: webhooks, events, schedules."""

from collections.abc import Iterator
from datetime import timedelta

from tests.histories import buying
from tests.histories.world import World

ROUNDS_MAX = 12  # each can cause events and webhooks of its own; more are a loop


def settle(world: World, longest: timedelta = timedelta(days=1)) -> None:
    """Deliver everything, let unpaid orders expire, and deliver what that causes."""
    for _ in range(ROUNDS_MAX):
        world.chain.drain(longest)
        send_webhooks(world)
        world.time.advance(minutes=31)
        world.chain.run_schedules()
        if world.chain.is_idle and not world.bank.webhooks:
            return


def send_webhooks(world: World) -> None:
    """Send each webhook that waits; the provider keeps those that the shop did not accept."""
    for event in list(world.bank.webhooks):
        if buying.send_webhook(world, event):
            world.bank.webhooks.remove(event)


def list_unsettled(world: World) -> Iterator[str]:
    for event in world.bank.webhooks:
        yield f"the shop never accepted {event['type']} {event['data']}"
