"""Whole slice: an address is its owner's once they have followed the link that was mailed there."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from auth.accounts import repository
from auth.accounts import service as accounts
from auth.credentials import service as credentials
from auth.second_factor import codes
from shared.config import AccountSettings, PasswordSettings, settings
from shared.errors.requests import ConcurrentModification
from shared.events.all_events import parse_event
from shared.storage.dynamo import connection
from shared.storage.models.accounts import EmailToken, Login, User
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction
from tests.support import faults, logs
from tests.support.accounts import (
    EMAIL,
    PASSWORD,
    call,
    create_link_token,
    get_me,
    get_tokens,
    log_in,
    post,
    register,
    register_confirmed,
)
from tests.support.events import published_event_types

pytestmark = pytest.mark.usefixtures("aws")


def follow(token: str):
    return post("auth.verify_email", {"token": token})


def resend(email: str = EMAIL):
    return post("auth.resend_verification", {"email": email})


def ask_for(email: str, token: str, password: str = PASSWORD):
    return call("me.change_email", token, {"email": email, "password": password})


def is_expired(answer) -> bool:
    return (answer.status, answer.code) == (400, "link_expired")


def test_following_the_link_confirms_the_address_in_both_tables():
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id)

    assert follow(token).status == 204

    user, login = User.get(user_id), Login.get(EMAIL)
    assert (user.email_verified, login.email_verified) == (True, True)
    assert (user.version, login.version) == (2, 2)
    assert log_in().body["user"]["email_verified"] is True


def verified() -> list[str]:
    """Whose address turned out to be theirs, as events tell."""
    told = [parse_event(row.payload) for row in OutboxRow.scan()]
    return [it.data.user_id for it in told if it.type == "user.email_verified"]


def test_that_an_address_is_confirmed_is_told_once():
    user_id = register().body["id"]
    tokens = [create_link_token("verify_email", user_id) for _ in range(2)]

    assert [follow(token).status for token in tokens] == [204, 204]

    assert verified() == [user_id]


def test_a_link_that_confirms_nothing_tells_nothing():
    token = create_link_token("verify_email", register().body["id"], lives=timedelta(seconds=-1))

    assert is_expired(follow(token))

    assert verified() == []


def test_a_reset_by_a_mailed_link_confirms_the_address_and_tells_it_once():
    user_id = register().body["id"]

    for _ in range(2):
        reset = {"token": create_link_token("reset_password", user_id), "password": PASSWORD}
        assert post("auth.reset_password", reset).status == 204

    assert User.get(user_id).email_verified is True
    assert verified() == [user_id]


def test_a_change_of_address_is_told_as_that_alone():
    user_id = register().body["id"]
    ask_for("new@example.com", get_tokens()["access_token"])

    follow(create_link_token("change_email", user_id))

    assert (verified(), published_event_types()[-1]) == ([], "user.email_changed")


def test_a_confirmation_and_what_is_told_of_it_are_written_together():
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id)

    with faults.inject_faults(connection().client, "TransactWriteItems", faults.read_timeout()):
        assert follow(token).status == 503
    assert (User.get(user_id).email_verified, verified()) == (False, [])
    assert follow(token).status == 204

    assert (User.get(user_id).email_verified, verified()) == (True, [user_id])


def test_a_link_is_good_once():
    token = create_link_token("verify_email", register().body["id"])
    follow(token)

    assert is_expired(follow(token))


def test_a_link_is_good_until_it_expires(later):
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id, lives=timedelta(days=7))

    later.advance(days=7, seconds=1)

    assert is_expired(follow(token))
    assert User.get(user_id).email_verified is False


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 200, "é" * 43, "\x00"])
def test_a_token_that_never_was_is_refused_like_one_that_is_over(token):
    assert is_expired(follow(token))


def test_a_token_of_one_purpose_serves_no_other():
    user_id = register().body["id"]
    reset = create_link_token("reset_password", user_id)

    assert is_expired(follow(reset))
    assert User.get(user_id).email_verified is False


def test_a_link_that_went_to_a_former_address_confirms_nothing():
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id)
    User(user_id).update([User.email.set("new@example.com")])

    assert is_expired(follow(token))


def test_who_asks_for_another_link_is_answered_alike_with_and_without_an_account():
    unconfirmed = register().body["id"]
    confirmed = register(email="bob@example.com").body["id"]
    follow(create_link_token("verify_email", confirmed))

    answers = [resend(), resend("bob@example.com"), resend("nobody@example.com")]

    assert [answer.status for answer in answers] == [202] * 3
    assert [answer.body for answer in answers] == [""] * 3
    assert answers[0].headers == answers[1].headers == answers[2].headers
    asked = [parse_event(row.payload) for row in OutboxRow.scan() if "verification" in row.type]
    written_to = {event.data.user_id for event in asked} & {unconfirmed, confirmed}
    assert written_to == {unconfirmed}
    assert len(asked) == 3


def test_asking_again_and_again_floods_no_mailbox(later):
    register()
    for _ in range(5):
        assert resend().status == 202
    assert published_event_types().count("user.verification_requested") == 1

    later.advance(minutes=5)
    resend()
    assert published_event_types().count("user.verification_requested") == 2


def test_a_change_of_address_waits_for_the_link_that_goes_there():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    assert ask_for("new@example.com", token).status == 202

    assert get_me(token).body["email"] == EMAIL
    assert User.get(user_id).new_email == "new@example.com"
    assert published_event_types()[-1] == "user.email_change_requested"


def test_once_confirmed_the_new_address_is_the_account_s_and_the_old_one_is_told():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    ask_for("new@example.com", token)

    assert follow(create_link_token("change_email", user_id)).status == 204

    user = User.get(user_id)
    assert (user.email, user.previous_email, user.new_email) == ("new@example.com", EMAIL, None)
    assert user.email_verified is True
    assert Login.find(EMAIL) is None
    assert log_in(email="new@example.com").body["user"]["email"] == "new@example.com"
    assert log_in().status == 401
    assert published_event_types()[-1] == "user.email_changed"
    assert get_me(token).body["email"] == "new@example.com"
    assert register(password="another password").status == 201
    assert Login.get(EMAIL).user_id != user_id


def test_a_change_of_address_asks_for_the_password():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    answer = ask_for("new@example.com", token, password="wrong horse battery")

    assert (answer.status, answer.code) == (403, "wrong_password")
    assert User.get(user_id).new_email is None


def test_that_an_address_is_taken_shows_in_no_answer_and_its_owner_is_told():
    ada = register().body["id"]
    bob = register(email="bob@example.com").body["id"]
    token = get_tokens()["access_token"]

    taken, free = ask_for("bob@example.com", token), ask_for("free@example.com", token)

    assert (taken.status, taken.body, taken.headers) == (202, free.body, free.headers)
    (told,) = [parse_event(row.payload) for row in OutboxRow.scan() if "duplicate" in row.type]
    assert told.data.user_id == bob
    assert Login.get("bob@example.com").user_id == bob
    assert User.get(ada).email == EMAIL


def test_an_address_that_was_taken_before_the_link_was_followed_stays_where_it_is():
    user_id = register().body["id"]
    ask_for("new@example.com", get_tokens()["access_token"])
    link = create_link_token("change_email", user_id)
    register(email="new@example.com", password="another password")

    assert is_expired(follow(link))

    assert Login.get("new@example.com").user_id != user_id
    assert Login.get(EMAIL).user_id == user_id
    assert User.get(user_id).email == EMAIL


def test_a_burglar_s_change_of_address_is_void_once_the_owner_has_reset_the_password():
    user_id = register().body["id"]
    ask_for("burglar@example.com", get_tokens()["access_token"])
    burglars = create_link_token("change_email", user_id)
    reset = {
        "token": create_link_token("reset_password", user_id),
        "password": "staple correct battery",
    }
    assert post("auth.reset_password", reset).status == 204

    assert is_expired(follow(burglars))
    assert User.get(user_id).email == EMAIL


def test_where_two_register_an_address_neither_s_link_confirms_the_password_of_the_other(
    monkeypatch,
):
    """Else whoever registers first waits for the owner to confirm the burglar's password."""
    required(monkeypatch)
    user_id = register(password="the burglar's own words").body["id"]
    first = create_link_token("verify_email", user_id)

    register(password=PASSWORD)

    assert is_expired(follow(first))
    assert User.get(user_id).email_verified is False
    (told,) = [parse_event(row.payload) for row in OutboxRow.scan() if "duplicate" in row.type]
    assert told.data.access_epoch == User.get(user_id).access_epoch == 2
    reset = {"token": create_link_token("reset_password", user_id), "password": PASSWORD}
    assert post("auth.reset_password", reset).status == 204
    assert log_in().status == 200
    assert log_in(password="the burglar's own words").status == 401


