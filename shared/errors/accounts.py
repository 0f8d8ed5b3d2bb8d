"""Refusals about who is calling and what they may do."""

from shared.errors.base import AppError, NotFound


class Unauthenticated(AppError):
    status = 401
    default_message = "Log in and send your access token: Authorization: Bearer <token>."

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="souk"'}


class TokenMissing(Unauthenticated):
    code = "token_missing"
    default_message = "Send your access token: Authorization: Bearer <token>."


class TokenInvalid(Unauthenticated):
    code = "token_invalid"
    default_message = "This token or API key is not valid. Log in again, or create a new key."

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="souk", error="invalid_token"'}  # RFC 6750, 3


class TokenExpired(TokenInvalid):
    code = "token_expired"
    default_message = "This token or API key has expired. Refresh the token, or create a new key."


class SessionEnded(TokenInvalid):
    code = "session_ended"
    default_message = "This session has ended, or its account was closed. Log in again."


class WrongCredentials(Unauthenticated):
    code = "wrong_credentials"
    default_message = "Wrong e-mail or password, or the address is not confirmed. Check your inbox."


class CodeRequired(Unauthenticated):
    """The password is right, but the account also needs a second factor code."""

    code = "second_factor_code_required"
    default_message = "Send `code` too: a code from your authenticator app, or a recovery code."


class CodeRefused(Unauthenticated):
    """The password is right, but the code is wrong or was used before."""

    code = "second_factor_code_refused"
    default_message = "This code is wrong or was used before. Wait for the next code and retry."


class Forbidden(AppError):
    status, code = 403, "forbidden"
    default_message = "You do not have permission to do this. Ask an admin for it."


class SecondFactorRequired(Forbidden):
    code = "second_factor_required"
    default_message = (
        "Staff must log in with a second factor. Set yours up at POST /v1/me/second-factor."
    )


class ProxyRequired(Forbidden):
    """The request did not come through the proxy in front of the shop."""

    code = "proxy_required"
    default_message = "Send requests to the shop's public address, not to the API's own."


class EmailNotVerified(Forbidden):
    code = "email_not_verified"
    default_message = "Confirm your e-mail address first. Open the link in the mail we sent you."


class AccountDisabled(Forbidden):
    code = "account_disabled"
    default_message = "This account is disabled. Contact the shop."


class WrongPassword(Forbidden):
    """A signed-in caller repeated the password wrongly. The token is good, so this is no 401."""

    code = "wrong_password"
    default_message = "The password is wrong. Enter your current password."


class WrongCode(Forbidden):
    code = "wrong_code"
    default_message = "This code is wrong or was used before. Enter the code that your app shows."


class UserNotFound(NotFound):
    code = "user_not_found"
    default_message = "This user does not exist. Check the id."


class SessionNotFound(NotFound):
    code = "session_not_found"
    default_message = "You have no session with this id. List yours at GET /v1/me/sessions."


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"
    default_message = "You have no API key with this id. List yours at GET /v1/me/api-keys."


class AddressNotFound(NotFound):
    code = "address_not_found"
    default_message = "You have no address with this id. List yours at GET /v1/me/addresses."


class AddressLimit(AppError):
    status, code = 409, "address_limit"
    default_message = "You have the maximum number of addresses. Delete one, then retry."


class DefaultAddressRequired(AppError):
    """One of a user's addresses is the default."""

    status, code = 409, "default_address_required"
    default_message = "This address is your default. Make another address the default instead."


class EmailTaken(AppError):
    """Raised inside the shop only: a client must not learn whether an account exists."""

    status, code = 409, "email_taken"
    default_message = "Another account uses this e-mail address. Use a different address."


class CannotModifyOwnAccount(AppError):
    status, code = 409, "cannot_modify_own_account"
    default_message = "You cannot do this to your own account. Ask another admin."


class PasswordTooShortForStaff(AppError):
    status, code = 409, "password_too_short_for_staff"
    default_message = (
        "The account's password is too short for staff. "
        "Ask its owner to change it at PUT /v1/me/password, then retry."
    )


class SecondFactorAlreadyEnabled(AppError):
    status, code = 409, "second_factor_already_enabled"
    default_message = (
        "Your second factor is already enabled. "
        "To replace it, disable it first at DELETE /v1/me/second-factor."
    )


class SecondFactorNotEnabled(AppError):
    """The account has no second factor, or its enrolment has not started."""

    status, code = 409, "second_factor_not_enabled"
    default_message = (
        "Your second factor is not enabled. Start the enrolment at POST /v1/me/second-factor."
    )


class ApiKeyLimit(AppError):
    status, code = 409, "api_key_limit"
    default_message = "You have the maximum number of API keys. Revoke a key, then retry."


class LinkExpired(AppError):
    """One answer for a token that was used, has expired or never existed."""

    status, code = 400, "link_expired"
    default_message = "This link has expired or was used before. Request a new one."


class TooManyAttempts(AppError):
    status, code = 429, "too_many_attempts"
    default_message = "Too many attempts. Retry after the time in Retry-After."

    def __init__(self, message: str | None = None, *, retry_after: int) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after  # seconds

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}
