"""Users, as admins have to do with them: who has which roles, and whose account is open."""

from collections.abc import Set as AbstractSet

from pydantic import ValidationError

from auth.accounts import repository as accounts
from auth.accounts.schemas import Address
from auth.users import repository
from shared import auth, observability
from shared.auth import Role
from shared.config import PasswordSettings, settings
from shared.errors import PasswordTooShortForStaff, UserNotFound
from shared.models import User

OPERATOR = "operator"  # whoever holds the deployment's own credentials, in place of a user's id


def grant_admin(email: str) -> User:
    """Make this account an admin's, whatever else it is: how a shop gets its first one.

    Raises UserNotFound, PasswordTooShortForStaff, and ChangedMeanwhile, which a retry mends.
    """
    try:
        login = accounts.find_login(Address(email=email).email)
    except ValidationError as error:
        raise _not_found() from error
    if login is None:
        raise _not_found()
    user = find(login.user_id)
    return _amended(user, roles=_roles_of(user) | {Role.ADMIN}, status=user.status, by=OPERATOR)


def find(user_id: str) -> User:
    """Raises UserNotFound."""
    user = accounts.find_user(user_id)
    if user is None:
        raise _not_found()
    return user


def _amended(user: User, *, roles: AbstractSet[Role], status: str, by: str) -> User:
    """Written only if something changes; then all the user's sessions end."""
    gained = frozenset(roles - _roles_of(user))
    if roles == _roles_of(user) and status == user.status:
        return user
    gains_staff = auth.is_staff(gained)
    if gains_staff:
        _check_password_suits_staff(user)
    repository.change(user, roles, status, only_if_suits_staff=gains_staff)
    observability.audit(
        "change_user",
        "done",
        user_id=by,
        target_id=user.user_id,
        roles=" ".join(sorted(roles)),
        status=status,
    )
    user.roles, user.status = {role.value for role in roles}, status
    user.version, user.access_epoch = user.version + 1, user.access_epoch + 1
    return user


def _check_password_suits_staff(user: User) -> None:
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
    return frozenset(Role(role) for role in user.roles)


def _not_found() -> UserNotFound:
    return UserNotFound("There is no such user.")
