"""What there is of a product, and each change of it by staff: written together or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared import cursors, outbox, stock
from shared.cursors import ItemPage
from shared.errors import ProductNotFound
from shared.events import StockEvent
from shared.models import Product, StockLevel, StockMovement
from shared.stock import LEVEL_SUFFIX, Held
from shared.transactions import Transaction
from shared.versions import stale


class StockChanged(Exception):
    """A bucket has less than was read of it."""


class AlreadyMoved(Exception):
    """There is a movement with this id."""


class LevelChanged(Exception):
    """Someone else has looked at the stock meanwhile."""


@dataclass(frozen=True, slots=True)
class Level:
    product: Product
    held: Held
    told: StockLevel | None


def held_of(product_id: str) -> Held:
    """Raises ProductNotFound."""
    product = Product.find(product_id, consistent=True)
    if product is None:
        raise _not_found()
    return stock.of(product)


def read_again(before: Held) -> Held:
    """What there is now."""
    buckets = {before.product_id: len(before.buckets)}
    return stock.read(buckets)[before.product_id]


def count(before: Held, available: int, movement: StockMovement) -> None:
    """Spread that many over the buckets. Raises StaleVersion if anything was sold or counted since
    `before`.
    """
    transaction = Transaction()
    stock.stage_as_counted(
        transaction, before, available, len(before.buckets), otherwise=stale(before.version)
    )
    transaction.put(movement)
    transaction.commit()


def move(
    before: Held,
    parts: Mapping[int, int],
    movement: StockMovement,
    *,
    if_nothing_changed: bool = False,
) -> None:
    """Add to these buckets, whatever was sold since; nothing goes below zero.

    Raises AlreadyMoved, and StockChanged when a bucket has less now than is to be taken from it.
    """
    transaction = Transaction()
    transaction.put(
        movement, only_if=StockMovement.movement_id.does_not_exist(), otherwise=AlreadyMoved()
    )
    stock.stage_change(
        transaction,
        before,
        parts,
        otherwise=StockChanged(),
        demanded=stock.unchanged if if_nothing_changed else None,
    )
    transaction.commit()


def find_movement(product_id: str, movement_id: str) -> StockMovement | None:
    return StockMovement.find(product_id, movement_id, consistent=True)


def movements_of(
    product_id: str, *, limit: int, cursor: str | None, owner: str
) -> ItemPage[StockMovement]:
    """Newest first. Raises InvalidCursor."""
    query = f"movements of {product_id}"
    return cursors.page_of(
        StockMovement.by_newest, product_id, query=query, owner=owner, limit=limit, cursor=cursor
    )


def levels_of(product_ids: Sequence[str]) -> list[Level]:
    """Of those products that there are: what they have now, and what was last told of it."""
    products = Product.fetch(product_ids, consistent=True)
    held = stock.read({key: int(it.stock_buckets) for key, it in products.items()})
    told = StockLevel.fetch([_level_key(key) for key in products], consistent=True)
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
        outbox.stage(transaction, happened)
    transaction.commit()


def _level_key(product_id: str) -> str:
    return f"{product_id}{LEVEL_SUFFIX}"


def _not_found() -> ProductNotFound:
    return ProductNotFound("There is no such product.")
