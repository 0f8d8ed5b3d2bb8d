"""The stock of products, the changes that staff make to it, and the levels that were announced."""

from collections.abc import Mapping, Sequence

from products.repository import StockedProduct, get_product
from shared.events.catalog import StockEvent
from shared.http.etags import stale_version
from shared.records import Record
from shared.storage import cursors, outbox, stock
from shared.storage.cursors import ItemPage
from shared.storage.models.catalog import Product, StockLevel, StockMovement
from shared.storage.stock import LEVEL_SUFFIX, StockChanged
from shared.storage.stock_conditions import is_unchanged
from shared.storage.stock_shards import StockSnapshot
from shared.storage.transactions import ACTIONS_MAX, Transaction

LEVELS_MAX = ACTIONS_MAX - 1  # of one transaction: all events are one row of the outbox


class MovementExists(Exception):
    """A movement with this id is stored already."""


class LevelChanged(Exception):
    """Another instance announced a level since it was read. Read the stock again."""


class WatchedStock(Record):
    product: Product
    stock: StockSnapshot
    announced: StockLevel | None


class LevelChange(Record):
    watched: WatchedStock
    level: str
    event: StockEvent | None


def get_stocked_product(product_id: str) -> StockedProduct:
    """The current product and stock, without its group. Raises ProductNotFound."""
    product = get_product(product_id)
    return StockedProduct(product, stock.get_stock(product))


def refresh_stock(before: StockSnapshot) -> StockSnapshot:
    """The current stock of the same shards."""
    shard_counts = {before.product_id: len(before.shards)}
    return stock.get_stocks(shard_counts)[before.product_id]


def set_stock(before: StockedProduct, available: int, movement: StockMovement) -> None:
    """Divide the available units among the shards.

    Raises StaleVersion if the stock changed since `before`, and StockChanged after a reshard, or if
    the stock is not counted any more.
    """
    snapshot = before.stock
    transaction = Transaction()
    stock.stage_stock_set(
        transaction,
        snapshot,
        available,
        len(snapshot.shards),
        otherwise=stale_version(snapshot.version),
        backorders_max=before.product.backorders_max or None,
    )
    stock.require_counted(transaction, before.product)
    transaction.put(movement)
    transaction.commit()


def change_stock(
    before: StockedProduct,
    change_by_shard: Mapping[int, int],
    movement: StockMovement,
    *,
    only_if_unchanged: bool = False,
) -> None:
    """Add units to these shards or remove them, whatever was sold since `before`.

    Raises MovementExists, and StockChanged when a shard has too few units to remove, after a
    reshard, if the stock is not counted any more, or, with `only_if_unchanged`, after any change.
    """
    transaction = Transaction()
    transaction.put(
        movement, only_if=StockMovement.movement_id.does_not_exist(), otherwise=MovementExists()
    )
    stock.stage_change(
        transaction,
        before.stock,
        change_by_shard,
        otherwise=StockChanged(),
        shard_condition=is_unchanged if only_if_unchanged else None,
        may_be_short=before.product.backorders_max > 0,
    )
    stock.require_counted(transaction, before.product)
    transaction.commit()


def find_movement(product_id: str, movement_id: str) -> StockMovement | None:
    return StockMovement.find(product_id, movement_id, consistent=True)


def list_movements(
    product_id: str, *, limit: int, cursor: str | None, owner: str
) -> ItemPage[StockMovement]:
    """Newest first. Raises InvalidCursor."""
    return cursors.query_page(
        StockMovement.by_newest,
        product_id,
        query=f"movements of {product_id}",
        owner=owner,
        limit=limit,
        cursor=cursor,
        consistent=True,
    )


def list_watched_stocks(product_ids: Sequence[str]) -> list[WatchedStock]:
    """Those of the products that exist: the level last announced, and the current stock.

    Read in that order: if another instance announces a later level in between, `update_levels`
    fails at the version that was read here.
    """
    announced = StockLevel.find_many(_level_key(product_id) for product_id in product_ids)
    products = Product.find_many(product_ids)
    stocks = stock.get_stocks(
        {product_id: int(product.stock_shards) for product_id, product in products.items()}
    )
    return [
        WatchedStock(product, stocks[product_id], announced.get(_level_key(product_id)))
        for product_id, product in products.items()
    ]


def update_levels(changes: Sequence[LevelChange]) -> None:
    """Store these levels together with the events that announce them, in one transaction.

    At most LEVELS_MAX, each of another product. Raises LevelChanged, and stores none then.
    """
    transaction = Transaction()
    for change in changes:
        before = change.watched.announced
        transaction.upsert(
            StockLevel(
                _level_key(change.watched.product.product_id),
                level=change.level,
                version=int(before.version) + 1 if before else 1,
            ),
            only_if=(
                StockLevel.version == before.version
                if before
                else StockLevel.product_id.does_not_exist()
            ),
            otherwise=LevelChanged(),
        )
    outbox.stage_events(transaction, [change.event for change in changes if change.event])
    transaction.commit()


def _level_key(product_id: str) -> str:
    return f"{product_id}{LEVEL_SUFFIX}"
