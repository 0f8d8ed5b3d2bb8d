"""What staff do with promotions and taxes, each as one call, and what must hold of them."""

from collections.abc import Iterator
from typing import Any

from orders.pricing.promotions import automatic
from orders.pricing.promotions import service as promotions
from orders.pricing.promotions.schemas import NewPromotion, PromotionPatch
from orders.pricing.rates import service as rates
from orders.pricing.rates.schemas import TaxRatesRequest
from shared.http.etags import ExpectedVersion
from shared.storage.models.pricing import AUTOMATIC_PROMOTIONS, RateTable
from tests.histories.tables import peek, plain_items, table_name
from tests.histories.world import STAFF, World

ANY_VERSION = ExpectedVersion(None)


def start_promotion(world: World, code: str, **fields: Any) -> None:
    """An automatic promotion."""
    five = {"code": code, "kind": "percent", "percent": 5, "is_automatic": True}
    new = NewPromotion.model_validate(five | fields)
    world.attempt("start promotion", lambda: promotions.create_promotion(new, by=STAFF.user_id))


def edit_promotion(world: World, code: str, **changes: Any) -> None:
    patch = PromotionPatch.model_validate(changes)
    world.attempt(
        "edit promotion",
        lambda: promotions.update_promotion(code, patch, ANY_VERSION, by=STAFF.user_id),
    )


def change_taxes(world: World, *ppms: int, included: bool) -> None:
    """Each is a tax of its own, in the country of the orders."""
    taxes = [{"name": f"Tax {n}", "rates": {"standard": ppm}} for n, ppm in enumerate(ppms)]
    destination = {"country": "GB", "prices_include_tax": included, "taxes": taxes}
    table = TaxRatesRequest.model_validate({"destinations": [destination]})
    world.attempt("change taxes", lambda: rates.replace_rates(table, ANY_VERSION, by=STAFF.user_id))


def list_broken(_: World) -> Iterator[str]:
    """Orders read the automatic promotions that are active, each in its stored version."""
    table = peek(RateTable, AUTOMATIC_PROMOTIONS)
    listed = automatic.from_document(table.document) if table else ()
    versions = {promotion.code: int(promotion.version) for promotion in listed}
    active = {
        item["code"]: int(item["version"])
        for item in plain_items(table_name("PromotionsTable"))
        if item.get("is_automatic") and item["is_active"]
    }
    if versions != active:
        yield f"promotions: orders read {versions}, stored are {active}"
