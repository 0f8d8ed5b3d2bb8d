"""The refusals of operations on products, categories and stock, by operation."""

from shared.errors import catalog, orders, requests
from shared.errors.base import AppError

Refusals = tuple[type[AppError], ...]

_EDITED_PRODUCT: Refusals = (
    catalog.CurrencyInUse,
    catalog.CurrencyNotAccepted,
    catalog.GroupFull,
    catalog.OptionsTaken,
    catalog.ProductNotFound,
    orders.MixedCurrencies,
    requests.ConcurrentModification,
)

CATALOG: dict[str, Refusals] = {
    "list_products": (requests.UnsupportedQuery,),
    "list_staff_products": (requests.UnsupportedQuery,),
    "get_product": (catalog.ProductNotFound,),
    "get_staff_product": (catalog.ProductNotFound,),
    "create_product": (
        catalog.CurrencyNotAccepted,
        catalog.GroupFull,
        catalog.OptionsTaken,
        catalog.SkuTaken,
        orders.MixedCurrencies,
        requests.ConcurrentModification,
    ),
    "replace_product": (*_EDITED_PRODUCT, catalog.SkuImmutable),
    "update_product": _EDITED_PRODUCT,
    "archive_product": (catalog.ProductNotFound, requests.ConcurrentModification),
    "get_category": (catalog.CategoryNotFound,),
    "create_category": (
        catalog.CategoryLimitReached,
        catalog.CategoryNameTaken,
        catalog.CategoryTooDeep,
        catalog.UnknownCategory,
        requests.ConcurrentModification,
        requests.IdempotencyKeyReused,
    ),
    "update_category": (
        catalog.CategoryCycle,
        catalog.CategoryNameTaken,
        catalog.CategoryNotFound,
        catalog.CategoryTooDeep,
        catalog.UnknownCategory,
        requests.ConcurrentModification,
    ),
    "delete_category": (
        catalog.CategoryNotEmpty,
        catalog.CategoryNotFound,
        requests.ConcurrentModification,
    ),
    "list_pictures": (catalog.ProductNotFound,),
    "create_picture": (
        catalog.PictureLimitReached,
        catalog.ProductNotFound,
        requests.ConcurrentModification,
    ),
    "update_pictures": (
        catalog.PictureNotFound,
        catalog.ProductNotFound,
        requests.ConcurrentModification,
    ),
    "delete_picture": (
        catalog.PictureNotFound,
        catalog.ProductNotFound,
        requests.ConcurrentModification,
    ),
    "get_stock": (catalog.ProductNotFound,),
    "list_stock_movements": (catalog.ProductNotFound,),
    "set_stock": (
        catalog.ProductNotFound,
        catalog.StockNotTracked,
        requests.ConcurrentModification,
    ),
    "adjust_stock": (
        catalog.ProductNotFound,
        catalog.InsufficientStock,
        catalog.StockNotTracked,
        requests.ConcurrentModification,
        requests.IdempotencyKeyReused,
    ),
}
