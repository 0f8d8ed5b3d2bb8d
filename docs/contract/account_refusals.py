"""The refusals of operations on accounts, sessions, keys and address books, by operation."""

from shared.errors import accounts, requests
from shared.errors.base import AppError

Refusals = tuple[type[AppError], ...]

_REAUTHENTICATED: Refusals = (
    accounts.WrongPassword,
    accounts.WrongCode,
    accounts.AccountDisabled,
    accounts.TooManyAttempts,
)

ACCOUNTS: dict[str, Refusals] = {
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
}
