"""Passwords: changed by who knows the old one, reset by who reads the account's mail."""

from auth.accounts import repository as accounts
from auth.accounts import service as account_rules
from auth.api_keys import repository as api_keys
from auth.credentials import login_throttle
from auth.credentials import service as credentials
from auth.links import repository as links
from auth.passwords import policy
from auth.passwords.schemas import PasswordChange, PasswordReset
from auth.sessions import repository as sessions
from shared import clock, observability
from shared.events.accounts import PasswordChanged, PasswordResetRequested, UserData
from shared.http.authorization import Client
from shared.security import passwords, permissions
from shared.security.permissions import Principal
from shared.storage import outbox
from shared.storage.models.accounts import Attempts, Login, User
from shared.storage.transactions import Action, Transaction


def change(caller: Principal, change: PasswordChange, client: Client) -> None:
    """All other sessions end, and the owner is told.

    Raises WrongPassword, InvalidFields, TooManyAttempts; nothing has changed then.
    """
    user = account_rules.whoami(caller)
    proof = credentials.confirm(user, change.current_password, change.code, client)
    _check(change.new_password, user, field="new_password")
    transaction = Transaction()
    proof.guard.note_success(transaction, clock.utc_now())
    used = proof.code.actions if proof.code else []
    epoch = int(user.access_epoch) + 1
    accounts.amend(
        transaction,
        user,
        login_actions=[*_password_actions(change.new_password), *used],
        still_holds=proof.still_holds,
        access_epoch=epoch,
    )
    sessions.carry_over(transaction, caller, epoch)
    outbox.stage_event(transaction, PasswordChanged(data=UserData(user_id=user.user_id)))
    transaction.commit()
    observability.audit("change_password", "done", user_id=user.user_id)


def ask_for_reset(email: str, client: Client) -> None:
    """A link is mailed, if there is an account; the answer and its time are the same without.

    Raises TooManyAttempts.
    """
    login = accounts.find_login(email)
    is_wanted = login is not None and login.status == "active"
    event = PasswordResetRequested(data=account_rules.about(login if is_wanted else None))
    account_rules.write_to(email, event, client)
    observability.audit("ask_for_reset", "done", account=login_throttle.account_subject(email))


def reset(reset: PasswordReset, client: Client) -> None:
    """All sessions and API keys end, failures are forgotten, and the address is confirmed.

    A second factor stays: who reads the mail has shown one factor only. Raises LinkExpired and
    InvalidFields; the link is still good after the latter.
    """
    now = clock.utc_now()
    link = links.find(reset.token, "reset_password", now=now)
    user = accounts.find_user(link.user_id)
    # A password that was changed since, in whatever way, makes links of before worthless.
    if user is None or user.access_epoch != link.access_epoch or user.email != link.email:
        raise links.expired()
    _check(reset.password, user, field="password")
    transaction = Transaction()
    links.use_up(transaction, link)
    accounts.amend(
        transaction,
        user,
        login_actions=_password_actions(reset.password),
        access_epoch=int(user.access_epoch) + 1,
        email_verified=True,
    )
    account_rules.stage_verified(transaction, user)
    transaction.delete(Attempts(login_throttle.account_subject(user.email)))
    here = login_throttle.known_subject(user.email, client.address)
    login_throttle.make_known(transaction, here, now)
    api_keys.drop_all(transaction, user.user_id)  # a burglar may have made them
    outbox.stage_event(transaction, PasswordChanged(data=UserData(user_id=user.user_id)))
    transaction.commit()
    observability.audit("reset_password", "done", user_id=user.user_id)


def _check(password: str, user: User, *, field: str) -> None:
    for_staff = permissions.is_staff(permissions.roles_named(user.roles))
    policy.check(password, user.email, user.name, for_staff=for_staff, field=field)


def _password_actions(password: str) -> list[Action]:
    hashed = passwords.hash_password(password, credentials.pepper(), cost=credentials.cost())
    return [
        Login.password_hash.set(hashed),
        Login.suits_staff.set(policy.suits_staff(password)),
    ]
