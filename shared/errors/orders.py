"""Refusals of orders: of their prices, their placement, and what may become of them."""

from shared.errors.base import AppError, NotFound, Unavailable


class OrderNotFound(NotFound):
    code = "order_not_found"


class ExportNotFound(NotFound):
    code = "export_not_found"


class TooManyExports(AppError):
    """Of one member of staff, that are not finished."""

    status, code = 409, "too_many_exports"


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
    """The payment provider cannot be reached, or is not set up."""

    code = "payment_unavailable"


class PaymentRefused(AppError):
    """The payment provider will not do it."""

    status, code = 502, "payment_refused"


class WebhookSignatureInvalid(AppError):
    status, code = 400, "webhook_signature_invalid"


class WebhookTooOld(AppError):
    status, code = 400, "webhook_too_old"
