"""Pure: settings from the environment."""

import pytest

from shared import config
from shared.config import (
    AccountSettings,
    AdmissionSettings,
    ConfigurationError,
    MailSettings,
    PasswordSettings,
    Runtime,
    Tables,
    TokenSettings,
    settings,
)


@pytest.fixture(autouse=True)
def _unread(monkeypatch):
    """Settings are cached for the whole process; each test reads them again."""
    monkeypatch.setattr(config, "_loaded", config._loaded.__wrapped__)  # noqa: SLF001


def test_a_setting_is_the_variable_with_its_name(monkeypatch):
    monkeypatch.setenv("TOKEN_KEYS_SECRET_ARN", "arn:of:keys")
    monkeypatch.setenv("ACCESS_TOKEN_MINUTES", "5")

    chosen = settings(TokenSettings)

    assert (chosen.token_keys_secret_arn, chosen.access_token_minutes) == ("arn:of:keys", 5)


def test_all_missing_variables_are_reported_together(monkeypatch):
    for name in ("LOGINS_TABLE", "STOCK_TABLE", "OUTBOX_TABLE"):
        monkeypatch.delenv(name)

    with pytest.raises(ConfigurationError) as raised:
        settings(Tables)

    assert str(raised.value) == (
        "LOGINS_TABLE is not set; STOCK_TABLE is not set; OUTBOX_TABLE is not set"
    )


def test_missing_and_invalid_variables_are_reported_together(monkeypatch):
    monkeypatch.delenv("PASSWORD_PEPPER_SECRET_ARN")
    monkeypatch.setenv("BCRYPT_COST", "twelve")

    with pytest.raises(ConfigurationError) as raised:
        settings(PasswordSettings)

    assert "PASSWORD_PEPPER_SECRET_ARN is not set" in str(raised.value)
    assert "BCRYPT_COST is 'twelve', not a whole number" in str(raised.value)


@pytest.mark.parametrize("text", ["1.5", "1e3", "0x10", "ten", " ", "12 rounds"])
def test_a_number_is_a_whole_number(monkeypatch, text):
    monkeypatch.setenv("ACCESS_TOKEN_MINUTES", text)

    with pytest.raises(ConfigurationError, match="ACCESS_TOKEN_MINUTES"):
        settings(TokenSettings)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_a_switch_is_true_or_false(monkeypatch, text, value):
    monkeypatch.setenv("REQUIRE_STAFF_SECOND_FACTOR", text)

    assert settings(AdmissionSettings).require_staff_second_factor is value


@pytest.mark.parametrize("text", ["True", "FALSE", "1", "0", "yes", "on", " true", "None"])
def test_other_spellings_of_a_switch_are_refused(monkeypatch, text):
    monkeypatch.setenv("REQUIRE_STAFF_SECOND_FACTOR", text)

    with pytest.raises(ConfigurationError) as raised:
        settings(AdmissionSettings)

    message = f"REQUIRE_STAFF_SECOND_FACTOR is {text!r}, not true or false"
    assert str(raised.value) == message


@pytest.mark.parametrize("missing", [None, ""])
def test_a_switch_for_security_has_no_default(monkeypatch, missing):
    for name, section in (
        ("REQUIRE_STAFF_SECOND_FACTOR", AdmissionSettings),
        ("REQUIRE_VERIFIED_EMAIL", AccountSettings),
    ):
        monkeypatch.delenv(name) if missing is None else monkeypatch.setenv(name, missing)

        with pytest.raises(ConfigurationError, match=f"{name} is not set"):
            settings(section)


def test_an_empty_variable_counts_as_missing(monkeypatch):
    monkeypatch.setenv("MAIL_SENDER", "")

    with pytest.raises(ConfigurationError, match="MAIL_SENDER is not set"):
        settings(MailSettings)


def test_a_missing_variable_has_the_default_of_the_code(monkeypatch):
    for name in ("ACCESS_TOKEN_MINUTES", "BCRYPT_COST", "SHOP_NAME"):
        monkeypatch.delenv(name, raising=False)

    assert settings(TokenSettings).access_token_minutes == 15
    assert settings(PasswordSettings).bcrypt_cost == 12
    assert settings(MailSettings).shop_name == "Souk"


@pytest.mark.parametrize(
    ("environment", "shows"),
    [("local", True), ("development", True), ("production", False), ("Development", False)],
)
def test_only_developers_see_a_stack(monkeypatch, environment, shows):
    monkeypatch.setenv("ENVIRONMENT", environment)

    assert settings(Runtime).shows_stacks is shows
