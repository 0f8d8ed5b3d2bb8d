"""Accounts that newer code has written: whoever changes one through this code loses nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from auth.handler import handler
from shared.events.accounts import UserRegistered
from shared.events.all_events import parse_event
from shared.storage import cursors
from shared.storage.models.accounts import ApiKey, Attempts, Login, Session, User
from tests.support import shop
from tests.support.accounts import (
    EMAIL,
    PASSWORD,
    api_key,
    authorize,
    call,
    create_link_token,
    get_me,
    get_tokens,
    log_in,
    post,
    refresh,
    register_confirmed,
)
from tests.support.email_fixtures import user_registered
from tests.support.http import ADMIN, send
from tests.support.unknown_fields import (
    NAME,
    assert_marks_kept,
    mark_stored_items,
    stored_item,
)

pytestmark = pytest.mark.usefixtures("aws")

TABLES = (User, Login, Session, ApiKey, Attempts)
NEW_EMAIL = "new@example.com"


@pytest.fixture
def ada() -> dict[str, Any]:
    """The tokens of an account, and its id, after a failed login."""
    user_id = register_confirmed().body["id"]
    log_in(password="a wrong password")
    return get_tokens() | {"user_id": user_id}


def edit_as_admin(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    def edit(ada: dict[str, Any]) -> Any:
        shop.user(ADMIN.user_id, roles={"customer", "admin"})
        return send(
            handler,
            "users.update",
            caller=ADMIN,
            path={"user_id": ada["user_id"]},
            body=changes,
            headers={"if-match": "*"},
        )

    return edit


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "log in": lambda _: log_in(),
    "fail to log in": lambda _: log_in(password="a wrong password"),
    "refresh": lambda ada: refresh(ada["refresh_token"]),
    "rename": lambda ada: call(
        "me.update", ada["access_token"], {"name": "Ada King"}, headers={"if-match": "*"}
    ),
    "new password": lambda ada: call(
        "me.change_password",
        ada["access_token"],
        {"current_password": PASSWORD, "new_password": "another long password"},
    ),
    "ask for another address": lambda ada: call(
        "me.change_email", ada["access_token"], {"email": NEW_EMAIL, "password": PASSWORD}
    ),
    "start a second factor": lambda ada: call(
        "me.start_second_factor", ada["access_token"], {"password": PASSWORD}
    ),
    "disable": edit_as_admin(status="disabled"),
    "forgot the password": lambda _: post("auth.forgot_password", {"email": EMAIL}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_an_account_keeps_unknown_fields(ada, change):
    marked = mark_stored_items(*TABLES)

    answer = CHANGES[change](ada)

    assert (answer.status < 300) is (change != "fail to log in"), answer
    assert_marks_kept(marked, *TABLES)


def test_a_new_address_keeps_unknown_fields_of_the_login(ada):
    CHANGES["ask for another address"](ada)
    mark_stored_items(*TABLES)
    before = stored_item(Login, EMAIL)

    answer = post("auth.verify_email", {"token": create_link_token("change_email", ada["user_id"])})

    assert answer.status == 204
    assert stored_item(Login, NEW_EMAIL)[NAME] == before[NAME]
    assert NAME in stored_item(User, ada["user_id"])


def test_no_view_of_an_account_shows_unknown_fields(ada):
    mark_stored_items(*TABLES)

    answers = [
        get_me(ada["access_token"]),
        call("me.list_sessions", ada["access_token"]),
        call("me.export", ada["access_token"]),
    ]

    assert [answer.status for answer in answers] == [200] * 3
    assert NAME not in str([answer.body for answer in answers])


def test_a_role_of_newer_code_stays_when_the_status_changes(ada):
    User(ada["user_id"]).update([User.roles.set({"customer", "auditor"})])
    Login(EMAIL).update([Login.roles.set({"customer", "auditor"})])

    assert edit_as_admin(status="disabled")(ada).status == 200

    assert User.get(ada["user_id"]).roles == {"customer", "auditor"}
    assert Login.get(EMAIL).roles == {"customer", "auditor"}


def test_a_role_of_newer_code_goes_when_roles_are_taken_away(ada):
    """An admin sees and sends the complete list: nobody keeps a role that this list has not."""
    User(ada["user_id"]).update([User.roles.set({"customer", "staff", "auditor"})])

    assert edit_as_admin(roles=["customer"])(ada).status == 200

    assert User.get(ada["user_id"]).roles == {"customer"}


def test_an_export_cursor_of_newer_code_is_refused(ada):
    """It names records that this code cannot read: the client starts again."""
    cursor = cursors.encode({"reviews": {}}, query="export", owner=ada["user_id"])

    answer = call("me.export", ada["access_token"], query={"cursor": cursor})

    assert (answer.status, answer.code) == (400, "invalid_cursor")


def test_an_event_of_newer_code_is_read_without_its_new_fields():
    event = user_registered().model_dump(mode="json")
    newer = event | {"tenant": "one", "data": event["data"] | {"referrer": "usr_bob"}}

    parsed = parse_event(newer)

    assert isinstance(parsed, UserRegistered)
    assert parsed.model_dump(mode="json") == event


def test_a_key_that_is_used_keeps_unknown_fields(ada):
    key = api_key(User.get(ada["user_id"]))
    marked = mark_stored_items(ApiKey)

    assert authorize(key)["user_id"] == ada["user_id"]

    assert next(ApiKey.scan()).last_used_at is not None
    assert_marks_kept(marked, ApiKey)
