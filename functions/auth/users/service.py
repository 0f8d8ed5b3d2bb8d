"""User administration: admins change roles and status, end sessions and disable second factors."""

from collections.abc import Set as AbstractSet

from pydantic import ValidationError

from auth.accounts import repository as accounts
from auth.email_addresses.schemas import EmailAddress
from auth.users import repository
from auth.users.schemas import UserChange
from shared import observability
from shared.config import PasswordSettings, settings
from shared.errors.accounts import (
    CannotModifyOwnAccount,
    EmailNotVerified,
    PasswordTooShortForStaff,
    SecondFactorNotEnabled,
    UserNotFound,
)
from shared.errors.requests import ConcurrentModification
from shared.events.accounts import SecondFactorChanged, SecondFactorChangedData
from shared.http.etags import ExpectedVersion
from shared.retries import retry_on_stale_version
from shared.security import permissions
from shared.security.permissions import Principal, Role
from shared.storage.cursors import ItemPage
from shared.storage.models.accounts import Login, User

OPERATOR = "operator"  # in the audit log, whoever runs a command with the deployment's credentials


def list_users(
    admin: Principal, *, limit: int, cursor: str | None, email: str | None
) -> ItemPage[User] | ItemPage[Login]:
    """Newest first. With `email`, at most the one user with that address. Raises InvalidCursor."""
    if email is None:
        return repository.list_users(limit=limit, cursor=cursor, for_admin=admin.user_id)
    login = accounts.find_login(email)
    return ItemPage([] if login is None else [login], next_cursor=None)


def get_user(user_id: str) -> User:
    """Raises UserNotFound."""
    user = accounts.find_user(user_id)
    if user is None:
        raise UserNotFound
    return user


def update_user(
    admin: Principal, user_id: str, change: UserChange, expected: ExpectedVersion
) -> User:
    """Raises UserNotFound, CannotModifyOwnAccount, Forbidden, StaleVersion, ConcurrentModification.

    Raises EmailNotVerified or PasswordTooShortForStaff when the account may not become staff.
    """
    if user_id == admin.user_id:
        raise CannotModifyOwnAccount(
            "You cannot change your own roles or status. Ask another admin."
        )

    def update() -> User:
        user = get_user(user_id)
        expected.check(user.version)
        roles = _roles_of(user) if change.roles is None else frozenset(change.roles)
        return _write_if_changed(
            user, roles=roles, status=change.status or user.status, admin=admin
        )

    return retry_on_stale_version(update, expected, also_on=(ConcurrentModification,))


def grant_admin(email: str) -> User:
    """Add the admin role to this account. A shop gets its first admin this way.

    Raises UserNotFound, EmailNotVerified, PasswordTooShortForStaff, and ConcurrentModification; a
    retry then helps.
    """
    no_account = UserNotFound("No account has this e-mail address. Register it first.")
    try:
        login = accounts.find_login(EmailAddress(email=email).email)
    except ValidationError as error:
        raise no_account from error
    if login is None:
        raise no_account
    user = get_user(login.user_id)
    roles = _roles_of(user) | {Role.ADMIN}
    return _write_if_changed(user, roles=roles, status=user.status, admin=None)


def end_user_sessions(admin: Principal, user_id: str) -> None:
    """Revoke the API keys too. Raises UserNotFound, ConcurrentModification and Forbidden."""
    user = get_user(user_id)
    repository.end_user_sessions(user, by_admin=admin.user_id)
    observability.audit("end_user_sessions", "done", user_id=admin.user_id, target_id=user.user_id)


def disable_user_second_factor(admin: Principal, user_id: str) -> None:
    """For a user who has lost the app and the recovery codes. The owner gets a mail.

    Raises UserNotFound, CannotModifyOwnAccount, SecondFactorNotEnabled, ConcurrentModification and
    Forbidden.
    """
    if user_id == admin.user_id:
        raise CannotModifyOwnAccount(
            "This route is for other accounts. Disable yours at DELETE /v1/me/second-factor."
        )
    user = get_user(user_id)
    if not user.second_factor:
        raise SecondFactorNotEnabled("This user has no second factor. You need not disable it.")
    event = SecondFactorChanged(data=SecondFactorChangedData(user_id=user_id, enabled=False))
    repository.disable_user_second_factor(user, by_admin=admin.user_id, event=event)
    observability.audit(
        "disable_user_second_factor", "done", user_id=admin.user_id, target_id=user_id
    )


def _write_if_changed(
    user: User, *, roles: AbstractSet[Role], status: str, admin: Principal | None
) -> User:
    """All sessions of the user end when roles or status change."""
    if roles == _roles_of(user) and status == user.status:
        return user
    gains_staff = permissions.is_staff(frozenset(roles - _roles_of(user)))
    if gains_staff:
        _check_suits_staff(user)
    by_admin = admin.user_id if admin else None
    names = {role.value for role in roles}
    if roles >= _roles_of(user):  # nothing is taken away, and so no role of newer code either
        names |= user.roles
    repository.update_user(user, names, status, by_admin=by_admin, only_if_suits_staff=gains_staff)
    user.roles, user.status = names, status
    user.version, user.access_epoch = user.version + 1, user.access_epoch + 1
    observability.audit(
        "update_user",
        "done",
        user_id=by_admin or OPERATOR,
        target_id=user.user_id,
        roles=" ".join(sorted(roles)),
        status=status,
    )
    return user


def _check_suits_staff(user: User) -> None:
    if not user.email_verified:  # somebody other than its owner may have registered the address
        raise EmailNotVerified(
            "The user has not confirmed their e-mail address. Ask them to confirm it first."
        )
    login = accounts.find_login(user.email)
    if login is None:
        raise UserNotFound
    if login.suits_staff:
        return
    length_min = settings(PasswordSettings).staff_password_length_min
    raise PasswordTooShortForStaff(
        f"Staff need a password of at least {length_min} characters, and this user's password is "
        "shorter. Ask them to change it at PUT /v1/me/password, then retry.",
        password_length_min=length_min,
    )


def _roles_of(user: User) -> frozenset[Role]:
    return permissions.roles_named(user.roles)
