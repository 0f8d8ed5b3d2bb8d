"""Which refusals each operation has: those that follow from its route, and its own.

The tests fail for an answer that is not listed here, and for a refusal that no test drives.
"""

from typing import Any

from shared.errors import accounts, carts, catalog, orders, parcels, promotions, requests
from shared.errors.base import AppError, InternalError, NotFound, Unavailable
from shared.security.permissions import PERMISSIONS, Role

Refusals = tuple[type[AppError], ...]

ANY: Refusals = (accounts.ProxyRequired, InternalError, Unavailable)
WITH_TOKEN: Refusals = (
    accounts.TokenMissing,
    accounts.TokenInvalid,
    accounts.TokenExpired,
    accounts.SessionEnded,
    accounts.Forbidden,
)
WITH_BODY: Refusals = (
    requests.MalformedJson,
    requests.NotUtf8,
    requests.RequestTooLarge,
    requests.UnsupportedMediaType,
    requests.InvalidFields,
)
WITH_CURSOR: Refusals = (
    requests.InvalidCursor,
    requests.CursorExpired,
    requests.CursorQueryMismatch,
)
WITH_HEADER: dict[str, Refusals] = {
    "if-match": (requests.InvalidPrecondition, requests.StaleVersion, requests.InvalidFields),
    "idempotency-key": (requests.IdempotencyKeyRequired, requests.InvalidFields),
    "cart-token": (carts.CartNotFound,),
}

_REAUTHENTICATED: Refusals = (
    accounts.WrongPassword,
    accounts.WrongCode,
    accounts.AccountDisabled,
    accounts.TooManyAttempts,
)
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
    carts.CartFull,
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
_EDITED_PRODUCT: Refusals = (
    catalog.CurrencyInUse,
    catalog.CurrencyNotAccepted,
    catalog.GroupFull,
    catalog.OptionsTaken,
    catalog.ProductNotFound,
    orders.MixedCurrencies,
    requests.ConcurrentModification,
)

