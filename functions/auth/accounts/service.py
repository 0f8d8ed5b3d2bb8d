"""Registration, the caller's own profile, and requests for account e-mails.

No answer reveals whether an address has an account. A known address gets the same answer as a new
one, after the same time, and its owner gets a mail instead.
"""

import time
from contextlib import suppress
from datetime import datetime, timedelta

from auth.accounts import repository
from auth.accounts.repository import AccountExists
from auth.accounts.schemas import Registration
from auth.credentials import login_throttle
from auth.credentials import service as credentials
from auth.credentials.login_throttle import CooldownActive
from auth.passwords import policy
from shared import clock, ids, observability
from shared.config import AccountSettings, settings
from shared.errors.accounts import SessionEnded, TooManyAttempts
from shared.errors.requests import ConcurrentModification
from shared.events.accounts import (
    AccessData,
    DuplicateRegistrationAttempted,
    UserEvent,
    UserRegistered,
)
from shared.http.authorization import Client
from shared.http.etags import ExpectedVersion
from shared.retries import retry_on_stale_version
from shared.security import passwords
from shared.security.permissions import Principal, Role
from shared.storage import outbox, rate_limits
from shared.storage.models.accounts import Login, Profile, User
from shared.storage.transactions import Transaction

# A second request within this time sends no second mail: strangers cannot flood a mailbox, nor use
# up its owner's requests. Shorter than the 10 minutes that a reset link is valid.
EMAIL_COOLDOWN = timedelta(minutes=5)
TIMING_PAD_MAX_SECONDS = 0.1  # more would let a slow database hold the function


def register(registration: Registration, client: Client) -> User:
    """Return the new account. When the address is known, return one that looks new.

    Raises InvalidFields for a password that the policy refuses, and TooManyAttempts.
    """
    policy.check_password(registration.password, registration.email, registration.name)
    try:
        return _register(registration, client, clock.utc_now())
    except TooManyAttempts as refusal:
        observability.audit("register", "refused", reason=refusal.code)
        raise


def _register(registration: Registration, client: Client, now: datetime) -> User:
    # Before the password is hashed: a refusal must not cost the time of a hash.
    rate_limits.require_hourly_quota(*_email_quota(client), limit=_mails_per_hour(), now=now)
    user = _new_user(registration, now)
    login = _new_login(user, registration.password)
    event = UserRegistered(data=access_data(user))
    transaction = Transaction()
    stage_email_quota(transaction, client, now)
    began = time.monotonic()
    try:
        repository.create_account(transaction, login, user, event)
    except AccountExists as existing:
        _notify_owner(existing.login, client, now)
        observability.audit("register", "account exists", user_id=existing.login.user_id)
    else:
        # A known address costs a second transaction: wait as long as that takes.
        time.sleep(min(time.monotonic() - began, TIMING_PAD_MAX_SECONDS))
        observability.audit("register", "done", user_id=user.user_id)
    return user


def _new_user(registration: Registration, now: datetime) -> User:
    user_id = ids.new_id("usr")
    return User(
        user_id=user_id,
        email=registration.email,
        name=registration.name,
        roles={Role.CUSTOMER.value},
        created_at=now,
        listed_at=f"{now.isoformat(timespec='microseconds')}#{user_id}",
    )


def _new_login(user: User, password: str) -> Login:
    profile = {
        name: getattr(user, name) for name in ("user_id", "email", "name", "roles", "created_at")
    }
    return Login(
        **profile,
        password_hash=passwords.hash_password(
            password, credentials.pepper(), cost=credentials.bcrypt_cost()
        ),
        suits_staff=policy.suits_staff(password),
    )


def _notify_owner(login: Login, client: Client, now: datetime) -> None:
    transaction = Transaction()
    stage_email_quota(transaction, client, now)
    login_throttle.start_cooldown(
        transaction, "register", login.email, every=EMAIL_COOLDOWN, now=now
    )
    access = access_data(login)
    if not login.email_verified and settings(AccountSettings).require_verified_email:
        # Two people claim the address, and the first may be an attacker. Void the links that would
        # confirm the first password: whoever reads the mailbox sets a new password.
        access = AccessData(user_id=access.user_id, access_epoch=access.access_epoch + 1)
        repository.stage_profile_update(transaction, login, access_epoch=access.access_epoch)
    outbox.stage_event(transaction, DuplicateRegistrationAttempted(data=access))
    with suppress(CooldownActive, ConcurrentModification):
        transaction.commit()


def get_me(caller: Principal) -> User:
    """Raises SessionEnded when the caller's account no longer exists."""
    user = repository.find_user(caller.user_id)
    if user is None:
        raise SessionEnded
    return user


def update_me(caller: Principal, name: str, expected: ExpectedVersion) -> User:
    """Raises StaleVersion and ConcurrentModification."""

    def rename() -> User:
        user = get_me(caller)
        expected.check(user.version)
        transaction = Transaction()
        repository.stage_profile_update(transaction, user, name=name)
        transaction.commit()
        user.name, user.version = name, user.version + 1
        return user

    return retry_on_stale_version(rename, expected, also_on=(ConcurrentModification,))


def access_data(profile: Profile | None) -> AccessData:
    """Return the account's current access data; for None, those of a user who does not exist.

    A mail for nobody costs the same writes as a mail for somebody: the mail worker finds no user.
    """
    if profile is None:
        return AccessData(user_id=ids.new_id("usr"), access_epoch=1)
    return AccessData(user_id=profile.user_id, access_epoch=int(profile.access_epoch))


def stage_email_quota(transaction: Transaction, client: Client, now: datetime) -> None:
    """The transaction raises TooManyAttempts when the client's network causes too many mails."""
    rate_limits.consume_hourly_quota(
        transaction, *_email_quota(client), limit=_mails_per_hour(), now=now
    )


def _email_quota(client: Client) -> tuple[str, str]:
    """The counter of the client's network."""
    return "mail from", rate_limits.network(client.address)


def _mails_per_hour() -> int:
    return settings(AccountSettings).mails_per_hour


def request_email(email: str, event: UserEvent, client: Client) -> None:
    """Stage the event that sends a mail, at most once per EMAIL_COOLDOWN and kind of mail.

    Raises TooManyAttempts.
    """
    now = clock.utc_now()
    transaction = Transaction()
    stage_email_quota(transaction, client, now)
    login_throttle.start_cooldown(transaction, event.type, email, every=EMAIL_COOLDOWN, now=now)
    outbox.stage_event(transaction, event)
    try:
        transaction.commit()
    except CooldownActive:
        return
    except TooManyAttempts as refusal:
        observability.audit("request_email", "refused", reason=refusal.code)
        raise
