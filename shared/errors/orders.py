"""Refusals of orders: of their prices, their placement, and what may become of them."""

from shared.errors.base import AppError, NotFound, Unavailable


class OrderNotFound(NotFound):
    code = "order_not_found"


class ExportNotFound(NotFound):
    code = "export_not_found"
    default_message = "You have no export with this id. Exports are deleted after seven days."


class TooManyExports(AppError):
    """One member of staff has too many unfinished exports."""

    status, code = 409, "too_many_exports"
    default_message = "You have too many unfinished exports. Wait until one is finished."


class OrderAlreadyPlaced(AppError):
    status, code = 409, "order_already_placed"


class TotalChanged(AppError):
    """The order would cost something else than the client was quoted."""

    status, code = 409, "total_changed"


class UnknownProducts(AppError):
    status, code = 422, "unknown_products"


class MixedCurrencies(AppError):
    status, code = 422, "mixed_currencies"


class AmountTooLarge(AppError):
    status, code = 422, "amount_too_large"


class NoShippingRate(AppError):
    """No shipping rate covers the destination in the order's currency."""

    status, code = 422, "no_shipping_rate"


class PromotionNotFound(NotFound):
    """For staff, by its address."""

    code = "promotion_not_found"


class PromotionCodeTaken(AppError):
    status, code = 409, "promotion_code_taken"


class UnknownPromotion(AppError):
    """Of a code that a buyer has sent."""

    status, code = 422, "unknown_promotion"


class PromotionNotStarted(AppError):
    status, code = 422, "promotion_not_started"


class PromotionExpired(AppError):
    status, code = 422, "promotion_expired"


class PromotionMinimumNotMet(AppError):
    status, code = 422, "promotion_minimum_not_met"


class PromotionNotInCurrency(AppError):
    """Its amounts are in another currency than the order's."""

    status, code = 422, "promotion_not_in_currency"


class PromotionUsedUp(AppError):
    """By all customers together, or by this one."""

    status, code = 409, "promotion_used_up"


class OrderStatusConflict(AppError):
    """What the order has become does not allow it."""

    status, code = 409, "order_status_conflict"


class RefundTooLarge(AppError):
    """More than was received and not paid back yet."""

    status, code = 409, "refund_too_large"


class ReturnQuantityExceeded(AppError):
    """More units than the order has sold and not taken back."""

    status, code = 409, "return_quantity_exceeded"


class OrderEntryLimitReached(AppError):
    """An order is one item of the database: it has room for so many refunds, returns and notes."""

    status, code = 409, "order_entry_limit_reached"


class OrderExpiredUnpaid(AppError):
    """The time to pay for it is over."""

    status, code = 409, "order_expired"


class PaymentUnavailable(Unavailable):
    """The payment provider cannot be reached, or the shop's credentials for it are missing."""

    code = "payment_unavailable"
    default_message = "The payment provider cannot be reached. Retry after the time in Retry-After."


class PaymentRefused(AppError):
    """The provider refuses the request for good; `details.reason` is its code."""

    status, code = 502, "payment_refused"
    default_message = (
        "The payment provider refused the request; details.reason has its code. "
        "Do not retry it unchanged."
    )


class WebhookSignatureInvalid(AppError):
    status, code = 400, "webhook_signature_invalid"
    default_message = "The signature matches none of the webhook's secrets. Check the secret."


class WebhookTooOld(AppError):
    """The signature's time is further from now than the tolerance."""

    status, code = 400, "webhook_too_old"
    default_message = (
        "The webhook was signed too long ago or in the future. Check the clock and sign it again."
    )
