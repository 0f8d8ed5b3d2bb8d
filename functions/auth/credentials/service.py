"""Authentication: the one place that checks passwords and second factor codes.

An attempt is counted before it is answered. So guesses made at the same time learn no more than
guesses made one after the other.
"""

from datetime import datetime

from auth.credentials import repository
from auth.credentials.login_throttle import LoginThrottle
from auth.second_factor import codes
from auth.second_factor.codes import AcceptedCode
from shared import clock, observability
from shared.config import AccountSettings, PasswordSettings, settings
from shared.errors.accounts import (
    AccountDisabled,
    CodeRefused,
    CodeRequired,
    TooManyAttempts,
    WrongCode,
    WrongCredentials,
    WrongPassword,
)
from shared.errors.base import AppError
from shared.http.authorization import Client
from shared.records import Record
from shared.security import passwords
from shared.security.key_rings import KeyRing, key_ring
from shared.storage.models.accounts import Login, User
from shared.storage.transactions import Action, Condition, Transaction


class Authentication(Record):
    """A correct password, and a correct code where the account needs one."""

    login: Login
    throttle: LoginThrottle
    code: AcceptedCode | None
    new_hash: str | None  # of the password, when the stored hash is outdated

    @property
    def login_actions(self) -> list[Action]:
        actions = list(self.code.actions) if self.code else []
        if self.new_hash:
            actions.append(Login.password_hash.set(self.new_hash))
        return actions

    @property
    def login_condition(self) -> Condition:
        """The password, roles and status have not changed, and nobody has used the code."""
        is_unchanged: Condition = (Login.password_hash == self.login.password_hash) & (
            Login.access_epoch == self.login.access_epoch
        )
        return is_unchanged & self.code.is_unused if self.code else is_unchanged

    def stage_success(self, transaction: Transaction) -> None:
        """Clear the failures, use up the code and renew an outdated hash.

        The transaction raises TooManyAttempts or WrongCredentials when a failure was counted, or
        the login has changed, since it was checked.
        """
        self.throttle.stage_success(transaction, clock.utc_now())
        email, refusal = self.login.email, WrongCredentials()
        if self.login_actions:
            transaction.update(
                Login(email), self.login_actions, only_if=self.login_condition, otherwise=refusal
            )
        else:
            transaction.check(Login, email, only_if=self.login_condition, otherwise=refusal)


def authenticate(email: str, password: str, code: str | None, client: Client) -> Authentication:
    """Check a password, and a code. Two AWS calls for a failure, one for a success.

    Raises TooManyAttempts. Raises WrongCredentials for a wrong password and for an unknown e-mail,
    after the same time. For the right password, raises CodeRequired, CodeRefused and
    AccountDisabled.
    """
    login, throttle, now = check_throttle(email, client)
    refusal = _check_password(login, password)
    if refusal is not None or login is None:
        raise record_failure(refusal or WrongCredentials(), login, throttle, now)
    accepted = _accepted_code(login, code, now)
    if login.second_factor and accepted is None:
        raise record_failure(CodeRefused() if code else CodeRequired(), login, throttle, now)
    return Authentication(login, throttle, accepted, _renewed_hash(password, login))


def reauthenticate(user: User, password: str, code: str | None, client: Client) -> Authentication:
    """Ask a signed-in user for the password, and the code, before a sensitive change.

    Raises WrongPassword, WrongCode, AccountDisabled and TooManyAttempts.
    """
    try:
        return authenticate(user.email, password, code, client)
    except (CodeRequired, CodeRefused) as refusal:
        raise WrongCode(refusal.message) from refusal
    except WrongCredentials as refusal:
        raise WrongPassword from refusal


def check_throttle(email: str, client: Client) -> tuple[Login | None, LoginThrottle, datetime]:
    """Return the login that an attempt is for, if any. Raises TooManyAttempts during a wait."""
    now = clock.utc_now()
    free = settings(AccountSettings).failures_per_address
    login, throttle = repository.find_login_and_throttle(
        email, client.address, now=now, free_attempts_per_address=free
    )
    try:
        throttle.check(now)
    except TooManyAttempts as refusal:
        account = throttle.account.subject
        observability.audit("check_credentials", "refused", reason=refusal.code, account=account)
        raise
    return login, throttle, now


def record_failure(
    refusal: AppError, login: Login | None, throttle: LoginThrottle, now: datetime
) -> AppError:
    """Count the failure, then return the refusal. Raises TooManyAttempts when overtaken."""
    repository.record_failure(throttle, now)
    subject = {"user_id": login.user_id} if login else {"account": throttle.account.subject}
    observability.audit("check_credentials", "refused", reason=refusal.code, **subject)
    return refusal


def _check_password(login: Login | None, password: str) -> AppError | None:
    """Return the refusal instead of raising it: the caller counts the failure first."""
    if login is None:
        passwords.verify_dummy_hash(password, pepper(), cost=bcrypt_cost())
        return WrongCredentials()
    if not passwords.verify_password(password, login.password_hash, pepper(), cost=bcrypt_cost()):
        return WrongCredentials()
    if login.status != "active":
        return AccountDisabled()
    if settings(AccountSettings).require_verified_email and not login.email_verified:
        # A more exact answer would reveal, right after registering, that the address was free.
        return WrongCredentials()
    return None


def _accepted_code(login: Login, code: str | None, now: datetime) -> AcceptedCode | None:
    if not login.second_factor or code is None:
        return None
    return codes.match_code(login, code, pepper(), now=now)


def _renewed_hash(password: str, login: Login) -> str | None:
    """Return a new hash when the cost or the pepper has changed since the stored one."""
    if passwords.is_current(login.password_hash, pepper(), cost=bcrypt_cost()):
        return None
    return passwords.hash_password(password, pepper(), cost=bcrypt_cost())


def pepper() -> KeyRing:
    return key_ring(settings(PasswordSettings).password_pepper_secret_arn)


def bcrypt_cost() -> int:
    return settings(PasswordSettings).bcrypt_cost