def required(monkeypatch):
    """Addresses have to be confirmed before the account opens."""
    chosen = {
        AccountSettings: replace(settings(AccountSettings), require_verified_email=True),
        PasswordSettings: settings(PasswordSettings),
    }
    for module in (accounts, credentials):
        monkeypatch.setattr(module, "settings", chosen.__getitem__)


def test_a_code_that_was_sent_along_is_used_up_though_no_mail_follows():
    user_id = register_confirmed().body["id"]
    token = get_tokens()["access_token"]
    seed = codes.new_seed(credentials.pepper())
    recovery = codes.new_recovery_codes()
    Login(EMAIL).update(
        [
            Login.second_factor.set(True),
            Login.totp_seed.set(seed),
            Login.recovery_hashes.set(codes.hashes_of(recovery)),
        ]
    )
    change = {"email": "new@example.com", "password": PASSWORD}

    answers = [
        call("me.change_email", token, change | {"code": code}).status for code in recovery[:2]
    ]

    assert answers == [202, 202]
    assert published_event_types().count("user.email_change_requested") == 1
    assert log_in(code=recovery[1]).status == 401
    assert log_in(code=recovery[2]).status == 200
    assert User.get(user_id).new_email == "new@example.com"


def test_a_code_that_is_used_while_the_address_changes_does_not_come_back():
    user_id = register_confirmed().body["id"]
    Login(EMAIL).update([Login.recovery_hashes.set({"one", "two"})])
    User(user_id).update([User.new_email.set("new@example.com")])
    user, read = User.get(user_id), Login.get(EMAIL)
    Login(EMAIL).update([Login.recovery_hashes.delete({"one"})])
    transaction = Transaction()
    repository.move(transaction, user, read, "new@example.com")

    with pytest.raises(ConcurrentModification):
        transaction.commit()

    assert Login.get(EMAIL).recovery_hashes == {"two"}


