"""Each function has a role of its own, which names what it may do and to what."""

import re

from tests.template import stack

# SES is checked against `*` by the laptop stack and against the sender's identity by AWS.
MAY_USE_STAR = {("local", "MailRole", "SendMail")}


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
        and any(resource_id in str(it) for it in stack.as_list(statement["Resource"]))
    }


def test_every_function_has_a_role_that_no_other_has():
    by_function = {
        name: stack.target(function["Role"])
        for name, function in stack.of_type("AWS::Lambda::Function").items()
    }

    assert len(set(by_function.values())) == len(by_function)
    assert set(by_function.values()) == stack.of_type("AWS::IAM::Role").keys()


def test_a_role_has_no_policy_but_what_the_template_spells_out():
    for name, role in stack.of_type("AWS::IAM::Role").items():
        assert not role.get("ManagedPolicyArns"), name
    assert not [it for it in stack.resources().values() if it["Type"] == "AWS::IAM::Policy"]


def test_only_lambda_may_take_a_role():
    for name, role in stack.of_type("AWS::IAM::Role").items():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}, name


def test_every_statement_has_an_id_of_its_own():
    ids = [(role, statement.get("Sid")) for role, statement in statements()]

    assert all(sid for _, sid in ids)
    assert len(set(ids)) == len(ids)


def test_every_action_is_named_in_full():
    for role, statement in statements():
        for action in stack.as_list(statement["Action"]):
            assert re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", action), f"{role}: {action}"
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & statement.keys()


def test_every_resource_is_named_but_for_the_listed_exception():
    found = {
        (environment, role, statement["Sid"])
        for environment in ("local", "development", "production")
        for role, statement in statements(environment)
        if "*" in stack.as_list(statement["Resource"])
    }

    assert found == MAY_USE_STAR


def test_a_function_writes_to_its_own_log_group_alone_under_both_of_its_names():
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        logs = function["LoggingConfig"]["LogGroup"]["Ref"]
        (written,) = [
            statement
            for role, statement in statements()
            if role == stack.target(function["Role"])
            and any(action.startswith("logs:") for action in stack.as_list(statement["Action"]))
        ]
        with_streams, without = written["Resource"]
        assert with_streams == {"Fn::GetAtt": [logs, "Arn"]}, name
        assert without["Fn::Sub"].endswith(f":log-group:${{{logs}}}"), name


def test_the_password_hashes_are_for_the_accounts_function_alone():
    touching = {role for role, statement in statements() if "LoginsTable" in str(statement)}

    assert touching == {"AuthRole"}
    assert roles_that_may("secretsmanager:GetSecretValue", "PasswordPepper") == {"AuthRole"}


def test_the_authorizer_changes_nothing_but_when_a_key_was_used():
    may = {
        (action, stack.target(resource))
        for role, statement in statements()
        if role == "AuthorizerRole"
        for action in stack.as_list(statement["Action"])
        for resource in stack.as_list(statement["Resource"])
        if action.startswith("dynamodb:")
    }

    assert may == {
        ("dynamodb:BatchGetItem", "SessionsTable"),
        ("dynamodb:BatchGetItem", "ApiKeysTable"),
        ("dynamodb:BatchGetItem", "UsersTable"),
        ("dynamodb:UpdateItem", "ApiKeysTable"),
    }


def test_secrets_of_accounts_are_for_those_alone_who_check_or_make_them():
    read = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")

    def readers(table):
        return set().union(*(roles_that_may(action, table) for action in read))

    assert readers("LoginsTable") == {"AuthRole"}
    assert readers("AttemptsTable") == {"AuthRole"}
    assert readers("EmailTokensTable") == {"AuthRole"}
    assert readers("SessionsTable") == {"AuthRole", "AuthorizerRole"}
    assert readers("ApiKeysTable") == {"AuthRole", "AuthorizerRole"}
    assert roles_that_may("dynamodb:PutItem", "EmailTokensTable") == {"MailRole"}
    assert roles_that_may("dynamodb:PutItem", "SessionsTable") == {"AuthRole"}
    assert roles_that_may("dynamodb:PutItem", "ApiKeysTable") == {"AuthRole"}
    assert roles_that_may("dynamodb:UpdateItem", "UsersTable") == {"AuthRole"}


def test_no_function_may_scan_a_table_or_drop_one():
    granted = {
        action for _, statement in statements() for action in stack.as_list(statement["Action"])
    }

    assert "dynamodb:GetItem" in granted
    assert not granted & {"dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:UpdateTable"}


def test_whoever_may_call_a_function_comes_from_a_named_source():
    for name, permission in stack.of_type("AWS::Lambda::Permission").items():
        assert permission["SourceArn"], name
        if permission["Principal"] == "s3.amazonaws.com":
            assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}, name


def test_what_is_derived_of_the_catalog_is_written_by_the_index_alone():
    for write in ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"):
        for table in ("ListingsTable", "SearchTable"):
            assert roles_that_may(write, table) <= {"CatalogIndexRole"}, (write, table)
    assert roles_that_may("dynamodb:PutItem", "ListingsTable")


def test_nobody_changes_or_removes_a_movement_of_stock():
    changing = ("dynamodb:UpdateItem", "dynamodb:DeleteItem")

    assert not set().union(*(roles_that_may(it, "StockMovementsTable") for it in changing))
    assert roles_that_may("dynamodb:PutItem", "StockMovementsTable") == {
        "ProductsRole",
        "FileImportRole",
    }


def test_only_who_speaks_to_the_payment_provider_has_its_keys():
    assert roles_that_may("secretsmanager:GetSecretValue", "PaymentSecret") == {
        "PaymentsRole",
        "PaymentWorkerRole",
    }


def test_only_who_takes_or_mails_the_links_of_guests_has_their_keys():
    assert roles_that_may("secretsmanager:GetSecretValue", "OrderLinkKeysSecret") == {
        "OrdersRole",
        "PaymentsRole",
        "MailRole",
    }


def test_only_staff_s_function_keeps_what_a_shop_charges_and_lets_off():
    for table in ("RatesTable", "PromotionsTable"):
        assert roles_that_may("dynamodb:PutItem", table) == {"StaffApiRole"}, table
    assert not roles_that_may("dynamodb:UpdateItem", "RatesTable")


def test_an_order_is_placed_by_one_function_and_removed_by_none():
    assert roles_that_may("dynamodb:PutItem", "OrdersTable") == {"OrdersRole"}
    assert not roles_that_may("dynamodb:DeleteItem", "OrdersTable")


def test_nobody_changes_or_forgets_that_an_event_of_the_provider_s_was_applied():
    assert roles_that_may("dynamodb:PutItem", "PaymentEventsTable") == {"PaymentsRole"}
    for action in ("dynamodb:UpdateItem", "dynamodb:DeleteItem"):
        assert not roles_that_may(action, "PaymentEventsTable"), action


def test_files_of_orders_are_written_by_one_function_and_links_to_them_signed_by_another():
    exports = {
        (role, action)
        for role, statement in statements()
        if "/exports/*" in str(statement["Resource"])
        for action in stack.as_list(statement["Action"])
    }

    assert exports == {
        ("ExportRole", "s3:PutObject"),
        ("ExportRole", "s3:AbortMultipartUpload"),
        ("StaffApiRole", "s3:GetObject"),
    }
