"""Refusals of orders: of their prices, their placement and their changes."""

from shared.errors.base import AppError, NotFound, Unavailable


class OrderNotFound(NotFound):
    """No such order, or another buyer's: the answer does not tell which."""

    code = "order_not_found"
    default_message = (
        "No order with this id is visible to you. Check the id; a guest also needs the "
        "order's token."
    )


class OrderAlreadyPlaced(AppError):
    status, code = 409, "order_already_placed"
    default_message = "An order with this Idempotency-Key exists. Retry the request to get it."


class TotalChanged(AppError):
    """The order costs another amount than the client was quoted."""

    status, code = 409, "total_changed"
    default_message = (
        "The total has changed since the quote. Request a new quote and show it to the buyer."
    )


class UnknownProducts(AppError):
    status, code = 422, "unknown_products"
    default_message = "Some of these products are not for sale. Remove them from the order."


class MixedCurrencies(AppError):
    status, code = 422, "mixed_currencies"
    default_message = "An order has one currency. Order products of other currencies separately."


class QuantityLimitExceeded(AppError):
    """Lines have more units than the shop sells of their product in one order."""

    status, code = 422, "quantity_limit_exceeded"
    default_message = (
        "The order has too many units of a product. "
        "Order at most `limit` of each line in `details.lines`."
    )


class HeldStockLimitReached(AppError):
    """With this order, the unpaid orders of one buyer would hold more units than they may."""

    status, code = 409, "held_stock_limit_reached"
    default_message = (
        "Unpaid orders may hold at most `details.limit` units. "
        "Pay or cancel unpaid orders, or order fewer units."
    )


class AmountTooLarge(AppError):
    status, code = 422, "amount_too_large"
    default_message = "The amount of this order is too large. Order fewer units."


class NoTaxRate(AppError):
    """The shop has tax rates, and none of them covers the destination."""

    status, code = 422, "no_tax_rate"
    default_message = (
        "The shop has no tax rate for this country or region, so it does not sell there. Choose "
        "another address."
    )


class UnknownRegion(AppError):
    """Tax in the country depends on the region, and the address names none that the shop knows."""

    status, code = 422, "unknown_region"
    default_message = (
        "Tax in this country depends on the region. Send its code or its name, as in "
        "`details.regions`."
    )


class NoShippingRate(AppError):
    """No shipping rate covers the destination in the order's currency."""

    status, code = 422, "no_shipping_rate"
    default_message = (
        "The shop does not ship to this country in this currency. Choose another address."
    )


class OrderStatusConflict(AppError):
    """The order's status does not allow the change."""

    status, code = 409, "order_status_conflict"
    default_message = "The status of the order does not allow this. Get the order before you retry."


class RefundTooLarge(AppError):
    """The refund exceeds what was received and is not refunded yet."""

    status, code = 409, "refund_too_large"
    default_message = "The refund exceeds what is left. Refund at most `details.refundable_minor`."


class OrderEntryLimitReached(AppError):
    """An order is one item in DynamoDB, so its parcels, refunds, returns and notes are limited."""

    status, code = 409, "order_entry_limit_reached"
    default_message = (
        "The order has the maximum number of parcels, cancellations, refunds, returns or notes. "
        "It takes no more, but a parcel with all that is left."
    )


class OrderExpiredUnpaid(AppError):
    """The time to pay for the order is over."""

    status, code = 409, "order_expired"
    default_message = "The order was not paid in time. Place a new order."


class PaymentStarted(AppError):
    """A buyer has started to pay, and may complete that at any moment."""

    status, code = 409, "payment_started"
    default_message = (
        "The buyer has started a payment. Cancel it at the payment provider, or cancel the order."
    )


class PaymentUnavailable(Unavailable):
    """The payment provider cannot be reached, or the shop's credentials for it are missing."""

    code = "payment_unavailable"
    default_message = "The payment provider cannot be reached. Retry after the time in Retry-After."


class PaymentRefused(AppError):
    """The provider refuses the request for good; `details.reason` is its code."""

    status, code = 502, "payment_refused"
    default_message = (
        "The payment provider refused the request, and `details.reason` has its code. "
        "Change the request before you retry it."
    )


class WebhookSignatureInvalid(AppError):
    status, code = 400, "webhook_signature_invalid"
    default_message = (
        "The signature matches no secret of the shop. Check the webhook's secret on both sides."
    )


class WebhookTooOld(AppError):
    """The signature's time is further from now than the tolerance."""

    status, code = 400, "webhook_too_old"
    default_message = (
        "The time of the signature is too old or in the future. Check the clock and sign again."
    )
