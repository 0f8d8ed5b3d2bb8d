"""Accounts: opening one, and whose address it is.

Nothing here tells whether an address has an account: a known one is answered as a new one is, in
the same time, and its owner is written to instead.
"""

import time
from contextlib import suppress
from datetime import datetime, timedelta

from auth.accounts import repository
from auth.accounts.repository import AddressKnown
from auth.accounts.schemas import EmailChange, Registration
from auth.credentials import login_throttle
from auth.credentials import service as credentials
from auth.credentials.login_throttle import CooldownActive
from auth.credentials.service import Proof
from auth.links import repository as links
from auth.passwords import policy
from shared import clock, ids, observability
from shared.config import AccountSettings, settings
from shared.errors.accounts import EmailTaken, SessionEnded, TooManyAttempts
from shared.errors.requests import ConcurrentModification
from shared.events.accounts import (
    AccessData,
    DuplicateRegistrationAttempted,
    EmailChanged,
    EmailChangeRequested,
    EmailVerified,
    UserData,
    UserRegistered,
    VerificationRequested,
)
from shared.events.all_events import UserEvent
from shared.http.authorization import Client
from shared.http.etags import ExpectedVersion
from shared.security import passwords
from shared.security.permissions import Principal, Role
from shared.storage import outbox, rate_limits
from shared.storage.models.accounts import EmailToken, Login, Profile, User
from shared.storage.transactions import Transaction

# Whoever asks again sooner finds the mail that is under way. So strangers cannot flood a mailbox,
# nor use up what its owner may ask for. Less than the ten minutes that a reset is good for.
MAILED_EVERY = timedelta(minutes=5)
TIMING_PAD_MAX_SECONDS = 0.1


def register(registration: Registration, client: Client) -> User:
    """The new account, or one that looks like it when the address is known.

    Raises InvalidFields for a password that will not do, and TooManyAttempts.
    """
    policy.check(registration.password, registration.email, registration.name)
    now = clock.utc_now()
    user = _new_user(registration, now)
    login = _login_of(user, registration.password)
    event = UserRegistered(data=about(user))
    transaction = Transaction()
    _take_mail(transaction, client, now)
    began = time.monotonic()
    try:
        repository.add(transaction, login, user, event)
    except TooManyAttempts as refusal:
        observability.audit("register", "refused", reason=refusal.code)
        raise
    except AddressKnown as known:
        _tell_the_owner(known.login, client, now)
        observability.audit("register", "address known", user_id=known.login.user_id)
    else:
        # For a known address there was another transaction: this takes as long as that.
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


def _login_of(user: User, password: str) -> Login:
    shared = {
        name: getattr(user, name) for name in ("user_id", "email", "name", "roles", "created_at")
    }
    return Login(
        **shared,
        password_hash=passwords.hash_password(
            password, credentials.pepper(), cost=credentials.cost()
        ),
        suits_staff=policy.suits_staff(password),
    )


def _take_mail(transaction: Transaction, client: Client, now: datetime) -> None:
    limit = settings(AccountSettings).mails_per_hour
    whose = rate_limits.network(client.address)
    rate_limits.consume_hourly_quota(transaction, "mail from", whose, limit=limit, now=now)


def _tell_the_owner(login: Login, client: Client, now: datetime) -> None:
    transaction = Transaction()
    _take_mail(transaction, client, now)
    login_throttle.start_cooldown(transaction, "register", login.email, every=MAILED_EVERY, now=now)
    told = about(login)
    if not login.email_verified and settings(AccountSettings).require_verified_email:
        # Two claim it, of whom one may be a burglar: links to confirm the first one's password are
        # void, and the mailbox sets a password of its own.
        told = AccessData(user_id=told.user_id, access_epoch=told.access_epoch + 1)
        repository.amend(transaction, login, access_epoch=told.access_epoch)
    outbox.stage_event(transaction, DuplicateRegistrationAttempted(data=told))
    with suppress(CooldownActive, ConcurrentModification):
        transaction.commit()


def whoami(caller: Principal) -> User:
    """Raises SessionEnded when the account is gone."""
    user = repository.find_user(caller.user_id)
    if user is None:
        raise SessionEnded("This account no longer exists.")
    return user


