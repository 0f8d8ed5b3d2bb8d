"""What a product's view has besides its fields: its variants, and the limits of an order."""

from typing import Self

from shared.config import HeldStockSettings, QuantitySettings, settings
from shared.http.schemas import View
from shared.storage.models.catalog import Product, ProductGroup


class VariantView(View):
    """Another product of the same group."""

    id: str
    sku: str
    options: dict[str, str]


class QuantityLimits(View):
    """The units of a product that one order may have. Limit your quantity picker to it."""

    account: int
    guest: int

    @classmethod
    def from_model(cls, product: Product) -> Self:
        shop, held = settings(QuantitySettings), settings(HeldStockSettings)
        account = product.quantity_max(shop.order_quantity_max)
        guest = product.quantity_max(shop.guest_order_quantity_max)
        return cls(
            account=min(account, held.order_units_max(is_guest=False)),
            guest=min(guest, held.order_units_max(is_guest=True)),
        )


def other_variants(
    product: Product, group: ProductGroup | None, *, only_active: bool
) -> list[VariantView]:
    return [
        VariantView(id=variant.product_id, sku=variant.sku, options=variant.options_json)
        for variant in (group.variants if group else ())
        if variant.product_id != product.product_id
        and (variant.status == "active" or not only_active)
    ]
