"""Which refusals each operation has: those that follow from its route, and its own.

`account_refusals`, `catalog_refusals` and `order_refusals` list the own ones.

The tests fail for an answer that is not listed here, and for a refusal that no test drives.
"""

from typing import Any

from docs.contract.account_refusals import ACCOUNTS
from docs.contract.catalog_refusals import CATALOG
from docs.contract.order_refusals import ORDERS
from shared.errors import accounts, carts, files, requests
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
}

OWN: dict[str, Refusals] = {
    **ACCOUNTS,
    **CATALOG,
    **ORDERS,
    "create_upload": (accounts.TooManyAttempts, files.TooManyOpenUploads),
    "get_upload": (requests.UploadNotFound,),
    "complete_upload": (
        files.PartsMissing,
        files.UploadEnded,
        files.UploadNotInParts,
        requests.UploadNotFound,
    ),
    "confirm_upload": (files.UploadEnded, files.UploadNotCheckedYet, requests.UploadNotFound),
    "cancel_upload": (files.UploadEnded, requests.UploadNotFound),
    "create_import_mapping": (requests.IdempotencyKeyReused, requests.ImportMappingLimit),
    "get_import_mapping": (requests.ImportMappingNotFound,),
    "replace_import_mapping": (requests.ImportMappingNotFound, requests.ConcurrentModification),
    "delete_import_mapping": (requests.ImportMappingNotFound,),
    "create_product_export": (requests.TooManyExports, requests.IdempotencyKeyReused),
    "get_product_export": (requests.ExportNotFound,),
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
        if field.alias.lower() == "cart-token" and not field.required:
            found += (carts.CartNotFound,)
        if field.alias.lower() == "if-match" and field.required:
            found += (requests.IfMatchRequired,)
    return found
