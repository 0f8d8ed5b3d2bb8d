"""Tables, files and secrets survive mistakes, and expire when they should."""

import json

import pytest

from orders.payments.credentials import Credentials
from tests.template import stack

FILLED_BY_OPERATOR = {"PaymentSecret"}
RETAIN_POLICIES = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


def tables(environment="production"):
    return stack.of_type("AWS::DynamoDB::Table", environment)


@pytest.mark.parametrize("name", [*tables(), "UploadsBucket", "PasswordPepperSecret"])
def test_irreplaceable_data_outlives_its_stack(name):
    resource = stack.resources()[name]

    assert {key: resource.get(key) for key in RETAIN_POLICIES} == RETAIN_POLICIES


@pytest.mark.parametrize("name", tables())
def test_a_table_is_encrypted_restorable_and_billed_by_request(name):
    table = tables()[name]

    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("environment", "is_protected"), [("production", True), ("development", False)]
)
def test_only_production_protects_tables_from_deletion(environment, is_protected):
    for name, table in tables(environment).items():
        assert table["DeletionProtectionEnabled"] is is_protected, name


def test_rows_that_expire_have_a_time_to_live():
    expiring = {
        name: table["TimeToLiveSpecification"]["AttributeName"]
        for name, table in tables().items()
        if "TimeToLiveSpecification" in table
    }

    assert expiring == {
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
    assert all(tables()[name]["TimeToLiveSpecification"]["Enabled"] is True for name in expiring)


def test_only_outbox_and_stock_have_streams_with_new_images():
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


def test_the_bucket_refuses_requests_without_tls():
    policy = stack.of_type("AWS::S3::BucketPolicy")["UploadsBucketPolicy"]
    (refusal,) = policy["PolicyDocument"]["Statement"]

    assert policy["Bucket"] == {"Ref": "UploadsBucket"}
    assert (refusal["Effect"], refusal["Principal"], refusal["Action"]) == ("Deny", "*", "s3:*")
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": False}}
    assert len(refusal["Resource"]) == 2  # the bucket and its objects


def test_uploads_exports_and_incomplete_uploads_expire():
    all_files, exports = lifecycle_rules()

    assert "Prefix" not in all_files
    assert all_files["Status"] == "Enabled"
    assert all_files["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert all_files["ExpirationInDays"] == 30
    assert "NoncurrentVersionExpiration" in all_files
    assert (exports["Prefix"], exports["Status"]) == ("exports/", "Enabled")
    assert exports["ExpirationInDays"] == 7
    assert "NoncurrentVersionExpiration" in exports


def test_the_bucket_invokes_the_import_for_uploads_only():
    bucket = stack.of_type("AWS::S3::Bucket")["UploadsBucket"]
    (notification,) = bucket["NotificationConfiguration"]["LambdaConfigurations"]
    permission = stack.of_type("AWS::Lambda::Permission")["FileImportPermission"]

    assert stack.referenced_id(notification["Function"]) == "FileImportFunction"
    assert notification["Event"] == "s3:ObjectCreated:*"
    assert notification["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "uploads/"}]}}
    assert bucket_name(permission["SourceArn"]) == bucket_name(bucket["BucketName"])


@pytest.mark.parametrize(
    "name", sorted(stack.of_type("AWS::SecretsManager::Secret").keys() - FILLED_BY_OPERATOR)
)
def test_aws_generates_every_key_ring(name):
    generated = stack.of_type("AWS::SecretsManager::Secret")[name]["GenerateSecretString"]

    assert json.loads(generated["SecretStringTemplate"]) == {
        "current": generated["GenerateStringKey"]
    }
    assert generated["PasswordLength"] >= 43  # so many letters and digits have 256 bits
    assert generated["ExcludePunctuation"] is True


def test_the_payment_secret_is_unusable_until_it_is_filled_in():
    secret = stack.of_type("AWS::SecretsManager::Secret")["PaymentSecret"]["SecretString"]

    assert json.loads(secret) == {"api_key": "", "webhook_secrets": []}
    with pytest.raises(ValueError, match="must have an api_key"):
        Credentials.parse(secret)


def lifecycle_rules():
    return stack.of_type("AWS::S3::Bucket")["UploadsBucket"]["LifecycleConfiguration"]["Rules"]


def bucket_name(substitution):
    """The bucket's name, from the `!Sub` of the name itself or of its ARN."""
    pattern, values = substitution["Fn::Sub"]
    return pattern.rpartition(":")[2], values
