"""Whole slice: a second factor, from the enrolment to a login with a code."""

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
        """A code that was not used before: waits for the next time step."""
        self._time.advance(seconds=30)
        return str(self.totp.at(self._time()))


def start(token: str, password: str = PASSWORD):
    return call("me.start_second_factor", token, {"password": password})


def confirm(token: str, code: str):
    return call("me.confirm_second_factor", token, {"code": code})


def replace_codes(token: str, code: str, password: str = PASSWORD):
    return call("me.renew_recovery_codes", token, {"password": password, "code": code})


def disable(token: str, code: str, password: str = PASSWORD):
    return call("me.remove_second_factor", token, {"password": password, "code": code})


def enable(fake_clock: FakeClock) -> tuple[dict, App, list[str]]:
    """Return the session, the app and the recovery codes of a user with a second factor."""
    register_confirmed()
    tokens = get_tokens()
    app = App(start(tokens["access_token"]).body["uri"], fake_clock)
    answer = confirm(tokens["access_token"], app.code)
    assert answer.status == 200, answer
    return tokens, app, answer.body["recovery_codes"]


def test_the_secret_names_the_account_and_the_shop():
    register_confirmed()

    answer = start(get_tokens()["access_token"])

    assert answer.status == 201
    totp = pyotp.parse_uri(answer.body["uri"])
    assert (totp.name, totp.issuer) == (EMAIL, "Souk")
    assert totp.secret == answer.body["secret"]
    assert len(totp.byte_secret()) == 20


def test_login_needs_no_code_before_the_confirmation():
    register_confirmed()
    start(get_tokens()["access_token"])

    assert log_in().status == 200


def test_login_needs_a_code_after_the_confirmation(fake_clock):
    _, app, _ = enable(fake_clock)

    without = log_in()
    wrong = log_in(code="000000")
    right = log_in(code=app.code)

    assert (without.status, without.code) == (401, "second_factor_code_required")
    assert (wrong.status, wrong.code) == (401, "second_factor_code_refused")
    assert right.status == 200
    assert right.body["user"]["second_factor"] is True
    assert User.get(right.body["user"]["id"]).second_factor is True


def test_only_the_right_password_reveals_the_second_factor(fake_clock):
    enable(fake_clock)

    assert log_in(password="wrong horse battery").code == "wrong_credentials"


def test_a_code_works_for_one_login(fake_clock):
    _, app, _ = enable(fake_clock)
    code = app.code

    assert log_in(code=code).status == 200
    assert log_in(code=code).code == "second_factor_code_refused"


def in_the_middle_of_a_step(fake_clock: FakeClock) -> None:
    """The test must end before the next time step starts."""
    fake_clock.advance(seconds=40 - fake_clock().timestamp() % 30)


@pytest.mark.parametrize(("off", "status"), [(-60, 401), (-30, 200), (30, 200), (60, 401)])
def test_login_allows_a_clock_half_a_minute_off(off, status, fake_clock):
    _, app, _ = enable(fake_clock)
    fake_clock.advance(minutes=5)
    in_the_middle_of_a_step(fake_clock)

    assert log_in(code=app.totp.at(fake_clock() + timedelta(seconds=off))).status == status


def test_login_accepts_spaces_and_full_width_digits(fake_clock):
    _, app, _ = enable(fake_clock)

    spaced, padded, full_width = app.code, app.code, app.code
    fake_clock.advance(seconds=-60)
    assert log_in(code=f"{spaced[:3]} {spaced[3:]}").status == 200
    fake_clock.advance(seconds=30)
    assert log_in(code=f" {padded}\t").status == 200
    fake_clock.advance(seconds=30)
    assert log_in(code=full_width.translate(FULL_WIDTH)).status == 200


@pytest.mark.parametrize("code", ["\ud800" * 6, "x" * 41, 123456, ["000000"]], ids=repr)
def test_a_malformed_code_is_an_invalid_field(code, fake_clock):
    enable(fake_clock)

    answer = log_in(code=code)

    assert (answer.status, answer.paths) == (422, ["body.code"])


