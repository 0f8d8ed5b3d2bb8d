"""An update of a live stack loses nothing and is accepted: compared with the last release."""

from copy import deepcopy

import pytest

from tests.template import stack, state

KEYS = [{"AttributeName": "order_id", "KeyType": "HASH"}]
BY_DAY = {
    "IndexName": "by_day",
    "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}


def live():
    """A stack with a table that has one index, a bucket, a secret, a queue and a log group."""
    return {
        "Orders": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "KeySchema": KEYS,
                "AttributeDefinitions": [
                    {"AttributeName": "order_id", "AttributeType": "S"},
                    {"AttributeName": "day", "AttributeType": "S"},
                ],
                "GlobalSecondaryIndexes": [BY_DAY],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
                "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
            },
        },
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files"}},
        "Keys": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"GenerateSecretString": {"PasswordLength": 64}},
        },
        "Mails": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/souk/orders"}},
    }


def breaks(change):
    after = live()
    change(after)
    return state.find_breaks(state.describe(live()), state.describe(after))


def table(resources):
    return resources["Orders"]["Properties"]


def index(name, **more):
    return {**BY_DAY, "IndexName": name, **more}


def set_property(logical_id, name, value):
    def change(resources):
        resources[logical_id]["Properties"][name] = value

    return change


def remove_property(logical_id, name):
    return lambda resources: resources[logical_id]["Properties"].pop(name)


def set_indexes(*indexes):
    return set_property("Orders", "GlobalSecondaryIndexes", list(indexes))


def change_type(resources):
    table(resources)["AttributeDefinitions"][1]["AttributeType"] = "N"


def rename(resources):
    resources["OrdersTable"] = resources.pop("Orders")


REFUSED = {
    "two new indexes": set_indexes(BY_DAY, index("by_a"), index("by_b")),
    "an index removed and another added": set_indexes(index("by_a")),
    "an index with another key": set_indexes(
        index("by_day", KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}])
    ),
    "an index with another projection": set_indexes(
        index("by_day", Projection={"ProjectionType": "ALL"})
    ),
    "a key attribute of another type": change_type,
    "another key": set_property(
        "Orders", "KeySchema", [{"AttributeName": "day", "KeyType": "HASH"}]
    ),
    "a table that gets a name": set_property("Orders", "TableName", "orders"),
    "a local index": set_property("Orders", "LocalSecondaryIndexes", [index("by_a")]),
    "another stream": set_property(
        "Orders", "StreamSpecification", {"StreamViewType": "KEYS_ONLY"}
    ),
    "no stream": remove_property("Orders", "StreamSpecification"),
    "another time to live": set_property(
        "Orders", "TimeToLiveSpecification", {"AttributeName": "due_at", "Enabled": True}
    ),
    "another logical id": rename,
    "no table": lambda resources: resources.pop("Orders"),
    "another type": lambda resources: resources["Orders"].update(Type="AWS::SQS::Queue"),
    "another bucket": set_property("Files", "BucketName", "other-files"),
    "a bucket without its name": remove_property("Files", "BucketName"),
    "another key ring": set_property("Keys", "GenerateSecretString", {"PasswordLength": 65}),
    "a secret that is overwritten": set_property("Keys", "SecretString", "{}"),
    "a queue that gets a name": set_property("Mails", "QueueName", "mails"),
    "another log group": set_property("Logs", "LogGroupName", "/souk/other"),
}

ACCEPTED = {
    "nothing": lambda _: None,
    "one new index": set_indexes(BY_DAY, index("by_a")),
    "one index removed": set_indexes(),
    "a new table with two indexes": lambda resources: resources.update(
        New={
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                **table(resources),
                "GlobalSecondaryIndexes": [index("by_a"), index("by_b")],
            },
        }
    ),
    "another visibility timeout": set_property("Mails", "VisibilityTimeout", 90),
    "a tag": set_property("Orders", "Tags", [{"Key": "a", "Value": "b"}]),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_an_update_that_fails_or_loses_data_is_refused(change):
    assert len(breaks(change)) == 1


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_an_update_that_keeps_what_is_stored_is_accepted(change):
    assert breaks(change) == []


def test_two_indexes_cannot_be_removed_at_once():
    before = live()
    table(before)["GlobalSecondaryIndexes"].append(index("by_a"))
    after = deepcopy(before)
    table(after)["GlobalSecondaryIndexes"].clear()

    (text,) = state.find_breaks(state.describe(before), state.describe(after))

    assert text.startswith("Orders adds or removes by_a, by_day.")


def test_the_next_release_can_update_a_live_stack():
    assert state.find_breaks(state.load(), state.describe(stack.resources("production"))) == []


def test_the_last_release_is_recorded_as_the_command_writes_it():
    assert state.render(state.load()) == state.RECORD.read_text()
    assert len(state.load()) > len(stack.of_type("AWS::DynamoDB::Table"))


def test_only_what_the_last_release_had_can_be_given_up():
    assert state.load().keys() >= state.GIVEN_UP