def test_of_two_changes_asked_for_the_last_counts():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    ask_for("first@example.com", token)
    first = create_link_token("change_email", user_id)
    ask_for("second@example.com", token)
    second = create_link_token("change_email", user_id)

    assert is_expired(follow(first))
    assert follow(second).status == 204
    assert User.get(user_id).email == "second@example.com"


def test_tokens_are_stored_as_digests_and_logged_by_nobody():
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id)
    stored = [row.attribute_values for row in EmailToken.scan()]
    with logs.captured() as lines:
        follow(token)
        follow(token)

    assert token not in json.dumps(stored, default=str)
    assert token not in lines.text
    told = [(line["action"], line["result"]) for line in lines.saying("audit")]
    assert told == [("verify_email", "done"), ("follow_link", "refused")]


@pytest.mark.parametrize("name", ["", "x" * 101, "Ada\r\nBcc: eve@example.org", None])
def test_a_name_is_changed_to_one_line_or_not_at_all(name):
    register()
    token = get_tokens()["access_token"]

    assert call("me.update", token, {"name": name}).status == 422
    assert call("me.update", token, {"name": "Ada King"}).body["name"] == "Ada King"
    assert get_me(token).body["name"] == log_in().body["user"]["name"] == "Ada King"


@pytest.mark.parametrize("field", ["email", "roles", "email_verified", "status", "version", "id"])
def test_nothing_but_the_name_can_be_changed_so(field):
    register()
    token = get_tokens()["access_token"]

    answer = call("me.update", token, {"name": "Ada King", field: "admin"})

    assert (answer.status, answer.paths) == (422, [f"body.{field}"])