def test_one_of_two_simultaneous_logins_with_a_code_succeeds(fake_clock):
    _, app, _ = enable(fake_clock)
    code, client = app.code, credentials.Client("203.0.113.7", "")
    authentications = [credentials.authenticate(EMAIL, PASSWORD, code, client) for _ in range(2)]
    first, second = Transaction(), Transaction()
    for authentication, transaction in zip(authentications, (first, second), strict=True):
        authentication.stage_success(transaction)

    first.commit()

    with pytest.raises(credentials.WrongCredentials):
        second.commit()


def test_a_recovery_code_works_once(fake_clock):
    _, _, recovery_codes = enable(fake_clock)

    assert log_in(code=recovery_codes[0]).status == 200
    assert log_in(code=recovery_codes[0]).code == "second_factor_code_refused"
    assert log_in(code=recovery_codes[1].upper()).status == 200
    assert len(Login.get(EMAIL).recovery_hashes) == 8


def test_wrong_codes_at_login_are_throttled(fake_clock):
    enable(fake_clock)

    answers = [log_in(code=f"00000{n}").status for n in range(6)]

    assert answers == [401] * 5 + [429]


def test_the_confirmation_ends_all_other_sessions(fake_clock):
    register_confirmed()
    here, there = get_tokens(), get_tokens()
    app = App(start(here["access_token"]).body["uri"], fake_clock)

    confirm(here["access_token"], app.code)

    assert get_me(there["access_token"]).code == "session_ended"
    assert get_me(here["access_token"]).status == 200
    assert refresh(here["refresh_token"]).status == 200
    (left,) = call("me.list_sessions", here["access_token"]).body["items"]
    assert left["second_factor"] is True


def test_an_ended_session_cannot_confirm_a_second_factor(fake_clock):
    """API Gateway accepts an ended session for up to a minute."""
    register_confirmed()
    owner, thief = get_tokens(), get_tokens()
    app = App(start(thief["access_token"]).body["uri"], fake_clock)
    kept = authorize(thief["access_token"])
    call("me.end_other_sessions", owner["access_token"])

    answer = send(handler, "me.confirm_second_factor", caller=kept, body={"code": app.code})

    assert (answer.status, answer.code) == (401, "session_ended")
    assert Login.get(EMAIL).second_factor is False
    assert get_me(owner["access_token"]).status == 200
    assert "user.second_factor_changed" not in published_event_types()


def test_enabling_and_disabling_stage_events(fake_clock):
    tokens, app, _ = enable(fake_clock)
    assert disable(tokens["access_token"], app.code).status == 204

    events = [parse_event(row.payload) for row in OutboxRow.scan() if "second" in row.type]
    ordered = sorted(events, key=lambda event: event.occurred_at)
    assert [event.data.enabled for event in ordered] == [True, False]


def test_disabling_removes_the_secret_and_the_codes(fake_clock):
    tokens, app, recovery_codes = enable(fake_clock)

    disable(tokens["access_token"], app.code)

    login = Login.get(EMAIL)
    assert (login.totp_seed, login.totp_step, login.recovery_hashes) == (None, None, None)
    assert log_in().status == 200
    assert disable(tokens["access_token"], recovery_codes[0]).code == "second_factor_not_enabled"


@pytest.mark.parametrize("attempt", [replace_codes, disable])
def test_changes_need_both_password_and_code(attempt, fake_clock):
    tokens, app, _ = enable(fake_clock)

    assert attempt(tokens["access_token"], "000000").code == "wrong_code"
    wrong = attempt(tokens["access_token"], app.code, password="wrong horse battery")
    assert (wrong.status, wrong.code) == (403, "wrong_password")
    assert log_in(code=app.code).status == 200


def test_new_recovery_codes_void_the_old_ones(fake_clock):
    tokens, app, old = enable(fake_clock)

    new = replace_codes(tokens["access_token"], app.code).body["recovery_codes"]

    assert not set(new) & set(old)
    assert log_in(code=old[0]).code == "second_factor_code_refused"
    assert log_in(code=new[0]).status == 200


def test_a_recovery_code_can_replace_the_recovery_codes(fake_clock):
    tokens, _, old = enable(fake_clock)

    assert replace_codes(tokens["access_token"], old[9]).status == 200
    assert log_in(code=old[9]).code == "second_factor_code_refused"


def test_a_second_start_replaces_the_secret(fake_clock):
    register_confirmed()
    token = get_tokens()["access_token"]
    first = App(start(token).body["uri"], fake_clock)
    second = App(start(token).body["uri"], fake_clock)

    assert confirm(token, first.code).code == "wrong_code"
    assert confirm(token, second.code).status == 200


