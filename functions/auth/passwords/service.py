"""Passwords: a change needs the current password, a reset needs the account's mailbox."""

from datetime import datetime

from auth.accounts import repository as accounts
from auth.accounts import service as account_rules
from auth.api_keys import repository as api_keys
from auth.credentials import login_throttle
from auth.credentials import service as credentials
from auth.email_addresses import repository as links
from auth.email_addresses import service as email_addresses
from auth.passwords import policy
from auth.passwords.schemas import PasswordChange, PasswordReset
from auth.sessions import repository as sessions
from shared import clock, observability
from shared.errors.accounts import LinkExpired
from shared.events.accounts import PasswordChanged, PasswordResetRequested, UserData
from shared.http.authorization import Client
from shared.security import passwords, permissions
from shared.security.permissions import Principal
from shared.storage import outbox
from shared.storage.models.accounts import Attempts, EmailToken, Login, User
from shared.storage.transactions import Action, Transaction


def change_password(caller: Principal, change: PasswordChange, client: Client) -> None:
    """End all other sessions, and mail the owner.

    Raises WrongPassword, WrongCode, InvalidFields and TooManyAttempts; nothing has changed then.
    """
    user = account_rules.get_me(caller)
    authentication = credentials.reauthenticate(user, change.current_password, change.code, client)
    _check_policy(change.new_password, user, field="new_password")
    transaction = Transaction()
    authentication.throttle.stage_success(transaction, clock.utc_now())
    code_actions = authentication.code.actions if authentication.code else []
    epoch = int(user.access_epoch) + 1
    accounts.stage_profile_update(
        transaction,
        user,
        login_actions=[*_password_actions(change.new_password), *code_actions],
        login_condition=authentication.login_condition,
        access_epoch=epoch,
    )
    sessions.stage_session_kept(transaction, caller, epoch)
    outbox.stage_event(transaction, PasswordChanged(data=UserData(user_id=user.user_id)))
    transaction.commit()
    observability.audit("change_password", "done", user_id=user.user_id)


def request_password_reset(email: str, client: Client) -> None:
    """Mail a link, if an active account has the address. The time is the same without one.

    Raises TooManyAttempts.
    """
    login = accounts.find_login(email)
    is_active = login is not None and login.status == "active"
    access = account_rules.access_data(login if is_active else None)
    account_rules.request_email(email, PasswordResetRequested(data=access), client)
    account = login_throttle.account_subject(email)
    observability.audit("request_password_reset", "done", account=account)


def reset_password(reset: PasswordReset, client: Client) -> None:
    """End all sessions and API keys, clear the failures, and confirm the address.

    A second factor stays enabled, since the mailbox proves one factor only. Raises LinkExpired and
    InvalidFields; after InvalidFields the link still works.
    """
    now = clock.utc_now()
    link, user = _get_link_and_user(reset.token, now)
    _check_policy(reset.password, user, field="password")
    transaction = Transaction()
    links.stage_link_use(transaction, link)
    accounts.stage_profile_update(
        transaction,
        user,
        login_actions=_password_actions(reset.password),
        access_epoch=int(user.access_epoch) + 1,
        email_verified=True,
    )
    email_addresses.stage_verified(transaction, user)
    transaction.delete(Attempts(login_throttle.account_subject(user.email)))
    device = login_throttle.known_device_subject(user.email, client.address)
    login_throttle.stage_known_device(transaction, device, now)
    api_keys.stage_deletion_of_all(transaction, user.user_id)  # an attacker may have created them
    outbox.stage_event(transaction, PasswordChanged(data=UserData(user_id=user.user_id)))
    transaction.commit()
    observability.audit("reset_password", "done", user_id=user.user_id)


def _get_link_and_user(token: str, now: datetime) -> tuple[EmailToken, User]:
    """Raises LinkExpired."""
    link = links.get_link(token, "reset_password", now=now)
    user = accounts.find_user(link.user_id)
    # Every change of the password raises the epoch, so older links are void.
    if user is None or user.access_epoch != link.access_epoch or user.email != link.email:
        raise LinkExpired
    return link, user


def _check_policy(password: str, user: User, *, field: str) -> None:
    for_staff = permissions.is_staff(permissions.roles_named(user.roles))
    policy.check_password(password, user.email, user.name, for_staff=for_staff, field=field)


def _password_actions(password: str) -> list[Action]:
    hashed = passwords.hash_password(password, credentials.pepper(), cost=credentials.bcrypt_cost())
    return [
        Login.password_hash.set(hashed),
        Login.suits_staff.set(policy.suits_staff(password)),
    ]
