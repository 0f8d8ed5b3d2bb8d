"""Whole slice: routes that ask for the password again, or that mail, have the same refusals."""

from typing import Any

import pyotp
import pytest

from auth.accounts import service as accounts
from shared.config import AccountSettings, settings
from shared.storage.models.accounts import Login, User
from shared.storage.transactions import Transaction
from tests.support.accounts import (
    EMAIL,
    PASSWORD,
    call,
    get_tokens,
    post,
    register_confirmed,
)
from tests.support.http import ELSEWHERE, Answer

pytestmark = pytest.mark.usefixtures("aws")

WRONG = "wrong horse battery"
WITH_PASSWORD: list[tuple[str, dict[str, Any], str]] = [
    ("me.change_email", {"email": "new@example.com"}, "password"),
    ("me.change_password", {"new_password": "a new horse battery"}, "current_password"),
    ("me.delete", {}, "password"),
    ("me.start_second_factor", {}, "password"),
    ("me.remove_second_factor", {"code": "000000"}, "password"),
    ("me.renew_recovery_codes", {"code": "000000"}, "password"),
]
WITH_SECOND_FACTOR = ("me.remove_second_factor", "me.renew_recovery_codes")


@pytest.fixture
def user_id(aws: None) -> str:  # noqa: ARG001 (needs the tables)
    return str(register_confirmed().body["id"])


def set_second_factor(user_id: str) -> None:
    """As after an enrolment, without its codes: none of these tests has a right one."""
    User(user_id).update([User.second_factor.set(True)])
    Login(EMAIL).update([Login.second_factor.set(True)])


def limit_mails(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    limited = settings(AccountSettings).replace(mails_per_hour=count)
    monkeypatch.setattr(
        accounts,
        "settings",
        lambda section: limited if section is AccountSettings else settings(section),
    )


@pytest.mark.parametrize(("name", "body", "field"), WITH_PASSWORD)
def test_a_disabled_account_changes_nothing(user_id, name, body, field):
    token = get_tokens()["access_token"]
    if name in WITH_SECOND_FACTOR:
        set_second_factor(user_id)
    Login(EMAIL).update([Login.status.set("disabled")])

    answer = call(name, token, body | {field: PASSWORD})

    assert (answer.status, answer.code) == (403, "account_disabled")


@pytest.mark.parametrize(("name", "body", "field"), WITH_PASSWORD)
def test_wrong_passwords_are_throttled_at_every_route(user_id, name, body, field):
    token = get_tokens()["access_token"]
    if name in WITH_SECOND_FACTOR:
        set_second_factor(user_id)

    answers = [call(name, token, body | {field: f"{WRONG} {n}"}) for n in range(6)]

    assert [answer.code for answer in answers] == ["wrong_password"] * 5 + ["too_many_attempts"]


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [case for case in WITH_PASSWORD if case[0] != "me.start_second_factor"],
)
def test_a_second_factor_is_asked_at_every_route(user_id, name, body, field):
    token = get_tokens()["access_token"]
    set_second_factor(user_id)

    answer = call(name, token, body | {field: PASSWORD, "code": "000000"})

    assert (answer.status, answer.code) == (403, "wrong_code")


@pytest.mark.parametrize("name", WITH_SECOND_FACTOR)
@pytest.mark.usefixtures("user_id")
def test_an_account_without_a_second_factor_has_none_to_change(name):
    token = get_tokens()["access_token"]

    answer = call(name, token, {"password": PASSWORD, "code": "000000"})

    assert (answer.status, answer.code) == (409, "second_factor_not_enabled")


def test_an_enabled_second_factor_is_not_confirmed_again(user_id):
    token = get_tokens()["access_token"]
    set_second_factor(user_id)

    answer = call("me.confirm_second_factor", token, {"code": "000000"})

    assert (answer.status, answer.code) == (409, "second_factor_already_enabled")


def test_a_confirmation_that_is_overtaken_enables_nothing(user_id, monkeypatch):
    token = get_tokens()["access_token"]
    secret = call("me.start_second_factor", token, {"password": PASSWORD}).body["secret"]
    commit = Transaction.commit

    def write_first(self: Transaction, **options: Any) -> None:
        User(user_id).update([User.version.set(User.version + 1)])
        commit(self, **options)

    monkeypatch.setattr(Transaction, "commit", write_first)

    answer = call("me.confirm_second_factor", token, {"code": pyotp.TOTP(secret).now()})

    assert (answer.status, answer.code) == (409, "concurrent_modification")
    assert User.get(user_id).second_factor is False


@pytest.mark.parametrize("name", ["auth.forgot_password", "auth.resend_verification"])
@pytest.mark.usefixtures("user_id")
def test_one_network_causes_a_few_mails_an_hour(name, monkeypatch):
    limit_mails(monkeypatch, 1)

    def ask(number: int) -> Answer:
        return post(name, {"email": f"nobody{number}@example.com"}, address=ELSEWHERE)

    assert [ask(number).status for number in range(2)] == [202, 429]


@pytest.mark.usefixtures("user_id")
def test_a_change_of_the_address_counts_as_a_mail(monkeypatch):
    token = get_tokens()["access_token"]
    limit_mails(monkeypatch, 1)

    answers = [
        call("me.change_email", token, {"email": email, "password": PASSWORD}, address=ELSEWHERE)
        for email in ("one@example.com", "two@example.com")
    ]

    assert [answer.status for answer in answers] == [202, 429]
