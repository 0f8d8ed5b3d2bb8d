"""Refusals of carts: of their token, their size and their version."""

from shared.errors.base import AppError, NotFound


class CartNotFound(NotFound):
    """No cart has the guest's token: it expired, was merged into an account's, or never existed."""

    code = "cart_not_found"
    default_message = (
        "No cart has this token, or it has expired. Add products without a token to get a new cart."
    )


class CartChanged(AppError):
    """An order names a version of the cart that is not the current one, or other lines."""

    status, code = 409, "cart_changed"
    default_message = (
        "The cart is not as the order says: it has another version or other lines. "
        "Show the cart to the buyer before you order it."
    )


class CartEmpty(AppError):
    status, code = 409, "cart_empty"
    default_message = "The cart has no lines. Add products to it first."


class CartFull(AppError):
    """The change, or the merge of two carts, would need more lines than a cart has."""

    status, code = 409, "cart_full"
    default_message = "A cart has at most `details.lines_max` lines. Remove lines, then retry."
