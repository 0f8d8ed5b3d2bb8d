"""One key of the stack encrypts what the shop stores, and functions use it through services."""

import pytest

from tests.template import stack

KEY = {"Fn::GetAtt": ["DataKey", "Arn"]}
ENCRYPTED = {  # the property that names the key, by type
    "AWS::SecretsManager::Secret": "KmsKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::Lambda::Function": "KmsKeyArn",
}


def statements():
    key = stack.of_type("AWS::KMS::Key")["DataKey"]
    return {statement["Sid"]: statement for statement in key["KeyPolicy"]["Statement"]}


@pytest.mark.parametrize("resource_type", ENCRYPTED)
def test_every_resource_of_the_type_is_encrypted_with_the_key(resource_type):
    for name, properties in stack.of_type(resource_type, **stack.ALL_OPTIONS).items():
        assert properties[ENCRYPTED[resource_type]] == KEY, name


@pytest.mark.parametrize("resource_type", ENCRYPTED)
def test_the_local_stack_has_no_key(resource_type):
    assert "DataKey" not in stack.resources("local")
    for name, properties in stack.of_type(resource_type, "local", **stack.ALL_OPTIONS).items():
        assert ENCRYPTED[resource_type] not in properties, name


def test_the_key_rotates_and_is_deleted_as_late_as_possible():
    key = stack.of_type("AWS::KMS::Key")["DataKey"]

    assert key["EnableKeyRotation"] is True
    assert key["PendingWindowInDays"] == 30


def test_services_that_encrypt_for_the_shop_may_use_the_key():
    """EventBridge, CloudWatch and S3 send to encrypted queues and topics, or nothing arrives."""
    senders = statements()["RulesAndAlarmsSend"]
    logs = statements()["LogGroupsAreEncrypted"]
    context = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]["Fn::Sub"]

    assert senders["Principal"] == {"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]}
    assert senders["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert context.endswith(":logs:${AWS::Region}:${AWS::AccountId}:log-group:*")
    buckets = statements()["BucketsSend"]
    assert buckets["Principal"] == {"Service": "s3.amazonaws.com"}
    assert buckets["Action"] == senders["Action"]
    assert buckets["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    assert statements().keys() == {
        "AccountDecidesByIam",
        "BucketsSend",
        "LogGroupsAreEncrypted",
        "RulesAndAlarmsSend",
    }


def test_functions_use_the_key_only_through_services():
    (policy,) = stack.of_type("AWS::IAM::ManagedPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    services = statement["Condition"]["StringEquals"]["kms:ViaService"]

    assert statement["Resource"] == KEY
    assert [service["Fn::Sub"].split(".")[0] for service in services] == [
        "dynamodb",
        "secretsmanager",
        "sqs",
    ]
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= set(statement["Action"])
    assert not any("*" in action for action in statement["Action"])
