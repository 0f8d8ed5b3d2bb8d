"""Refusals of the catalog and its stock."""

from shared.errors.base import AppError, NotFound


class ProductNotFound(NotFound):
    code = "product_not_found"


class SkuTaken(AppError):
    status, code = 409, "sku_taken"


class OptionsTaken(AppError):
    """Another variant of the group has these options."""

    status, code = 409, "options_taken"


class GroupFull(AppError):
    status, code = 409, "group_full"


class CurrencyInUse(AppError):
    """Orders are open that were placed in the product's currency."""

    status, code = 409, "currency_in_use"


class OutOfStock(AppError):
    status, code = 409, "out_of_stock"


class StockFragmented(AppError):
    """So many shards have a part of it that one transaction cannot take from all of them."""

    status, code = 409, "stock_fragmented"


class InsufficientStock(AppError):
    """An adjustment would take more than there is."""

    status, code = 409, "insufficient_stock"


class SkuImmutable(AppError):
    """A product's SKU is its identity."""

    status, code = 422, "sku_immutable"
