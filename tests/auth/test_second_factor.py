"""Whole slice: a second factor, from its secret to a login with it."""

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from auth.credentials import service as credentials
from auth.handler import handler
from authorizer import service as authorizer
from shared.config import AdmissionSettings, TokenSettings, settings
from shared.events.all_events import parse_event
from shared.storage.models.accounts import Login, Session, User
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction
from tests.support import logs
from tests.support.accounts import (
    EMAIL,
    PASSWORD,
    authorize,
    call,
    create_link_token,
    get_me,
    get_tokens,
    log_in,
    post,
    refresh,
    register,
    register_confirmed,
)
from tests.support.events import published_event_types
from tests.support.fake_clock import FakeClock
from tests.support.http import send

pytestmark = pytest.mark.usefixtures("aws")

FULL_WIDTH = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}


class App:
    """An authenticator app."""

    def __init__(self, uri: str, time: FakeClock) -> None:
        self.totp, self._time = pyotp.parse_uri(uri), time

    @property
    def code(self) -> str:
        """One that was not shown before: the app waits for the next."""
        self._time.advance(seconds=30)
        return str(self.totp.at(self._time()))


def start(token: str, password: str = PASSWORD):
    return call("me.start_second_factor", token, {"password": password})


def confirm(token: str, code: str):
    return call("me.confirm_second_factor", token, {"code": code})


def renew(token: str, code: str, password: str = PASSWORD):
    return call("me.renew_recovery_codes", token, {"password": password, "code": code})


def remove(token: str, code: str, password: str = PASSWORD):
    return call("me.remove_second_factor", token, {"password": password, "code": code})


def turned_on(later: FakeClock) -> tuple[dict, App, list[str]]:
    """The session, the app and the recovery codes of someone who has one."""
    register_confirmed()
    tokens = get_tokens()
    app = App(start(tokens["access_token"]).body["uri"], later)
    answer = confirm(tokens["access_token"], app.code)
    assert answer.status == 200, answer
    return tokens, app, answer.body["recovery_codes"]


def test_a_secret_is_for_the_account_at_the_shop():
    register_confirmed()

    answer = start(get_tokens()["access_token"])

    assert answer.status == 201
    totp = pyotp.parse_uri(answer.body["uri"])
    assert (totp.name, totp.issuer) == (EMAIL, "Souk")
    assert totp.secret == answer.body["secret"]
    assert len(totp.byte_secret()) == 20


def test_until_it_is_confirmed_nothing_changes_at_login():
    register_confirmed()
    start(get_tokens()["access_token"])

    assert log_in().status == 200


def test_once_confirmed_a_login_needs_a_code(later):
    _, app, _ = turned_on(later)

    without = log_in()
    wrong = log_in(code="000000")
    right = log_in(code=app.code)

    assert (without.status, without.code) == (401, "second_factor_code_required")
    assert (wrong.status, wrong.code) == (401, "second_factor_code_refused")
    assert right.status == 200
    assert right.body["user"]["second_factor"] is True
    assert User.get(right.body["user"]["id"]).second_factor is True


def test_that_a_code_is_missing_is_told_to_whoever_has_the_password_alone(later):
    turned_on(later)

    assert log_in(password="wrong horse battery").code == "wrong_credentials"


def test_a_code_opens_one_session(later):
    _, app, _ = turned_on(later)
    code = app.code

    assert log_in(code=code).status == 200
    assert log_in(code=code).code == "second_factor_code_refused"


def in_the_middle_of_a_step(later: FakeClock) -> None:
    """So that the test is over before the next begins."""
    later.advance(seconds=40 - later().timestamp() % 30)


@pytest.mark.parametrize(("off", "status"), [(-60, 401), (-30, 200), (30, 200), (60, 401)])
def test_at_login_a_phone_s_clock_may_be_half_a_minute_off(off, status, later):
    _, app, _ = turned_on(later)
    later.advance(minutes=5)
    in_the_middle_of_a_step(later)

    assert log_in(code=app.totp.at(later() + timedelta(seconds=off))).status == status


def test_at_login_a_code_may_be_written_as_people_write_it(later):
    _, app, _ = turned_on(later)

    spaced, padded, full_width = app.code, app.code, app.code
    later.advance(seconds=-60)
    assert log_in(code=f"{spaced[:3]} {spaced[3:]}").status == 200
    later.advance(seconds=30)
    assert log_in(code=f" {padded}\t").status == 200
    later.advance(seconds=30)
    assert log_in(code=full_width.translate(FULL_WIDTH)).status == 200


