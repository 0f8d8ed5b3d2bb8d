"""Every refusal that Souk gives, with its HTTP status and its stable code.

Raised where it is known and rendered once, in `shared.api`. A class without `status` and `code`
is not a refusal: neither has a default, so that none can be forgotten.
"""

from typing import Any, ClassVar


class AppError(Exception):
    """A refusal that the client is told about.

    `details` are the facts that a program can act on.
    """

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def headers(self) -> dict[str, str]:
        """What the status asks to be sent along (RFC 9110)."""
        return {}


class NotUtf8(AppError):
    status, code = 400, "not_utf8"


class MalformedJson(AppError):
    status, code = 400, "malformed_json"


class InvalidCursor(AppError):
    status, code = 400, "invalid_cursor"


class CursorExpired(InvalidCursor):
    code = "cursor_expired"


class CursorOfAnotherQuery(InvalidCursor):
    code = "cursor_of_another_query"


class CursorOfAnotherUser(InvalidCursor):
    code = "cursor_of_another_user"


class InvalidPrecondition(AppError):
    """An If-Match or If-None-Match that cannot be read."""

    status, code = 400, "invalid_precondition"


class Unauthenticated(AppError):
    status = 401

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="souk"'}


class TokenMissing(Unauthenticated):
    code = "token_missing"


class TokenInvalid(Unauthenticated):
    code = "token_invalid"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="souk", error="invalid_token"'}  # RFC 6750, 3


class TokenExpired(TokenInvalid):
    code = "token_expired"


class SessionEnded(TokenInvalid):
    code = "session_ended"


class WrongCredentials(Unauthenticated):
    code = "wrong_credentials"


class CodeRequired(Unauthenticated):
    """The password is right; the account also asks for a code of its second factor."""

    code = "second_factor_code_required"


class CodeRefused(Unauthenticated):
    """As above, and a code was sent that is wrong, or was used before."""

    code = "second_factor_code_refused"


class Forbidden(AppError):
    status, code = 403, "forbidden"


class SecondFactorRequired(Forbidden):
    code = "second_factor_required"


class EmailNotVerified(Forbidden):
    code = "email_not_verified"


class AccountDisabled(Forbidden):
    code = "account_disabled"


class WrongPassword(Forbidden):
    """Who is signed in did not confirm it with the right password. No 401: the token is good."""

    code = "wrong_password"


class WrongCode(Forbidden):
    code = "wrong_code"


class NotFound(AppError):
    status, code = 404, "not_found"


class ProductNotFound(NotFound):
    code = "product_not_found"


class OrderNotFound(NotFound):
    code = "order_not_found"


class UploadNotFound(NotFound):
    code = "upload_not_found"


class UserNotFound(NotFound):
    code = "user_not_found"


class SessionNotFound(NotFound):
    code = "session_not_found"


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"


class MethodNotAllowed(AppError):
    status, code = 405, "method_not_allowed"

    def __init__(self, message: str, *, allowed: list[str]) -> None:
        super().__init__(message, allowed=allowed)
        self.allowed = allowed

    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class EmailTaken(AppError):
    """Never told to a client: whether an account exists is its owner's affair."""

    status, code = 409, "email_taken"


class ChangedMeanwhile(AppError):
    """Someone else was faster. Read again, and decide again."""

    status, code = 409, "changed_meanwhile"


class OwnAccount(AppError):
    status, code = 409, "own_account"


class PasswordTooShortForStaff(AppError):
    status, code = 409, "password_too_short_for_staff"


class SecondFactorState(AppError):
    """It is on already, or not on, or was not begun."""

    status, code = 409, "second_factor_state"


class ApiKeyLimit(AppError):
    status, code = 409, "api_key_limit"


class LinkExpired(AppError):
    """The token in a link was used, has expired or never was: which of them is not told."""

    status, code = 400, "link_expired"


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


class StockBelowZero(AppError):
    """An adjustment would take more than there is."""

    status, code = 409, "stock_below_zero"


class OrderAlreadyPlaced(AppError):
    status, code = 409, "order_already_placed"


class StaleVersion(AppError):
    """Someone else has changed it since it was read."""

    status, code = 412, "stale_version"


class TooLarge(AppError):
    status, code = 413, "too_large"


class UnsupportedMediaType(AppError):
    status, code = 415, "unsupported_media_type"


class InvalidFields(AppError):
    """`fields` lists each one that is wrong: its path, a code and what to do about it."""

    status, code = 422, "invalid_fields"


class UnanswerableQuery(AppError):
    """No index answers it; the details say what can be asked."""

    status, code = 422, "unanswerable_query"


class SkuIsFixed(AppError):
    """A product's SKU is its identity."""

    status, code = 422, "sku_is_fixed"


class UnknownProducts(AppError):
    status, code = 422, "unknown_products"


class MixedCurrencies(AppError):
    status, code = 422, "mixed_currencies"


class AmountTooLarge(AppError):
    status, code = 422, "amount_too_large"


class IdempotencyKeyReused(AppError):
    status, code = 422, "idempotency_key_reused"


class IdempotencyKeyRequired(AppError):
    status, code = 428, "idempotency_key_required"


class IfMatchRequired(AppError):
    status, code = 428, "if_match_required"


class TooManyAttempts(AppError):
    status, code = 429, "too_many_attempts"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after  # seconds

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class Unavailable(AppError):
    """Too busy or out of reach: the same request may well go through in a second."""

    status, code = 503, "unavailable"

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}
