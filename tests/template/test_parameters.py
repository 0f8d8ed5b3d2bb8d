"""What a deployment can choose: safe unless somebody chooses otherwise."""

import re
import tomllib

import pytest

from tests.template import stack

PARAMETERS = stack.source()["Parameters"]
SAMCONFIG = tomllib.loads((stack.TEMPLATE.parent / "samconfig.toml").read_text())


def overrides(config_env):
    return SAMCONFIG[config_env]["deploy"]["parameters"]["parameter_overrides"]


DEPLOYMENTS = {name: overrides(name) for name in SAMCONFIG if name != "version"}


def test_a_deployment_that_chooses_nothing_is_a_safe_one():
    defaults = {name: one.get("Default") for name, one in PARAMETERS.items()}

    assert defaults["RequireVerifiedEmail"] == "true"  # else logging in tells who has an account
    assert defaults["PaymentProvider"] == "stripe"  # the other takes no money
    assert defaults["PaymentProviderUrl"] == ""  # Stripe's own
    assert defaults["AccessTokenMinutes"] <= 15
    assert defaults["PasswordLengthMin"] >= 8  # ASVS 5.0, 6.2.1
    assert defaults["StaffPasswordLengthMin"] >= 15  # NIST SP 800-63B-4, 3.1.1.2


def test_no_deployment_can_go_below_what_the_standards_ask():
    assert PARAMETERS["BcryptCost"]["MinValue"] >= 10
    for name in ("PasswordLengthMin", "StaffPasswordLengthMin"):
        assert PARAMETERS[name]["MinValue"] >= 8, name
        assert PARAMETERS[name]["MaxValue"] <= 64, name  # which must be taken
    for name in ("FailuresPerAddress", "MailsPerHour", "GuestOrdersPerHour"):
        assert PARAMETERS[name]["MinValue"] >= 1, name  # none at all would shut everybody out


@pytest.mark.parametrize("name", ["RequireVerifiedEmail", "RequireStaffSecondFactor"])
def test_a_switch_is_on_or_off_in_the_words_that_the_code_reads(name):
    assert PARAMETERS[name]["AllowedValues"] == ["true", "false"]


@pytest.mark.parametrize(
    ("url", "is_taken"),
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
def test_the_shop_is_at_an_address_that_links_can_be_made_of(url, is_taken):
    assert bool(re.fullmatch(PARAMETERS["ShopUrl"]["AllowedPattern"], url)) is is_taken


@pytest.mark.parametrize(
    ("currency", "is_taken"), [("EUR", True), ("JPY", True), ("eur", False), ("EURO", False)]
)
def test_the_shop_s_currency_is_a_code(currency, is_taken):
    assert bool(re.fullmatch(PARAMETERS["ShopCurrency"]["AllowedPattern"], currency)) is is_taken


def test_what_a_shopper_is_shown_is_never_older_than_five_minutes():
    assert PARAMETERS["BrowseCacheSeconds"]["MinValue"] == 0
    assert PARAMETERS["BrowseCacheSeconds"]["MaxValue"] <= 300


def test_production_is_refused_a_provider_that_takes_no_money():
    rule = stack.source()["Rules"]["ProductionTakesMoney"]

    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Environment"}, "production"]}
    assert [it["Assert"] for it in rule["Assertions"]] == [
        {"Fn::Equals": [{"Ref": "PaymentProvider"}, "stripe"]},
        {"Fn::Equals": [{"Ref": "PaymentProviderUrl"}, ""]},
    ]


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS.keys() - {"local"}))
def test_what_is_deployed_to_aws_takes_payments_through_stripe(name):
    assert DEPLOYMENTS[name].get("PaymentProvider", "stripe") == "stripe"


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("", True),
        ("http://localhost:8000/provider", True),
        ("https://api.stripe.com/", False),  # paths would have two slashes
        ("api.stripe.com", False),
    ],
)
def test_the_payment_provider_is_at_stripe_s_address_or_at_another(url, is_taken):
    pattern = PARAMETERS["PaymentProviderUrl"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, url)) is is_taken


def test_whoever_wants_to_pay_has_time_to():
    assert PARAMETERS["PaymentHoldMinutes"]["MinValue"] >= 5
    assert PARAMETERS["PaymentHoldMinutes"]["Default"] == 30


@pytest.mark.parametrize("deployed", DEPLOYMENTS)
def test_what_a_deployment_chooses_is_there_to_choose(deployed):
    """SAM passes over a name that the template does not have, without a word."""
    assert DEPLOYMENTS[deployed].keys() <= PARAMETERS.keys()


@pytest.mark.parametrize("deployed", DEPLOYMENTS)
def test_what_has_no_default_is_chosen(deployed):
    needed = {name for name, one in PARAMETERS.items() if "Default" not in one}

    assert needed <= DEPLOYMENTS[deployed].keys()


def test_production_loosens_no_rule_of_the_accounts():
    assert overrides("prod")["ShopUrl"].startswith("https://")
    assert overrides("prod").get("RequireVerifiedEmail", "true") == "true"


def test_every_parameter_says_what_it_is():
    assert all(len(one["Description"]) > 15 for one in PARAMETERS.values())
