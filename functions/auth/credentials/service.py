"""Proving who one is: the one place where passwords and codes are checked.

The answer to an attempt is given only after the attempt was counted, so that guesses made side by
side tell no more than guesses made in turn.
"""

from dataclasses import dataclass
from datetime import datetime

from auth.credentials import repository
from auth.credentials.login_throttle import LoginThrottle
from auth.second_factor import codes
from auth.second_factor.codes import UsedCode
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
from shared.security import passwords
from shared.security.key_rings import KeyRing, key_ring
from shared.storage.models.accounts import Login, User
from shared.storage.transactions import Action, Condition, Transaction


@dataclass(frozen=True, slots=True)
class Proof:
    """The owner has shown who they are. `settle` puts into a transaction what follows from that."""

    login: Login
    guard: LoginThrottle
    code: UsedCode | None
    new_hash: str | None  # the password, hashed as passwords are now hashed

    @property
    def login_actions(self) -> list[Action]:
        actions = list(self.code.actions) if self.code else []
        if self.new_hash:
            actions.append(Login.password_hash.set(self.new_hash))
        return actions

    @property
    def still_holds(self) -> Condition:
        """Of the login: password, roles and status are still those, and the code was not used."""
        holds: Condition = (Login.password_hash == self.login.password_hash) & (
            Login.access_epoch == self.login.access_epoch
        )
        return holds & self.code.unused if self.code else holds

    def settle(self, transaction: Transaction) -> None:
        """Forget failures, use up the code, renew the hash.

        Its refusals are TooManyAttempts and WrongCredentials, for what happened meanwhile.
        """
        self.guard.note_success(transaction, clock.utc_now())
        overtaken = wrong_credentials()
        email = self.login.email
        if self.login_actions:
            transaction.update(
                Login(email), self.login_actions, only_if=self.still_holds, otherwise=overtaken
            )
        else:
            transaction.check(Login, email, only_if=self.still_holds, otherwise=overtaken)


def authenticate(email: str, password: str, code: str | None, client: Client) -> Proof:
    """Two calls for a failure, one for a success.

    Raises TooManyAttempts; WrongCredentials, after the same time for a wrong password and an
    unknown e-mail; and, for the right password, CodeRequired, CodeRefused or AccountDisabled.
    """
    login, guard, now = check_throttle(email, client)
    refusal = _refusal_of(login, password)
    if refusal is not None or login is None:
        raise record_failure(refusal or wrong_credentials(), login, guard, now)
    used = _used_code(login, code, now)
    if login.second_factor and used is None:
        raise record_failure(_code_refused() if code else _code_required(), login, guard, now)
    return Proof(login, guard, used, _renewed(password, login))


def check_throttle(email: str, client: Client) -> tuple[Login | None, LoginThrottle, datetime]:
    """What an attempt is about, unless it comes too early. Raises TooManyAttempts."""
    now = clock.utc_now()
    free = settings(AccountSettings).failures_per_address
    login, guard = repository.read(email, client.address, now=now, free_per_address=free)
    try:
        guard.admit(now)
    except TooManyAttempts as refusal:
        account = guard.account.subject
        observability.audit("prove_identity", "refused", reason=refusal.code, account=account)
        raise
    return login, guard, now


def _refusal_of(login: Login | None, password: str) -> AppError | None:
    if login is None:
        passwords.verify_dummy_hash(password, pepper(), cost=cost())
        return wrong_credentials()
    if not passwords.is_password(password, login.password_hash, pepper(), cost=cost()):
        return wrong_credentials()
    if login.status != "active":
        return AccountDisabled("This account was disabled. Ask the shop.")
    if settings(AccountSettings).require_verified_email and not login.email_verified:
        # To say more would tell whoever has just registered that the address was free.
        return wrong_credentials()
    return None


def record_failure(
    refusal: AppError, login: Login | None, guard: LoginThrottle, now: datetime
) -> AppError:
    """The refusal, once the failure is written down. Raises TooManyAttempts if overtaken."""
    repository.count_failure(guard, now)
    whose = {"user_id": login.user_id} if login else {"account": guard.account.subject}
    observability.audit("prove_identity", "refused", reason=refusal.code, **whose)
    return refusal


def _used_code(login: Login, code: str | None, now: datetime) -> UsedCode | None:
    if not login.second_factor or code is None:
        return None
    return codes.use(login, code, pepper(), now=now)


def _renewed(password: str, login: Login) -> str | None:
    """The hash anew, when the cost or the pepper has changed since it was made."""
    if passwords.is_current(login.password_hash, pepper(), cost=cost()):
        return None
    return passwords.hash_password(password, pepper(), cost=cost())


def _code_refused() -> CodeRefused:
    return CodeRefused("This code is wrong, or was used before: wait for the next one.")


def _code_required() -> CodeRequired:
    return CodeRequired("Send the `code` of your second factor, or a recovery code, too.")


def wrong_credentials() -> WrongCredentials:
    return WrongCredentials(
        "E-mail and password do not belong together, or the address is not confirmed yet: "
        "look for our mail."
    )


def pepper() -> KeyRing:
    return key_ring(settings(PasswordSettings).password_pepper_secret_arn)


def cost() -> int:
    return settings(PasswordSettings).bcrypt_cost


def confirm(user: User, password: str, code: str | None, client: Client) -> Proof:
    """Who is signed in shows once more that it is them, before something that matters.

    Raises WrongPassword, WrongCode, AccountDisabled and TooManyAttempts.
    """
    try:
        return authenticate(user.email, password, code, client)
    except (CodeRequired, CodeRefused) as refusal:
        raise WrongCode(refusal.message) from refusal
    except WrongCredentials as refusal:
        raise WrongPassword("This is not your password.") from refusal
