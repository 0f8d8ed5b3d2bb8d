"""Each function has its own role, which names the actions and resources that it needs."""

import re

import pytest

from tests.template import stack

ENVIRONMENTS = ("local", "development", "production")
# The local stack checks SES against `*`, AWS against identities.
# An alarm is described without its name, so IAM sees no resource.
WITHOUT_DATA = {"ReferenceRole", "RolloutRole"}
STAR_EXCEPTIONS = {
    ("local", "MailRole", "SendMail"),
    *((environment, "RolloutRole", "WatchAlarms") for environment in ENVIRONMENTS),
}


def statements(environment="production"):
    for name, role in stack.of_type("AWS::IAM::Role", environment).items():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def roles_that_may(action, resource_id):
    return {
        role
        for role, statement in statements()
        if action in stack.as_list(statement["Action"])
        and any(resource_id in str(resource) for resource in stack.as_list(statement["Resource"]))
    }


@pytest.mark.parametrize(
    ("table", "roles"),
    [
        ("ProductsTable", {"ProductsRole", "FileImportRole"}),
        ("StockTable", {"ProductsRole", "FileImportRole", "StockWatchRole"}),
        ("ListingsTable", {"CatalogIndexRole"}),
    ],
)
def test_who_writes_an_item_back_may_update_it(table, roles):
    """An update keeps attributes of a later release. A role that only puts would be refused."""
    assert roles <= roles_that_may("dynamodb:UpdateItem", table)


def test_only_the_relay_marks_rows_and_changes_nothing_else():
    assert roles_that_may("dynamodb:BatchWriteItem", "OutboxTable") == {"RelayRole"}
    written = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    assert not any("RelayRole" in roles_that_may(action, "Table") for action in written)


def test_every_function_has_its_own_role():
    role_by_function = {
        name: stack.referenced_id(function["Role"])
        for name, function in stack.of_type("AWS::Lambda::Function").items()
    }

    assert len(set(role_by_function.values())) == len(role_by_function)
    roles = stack.of_type("AWS::IAM::Role").keys()
    assert set(role_by_function.values()) == roles - {"RolloutRole"}


def test_a_role_has_only_the_policies_in_the_template():
    for name, role in stack.of_type("AWS::IAM::Role").items():
        expected = None if name in WITHOUT_DATA else [{"Ref": "DataKeyUse"}]
        assert role.get("ManagedPolicyArns") == expected, name
    types = {resource["Type"] for resource in stack.resources().values()}
    assert "AWS::IAM::Policy" not in types


def test_only_its_own_service_may_assume_a_role():
    for name, role in stack.of_type("AWS::IAM::Role").items():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        service = "codedeploy" if name == "RolloutRole" else "lambda"
        assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}, name


def test_every_statement_of_a_role_has_its_own_id():
    ids = [(role, statement.get("Sid")) for role, statement in statements()]

    assert all(sid for _, sid in ids)
    assert len(set(ids)) == len(ids)


def test_every_action_is_named_in_full():
    for role, statement in statements():
        for action in stack.as_list(statement["Action"]):
            assert re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", action), f"{role}: {action}"
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & statement.keys()


def test_no_statement_allows_every_resource_but_the_exception():
    with_star = {
        (environment, role, statement["Sid"])
        for environment in ENVIRONMENTS
        for role, statement in statements(environment)
        if "*" in stack.as_list(statement["Resource"])
    }

    assert with_star == STAR_EXCEPTIONS


def test_a_function_may_write_only_to_its_own_log_group():
    """The role names the group with and without its streams: the local stack needs the latter."""
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        logs = function["LoggingConfig"]["LogGroup"]["Ref"]
        (write_logs,) = [
            statement
            for role, statement in statements()
            if role == stack.referenced_id(function["Role"])
            and any(action.startswith("logs:") for action in stack.as_list(statement["Action"]))
        ]
        with_streams, without = write_logs["Resource"]
        assert with_streams == {"Fn::GetAtt": [logs, "Arn"]}, name
        assert without["Fn::Sub"].endswith(f":log-group:${{{logs}}}"), name


