"""Whole slice: admins see the accounts, give and take roles, and disable."""

import pytest

from auth.users.service import grant_admin
from shared.errors import PasswordTooShortForStaff, UserNotFound
from shared.models import Login, User
from tests.support import logs
from tests.support.accounts import EMAIL, authorize, register, signed_in

pytestmark = pytest.mark.usefixtures("aws")


def stored_roles(user_id: str) -> tuple[set[str], set[str]]:
    """As both tables have them."""
    user = User.get(user_id)
    return user.roles, Login.get(user.email).roles


def test_the_operator_makes_an_account_an_admins_who_keeps_the_roles_they_had():
    user_id = register().body["id"]
    Login(EMAIL).update([Login.roles.set({"customer", "staff"})])
    User(user_id).update([User.roles.set({"customer", "staff"})])

    with logs.captured() as lines:
        admin = grant_admin("Ada@Example.com")

    assert (admin.user_id, admin.roles) == (user_id, {"customer", "staff", "admin"})
    assert stored_roles(user_id) == (admin.roles, admin.roles)
    assert User.get(user_id).version == admin.version
    assert "users:manage" in authorize(signed_in()["access_token"])["permissions"]
    (line,) = [line for line in lines.saying("audit") if line["action"] == "change_user"]
    assert (line["user_id"], line["target_id"], line["result"]) == ("operator", user_id, "done")


def test_making_an_admin_of_one_changes_nothing():
    register()
    first = grant_admin(EMAIL)

    again = grant_admin(EMAIL)

    assert (again.roles, again.version) == (first.roles, first.version)


@pytest.mark.parametrize("email", ["nobody@example.com", "not an address", ""])
def test_nobody_is_made_an_admin_who_has_no_account(email):
    with pytest.raises(UserNotFound):
        grant_admin(email)


def test_nobody_is_made_an_admin_whose_password_is_too_short_for_it():
    user_id = register(password="qzjxkvwp").body["id"]

    with pytest.raises(PasswordTooShortForStaff, match="at least 15 characters"):
        grant_admin(EMAIL)

    assert stored_roles(user_id) == ({"customer"}, {"customer"})
