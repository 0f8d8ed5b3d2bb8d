"""Confirms e-mail addresses, new and changed ones, by a mailed link."""

from auth.accounts import repository as accounts
from auth.accounts import service as account_rules
from auth.credentials import login_throttle
from auth.credentials import service as credentials
from auth.credentials.login_throttle import CooldownActive
from auth.credentials.service import Authentication
from auth.email_addresses import repository
from auth.email_addresses.schemas import EmailChange
from shared import clock, observability
from shared.errors.accounts import EmailTaken, LinkExpired
from shared.events.accounts import (
    DuplicateRegistrationAttempted,
    EmailChanged,
    EmailChangeRequested,
    EmailVerified,
    UserData,
    VerificationRequested,
)
from shared.http.authorization import Client
from shared.security.permissions import Principal
from shared.storage import outbox
from shared.storage.models.accounts import EmailToken, User
from shared.storage.transactions import Transaction


def resend_verification_email(email: str, client: Client) -> None:
    """Request another link for an unconfirmed address. Raises TooManyAttempts."""
    login = accounts.find_login(email)
    is_unconfirmed = login is not None and not login.email_verified
    access = account_rules.access_data(login if is_unconfirmed else None)
    account_rules.request_email(email, VerificationRequested(data=access), client)


def verify_email(token: str) -> None:
    """Confirm the address that the link was sent to. Raises LinkExpired."""
    link = repository.get_link(token, "verify_email", "change_email", now=clock.utc_now())
    user = accounts.find_user(link.user_id)
    transaction = Transaction()
    repository.stage_link_use(transaction, link)
    # The owner may have ended all sessions because a stranger had requested this link.
    if user is None or link.access_epoch != user.access_epoch:
        raise LinkExpired
    if link.purpose == "verify_email" and link.email == user.email:
        accounts.stage_profile_update(transaction, user, email_verified=True)
        stage_verified(transaction, user)
    elif link.purpose == "change_email" and link.email == user.new_email:
        _stage_email_change(transaction, user, link)
    else:
        raise LinkExpired
    try:
        transaction.commit()
    except EmailTaken as error:
        raise LinkExpired from error
    observability.audit(link.purpose, "done", user_id=user.user_id)


def stage_verified(transaction: Transaction, user: User) -> None:
    """Stage the event, unless the address was confirmed before."""
    if not user.email_verified:
        outbox.stage_event(transaction, EmailVerified(data=UserData(user_id=user.user_id)))


def _stage_email_change(transaction: Transaction, user: User, link: EmailToken) -> None:
    login = accounts.find_login(user.email)
    if login is None:
        raise LinkExpired
    repository.stage_email_change(transaction, user, login, link.email)
    outbox.stage_event(transaction, EmailChanged(data=UserData(user_id=user.user_id)))


def request_email_change(caller: Principal, change: EmailChange, client: Client) -> None:
    """Send a link to the new address. The old address stays until the link is opened.

    Raises WrongPassword, WrongCode and TooManyAttempts. No answer reveals that an account has the
    new address: its owner gets a mail instead.
    """
    user = account_rules.get_me(caller)
    authentication = credentials.reauthenticate(user, change.password, change.code, client)
    now = clock.utc_now()
    owner = accounts.find_login(change.email)
    transaction = _begin_request(change.email, user, authentication)
    account_rules.stage_email_quota(transaction, client, now)
    subject = f"{user.user_id} {change.email}"
    login_throttle.start_cooldown(
        transaction, "change", subject, every=account_rules.EMAIL_COOLDOWN, now=now
    )
    outbox.stage_event(
        transaction,
        EmailChangeRequested(data=account_rules.access_data(user))
        if owner is None
        else DuplicateRegistrationAttempted(data=account_rules.access_data(owner)),
    )
    try:
        transaction.commit()
    except CooldownActive:  # sends no second mail, but uses up the code that was sent
        _begin_request(change.email, user, authentication).commit()
    observability.audit("request_email_change", "done", user_id=user.user_id)


def _begin_request(new_email: str, user: User, authentication: Authentication) -> Transaction:
    transaction = Transaction()
    authentication.stage_success(transaction)
    repository.stage_new_email(transaction, user, new_email)
    return transaction