@pytest.mark.parametrize("code", ["\ud800" * 6, "x" * 41, 123456, ["000000"]], ids=repr)
def test_what_cannot_be_a_code_is_refused_as_a_field(code, later):
    turned_on(later)

    answer = log_in(code=code)

    assert (answer.status, answer.paths) == (422, ["body.code"])


def test_of_two_logins_with_one_code_at_once_one_succeeds(later):
    _, app, _ = turned_on(later)
    code, client = app.code, credentials.Client("203.0.113.7", "")
    proofs = [credentials.authenticate(EMAIL, PASSWORD, code, client) for _ in range(2)]
    first, second = Transaction(), Transaction()
    for proof, transaction in zip(proofs, (first, second), strict=True):
        proof.settle(transaction)

    first.commit()

    with pytest.raises(credentials.WrongCredentials):
        second.commit()


def test_a_recovery_code_stands_in_for_the_app_once(later):
    _, _, recovery_codes = turned_on(later)

    assert log_in(code=recovery_codes[0]).status == 200
    assert log_in(code=recovery_codes[0]).code == "second_factor_code_refused"
    assert log_in(code=recovery_codes[1].upper()).status == 200
    assert len(Login.get(EMAIL).recovery_hashes) == 8


def test_codes_are_guessed_at_as_slowly_as_passwords(later):
    turned_on(later)

    answers = [log_in(code=f"00000{n}").status for n in range(6)]

    assert answers == [401] * 5 + [429]


def test_turning_it_on_ends_the_sessions_that_have_not_shown_it(later):
    register_confirmed()
    here, there = get_tokens(), get_tokens()
    app = App(start(here["access_token"]).body["uri"], later)

    confirm(here["access_token"], app.code)

    assert get_me(there["access_token"]).code == "session_ended"
    assert get_me(here["access_token"]).status == 200
    assert refresh(here["refresh_token"]).status == 200
    (left,) = call("me.list_sessions", here["access_token"]).body["items"]
    assert left["second_factor"] is True


def test_a_session_that_was_ended_does_not_turn_it_on_and_live_on(later):
    """API Gateway still lets it in for up to a minute."""
    register_confirmed()
    owner, thief = get_tokens(), get_tokens()
    app = App(start(thief["access_token"]).body["uri"], later)
    kept = authorize(thief["access_token"])
    call("me.end_other_sessions", owner["access_token"])

    answer = send(handler, "me.confirm_second_factor", caller=kept, body={"code": app.code})

    assert (answer.status, answer.code) == (401, "session_ended")
    assert Login.get(EMAIL).second_factor is False
    assert get_me(owner["access_token"]).status == 200
    assert "user.second_factor_changed" not in published_event_types()


def test_the_owner_is_told_when_it_is_turned_on_and_off(later):
    tokens, app, _ = turned_on(later)
    assert remove(tokens["access_token"], app.code).status == 204

    happened = [parse_event(row.payload) for row in OutboxRow.scan() if "second" in row.type]
    told = sorted(happened, key=lambda event: event.occurred_at)
    assert [event.data.enabled for event in told] == [True, False]


def test_once_turned_off_the_password_is_enough_and_nothing_is_left(later):
    tokens, app, recovery_codes = turned_on(later)

    remove(tokens["access_token"], app.code)

    login = Login.get(EMAIL)
    assert (login.totp_seed, login.totp_step, login.recovery_hashes) == (None, None, None)
    assert log_in().status == 200
    assert remove(tokens["access_token"], recovery_codes[0]).code == "second_factor_state"


@pytest.mark.parametrize("attempt", [renew, remove])
def test_password_and_code_are_both_asked_for(attempt, later):
    tokens, app, _ = turned_on(later)

    assert attempt(tokens["access_token"], "000000").code == "wrong_code"
    wrong = attempt(tokens["access_token"], app.code, password="wrong horse battery")
    assert (wrong.status, wrong.code) == (403, "wrong_password")
    assert log_in(code=app.code).status == 200


def test_new_recovery_codes_void_the_old_ones(later):
    tokens, app, old = turned_on(later)

    new = renew(tokens["access_token"], app.code).body["recovery_codes"]

    assert not set(new) & set(old)
    assert log_in(code=old[0]).code == "second_factor_code_refused"
    assert log_in(code=new[0]).status == 200


def test_new_recovery_codes_can_be_had_for_the_last_old_one(later):
    tokens, _, old = turned_on(later)

    assert renew(tokens["access_token"], old[9]).status == 200
    assert log_in(code=old[9]).code == "second_factor_code_refused"


