"""Refusals that have to do with who is calling, and what they may do."""

from shared.errors.base import AppError, NotFound


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


class UserNotFound(NotFound):
    code = "user_not_found"


class SessionNotFound(NotFound):
    code = "session_not_found"


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"


class EmailTaken(AppError):
    """Never told to a client: whether an account exists is its owner's affair."""

    status, code = 409, "email_taken"


class CannotModifyOwnAccount(AppError):
    status, code = 409, "cannot_modify_own_account"


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


class TooManyAttempts(AppError):
    status, code = 429, "too_many_attempts"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after  # seconds

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}
