"""Refusals of the catalog and its stock."""

from shared.errors.base import AppError, NotFound


class ProductNotFound(NotFound):
    code = "product_not_found"
    default_message = "No product has this id, or the product is not on sale. Check the id."


class SkuTaken(AppError):
    status, code = 409, "sku_taken"
    default_message = "Another product has this SKU. Choose another SKU, or edit that product."


class OptionsTaken(AppError):
    status, code = 409, "options_taken"
    default_message = "Another variant of the group has these options. Choose other options."


class GroupFull(AppError):
    status, code = 409, "group_full"
    default_message = "The group has the maximum number of variants. Choose another group."


class CurrencyInUse(AppError):
    status, code = 409, "currency_in_use"
    default_message = (
        "Open orders for this product use its current currency. "
        "Wait until they are closed, then change the currency."
    )


class CurrencyNotAccepted(AppError):
    """`accepted` are the currencies in which the shop prices its products."""

    status, code = 422, "currency_not_accepted"
    default_message = (
        "The shop has no prices in this currency. Use a currency from `details.accepted`."
    )


class OutOfStock(AppError):
    status, code = 409, "out_of_stock"
    default_message = "Not enough units are available. Order fewer, or wait for new stock."


class StockFragmented(AppError):
    """The order needs units of more shards than one transaction can write."""

    status, code = 409, "stock_fragmented"
    default_message = "Stock for this order is too fragmented. Order fewer products at once."


class InsufficientStock(AppError):
    """An adjustment would remove more units than are available."""

    status, code = 409, "insufficient_stock"
    default_message = "Too few units are available. Remove fewer."


class StockNotTracked(AppError):
    status, code = 409, "stock_not_tracked"
    default_message = (
        "The stock of this product is not counted. "
        "Set its `stock_policy` to `tracked` or `backorder` first."
    )


class SkuImmutable(AppError):
    status, code = 422, "sku_immutable"
    default_message = "The SKU of a product cannot change. Create another product."


class CategoryNotFound(NotFound):
    code = "category_not_found"
    default_message = "No category has this id. Check the id."


class CategoryNameTaken(AppError):
    """`path` is the category that has the name."""

    status, code = 409, "category_name_taken"
    default_message = (
        "A category with the same parent has this name. Choose another name or parent."
    )


class CategoryNotEmpty(AppError):
    status, code = 409, "category_not_empty"
    default_message = (
        "The category has products or other categories in it. Give the products another "
        "`category`, one by one or in a file, and the categories another `parent`; then retry."
    )


class CategoryCycle(AppError):
    """The new parent is the category itself, or below it."""

    status, code = 409, "category_cycle"
    default_message = "A category cannot be below itself. Choose another parent."


class CategoryTooDeep(AppError):
    status, code = 409, "category_too_deep"
    default_message = "The tree would have too many levels. Choose a parent that is higher up."


class CategoryLimitReached(AppError):
    status, code = 409, "category_limit_reached"
    default_message = "The shop has the maximum number of categories. Delete an empty one first."


class UnknownCategory(AppError):
    status, code = 422, "unknown_category"
    default_message = "No category has the path of the parent. Create that category first."


class PictureNotFound(NotFound):
    code = "picture_not_found"
    default_message = "The product has no picture with this id. Check the id."


class PictureLimitReached(AppError):
    status, code = 409, "picture_limit_reached"
    default_message = "The product has the maximum number of pictures. Delete one first."
