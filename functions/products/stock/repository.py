"""What there is of a product, and each change of it by staff: written together or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from products.repository import Known, find
from shared.events.all_events import StockEvent
from shared.http.etags import stale_version
from shared.storage import cursors, outbox, stock
from shared.storage.cursors import ItemPage
from shared.storage.models.catalog import Product, StockLevel, StockMovement
from shared.storage.stock import LEVEL_SUFFIX, StockChanged, StockSnapshot
from shared.storage.transactions import Transaction


class AlreadyMoved(Exception):
    """There is a movement with this id."""


class LevelChanged(Exception):
    """Someone else has looked at the stock meanwhile."""


@dataclass(frozen=True, slots=True)
class Level:
    product: Product
    held: StockSnapshot
    told: StockLevel | None


def known(product_id: str) -> Known:
    """Raises ProductNotFound."""
    product = find(product_id)
    return Known(product, stock.get_stock(product))


def read_again(before: StockSnapshot) -> StockSnapshot:
    """What there is now."""
    shards = {before.product_id: len(before.shards)}
    return stock.get_stocks(shards)[before.product_id]


def count(before: Known, available: int, movement: StockMovement) -> None:
    """Spread that many over the shards. Raises StaleVersion if anything was sold or counted since
    `before`, and StockChanged if the stock was split anew.
    """
    held = before.held
    transaction = Transaction()
    stock.stage_stock_set(
        transaction, held, available, len(held.shards), otherwise=stale_version(held.version)
    )
    stock.require_shard_count(transaction, before.product)
    transaction.put(movement)
    transaction.commit()


def move(
    before: Known,
    parts: Mapping[int, int],
    movement: StockMovement,
    *,
    if_nothing_changed: bool = False,
) -> None:
    """Add to these shards, whatever was sold since; nothing goes below zero.

    Raises AlreadyMoved, and StockChanged when a shard has less now than is to be taken from it.
    """
    transaction = Transaction()
    transaction.put(
        movement, only_if=StockMovement.movement_id.does_not_exist(), otherwise=AlreadyMoved()
    )
    stock.stage_change(
        transaction,
        before.held,
        parts,
        otherwise=StockChanged(),
        demanded=stock.unchanged if if_nothing_changed else None,
    )
    stock.require_shard_count(transaction, before.product)
    transaction.commit()


def find_movement(product_id: str, movement_id: str) -> StockMovement | None:
    return StockMovement.find(product_id, movement_id, consistent=True)


def movements_of(
    product_id: str, *, limit: int, cursor: str | None, owner: str
) -> ItemPage[StockMovement]:
    """Newest first. Raises InvalidCursor."""
    query = f"movements of {product_id}"
    return cursors.query_page(
        StockMovement.by_newest,
        product_id,
        query=query,
        owner=owner,
        limit=limit,
        cursor=cursor,
        consistent=True,
    )


def levels_of(product_ids: Sequence[str]) -> list[Level]:
    """Of those products that there are: what was last told of them, and what they have now.

    Read in that order: whoever has read the stock before another has told a later level then fails
    at its version.
    """
    told = StockLevel.find_many(_level_key(key) for key in product_ids)
    products = Product.find_many(product_ids)
    held = stock.get_stocks({key: int(it.stock_shards) for key, it in products.items()})
    return [
        Level(product, held[key], told.get(_level_key(key))) for key, product in products.items()
    ]


def set_level(level: Level, now: str, happened: StockEvent | None) -> None:
    """Raises LevelChanged when another instance has done so meanwhile."""
    before = level.told
    transaction = Transaction()
    transaction.put(
        StockLevel(
            _level_key(level.product.product_id),
            level=now,
            version=int(before.version) + 1 if before else 1,
        ),
        only_if=(
            StockLevel.version == before.version
            if before
            else StockLevel.product_id.does_not_exist()
        ),
        otherwise=LevelChanged(),
    )
    if happened:
        outbox.stage_event(transaction, happened)
    transaction.commit()


def _level_key(product_id: str) -> str:
    return f"{product_id}{LEVEL_SUFFIX}"
