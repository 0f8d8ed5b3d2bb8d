"""The parameters: their defaults are safe, and their limits keep every deployment safe."""

import re
import tomllib

import pytest

from tests.template import stack

PARAMETERS = stack.source()["Parameters"]
SAMCONFIG = tomllib.loads((stack.TEMPLATE.parent / "samconfig.toml").read_text())


def overrides(config_env):
    return SAMCONFIG[config_env]["deploy"]["parameters"]["parameter_overrides"]


DEPLOYMENTS = {name: overrides(name) for name in SAMCONFIG if name != "version"}


def test_the_defaults_are_safe():
    defaults = {name: parameter.get("Default") for name, parameter in PARAMETERS.items()}

    assert defaults["RequireVerifiedEmail"] == "true"  # "false" reveals who has an account
    assert defaults["PaymentProvider"] == "stripe"  # "local" takes no money
    assert defaults["PaymentProviderUrl"] == ""  # Stripe's own address
    assert defaults["AccessTokenMinutes"] <= 15
    assert defaults["PasswordLengthMin"] >= 8  # ASVS 5.0, 6.2.1
    assert defaults["StaffPasswordLengthMin"] >= 15  # NIST SP 800-63B-4, 3.1.1.2


def test_the_limits_respect_the_standards():
    assert PARAMETERS["BcryptCost"]["MinValue"] >= 10
    for name in ("PasswordLengthMin", "StaffPasswordLengthMin"):
        assert PARAMETERS[name]["MinValue"] >= 8, name
        assert PARAMETERS[name]["MaxValue"] <= 64, name  # NIST: these must be accepted
    for name in ("FailuresPerAddress", "MailsPerHour", "GuestOrdersPerHour", "GuestCartsPerHour"):
        assert PARAMETERS[name]["MinValue"] >= 1, name  # 0 would refuse everyone


@pytest.mark.parametrize("name", ["RequireVerifiedEmail", "RequireStaffSecondFactor"])
def test_a_switch_accepts_only_the_values_that_the_code_reads(name):
    assert PARAMETERS[name]["AllowedValues"] == ["true", "false"]


@pytest.mark.parametrize(
    ("url", "is_accepted"),
    [
        ("https://shop.example", True),
        ("http://localhost:3000", True),
        ("https://shop.example/en", True),
        ("https://shop.example/", False),  # links would have two slashes
        ("shop.example", False),
        ("javascript:alert(1)", False),
        ("https://shop.example?a=b", False),
        ("https://shop.example#top", False),
        ("https://shop.example /en", False),
    ],
)
def test_the_shop_url_is_an_address_that_links_can_begin_with(url, is_accepted):
    assert bool(re.fullmatch(PARAMETERS["ShopUrl"]["AllowedPattern"], url)) is is_accepted


@pytest.mark.parametrize(
    ("currency", "is_accepted"), [("EUR", True), ("JPY", True), ("eur", False), ("EURO", False)]
)
def test_the_shop_currency_is_an_iso_4217_code(currency, is_accepted):
    assert bool(re.fullmatch(PARAMETERS["ShopCurrency"]["AllowedPattern"], currency)) is is_accepted


@pytest.mark.parametrize(
    ("currencies", "is_accepted"),
    [
        ("*", True),
        ("", False),  # Settings take an empty variable for the default
        ("USD", True),
        ("USD,GBP", True),
        ("USD, GBP", True),
        ("usd", False),
        ("USD;GBP", False),
        ("USD,", False),
        ("*,USD", False),
        ("EURO", False),
    ],
)
def test_price_currencies_are_codes_or_any(currencies, is_accepted):
    pattern = PARAMETERS["PriceCurrencies"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, currencies)) is is_accepted


def test_the_browse_cache_keeps_pages_for_at_most_five_minutes():
    assert PARAMETERS["BrowseCacheSeconds"]["MinValue"] == 0
    assert PARAMETERS["BrowseCacheSeconds"]["MaxValue"] <= 300


def test_production_accepts_only_stripe_at_its_own_address():
    rule = stack.source()["Rules"]["ProductionTakesMoney"]

    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Environment"}, "production"]}
    assert [assertion["Assert"] for assertion in rule["Assertions"]] == [
        {"Fn::Equals": [{"Ref": "PaymentProvider"}, "stripe"]},
        {"Fn::Equals": [{"Ref": "PaymentProviderUrl"}, ""]},
    ]


def test_production_is_refused_without_an_address_for_alarms():
    rule = stack.source()["Rules"]["ProductionHasSomebodyToAlarm"]

    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Environment"}, "production"]}
    assert [assertion["Assert"] for assertion in rule["Assertions"]] == [
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}
    ]


def test_a_budget_is_refused_without_an_address_for_its_mails():
    rule = stack.source()["Rules"]["BudgetHasSomebodyToMail"]

    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "MonthlyBudget"}, 0]}]}
    assert [assertion["Assert"] for assertion in rule["Assertions"]] == [
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}
    ]


def test_every_rule_says_what_to_set():
    for name, rule in stack.source()["Rules"].items():
        for assertion in rule["Assertions"]:
            named = re.findall(r"[A-Z]\w+[A-Z]\w+", assertion["AssertDescription"])
            assert set(named) & PARAMETERS.keys(), name


@pytest.mark.parametrize(
    ("address", "is_accepted"),
    [
        ("", True),
        ("on-call@shop.example", True),
        ("On Call <on-call@shop.example>", False),
        ("on-call@shop.example, boss@shop.example", False),
        ("on-call", False),
        (" ", False),
    ],
)
def test_the_alarm_address_is_empty_or_one_bare_address(address, is_accepted):
    pattern = PARAMETERS["AlarmEmail"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, address)) is is_accepted


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS.keys() - {"local"}))
def test_every_deployment_to_aws_takes_payments_through_stripe(name):
    assert DEPLOYMENTS[name].get("PaymentProvider", "stripe") == "stripe"


@pytest.mark.parametrize(
    ("url", "is_accepted"),
    [
        ("", True),
        ("http://localhost:8000/provider", True),
        ("https://api.stripe.com/", False),  # paths would have two slashes
        ("api.stripe.com", False),
    ],
)
def test_the_provider_url_is_empty_or_an_address(url, is_accepted):
    pattern = PARAMETERS["PaymentProviderUrl"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, url)) is is_accepted


def test_a_buyer_has_at_least_five_minutes_to_pay():
    assert PARAMETERS["PaymentHoldMinutes"]["MinValue"] >= 5
    assert PARAMETERS["PaymentHoldMinutes"]["Default"] == 30


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_sets_only_parameters_that_exist(name):
    """SAM silently ignores a name that the template does not have."""
    assert DEPLOYMENTS[name].keys() <= PARAMETERS.keys()


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_sets_every_parameter_without_default(name):
    required = {key for key, parameter in PARAMETERS.items() if "Default" not in parameter}

    assert required <= DEPLOYMENTS[name].keys()


def test_production_uses_https_and_requires_verified_addresses():
    assert overrides("prod")["ShopUrl"].startswith("https://")
    assert overrides("prod").get("RequireVerifiedEmail", "true") == "true"
    assert overrides("prod")["AlarmEmail"]


def test_every_parameter_has_a_description():
    assert all(len(parameter["Description"]) > 15 for parameter in PARAMETERS.values())