OWN: dict[str, Refusals] = {
    "log_in": (
        accounts.WrongCredentials,
        accounts.CodeRequired,
        accounts.CodeRefused,
        accounts.AccountDisabled,
        accounts.TooManyAttempts,
    ),
    "refresh_tokens": (accounts.TokenInvalid, accounts.SessionEnded),
    "register": (accounts.TooManyAttempts,),
    "verify_email": (accounts.LinkExpired,),
    "resend_verification_email": (accounts.TooManyAttempts,),
    "request_password_reset": (accounts.TooManyAttempts,),
    "reset_password": (accounts.LinkExpired,),
    "request_email_change": _REAUTHENTICATED,
    "change_password": _REAUTHENTICATED,
    "update_me": (requests.ConcurrentModification,),
    "delete_me": (
        *_REAUTHENTICATED,
        accounts.CannotModifyOwnAccount,
        requests.ConcurrentModification,
    ),
    "end_session": (accounts.SessionNotFound,),
    "log_out": (accounts.SessionNotFound,),
    "end_other_sessions": (requests.ConcurrentModification,),
    "create_api_key": (
        accounts.ApiKeyLimit,
        accounts.TooManyAttempts,
        requests.ConcurrentModification,
    ),
    "revoke_api_key": (accounts.ApiKeyNotFound,),
    "create_address": (
        accounts.AddressLimit,
        requests.ConcurrentModification,
        requests.IdempotencyKeyReused,
    ),
    "get_address": (accounts.AddressNotFound,),
    "update_address": (
        accounts.AddressNotFound,
        accounts.DefaultAddressRequired,
        requests.ConcurrentModification,
    ),
    "delete_address": (accounts.AddressNotFound, requests.ConcurrentModification),
    "start_second_factor": (
        accounts.WrongPassword,
        accounts.AccountDisabled,
        accounts.TooManyAttempts,
        accounts.EmailNotVerified,
        accounts.SecondFactorAlreadyEnabled,
    ),
    "confirm_second_factor": (
        accounts.WrongCode,
        accounts.TooManyAttempts,
        accounts.SecondFactorAlreadyEnabled,
        accounts.SecondFactorNotEnabled,
        requests.ConcurrentModification,
    ),
    "replace_recovery_codes": (*_REAUTHENTICATED, accounts.SecondFactorNotEnabled),
    "disable_second_factor": (*_REAUTHENTICATED, accounts.SecondFactorNotEnabled),
    "get_user": (accounts.UserNotFound,),
    "update_user": (
        accounts.UserNotFound,
        accounts.CannotModifyOwnAccount,
        accounts.EmailNotVerified,
        accounts.PasswordTooShortForStaff,
        requests.ConcurrentModification,
    ),
    "end_user_sessions": (accounts.UserNotFound, requests.ConcurrentModification),
    "disable_user_second_factor": (
        accounts.UserNotFound,
        accounts.CannotModifyOwnAccount,
        accounts.SecondFactorNotEnabled,
        requests.ConcurrentModification,
    ),
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
    "quote_order": _PRICED,
    "place_order": _PLACED,
    "get_order": (orders.OrderNotFound,),
    "cancel_order": _CHANGED_ORDER,
    "quote_guest_order": _PRICED,
    "place_guest_order": _PLACED,
    "get_guest_order": (orders.OrderNotFound,),
    "cancel_guest_order": _CHANGED_ORDER,
    "replace_cart": tuple(each for each in _CHANGED_CART if each is not carts.CartFull),
    "update_cart": _CHANGED_CART,
    "empty_cart": (requests.ConcurrentModification,),
    "merge_carts": (carts.CartFull, requests.ConcurrentModification, requests.InvalidFields),
    "quote_cart": (*_PRICED, carts.CartEmpty),
    "replace_guest_cart": tuple(each for each in _CHANGED_GUEST_CART if each is not carts.CartFull),
    "update_guest_cart": _CHANGED_GUEST_CART,
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
    "create_export": (orders.TooManyExports, requests.IdempotencyKeyReused),
    "get_export": (orders.ExportNotFound,),
    "create_promotion": (*_EDITED_PROMOTION, promotions.PromotionCodeTaken),
    "get_promotion": (promotions.PromotionNotFound,),
    "update_promotion": (*_EDITED_PROMOTION, promotions.PromotionNotFound),
    "replace_tax_rates": (requests.ConcurrentModification,),
    "replace_shipping_rates": (requests.ConcurrentModification,),
    "create_upload": (accounts.TooManyAttempts,),
    "get_upload": (requests.UploadNotFound,),
    "get_country": (requests.CountryNotFound,),
}


def refusals_of(route: Any) -> list[type[AppError]]:
    """All refusals of a route, by status and code."""
    found = {*ANY, *_of_caller(route), *_of_parameters(route), *OWN.get(route.func.__name__, ())}
    found |= {*WITH_BODY} if route.dependant.body_params else set()
    return sorted(found, key=lambda refusal: (refusal.status, refusal.code))


def _of_caller(route: Any) -> Refusals:
    if route.func.requires is None:
        return ()
    needs_staff = route.func.requires not in PERMISSIONS[Role.CUSTOMER]
    return (*WITH_TOKEN, accounts.SecondFactorRequired) if needs_staff else WITH_TOKEN


def _of_parameters(route: Any) -> Refusals:
    fields = route.dependant
    found: Refusals = ()
    if fields.path_params:
        found += (NotFound,)  # for what cannot be an id
    if fields.query_params:
        found += (requests.InvalidFields,)
    if any(field.alias == "cursor" for field in fields.query_params):
        found += WITH_CURSOR
        if route.func.requires is not None:
            found += (requests.CursorUserMismatch,)
    for field in fields.header_params:
        found += WITH_HEADER.get(field.alias.lower(), ())
        if field.alias.lower() == "cart-token" and field.required:
            found = tuple(each for each in found if each is not carts.CartNotFound)
        if field.alias.lower() == "if-match" and field.required:
            found += (requests.IfMatchRequired,)
    return found