def rename(caller: Principal, name: str, expected: ExpectedVersion) -> User:
    """Raises StaleVersion and ConcurrentModification."""

    def renamed() -> User:
        user = whoami(caller)
        expected.check(user.version)
        transaction = Transaction()
        repository.amend(transaction, user, name=name)
        transaction.commit()
        user.name, user.version = name, user.version + 1
        return user

    return repository.persistently(renamed)


def ask_for_verification(email: str, client: Client) -> None:
    """Another link, for an address that is not confirmed yet. Raises TooManyAttempts."""
    login = repository.find_login(email)
    is_wanted = login is not None and not login.email_verified
    event = VerificationRequested(data=about(login if is_wanted else None))
    write_to(email, event, client)


def about(account: Profile | None) -> AccessData:
    """That account as it now stands; for None, one that is nobody's.

    To write to nobody takes as long as to write to somebody: the mail worker finds no such user.
    """
    if account is None:
        return AccessData(user_id=ids.new_id("usr"), access_epoch=1)
    return AccessData(user_id=account.user_id, access_epoch=int(account.access_epoch))


def write_to(email: str, event: UserEvent, client: Client) -> None:
    """Ask for a mail, unless one of the kind was asked for just now. Raises TooManyAttempts."""
    now = clock.utc_now()
    transaction = Transaction()
    _take_mail(transaction, client, now)
    login_throttle.start_cooldown(transaction, event.type, email, every=MAILED_EVERY, now=now)
    outbox.stage_event(transaction, event)
    try:
        transaction.commit()
    except CooldownActive:
        return
    except TooManyAttempts as refusal:
        observability.audit("ask_for_mail", "refused", reason=refusal.code)
        raise


def confirm_email(token: str) -> None:
    """What the link in a mail does. Raises LinkExpired."""
    now = clock.utc_now()
    link = links.find(token, "verify_email", "change_email", now=now)
    user = repository.find_user(link.user_id)
    transaction = Transaction()
    links.use_up(transaction, link)
    # Void once all sessions were ended: the owner may have put out whoever asked for it.
    if user is None or link.access_epoch != user.access_epoch:
        raise links.expired()
    if link.purpose == "verify_email" and link.email == user.email:
        repository.amend(transaction, user, email_verified=True)
        stage_verified(transaction, user)
    elif link.purpose == "change_email" and link.email == user.new_email:
        _change_email(transaction, user, link)
    else:
        raise links.expired()
    try:
        transaction.commit()
    except EmailTaken as error:
        raise links.expired() from error
    observability.audit(link.purpose, "done", user_id=user.user_id)


def stage_verified(transaction: Transaction, user: User) -> None:
    """That its address turns out to be the user's, unless that was known before."""
    if not user.email_verified:
        outbox.stage_event(transaction, EmailVerified(data=UserData(user_id=user.user_id)))


def _change_email(transaction: Transaction, user: User, link: EmailToken) -> None:
    login = repository.find_login(user.email)
    if login is None:
        raise links.expired()
    repository.move(transaction, user, login, link.email)
    outbox.stage_event(transaction, EmailChanged(data=UserData(user_id=user.user_id)))


def ask_for_email_change(caller: Principal, change: EmailChange, client: Client) -> None:
    """A link goes to the new address; until it is followed, the old one stays.

    Raises WrongPassword, TooManyAttempts. That the address is taken shows in no answer.
    """
    user = whoami(caller)
    proof = credentials.confirm(user, change.password, change.code, client)
    now = clock.utc_now()
    taken = repository.find_login(change.email)
    transaction = _change_asked_for(change.email, user, proof)
    _take_mail(transaction, client, now)
    whose = f"{user.user_id} {change.email}"
    login_throttle.start_cooldown(transaction, "change", whose, every=MAILED_EVERY, now=now)
    outbox.stage_event(
        transaction,
        EmailChangeRequested(data=about(user))
        if taken is None
        else DuplicateRegistrationAttempted(data=about(taken)),
    )
    try:
        transaction.commit()
    except CooldownActive:  # no other mail, but a code that was sent is used up all the same
        _change_asked_for(change.email, user, proof).commit()
    observability.audit("ask_for_email_change", "done", user_id=user.user_id)


def _change_asked_for(new_email: str, user: User, proof: Proof) -> Transaction:
    transaction = Transaction()
    proof.settle(transaction)
    repository.remember_new_email(transaction, user, new_email)
    return transaction
