"""The state of a world, saved once and brought back for each interleaving."""

from collections import Counter
from copy import deepcopy
from typing import Any

from tests.histories import tables
from tests.histories.world import World

COMPARED = [
    tables.table_name(f"{name}Table")
    for name in ("Orders", "Stock", "Products", "Groups", "Uploads", "Carts")
]
# Times, and what is derived from them.
CHANCE = {"at", "placed_at", "expires_at", "updated_at", "created_at", "finished_at", "listed_at"}


class Snapshot:
    """Of the tables, the provider, the events, the inbox and the time; nothing may be under way."""

    def __init__(self, world: World) -> None:
        backend = tables.backend()
        self._items = {name: deepcopy(table.items) for name, table in backend.tables.items()}
        self._parts = deepcopy(self._parts_of(world))

    def restore(self) -> World:
        """A world of its own in that state. The tables are shared by all."""
        backend = tables.backend()
        for name, items in self._items.items():
            backend.tables[name].items = deepcopy(items)
        world = World(seed=1)  # the ids of the start are taken
        parts = deepcopy(self._parts)
        world.time.now = parts["now"]
        world.bank.__dict__.update(parts["bank"])
        world.acknowledged, world.product_ids = parts["acknowledged"], parts["product_ids"]
        world.inbox.mails = parts["mails"]
        world.chain.staged, world.chain.bus.put = parts["staged"], parts["put"]
        return world

    @staticmethod
    def _parts_of(world: World) -> dict[str, Any]:
        return {
            "now": world.time.now,
            "bank": world.bank.__dict__,
            "acknowledged": world.acknowledged,
            "product_ids": world.product_ids,
            "mails": world.inbox.mails,
            "staged": world.chain.staged,
            "put": world.chain.bus.put,
        }


def fingerprint(world: World) -> str:
    """Equal for two worlds that differ only in ids that chance made and in times."""
    kept = (
        [_without_chance(item) for name in COMPARED for item in tables.plain_items(name)],
        Counter(event["type"] for event in world.chain.staged.values()),
        {key: (each.status, each.captured_minor) for key, each in world.bank.payments.items()},
        [(event["type"], event["data"]["amount_minor"]) for event in world.bank.webhooks],
    )
    return repr(kept)


def _without_chance(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_chance(each) for key, each in sorted(value.items()) if key not in CHANCE
        }
    if isinstance(value, list):
        return [_without_chance(each) for each in value]
    return value
