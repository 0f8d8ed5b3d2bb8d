"""The refusals of operations on carts, orders, payments and prices, by operation."""

from shared.errors import accounts, carts, catalog, orders, parcels, promotions, requests
from shared.errors.base import AppError

Refusals = tuple[type[AppError], ...]

_PRICED: Refusals = (
    accounts.TooManyAttempts,
    orders.AmountTooLarge,
    orders.HeldStockLimitReached,
    orders.MixedCurrencies,
    orders.NoShippingRate,
    orders.NoTaxRate,
    promotions.PromotionExpired,
    promotions.PromotionMinimumNotMet,
    promotions.PromotionNotForItems,
    promotions.PromotionNotInCurrency,
    promotions.PromotionUsedUp,
    orders.QuantityLimitExceeded,
    orders.UnknownProducts,
    promotions.UnknownPromotion,
    orders.UnknownRegion,
)
_PLACED: Refusals = (
    *_PRICED,
    carts.CartChanged,
    catalog.OutOfStock,
    catalog.StockFragmented,
    orders.TotalChanged,
    requests.IdempotencyKeyReused,
)
_CHANGED_CART: Refusals = (
    orders.QuantityLimitExceeded,
    orders.UnknownProducts,
    requests.ConcurrentModification,
)
_CHANGED_GUEST_CART: Refusals = (*_CHANGED_CART, accounts.TooManyAttempts)
_PAID: Refusals = (
    accounts.TooManyAttempts,
    orders.OrderExpiredUnpaid,
    orders.OrderNotFound,
    orders.OrderStatusConflict,
    orders.PaymentRefused,
    orders.PaymentUnavailable,
)
_CHANGED_ORDER: Refusals = (orders.OrderNotFound, orders.OrderStatusConflict)
_CHANGED_PART: Refusals = (
    *_CHANGED_ORDER,
    parcels.OpenQuantityExceeded,
    requests.IdempotencyKeyReused,
)
_EDITED_PROMOTION: Refusals = (promotions.AutomaticPromotionLimit, requests.ConcurrentModification)

ORDERS: dict[str, Refusals] = {
    "quote_order": _PRICED,
    "place_order": _PLACED,
    "get_order": (orders.OrderNotFound,),
    "cancel_order": _CHANGED_ORDER,
    "quote_guest_order": _PRICED,
    "place_guest_order": _PLACED,
    "get_guest_order": (orders.OrderNotFound,),
    "cancel_guest_order": _CHANGED_ORDER,
    "replace_cart": _CHANGED_CART,
    "update_cart": (*_CHANGED_CART, carts.CartFull),
    "empty_cart": (requests.ConcurrentModification,),
    "merge_carts": (carts.CartFull, requests.ConcurrentModification, requests.InvalidFields),
    "quote_cart": (*_PRICED, carts.CartEmpty),
    "replace_guest_cart": _CHANGED_GUEST_CART,
    "update_guest_cart": (*_CHANGED_GUEST_CART, carts.CartFull),
    "empty_guest_cart": (requests.ConcurrentModification,),
    "quote_guest_cart": (*_PRICED, carts.CartEmpty),
    "start_payment": _PAID,
    "start_guest_payment": _PAID,
    "receive_payment_webhook": (
        orders.WebhookSignatureInvalid,
        orders.WebhookTooOld,
        orders.PaymentUnavailable,
        requests.NotUtf8,
        requests.RequestTooLarge,
        requests.UnsupportedMediaType,
    ),
    "get_staff_order": (orders.OrderNotFound,),
    "mark_order_paid": _CHANGED_ORDER,
    "ship_order": _CHANGED_ORDER,
    "list_shipments": (orders.OrderNotFound,),
    "get_shipment": (orders.OrderNotFound, parcels.ShipmentNotFound),
    "create_shipment": (*_CHANGED_PART, orders.OrderEntryLimitReached),
    "update_shipment": (*_CHANGED_ORDER, parcels.ShipmentNotFound),
    "change_order_address": (
        *_CHANGED_ORDER,
        orders.NoShippingRate,
        orders.NoTaxRate,
        orders.TotalChanged,
        orders.UnknownRegion,
    ),
    "change_order_buyer": (
        *_CHANGED_ORDER,
        accounts.UserNotFound,
        orders.HeldStockLimitReached,
        orders.PaymentStarted,
    ),
    "cancel_order_units": (*_CHANGED_PART, orders.OrderEntryLimitReached),
    "deliver_order": _CHANGED_ORDER,
    "return_order": (
        *_CHANGED_ORDER,
        orders.OrderEntryLimitReached,
        parcels.ReturnQuantityExceeded,
        requests.IdempotencyKeyReused,
    ),
    "refund_order": (
        orders.MixedCurrencies,
        orders.OrderEntryLimitReached,
        orders.OrderNotFound,
        orders.RefundTooLarge,
        requests.IdempotencyKeyReused,
    ),
    "add_order_note": (orders.OrderNotFound, orders.OrderEntryLimitReached),
    "resend_order_confirmation": _CHANGED_ORDER,
    "create_export": (requests.TooManyExports, requests.IdempotencyKeyReused),
    "get_export": (requests.ExportNotFound,),
    "create_promotion": (*_EDITED_PROMOTION, promotions.PromotionCodeTaken),
    "get_promotion": (promotions.PromotionNotFound,),
    "update_promotion": (*_EDITED_PROMOTION, promotions.PromotionNotFound),
    "replace_tax_rates": (requests.ConcurrentModification,),
    "replace_shipping_rates": (requests.ConcurrentModification,),
}
