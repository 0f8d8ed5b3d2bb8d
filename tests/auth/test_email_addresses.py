"""Whole slice: an address is confirmed by opening the link that was mailed to it."""

import json
from datetime import timedelta

import pytest

from auth.accounts import service as accounts
from auth.credentials import service as credentials
from auth.email_addresses import repository
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


def open_link(token: str):
    return post("auth.verify_email", {"token": token})


def resend(email: str = EMAIL):
    return post("auth.resend_verification", {"email": email})


def request_change(email: str, token: str, password: str = PASSWORD):
    return call("me.change_email", token, {"email": email, "password": password})


def is_expired(answer) -> bool:
    return (answer.status, answer.code) == (400, "link_expired")


def test_the_link_confirms_the_address_in_both_tables():
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id)

    assert open_link(token).status == 204

    user, login = User.get(user_id), Login.get(EMAIL)
    assert (user.email_verified, login.email_verified) == (True, True)
    assert (user.version, login.version) == (2, 2)
    assert log_in().body["user"]["email_verified"] is True


def verified_users() -> list[str]:
    """Return the users of all staged verified events."""
    events = [parse_event(row.payload) for row in OutboxRow.scan()]
    return [event.data.user_id for event in events if event.type == "user.email_verified"]


def test_the_verified_event_is_staged_once():
    user_id = register().body["id"]
    tokens = [create_link_token("verify_email", user_id) for _ in range(2)]

    assert [open_link(token).status for token in tokens] == [204, 204]

    assert verified_users() == [user_id]


def test_an_expired_link_stages_no_event():
    token = create_link_token("verify_email", register().body["id"], lives=timedelta(seconds=-1))

    assert is_expired(open_link(token))

    assert verified_users() == []


def test_a_password_reset_confirms_the_address_once():
    user_id = register().body["id"]

    for _ in range(2):
        reset = {"token": create_link_token("reset_password", user_id), "password": PASSWORD}
        assert post("auth.reset_password", reset).status == 204

    assert User.get(user_id).email_verified is True
    assert verified_users() == [user_id]


def test_an_address_change_stages_no_verified_event():
    user_id = register().body["id"]
    request_change("new@example.com", get_tokens()["access_token"])

    open_link(create_link_token("change_email", user_id))

    assert (verified_users(), published_event_types()[-1]) == ([], "user.email_changed")


def test_the_confirmation_and_its_event_are_written_together():
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id)

    with faults.inject_faults(connection().client, "TransactWriteItems", faults.read_timeout()):
        assert open_link(token).status == 503
    assert (User.get(user_id).email_verified, verified_users()) == (False, [])
    assert open_link(token).status == 204

    assert (User.get(user_id).email_verified, verified_users()) == (True, [user_id])


def test_a_link_works_once():
    token = create_link_token("verify_email", register().body["id"])
    open_link(token)

    assert is_expired(open_link(token))


def test_a_link_stops_working_when_it_expires(fake_clock):
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id, lives=timedelta(days=7))

    fake_clock.advance(days=7, seconds=1)

    assert is_expired(open_link(token))
    assert User.get(user_id).email_verified is False


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 200, "é" * 43, "\x00"])
def test_an_unknown_token_is_refused_like_an_expired_one(token):
    assert is_expired(open_link(token))


def test_a_reset_token_does_not_confirm_an_address():
    user_id = register().body["id"]
    reset = create_link_token("reset_password", user_id)

    assert is_expired(open_link(reset))
    assert User.get(user_id).email_verified is False


def test_a_link_sent_to_a_former_address_does_not_work():
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id)
    User(user_id).update([User.email.set("new@example.com")])

    assert is_expired(open_link(token))


def test_resend_answers_the_same_with_and_without_an_account():
    unconfirmed = register().body["id"]
    confirmed = register(email="bob@example.com").body["id"]
    open_link(create_link_token("verify_email", confirmed))

    answers = [resend(), resend("bob@example.com"), resend("nobody@example.com")]

    assert [answer.status for answer in answers] == [202] * 3
    assert [answer.body for answer in answers] == [""] * 3
    assert answers[0].headers == answers[1].headers == answers[2].headers
    asked = [parse_event(row.payload) for row in OutboxRow.scan() if "verification" in row.type]
    written_to = {event.data.user_id for event in asked} & {unconfirmed, confirmed}
    assert written_to == {unconfirmed}
    assert len(asked) == 3


def test_repeated_resends_send_one_mail_in_five_minutes(fake_clock):
    register()
    for _ in range(5):
        assert resend().status == 202
    assert published_event_types().count("user.verification_requested") == 1

    fake_clock.advance(minutes=5)
    resend()
    assert published_event_types().count("user.verification_requested") == 2


def test_the_address_changes_only_after_the_link_is_opened():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    assert request_change("new@example.com", token).status == 202

    assert get_me(token).body["email"] == EMAIL
    assert User.get(user_id).new_email == "new@example.com"
    assert published_event_types()[-1] == "user.email_change_requested"


