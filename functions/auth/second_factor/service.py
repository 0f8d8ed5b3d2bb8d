"""A second factor: begun with the password, on once a code shows that the app has the secret."""

from collections.abc import Iterable
from dataclasses import dataclass

from auth.accounts import repository as accounts
from auth.accounts import service as account_rules
from auth.credentials import service as credentials
from auth.credentials.service import Proof
from auth.second_factor import codes
from auth.second_factor.schemas import SecondFactorProof
from auth.sessions import repository as sessions
from shared import clock, observability
from shared.config import AccountSettings, settings
from shared.errors.accounts import EmailNotVerified, SecondFactorState, WrongCode
from shared.events.accounts import SecondFactorChanged, SecondFactorChangedData
from shared.http.authorization import Client
from shared.security.permissions import Principal
from shared.storage import outbox
from shared.storage.models.accounts import Login, User
from shared.storage.transactions import Action, Transaction


@dataclass(frozen=True, slots=True)
class Enrolment:
    secret: str  # base32
    uri: str  # otpauth://


def start(caller: Principal, password: str, client: Client) -> Enrolment:
    """Nothing changes at login until `confirm`; to start again replaces the secret.

    Raises WrongPassword, EmailNotVerified and SecondFactorState.
    """
    user = account_rules.whoami(caller)
    if not user.email_verified:  # it would keep the owner of the address out
        raise EmailNotVerified("Confirm your address first.")
    _check_is(user, on=False)
    proof = credentials.confirm(user, password, None, client)
    seed = codes.new_seed(credentials.pepper())
    _write(user, proof, [Login.totp_seed.set(seed), Login.totp_step.remove()])
    observability.audit("start_second_factor", "done", user_id=user.user_id)
    totp = codes.totp_of(seed, credentials.pepper())
    shop = settings(AccountSettings).shop_name
    return Enrolment(totp.secret, totp.provisioning_uri(name=user.email, issuer_name=shop))


def confirm(caller: Principal, code: str, client: Client) -> list[str]:
    """Turn it on; the recovery codes. All other sessions end: they have not shown it.

    Raises WrongCode, TooManyAttempts, SecondFactorState and ConcurrentModification.
    """
    user = account_rules.whoami(caller)
    _check_is(user, on=False)
    login, guard, now = credentials.check_throttle(user.email, client)
    if login is None or not login.totp_seed:
        raise SecondFactorState("Start it first: POST /v1/me/second-factor.")
    used = codes.use(login, code, credentials.pepper(), now=now)
    if used is None:
        wrong = WrongCode("This is not the code that the app shows now.")
        raise credentials.record_failure(wrong, login, guard, now)
    recovery_codes = codes.new_recovery_codes()
    hashes, epoch = codes.hashes_of(recovery_codes), int(user.access_epoch) + 1
    transaction = Transaction()
    guard.note_success(transaction, now)
    accounts.amend(
        transaction,
        user,
        login_actions=[*used.actions, Login.recovery_hashes.set(hashes)],
        still_holds=(Login.totp_seed == login.totp_seed) & used.unused,
        second_factor=True,
        access_epoch=epoch,
    )
    sessions.carry_over(transaction, caller, epoch, with_second_factor=True)
    outbox.stage_event(transaction, _changed(user, enabled=True))
    transaction.commit()
    observability.audit("turn_on_second_factor", "done", user_id=user.user_id)
    return recovery_codes


def renew_recovery_codes(caller: Principal, sent: SecondFactorProof, client: Client) -> list[str]:
    """Ten new ones; those of before are void. Raises WrongPassword and SecondFactorState."""
    user = account_rules.whoami(caller)
    _check_is(user, on=True)
    proof = credentials.confirm(user, sent.password, sent.code, client)
    recovery_codes = codes.new_recovery_codes()
    # A recovery code that was shown goes with the others.
    step = proof.code.step if proof.code else None
    used = [] if step is None else [Login.totp_step.set(step)]
    hashes = codes.hashes_of(recovery_codes)
    _write(user, proof, [*used, Login.recovery_hashes.set(hashes)])
    observability.audit("renew_recovery_codes", "done", user_id=user.user_id)
    return recovery_codes


def remove(caller: Principal, sent: SecondFactorProof, client: Client) -> None:
    """Turn it off. Raises WrongPassword and SecondFactorState."""
    user = account_rules.whoami(caller)
    _check_is(user, on=True)
    proof = credentials.confirm(user, sent.password, sent.code, client)
    _write(user, proof, codes.removal(), enabled=False)
    observability.audit("turn_off_second_factor", "done", user_id=user.user_id)


def _write(
    user: User, proof: Proof, login_actions: Iterable[Action], *, enabled: bool | None = None
) -> None:
    """What the owner has proved that they may; `enabled` where it changes, which they are told."""
    transaction = Transaction()
    proof.guard.note_success(transaction, clock.utc_now())
    changes = {} if enabled is None else {"second_factor": enabled}
    accounts.amend(
        transaction,
        user,
        login_actions=login_actions,
        still_holds=proof.still_holds,
        **changes,
    )
    if enabled is not None:
        outbox.stage_event(transaction, _changed(user, enabled=enabled))
    transaction.commit()


def _check_is(user: User, *, on: bool) -> None:
    if user.second_factor != on:
        state = "on" if user.second_factor else "not on"
        raise SecondFactorState(f"Your second factor is {state}.")


def _changed(user: User, *, enabled: bool) -> SecondFactorChanged:
    return SecondFactorChanged(data=SecondFactorChangedData(user_id=user.user_id, enabled=enabled))
