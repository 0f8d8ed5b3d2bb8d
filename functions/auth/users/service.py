"""Users, as admins have to do with them: who has which roles, and whose account is open."""

from collections.abc import Set as AbstractSet

from pydantic import ValidationError

from auth.accounts import repository as accounts
from auth.accounts.schemas import EmailAddress
from auth.users import repository
from auth.users.schemas import UserChange
from shared import observability
from shared.config import PasswordSettings, settings
from shared.errors.accounts import (
    CannotModifyOwnAccount,
    EmailNotVerified,
    PasswordTooShortForStaff,
    SecondFactorState,
    UserNotFound,
)
from shared.events.accounts import SecondFactorChanged, SecondFactorChangedData
from shared.http.etags import ExpectedVersion
from shared.security import permissions
from shared.security.permissions import Principal, Role
from shared.storage.cursors import ItemPage
from shared.storage.models.accounts import Login, User

OPERATOR = "operator"  # whoever holds the deployment's own credentials, in place of a user's id


def browse(
    admin: Principal, *, limit: int, cursor: str | None, email: str | None
) -> ItemPage[User] | ItemPage[Login]:
    """Newest first; with `email`, the one who has it, if anyone does. Raises InvalidCursor."""
    if email is None:
        return repository.newest(limit=limit, cursor=cursor, for_admin=admin.user_id)
    login = accounts.find_login(email)
    return ItemPage([] if login is None else [login], next_cursor=None)


def find(user_id: str) -> User:
    """Raises UserNotFound."""
    user = accounts.find_user(user_id)
    if user is None:
        raise _not_found()
    return user


def change(admin: Principal, user_id: str, change: UserChange, expected: ExpectedVersion) -> User:
    """Raises UserNotFound, CannotModifyOwnAccount, StaleVersion, ConcurrentModification and Forbidden.

    And EmailNotVerified or PasswordTooShortForStaff for an account that is not fit for staff.
    """
    if user_id == admin.user_id:
        raise CannotModifyOwnAccount("Another admin has to change your roles and your status.")

    def changed() -> User:
        user = find(user_id)
        expected.check(user.version)
        roles = _roles_of(user) if change.roles is None else frozenset(change.roles)
        return _amended(user, roles=roles, status=change.status or user.status, by=admin)

    return accounts.persistently(changed)


def grant_admin(email: str) -> User:
    """Make this account an admin's, whatever else it is: how a shop gets its first one.

    Raises UserNotFound, EmailNotVerified, PasswordTooShortForStaff, and ConcurrentModification, which a
    retry mends.
    """
    try:
        login = accounts.find_login(EmailAddress(email=email).email)
    except ValidationError as error:
        raise _not_found() from error
    if login is None:
        raise _not_found()
    user = find(login.user_id)
    return _amended(user, roles=_roles_of(user) | {Role.ADMIN}, status=user.status, by=None)


def end_sessions(admin: Principal, user_id: str) -> None:
    """And revoke the API keys. Raises UserNotFound, ConcurrentModification and Forbidden."""
    user = find(user_id)
    repository.end_sessions(user, by_admin=admin.user_id)
    observability.audit(
        "end_sessions_of_user", "done", user_id=admin.user_id, target_id=user.user_id
    )


def remove_second_factor(admin: Principal, user_id: str) -> None:
    """For who has lost the app and the recovery codes. All sessions end, and the owner is told.

    Raises UserNotFound, CannotModifyOwnAccount, SecondFactorState, ConcurrentModification and Forbidden.
    """
    if user_id == admin.user_id:
        raise CannotModifyOwnAccount("Turn your own off at /v1/me/second-factor.")
    user = find(user_id)
    if not user.second_factor:
        raise SecondFactorState("The second factor is not on.")
    told = SecondFactorChanged(data=SecondFactorChangedData(user_id=user_id, enabled=False))
    repository.remove_second_factor(user, by_admin=admin.user_id, told=told)
    observability.audit(
        "remove_second_factor_of_user", "done", user_id=admin.user_id, target_id=user_id
    )


def _amended(user: User, *, roles: AbstractSet[Role], status: str, by: Principal | None) -> User:
    """Written only if something changes; then all the user's sessions end."""
    gained = frozenset(roles - _roles_of(user))
    if roles == _roles_of(user) and status == user.status:
        return user
    gains_staff = permissions.is_staff(gained)
    if gains_staff:
        _check_suits_staff(user)
    by_admin = by.user_id if by else None
    repository.change(user, roles, status, by_admin=by_admin, only_if_suits_staff=gains_staff)
    user.roles, user.status = {role.value for role in roles}, status
    user.version, user.access_epoch = user.version + 1, user.access_epoch + 1
    observability.audit(
        "change_user",
        "done",
        user_id=by_admin or OPERATOR,
        target_id=user.user_id,
        roles=" ".join(sorted(roles)),
        status=status,
    )
    return user


def _check_suits_staff(user: User) -> None:
    if not user.email_verified:  # whoever has registered the address may not be its owner
        raise EmailNotVerified("Have the account's owner confirm the address first.")
    login = accounts.find_login(user.email)
    if login is None:
        raise _not_found()
    if login.suits_staff:
        return
    shortest = settings(PasswordSettings).staff_password_length_min
    raise PasswordTooShortForStaff(
        f"Staff sign in with a password of at least {shortest} characters, and this account's is "
        "shorter. Have its owner change it at /v1/me/password, then try again.",
        password_length_min=shortest,
    )


def _roles_of(user: User) -> frozenset[Role]:
    return permissions.roles_named(user.roles)


def _not_found() -> UserNotFound:
    return UserNotFound("There is no such user.")