def test_opening_the_link_changes_the_address():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    request_change("new@example.com", token)

    assert open_link(create_link_token("change_email", user_id)).status == 204

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


def test_an_address_change_needs_the_password():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    answer = request_change("new@example.com", token, password="wrong horse battery")

    assert (answer.status, answer.code) == (403, "wrong_password")
    assert User.get(user_id).new_email is None


def test_a_taken_address_gets_the_answer_of_a_free_one():
    ada = register().body["id"]
    bob = register(email="bob@example.com").body["id"]
    token = get_tokens()["access_token"]

    taken, free = (
        request_change("bob@example.com", token),
        request_change("free@example.com", token),
    )

    assert (taken.status, taken.body, taken.headers) == (202, free.body, free.headers)
    (event,) = [parse_event(row.payload) for row in OutboxRow.scan() if "duplicate" in row.type]
    assert event.data.user_id == bob
    assert Login.get("bob@example.com").user_id == bob
    assert User.get(ada).email == EMAIL


def test_an_address_taken_before_the_link_is_opened_is_kept():
    user_id = register().body["id"]
    request_change("new@example.com", get_tokens()["access_token"])
    link = create_link_token("change_email", user_id)
    register(email="new@example.com", password="another password")

    assert is_expired(open_link(link))

    assert Login.get("new@example.com").user_id != user_id
    assert Login.get(EMAIL).user_id == user_id
    assert User.get(user_id).email == EMAIL


def test_a_password_reset_voids_a_requested_address_change():
    user_id = register().body["id"]
    request_change("attacker@example.com", get_tokens()["access_token"])
    attackers_link = create_link_token("change_email", user_id)
    reset = {
        "token": create_link_token("reset_password", user_id),
        "password": "staple correct battery",
    }
    assert post("auth.reset_password", reset).status == 204

    assert is_expired(open_link(attackers_link))
    assert User.get(user_id).email == EMAIL


def test_a_second_registration_voids_the_first_link(
    monkeypatch,
):
    """Otherwise the owner of the address would confirm an attacker's password."""
    require_verified_email(monkeypatch)
    user_id = register(password="the attacker's own words").body["id"]
    first = create_link_token("verify_email", user_id)

    register(password=PASSWORD)

    assert is_expired(open_link(first))
    assert User.get(user_id).email_verified is False
    (event,) = [parse_event(row.payload) for row in OutboxRow.scan() if "duplicate" in row.type]
    assert event.data.access_epoch == User.get(user_id).access_epoch == 2
    reset = {"token": create_link_token("reset_password", user_id), "password": PASSWORD}
    assert post("auth.reset_password", reset).status == 204
    assert log_in().status == 200
    assert log_in(password="the attacker's own words").status == 401


def require_verified_email(monkeypatch):
    """Refuse logins until the address is confirmed."""
    configured = {
        AccountSettings: settings(AccountSettings).replace(require_verified_email=True),
        PasswordSettings: settings(PasswordSettings),
    }
    for module in (accounts, credentials):
        monkeypatch.setattr(module, "settings", configured.__getitem__)


def test_a_code_is_used_up_even_when_no_mail_is_sent():
    user_id = register_confirmed().body["id"]
    token = get_tokens()["access_token"]
    seed = codes.new_seed(credentials.pepper())
    recovery = codes.new_recovery_codes()
    Login(EMAIL).update(
        [
            Login.second_factor.set(True),
            Login.totp_seed.set(seed),
            Login.recovery_hashes.set(codes.hash_recovery_codes(recovery)),
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


def test_a_code_used_during_an_address_change_stays_used():
    user_id = register_confirmed().body["id"]
    Login(EMAIL).update([Login.recovery_hashes.set({"one", "two"})])
    User(user_id).update([User.new_email.set("new@example.com")])
    user, read = User.get(user_id), Login.get(EMAIL)
    Login(EMAIL).update([Login.recovery_hashes.delete({"one"})])
    transaction = Transaction()
    repository.stage_email_change(transaction, user, read, "new@example.com")

    with pytest.raises(ConcurrentModification):
        transaction.commit()

    assert Login.get(EMAIL).recovery_hashes == {"two"}


def test_only_the_last_requested_address_can_be_confirmed():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    request_change("first@example.com", token)
    first = create_link_token("change_email", user_id)
    request_change("second@example.com", token)
    second = create_link_token("change_email", user_id)

    assert is_expired(open_link(first))
    assert open_link(second).status == 204
    assert User.get(user_id).email == "second@example.com"


def test_link_tokens_are_stored_as_digests_and_never_logged():
    user_id = register().body["id"]
    token = create_link_token("verify_email", user_id)
    stored = [row.attribute_values for row in EmailToken.scan()]
    with logs.captured() as lines:
        open_link(token)
        open_link(token)

    assert token not in json.dumps(stored, default=str)
    assert token not in lines.text
    audited = [(line["action"], line["result"]) for line in lines.saying("audit")]
    assert audited == [("verify_email", "done"), ("follow_link", "refused")]