def allowed_attributes(statement):
    """The attributes of items that the statement allows, or None for all."""
    condition = statement.get("Condition", {}).get("ForAllValues:StringEquals", {})
    attributes = condition.get("dynamodb:Attributes")
    return None if attributes is None else set(attributes)


def test_only_the_auth_function_reads_password_hashes():
    attributes = {
        role: allowed_attributes(statement)
        for role, statement in statements()
        if "LoginsTable" in str(statement)
    }

    whose = {"email", "user_id"}
    assert attributes == {"AuthRole": None, "GuestOrderLinkingRole": whose, "StaffApiRole": whose}
    assert roles_that_may("secretsmanager:GetSecretValue", "PasswordPepper") == {"AuthRole"}


def test_the_authorizer_writes_only_when_a_key_was_used():
    permitted = {
        (action, stack.referenced_id(resource))
        for role, statement in statements()
        if role == "AuthorizerRole"
        for action in stack.as_list(statement["Action"])
        for resource in stack.as_list(statement["Resource"])
        if action.startswith("dynamodb:")
    }

    assert permitted == {
        ("dynamodb:BatchGetItem", "SessionsTable"),
        ("dynamodb:BatchGetItem", "ApiKeysTable"),
        ("dynamodb:BatchGetItem", "UsersTable"),
        ("dynamodb:UpdateItem", "ApiKeysTable"),
    }


# The counters of held stock are in the table of login attempts.
HELD_STOCK_KEYS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["hld_*"]}}


def test_whoever_changes_orders_may_release_their_stock():
    """Also code that only finds a hold that older code left."""
    releasing = {
        role
        for role, statement in statements()
        if "AttemptsTable" in str(statement["Resource"])
        and "dynamodb:UpdateItem" in stack.as_list(statement["Action"])
        and statement.get("Condition", HELD_STOCK_KEYS) == HELD_STOCK_KEYS
    }

    assert releasing >= roles_that_may("dynamodb:UpdateItem", "OrdersTable")


def test_only_functions_that_need_them_read_account_secrets():
    read_actions = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")

    def readers(table):
        return set().union(*(roles_that_may(action, table) for action in read_actions))

    assert readers("LoginsTable") == {"AuthRole", "GuestOrderLinkingRole", "StaffApiRole"}
    assert readers("AttemptsTable") == {
        "AuthRole",
        "OrdersRole",
        "PaymentsRole",
        "StaffApiRole",
        "UploadsRole",
    }
    assert readers("EmailTokensTable") == {"AuthRole"}
    assert readers("SessionsTable") == {"AuthRole", "AuthorizerRole"}
    assert readers("ApiKeysTable") == {"AuthRole", "AuthorizerRole"}


def test_only_one_function_creates_each_kind_of_account_secret():
    assert roles_that_may("dynamodb:PutItem", "EmailTokensTable") == {"MailRole"}
    assert roles_that_may("dynamodb:PutItem", "SessionsTable") == {"AuthRole"}
    assert roles_that_may("dynamodb:PutItem", "ApiKeysTable") == {"AuthRole"}


def test_others_than_auth_only_count_the_orders_of_users():
    attributes = {
        role: allowed_attributes(statement)
        for role, statement in statements()
        if "dynamodb:UpdateItem" in stack.as_list(statement["Action"])
        and "UsersTable" in str(statement["Resource"])
    }

    # IAM cannot tell the attributes of a condition from those that the update sets.
    counted = {"user_id", "order_count"}
    assert attributes.pop("AuthRole") is None
    assert attributes == {
        "OrdersRole": counted | {"status"},
        "StaffApiRole": counted | {"status"},
        "GuestOrderLinkingRole": counted | {"email", "email_verified"},
    }


def test_no_function_may_scan_update_or_delete_a_table():
    granted = {
        action for _, statement in statements() for action in stack.as_list(statement["Action"])
    }

    assert "dynamodb:GetItem" in granted
    assert not granted & {"dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:UpdateTable"}


def test_only_a_named_source_may_invoke_a_function():
    for name, permission in stack.of_type("AWS::Lambda::Permission").items():
        assert permission["SourceArn"], name
        if permission["Principal"] == "s3.amazonaws.com":
            assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}, name


