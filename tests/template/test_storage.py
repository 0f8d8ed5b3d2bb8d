"""Tables, files and secrets survive mistakes, and expire when they should."""

import json

import pytest

from orders.payments.credentials import Credentials
from tests.template import stack

FILLED_BY_OPERATOR = {"PaymentSecret"}
RETAIN_POLICIES = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


def tables(environment="production"):
    return stack.of_type("AWS::DynamoDB::Table", environment)


@pytest.mark.parametrize(
    "name",
    [
        *tables(),
        *stack.of_type("AWS::SecretsManager::Secret", **stack.ALL_OPTIONS),
        *stack.of_type("AWS::S3::Bucket"),
        *stack.of_type("AWS::KMS::Key"),
    ],
)
def test_irreplaceable_data_outlives_its_stack(name):
    resource = stack.resources(**stack.ALL_OPTIONS)[name]

    assert {key: resource.get(key) for key in RETAIN_POLICIES} == RETAIN_POLICIES


@pytest.mark.parametrize("name", tables())
def test_a_table_is_encrypted_restorable_and_billed_by_request(name):
    table = tables()[name]

    assert table["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": {"Fn::GetAtt": ["DataKey", "Arn"]},
    }
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
        "CartsTable": "expires_at",
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


@pytest.mark.parametrize("name", stack.of_type("AWS::S3::Bucket"))
def test_a_bucket_is_private_and_encrypted(name):
    bucket = stack.of_type("AWS::S3::Bucket")[name]
    encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert encryption == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]


def test_every_bucket_but_that_of_the_logs_logs_who_reads_it():
    """checkov skips this check (.checkov.yaml)."""
    for name, bucket in stack.of_type("AWS::S3::Bucket").items():
        logged_to = bucket.get("LoggingConfiguration", {}).get("DestinationBucketName")
        expected = None if name == "AccessLogsBucket" else {"Ref": "AccessLogsBucket"}
        assert logged_to == expected, name


def test_s3_may_write_the_logs_of_the_other_buckets_only():
    policy = stack.of_type("AWS::S3::BucketPolicy")["AccessLogsBucketPolicy"]
    allowed, _ = policy["PolicyDocument"]["Statement"]
    buckets = stack.of_type("AWS::S3::Bucket")
    logged = [buckets["UploadsBucket"], buckets["PicturesBucket"]]
    prefixes = [bucket["LoggingConfiguration"]["LogFilePrefix"] for bucket in logged]
    sources = allowed["Condition"]["ArnLike"]["aws:SourceArn"]

    assert allowed["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert allowed["Action"] == "s3:PutObject"
    assert len(set(prefixes)) == len(logged) == len(buckets) - 1
    assert allowed["Resource"] == [
        {"Fn::Sub": f"${{AccessLogsBucket.Arn}}/{prefix}*"} for prefix in prefixes
    ]
    assert [bucket_name(source) for source in sources] == [
        bucket_name(bucket["BucketName"]) for bucket in logged
    ]


def test_only_the_distribution_may_read_what_shoppers_see():
    arn = "arn:aws:cloudfront::123456789012:distribution/E1"
    policies = stack.of_type("AWS::S3::BucketPolicy", PicturesDistributionArn=arn)
    closed = stack.of_type("AWS::S3::BucketPolicy")["PicturesBucketPolicy"]
    _, allowed = policies["PicturesBucketPolicy"]["PolicyDocument"]["Statement"]

    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == "s3:GetObject"
    assert allowed["Resource"] == {"Fn::Sub": "${PicturesBucket.Arn}/pictures/*"}
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceArn": {"Ref": "PicturesDistributionArn"}}
    }
    assert [each["Effect"] for each in closed["PolicyDocument"]["Statement"]] == ["Deny"]


def test_the_picture_queue_hears_of_files_that_arrive_only():
    bucket = stack.of_type("AWS::S3::Bucket")["PicturesBucket"]
    (told,) = bucket["NotificationConfiguration"]["QueueConfigurations"]
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}

    assert told["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "incoming/"}]}}
    assert stack.referenced_id(told["Queue"]) == "PictureQueue"
    assert {rule.get("Prefix") for rule in rules.values() if "ExpirationInDays" in rule} == {
        "incoming/",
        "named/",
    }


@pytest.mark.parametrize("name", stack.of_type("AWS::S3::Bucket"))
def test_a_bucket_refuses_requests_without_tls(name):
    policy = stack.of_type("AWS::S3::BucketPolicy")[f"{name}Policy"]
    refusal = policy["PolicyDocument"]["Statement"][-1]

    assert policy["Bucket"] == {"Ref": name}
    assert (refusal["Effect"], refusal["Principal"], refusal["Action"]) == ("Deny", "*", "s3:*")
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": False}}
    assert len(refusal["Resource"]) == 2  # the bucket and its objects


def test_uploads_exports_and_incomplete_uploads_expire():
    all_files, parts, exports = lifecycle_rules()

    assert "Prefix" not in all_files
    assert all_files["Status"] == "Enabled"
    assert all_files["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert all_files["ExpirationInDays"] == 30
    assert "NoncurrentVersionExpiration" in all_files
    assert (parts["Prefix"], parts["ExpirationInDays"]) == ("chunks/", 7)
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
