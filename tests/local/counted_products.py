"""Products whose stock staff have set with movements, as `make verify` expects it."""

from shared import clock, ids
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.catalog import StockMovement as Movement
from tests.support.shop import listed_product


def create_counted_product(sku: str, *changes: int) -> Product:
    """A product whose stock staff set with these movements."""
    stored = listed_product(sku)
    for change in changes:
        add_movement(stored, change)
    Stock(stored.product_id, available=sum(changes), allocated=0, version=len(changes)).save()
    return stored


def add_movement(product: Product, change: int) -> None:
    now = clock.utc_now()
    movement_id = ids.new_id("mov")
    Movement(
        product.product_id,
        movement_id,
        kind="adjustment",
        change=change,
        reason="found",
        by="usr_sam",
        at=now,
        moved_at=f"{now.isoformat()}#{movement_id}",
    ).save()