def test_to_start_again_replaces_the_secret(later):
    register_confirmed()
    token = get_tokens()["access_token"]
    first = App(start(token).body["uri"], later)
    second = App(start(token).body["uri"], later)

    assert confirm(token, first.code).code == "wrong_code"
    assert confirm(token, second.code).status == 200


def test_it_is_not_started_where_it_is_on(later):
    tokens, _, _ = turned_on(later)

    again = start(tokens["access_token"])

    assert (again.status, again.code) == (409, "second_factor_state")


def test_it_is_not_confirmed_where_it_was_not_started():
    register_confirmed()

    answer = confirm(get_tokens()["access_token"], "000000")

    assert (answer.status, answer.code) == (409, "second_factor_state")


def test_it_is_not_started_by_whoever_only_claims_an_address():
    register()

    answer = start(get_tokens()["access_token"])

    assert (answer.status, answer.code) == (403, "email_not_verified")


def test_it_is_not_started_without_the_password():
    register_confirmed()

    answer = start(get_tokens()["access_token"], password="wrong horse battery")

    assert (answer.status, answer.code) == (403, "wrong_password")
    assert Login.get(EMAIL).totp_seed is None


def test_guesses_at_the_confirmation_are_counted():
    register_confirmed()
    token = get_tokens()["access_token"]
    start(token)

    answers = [confirm(token, f"00000{n}").status for n in range(6)]

    assert answers == [403] * 5 + [429]


def test_a_reset_password_still_needs_the_code(later):
    turned_on(later)
    token = create_link_token("reset_password", Login.get(EMAIL).user_id)
    post("auth.reset_password", {"token": token, "password": "staple correct battery"})

    assert log_in(password="staple correct battery").code == "second_factor_code_required"


@pytest.fixture
def demanded(monkeypatch):
    chosen = {
        AdmissionSettings: replace(settings(AdmissionSettings), require_staff_second_factor=True),
        TokenSettings: settings(TokenSettings),
    }
    monkeypatch.setattr(authorizer, "settings", chosen.__getitem__)


@pytest.mark.usefixtures("demanded")
def test_where_it_is_demanded_staff_are_customers_until_they_have_shown_one(later):
    user_id = register_confirmed().body["id"]
    User(user_id).update([User.roles.set({"staff"})])
    tokens = get_tokens()

    refused = call("me.list_api_keys", tokens["access_token"])

    assert (refused.status, refused.code) == (403, "second_factor_required")
    assert get_me(tokens["access_token"]).status == 200

    app = App(start(tokens["access_token"]).body["uri"], later)
    recovery_codes = confirm(tokens["access_token"], app.code).body["recovery_codes"]
    assert call("me.list_api_keys", tokens["access_token"]).status == 200
    again = get_tokens(code=recovery_codes[0])
    assert call("me.list_api_keys", again["access_token"]).status == 200
    remove(again["access_token"], recovery_codes[1])
    assert "stock:write" not in authorize(get_tokens()["access_token"])["permissions"]


@pytest.mark.usefixtures("demanded")
def test_where_it_is_demanded_of_staff_customers_need_none():
    register()

    assert authorize(get_tokens()["access_token"])["second_factor_due"] is False


def test_each_of_its_changes_is_in_the_audit(later):
    with logs.captured() as lines:
        tokens, app, _ = turned_on(later)
        renew(tokens["access_token"], app.code)
        remove(tokens["access_token"], app.code)

    its = ("start_second", "turn_on_second", "renew_recovery", "turn_off_second")
    done = [line for line in lines.saying("audit") if line["action"].startswith(its)]
    assert [line["action"] for line in done] == [
        "start_second_factor",
        "turn_on_second_factor",
        "renew_recovery_codes",
        "turn_off_second_factor",
    ]
    assert {line["result"] for line in done} == {"done"}
    assert {line["user_id"] for line in done} == {User.scan().next().user_id}


def test_nothing_of_it_is_logged_or_stored_as_it_is(later):
    with logs.captured() as lines:
        _, app, recovery_codes = turned_on(later)
        secret = app.totp.secret
        log_in(code=recovery_codes[0])

    stored = repr(Login.get(EMAIL).attribute_values) + repr(
        [row.attribute_values for row in (*OutboxRow.scan(), *Session.scan())]
    )
    for hidden in (secret, *recovery_codes):
        assert hidden not in lines.text
        assert hidden not in stored
        assert hidden.replace("-", "") not in stored
