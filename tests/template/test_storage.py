"""Data outlives mistakes: tables, files and the secrets that data hangs on."""

import json

import pytest

from orders.payments.credentials import Credentials
from tests.template import stack

FILLED_IN = {"PaymentSecret"}  # by a person
KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


def tables(environment="production"):
    return stack.of_type("AWS::DynamoDB::Table", environment)


@pytest.mark.parametrize("name", [*tables(), "UploadsBucket", "PasswordPepperSecret"])
def test_what_cannot_be_made_again_outlives_its_stack(name):
    resource = stack.resources()[name]

    assert {key: resource.get(key) for key in KEPT} == KEPT


@pytest.mark.parametrize("name", tables())
def test_a_table_is_encrypted_restorable_and_paid_by_use(name):
    table = tables()[name]

    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(("environment", "refuses"), [("production", True), ("development", False)])
def test_production_refuses_to_delete_a_table(environment, refuses):
    for name, table in tables(environment).items():
        assert table["DeletionProtectionEnabled"] is refuses, name


def test_rows_that_expire_are_swept():
    swept = {
        name: table["TimeToLiveSpecification"]["AttributeName"]
        for name, table in tables().items()
        if "TimeToLiveSpecification" in table
    }

    assert swept == {
        "SessionsTable": "expires_at",
        "ApiKeysTable": "expires_at",
        "EmailTokensTable": "expires_at",
        "AttemptsTable": "expires_at",
        "PaymentEventsTable": "expires_at",
        "ExportsTable": "expires_at",
        "OutboxTable": "expires_at",
        "UploadsTable": "expires_at",
        "IdempotencyTable": "expiration",
    }
    assert all(tables()[name]["TimeToLiveSpecification"]["Enabled"] is True for name in swept)


def test_the_outbox_and_the_stock_have_streams_of_what_was_written():
    streams = {
        name: table["StreamSpecification"]
        for name, table in tables().items()
        if "StreamSpecification" in table
    }

    assert streams == {
        "OutboxTable": {"StreamViewType": "NEW_IMAGE"},
        "StockTable": {"StreamViewType": "NEW_IMAGE"},
    }


def test_the_bucket_is_private_and_encrypted():
    bucket = stack.of_type("AWS::S3::Bucket")["UploadsBucket"]
    encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert encryption == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]


def test_the_bucket_refuses_whatever_does_not_come_over_tls():
    policy = stack.of_type("AWS::S3::BucketPolicy")["UploadsBucketPolicy"]
    (refusal,) = policy["PolicyDocument"]["Statement"]

    assert policy["Bucket"] == {"Ref": "UploadsBucket"}
    assert (refusal["Effect"], refusal["Principal"], refusal["Action"]) == ("Deny", "*", "s3:*")
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": False}}
    assert len(refusal["Resource"]) == 2  # the bucket and what is in it


def test_files_and_halves_of_files_are_swept():
    all_files, exports = lifecycle_rules()

    assert "Prefix" not in all_files
    assert all_files["Status"] == "Enabled"
    assert all_files["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert all_files["ExpirationInDays"] == 30
    assert "NoncurrentVersionExpiration" in all_files
    assert (exports["Prefix"], exports["Status"]) == ("exports/", "Enabled")
    assert exports["ExpirationInDays"] == 7
    assert "NoncurrentVersionExpiration" in exports


def test_the_bucket_calls_the_processor_for_uploads_alone():
    bucket = stack.of_type("AWS::S3::Bucket")["UploadsBucket"]
    (notification,) = bucket["NotificationConfiguration"]["LambdaConfigurations"]
    permission = stack.of_type("AWS::Lambda::Permission")["FileImportPermission"]

    assert stack.target(notification["Function"]) == "FileImportFunction"
    assert notification["Event"] == "s3:ObjectCreated:*"
    assert notification["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "uploads/"}]}}
    assert named(permission["SourceArn"]) == named(bucket["BucketName"])


@pytest.mark.parametrize(
    "name", sorted(stack.of_type("AWS::SecretsManager::Secret").keys() - FILLED_IN)
)
def test_a_secret_is_a_ring_of_keys_made_by_aws(name):
    made = stack.of_type("AWS::SecretsManager::Secret")[name]["GenerateSecretString"]

    assert json.loads(made["SecretStringTemplate"]) == {"current": made["GenerateStringKey"]}
    assert made["PasswordLength"] >= 43  # letters and digits for 256 bits
    assert made["ExcludePunctuation"] is True


def test_what_the_payment_provider_gives_is_empty_until_a_person_fills_it_in():
    made = stack.of_type("AWS::SecretsManager::Secret")["PaymentSecret"]

    assert json.loads(made["SecretString"]) == {"api_key": "", "webhook_secrets": []}
    with pytest.raises(ValueError, match="must have an api_key"):
        Credentials.parse(made["SecretString"])


def lifecycle_rules():
    return stack.of_type("AWS::S3::Bucket")["UploadsBucket"]["LifecycleConfiguration"]["Rules"]


def named(substitution):
    """The name that a bucket's `!Sub` or its ARN's makes."""
    pattern, values = substitution["Fn::Sub"]
    return pattern.rpartition(":")[2], values
