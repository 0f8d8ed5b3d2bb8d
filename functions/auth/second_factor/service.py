"""The second factor: a password starts the enrolment, and a code from the app confirms it."""

from collections.abc import Iterable

from auth.accounts import repository as accounts
from auth.accounts import service as account_rules
from auth.credentials import service as credentials
from auth.credentials.login_throttle import LoginThrottle
from auth.credentials.service import Authentication
from auth.second_factor import codes
from auth.second_factor.codes import AcceptedCode
from auth.second_factor.schemas import SecondFactorProof
from auth.sessions import repository as sessions
from shared import clock, observability
from shared.config import AccountSettings, settings
from shared.errors.accounts import (
    EmailNotVerified,
    SecondFactorAlreadyEnabled,
    SecondFactorNotEnabled,
    WrongCode,
)
from shared.events.accounts import SecondFactorChanged, SecondFactorChangedData
from shared.http.authorization import Client
from shared.records import Record
from shared.security.permissions import Principal
from shared.storage import outbox
from shared.storage.models.accounts import Login, User
from shared.storage.transactions import Action, Transaction


class Enrolment(Record):
    secret: str  # base32
    uri: str  # otpauth://


def start_second_factor(caller: Principal, password: str, client: Client) -> Enrolment:
    """Store a new secret. Logins do not change until `confirm_second_factor`.

    Raises WrongPassword, EmailNotVerified and SecondFactorAlreadyEnabled.
    """
    user = account_rules.get_me(caller)
    if not user.email_verified:  # it could lock out the real owner of the address
        raise EmailNotVerified
    if user.second_factor:
        raise SecondFactorAlreadyEnabled
    authentication = credentials.reauthenticate(user, password, None, client)
    seed = codes.new_seed(credentials.pepper())
    _update(user, authentication, [Login.totp_seed.set(seed), Login.totp_step.remove()])
    observability.audit("start_second_factor", "done", user_id=user.user_id)
    totp = codes.totp_from_seed(seed, credentials.pepper())
    shop = settings(AccountSettings).shop_name
    return Enrolment(totp.secret, totp.provisioning_uri(name=user.email, issuer_name=shop))


def confirm_second_factor(caller: Principal, code: str, client: Client) -> list[str]:
    """Enable the second factor and return recovery codes. All other sessions end.

    Raises WrongCode, TooManyAttempts, SecondFactorAlreadyEnabled, SecondFactorNotEnabled when the
    enrolment has not started, and ConcurrentModification.
    """
    user = account_rules.get_me(caller)
    if user.second_factor:
        raise SecondFactorAlreadyEnabled
    login, throttle, accepted = _check_enrolment_code(user, code, client)
    recovery_codes = codes.new_recovery_codes()
    hashes, epoch = codes.hash_recovery_codes(recovery_codes), int(user.access_epoch) + 1
    transaction = Transaction()
    throttle.stage_success(transaction, clock.utc_now())
    accounts.stage_profile_update(
        transaction,
        user,
        login_actions=[*accepted.actions, Login.recovery_hashes.set(hashes)],
        login_condition=(Login.totp_seed == login.totp_seed) & accepted.is_unused,
        second_factor=True,
        access_epoch=epoch,
    )
    sessions.stage_session_kept(transaction, caller, epoch, with_second_factor=True)
    outbox.stage_event(transaction, _changed_event(user, enabled=True))
    transaction.commit()
    observability.audit("confirm_second_factor", "done", user_id=user.user_id)
    return recovery_codes


def _check_enrolment_code(
    user: User, code: str, client: Client
) -> tuple[Login, LoginThrottle, AcceptedCode]:
    """Raises WrongCode, TooManyAttempts and SecondFactorNotEnabled."""
    login, throttle, now = credentials.check_throttle(user.email, client)
    if login is None or not login.totp_seed:
        raise SecondFactorNotEnabled(
            "The enrolment has not started. Start it at POST /v1/me/second-factor."
        )
    accepted = codes.match_code(login, code, credentials.pepper(), now=now)
    if accepted is None:
        raise credentials.record_failure(WrongCode(), login, throttle, now)
    return login, throttle, accepted


def replace_recovery_codes(
    caller: Principal, proof: SecondFactorProof, client: Client
) -> list[str]:
    """Raises WrongPassword, WrongCode and SecondFactorNotEnabled."""
    user = account_rules.get_me(caller)
    if not user.second_factor:
        raise SecondFactorNotEnabled
    authentication = credentials.reauthenticate(user, proof.password, proof.code, client)
    recovery_codes = codes.new_recovery_codes()
    # The new hashes replace all old ones, so a recovery code needs no update of its own.
    step = authentication.code.step if authentication.code else None
    code_actions = [] if step is None else [Login.totp_step.set(step)]
    hashes = codes.hash_recovery_codes(recovery_codes)
    _update(user, authentication, [*code_actions, Login.recovery_hashes.set(hashes)])
    observability.audit("replace_recovery_codes", "done", user_id=user.user_id)
    return recovery_codes


def disable_second_factor(caller: Principal, proof: SecondFactorProof, client: Client) -> None:
    """Raises WrongPassword, WrongCode and SecondFactorNotEnabled."""
    user = account_rules.get_me(caller)
    if not user.second_factor:
        raise SecondFactorNotEnabled
    authentication = credentials.reauthenticate(user, proof.password, proof.code, client)
    _update(user, authentication, codes.removal_actions(), enabled=False)
    observability.audit("disable_second_factor", "done", user_id=user.user_id)


def _update(
    user: User,
    authentication: Authentication,
    login_actions: Iterable[Action],
    *,
    enabled: bool | None = None,
) -> None:
    """Write the change. `enabled` is given when it changes, and the owner is mailed then."""
    transaction = Transaction()
    authentication.throttle.stage_success(transaction, clock.utc_now())
    changes = {} if enabled is None else {"second_factor": enabled}
    accounts.stage_profile_update(
        transaction,
        user,
        login_actions=login_actions,
        login_condition=authentication.login_condition,
        **changes,
    )
    if enabled is not None:
        outbox.stage_event(transaction, _changed_event(user, enabled=enabled))
    transaction.commit()


def _changed_event(user: User, *, enabled: bool) -> SecondFactorChanged:
    return SecondFactorChanged(data=SecondFactorChangedData(user_id=user.user_id, enabled=enabled))