def test_an_enabled_second_factor_cannot_be_started_again(fake_clock):
    tokens, _, _ = enable(fake_clock)

    again = start(tokens["access_token"])

    assert (again.status, again.code) == (409, "second_factor_already_enabled")


def test_a_confirmation_needs_a_started_enrolment():
    register_confirmed()

    answer = confirm(get_tokens()["access_token"], "000000")

    assert (answer.status, answer.code) == (409, "second_factor_not_enabled")


def test_an_enrolment_needs_a_confirmed_address():
    register()

    answer = start(get_tokens()["access_token"])

    assert (answer.status, answer.code) == (403, "email_not_verified")


def test_an_enrolment_needs_the_password():
    register_confirmed()

    answer = start(get_tokens()["access_token"], password="wrong horse battery")

    assert (answer.status, answer.code) == (403, "wrong_password")
    assert Login.get(EMAIL).totp_seed is None


def test_wrong_codes_at_the_confirmation_are_throttled():
    register_confirmed()
    token = get_tokens()["access_token"]
    start(token)

    answers = [confirm(token, f"00000{n}").status for n in range(6)]

    assert answers == [403] * 5 + [429]


def test_a_password_reset_keeps_the_second_factor(fake_clock):
    enable(fake_clock)
    token = create_link_token("reset_password", Login.get(EMAIL).user_id)
    post("auth.reset_password", {"token": token, "password": "staple correct battery"})

    assert log_in(password="staple correct battery").code == "second_factor_code_required"


@pytest.fixture
def staff_second_factor_required(monkeypatch):
    configured = {
        AdmissionSettings: settings(AdmissionSettings).replace(require_staff_second_factor=True),
        TokenSettings: settings(TokenSettings),
    }
    monkeypatch.setattr(authorizer, "settings", configured.__getitem__)


@pytest.mark.usefixtures("staff_second_factor_required")
def test_staff_without_a_required_second_factor_are_customers(fake_clock):
    user_id = register_confirmed().body["id"]
    User(user_id).update([User.roles.set({"staff"})])
    tokens = get_tokens()

    refused = call("me.list_api_keys", tokens["access_token"])

    assert (refused.status, refused.code) == (403, "second_factor_required")
    assert get_me(tokens["access_token"]).status == 200

    app = App(start(tokens["access_token"]).body["uri"], fake_clock)
    recovery_codes = confirm(tokens["access_token"], app.code).body["recovery_codes"]
    assert call("me.list_api_keys", tokens["access_token"]).status == 200
    again = get_tokens(code=recovery_codes[0])
    assert call("me.list_api_keys", again["access_token"]).status == 200
    disable(again["access_token"], recovery_codes[1])
    assert "stock:write" not in authorize(get_tokens()["access_token"])["permissions"]


@pytest.mark.usefixtures("staff_second_factor_required")
def test_customers_never_need_a_second_factor():
    register()

    assert authorize(get_tokens()["access_token"])["second_factor_due"] is False


def test_every_change_of_a_second_factor_is_audited(fake_clock):
    with logs.captured() as lines:
        tokens, app, _ = enable(fake_clock)
        replace_codes(tokens["access_token"], app.code)
        disable(tokens["access_token"], app.code)

    actions = ("start_second", "confirm_second", "replace_recovery", "disable_second")
    done = [line for line in lines.saying("audit") if line["action"].startswith(actions)]
    assert [line["action"] for line in done] == [
        "start_second_factor",
        "confirm_second_factor",
        "replace_recovery_codes",
        "disable_second_factor",
    ]
    assert {line["result"] for line in done} == {"done"}
    assert {line["user_id"] for line in done} == {User.scan().next().user_id}


def test_secrets_and_codes_are_never_logged_or_stored(fake_clock):
    with logs.captured() as lines:
        _, app, recovery_codes = enable(fake_clock)
        secret = app.totp.secret
        log_in(code=recovery_codes[0])

    stored = repr(Login.get(EMAIL).attribute_values) + repr(
        [row.attribute_values for row in (*OutboxRow.scan(), *Session.scan())]
    )
    for hidden in (secret, *recovery_codes):
        assert hidden not in lines.text
        assert hidden not in stored
        assert hidden.replace("-", "") not in stored