def test_only_the_catalog_index_writes_derived_tables():
    for write in ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"):
        for table in ("ListingsTable", "SearchTable"):
            assert roles_that_may(write, table) <= {"CatalogIndexRole"}, (write, table)
    assert roles_that_may("dynamodb:PutItem", "ListingsTable")


def test_no_function_updates_or_deletes_a_stock_movement():
    actions = ("dynamodb:UpdateItem", "dynamodb:DeleteItem")

    assert not set().union(*(roles_that_may(action, "StockMovementsTable") for action in actions))
    assert roles_that_may("dynamodb:PutItem", "StockMovementsTable") == {
        "ProductsRole",
        "FileImportRole",
    }


def test_only_functions_that_call_the_provider_read_its_keys():
    assert roles_that_may("secretsmanager:GetSecretValue", "PaymentSecret") == {
        "PaymentsRole",
        "PaymentWorkerRole",
        "PaymentSweepRole",
    }


def test_only_functions_that_use_guest_links_read_their_keys():
    assert roles_that_may("secretsmanager:GetSecretValue", "OrderLinkKeysSecret") == {
        "OrdersRole",
        "PaymentsRole",
        "MailRole",
    }


def test_only_the_staff_api_creates_rates_and_promotions():
    for table in ("RatesTable", "PromotionsTable"):
        assert roles_that_may("dynamodb:PutItem", table) == {"StaffApiRole"}, table
    assert not roles_that_may("dynamodb:UpdateItem", "RatesTable")


def test_one_function_places_orders_and_none_deletes_them():
    assert roles_that_may("dynamodb:PutItem", "OrdersTable") == {"OrdersRole"}
    assert not roles_that_may("dynamodb:DeleteItem", "OrdersTable")


def test_only_the_function_of_accounts_sees_address_books():
    for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"):
        roles = roles_that_may(f"dynamodb:{action}", "AddressBooksTable")
        assert roles <= {"AuthRole"}, action
    assert roles_that_may("dynamodb:UpdateItem", "AddressBooksTable") == {"AuthRole"}


def test_only_the_shoppers_api_changes_carts():
    for action in ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:GetItem"):
        assert roles_that_may(action, "CartsTable") <= {"OrdersRole"}, action
    assert roles_that_may("dynamodb:BatchGetItem", "CartsTable") == {"OrdersRole", "AuthRole"}
    assert roles_that_may("dynamodb:DeleteItem", "CartsTable") == {"OrdersRole", "AuthRole"}


def test_no_function_updates_or_deletes_an_applied_webhook():
    assert roles_that_may("dynamodb:PutItem", "PaymentEventsTable") == {"PaymentsRole"}
    for action in ("dynamodb:UpdateItem", "dynamodb:DeleteItem"):
        assert not roles_that_may(action, "PaymentEventsTable"), action


def test_one_function_writes_exports_and_two_sign_links():
    """Whoever signs links to products cannot sign one to orders, which are personal data."""
    permitted = {
        (role, action, statement["Resource"]["Fn::Sub"].partition("/")[2])
        for role, statement in statements()
        if "/exports/*" in str(statement["Resource"])
        for action in stack.as_list(statement["Action"])
    }

    assert permitted == {
        ("ExportRole", "s3:PutObject", "exports/*"),
        ("ExportRole", "s3:AbortMultipartUpload", "exports/*"),
        ("StaffApiRole", "s3:GetObject", "exports/*/orders.*"),
        ("UploadsRole", "s3:GetObject", "exports/*/products.*"),
    }


def test_mail_is_sent_to_anyone_but_only_from_the_shop_s_address():
    """In SES's sandbox each recipient is checked as an identity of the account too."""
    (send,) = [statement for role, statement in statements() if statement["Sid"] == "SendMail"]
    ses = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"

    assert roles_that_may("ses:SendEmail", "identity/*") == {"MailRole"}
    assert send["Action"] == "ses:SendEmail"
    assert [resource["Fn::Sub"] for resource in send["Resource"]] == [
        f"{ses}identity/*",
        f"{ses}configuration-set/${{MailConfigurationSet}}",
    ]
    assert send["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "MailSender"}}}
