"""No event is lost: a message that fails for good waits in a queue that has an alarm."""

import json
from pathlib import Path
from typing import get_args

import pytest

from files import repository
from notifications import emails
from notifications.repository import RETENTION as MAIL_RECORD_RETENTION
from shared.events.all_events import AnyEvent
from shared.events.catalog import CatalogEvent, CategoryEvent
from shared.storage.models.catalog import Stock, StockLevel
from shared.storage.models.orders import GUEST_PREFIX
from shared.storage.outbox import RETENTION
from tests.template import stack

KEY = {"Fn::GetAtt": ["DataKey", "Arn"]}
DAY = 24 * 3600  # seconds
RETENTION_SECONDS_MAX = 14 * DAY  # SQS allows no more
STREAM_SECONDS = DAY  # DynamoDB keeps a record of a stream no longer
RULE_RETRIES = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": DAY}  # EventBridge's most
INDEX_LAG_SECONDS_MAX = 60  # by_buyer usually follows its table within a second
TEMPLATES = Path(emails.__file__).parent / "templates"
DEAD_LETTERS = {
    "MailDeadLetters",
    "MailRuleDeadLetters",
    "HeldMailDeadLetters",
    "OrderAnonymizationDeadLetters",
    "OrderAnonymizationRuleDeadLetters",
    "GuestOrderLinkingDeadLetters",
    "GuestOrderLinkingRuleDeadLetters",
    "PaymentDeadLetters",
    "PaymentRuleDeadLetters",
    "PaymentIncidentRuleDeadLetters",
    "PaymentSweepDeadLetters",
    "PaymentSweepRuleDeadLetters",
    "ExpiryDeadLetters",
    "ExpiryRuleDeadLetters",
    "ExportDeadLetters",
    "ExportRuleDeadLetters",
    "CatalogIndexDeadLetters",
    "CatalogIndexRuleDeadLetters",
    "PictureDeadLetters",
    "RelayDeadLetters",
    "StockWatchDeadLetters",
    "FileDeadLetters",
    "FileImportRuleDeadLetters",
}
# `stock.low` changes no listing: the product is still available.
INDEXED = {
    event.model_fields["type"].default for event in get_args(CatalogEvent | CategoryEvent)
} - {"stock.low"}
CONSUMED_EVENTS = {  # by the rule that sends them to a queue
    "OrderAnonymizationRule": {"user.deleted"},
    "GuestOrderLinkingRule": {
        *("user.email_verified", "user.email_changed"),
        *("order.placed", "order.buyer_changed"),
    },
    "PaymentRule": {"order.refund_requested", "order.void_requested", "order.capture_requested"},
    "ExportRule": {"export.requested"},
    "CatalogIndexRule": INDEXED,
}
RESENT = {"order.confirmation_requested"}  # uses the templates of order.placed
MAILED_EVENTS = RESENT | {
    path.name.removesuffix(".subject.txt") for path in TEMPLATES.glob("*.subject.txt")
}


def queues():
    return stack.of_type("AWS::SQS::Queue")


def queues_with_alarm(metric):
    """The logical ids of the queues with an alarm for the metric."""
    return {
        stack.referenced_id(dimension["Value"])
        for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()
        if (alarm.get("Namespace"), alarm.get("MetricName")) == ("AWS/SQS", metric)
        for dimension in alarm["Dimensions"]
    }


def mappings(source):
    """The event source mappings whose source is a "queue" or a "stream"."""
    return {
        name: mapping
        for name, mapping in stack.of_type("AWS::Lambda::EventSourceMapping").items()
        if (stack.referenced_id(mapping["EventSourceArn"]) in queues()) == (source == "queue")
    }


def test_every_queue_but_dead_letters_moves_repeated_failures():
    redriven = {name: queue for name, queue in queues().items() if "RedrivePolicy" in queue}

    assert queues().keys() - redriven.keys() == DEAD_LETTERS
    for name, queue in redriven.items():
        policy = queue["RedrivePolicy"]
        assert policy["maxReceiveCount"] >= 5, name
        assert stack.referenced_id(policy["deadLetterTargetArn"]) in DEAD_LETTERS, name


@pytest.mark.parametrize("name", sorted(DEAD_LETTERS))
def test_dead_letters_stay_fourteen_days_and_raise_an_alarm(name):
    assert queues()[name]["MessageRetentionPeriod"] == RETENTION_SECONDS_MAX
    assert name in queues_with_alarm("ApproximateNumberOfMessagesVisible")


def test_dead_letters_outlive_the_queue_before_them():
    """A message keeps its age when SQS moves it: what is left is the time to handle it."""
    for name, queue in queues().items():
        if "RedrivePolicy" in queue:
            target = stack.referenced_id(queue["RedrivePolicy"]["deadLetterTargetArn"])
            left = queues()[target]["MessageRetentionPeriod"] - queue["MessageRetentionPeriod"]
            assert left >= 7 * DAY, name


def test_the_outbox_keeps_events_longer_than_a_queue():
    """What a queue forgets can be published again: `make republish ALL=1`."""
    for name, queue in queues().items():
        if name not in DEAD_LETTERS:
            assert queue["MessageRetentionPeriod"] <= RETENTION.total_seconds() - 2 * DAY, name


def test_a_republished_event_is_recognised_as_repeated():
    """The oldest repeat: published again at the end, then queued, then among the dead letters."""
    oldest = RETENTION.total_seconds() + RETENTION_SECONDS_MAX

    assert oldest < MAIL_RECORD_RETENTION.total_seconds()


def test_a_message_that_waits_too_long_raises_an_alarm():
    assert queues_with_alarm("ApproximateAgeOfOldestMessage") == queues().keys() - DEAD_LETTERS


@pytest.mark.parametrize(
    ("environment", "encryption"),
    [("production", {"KmsMasterKeyId": KEY}), ("local", {"SqsManagedSseEnabled": True})],
)
def test_every_queue_is_encrypted(environment, encryption):
    settings = {"KmsMasterKeyId", "SqsManagedSseEnabled"}  # SQS accepts only one of them
    for name, queue in stack.of_type("AWS::SQS::Queue", environment).items():
        assert {key: queue[key] for key in settings & queue.keys()} == encryption, name


def test_a_dead_letter_queue_says_whose_messages_it_takes():
    sources = {
        stack.referenced_id(queue["RedrivePolicy"]["deadLetterTargetArn"]): queue["QueueName"]
        for queue in queues().values()
        if "RedrivePolicy" in queue
    }

    assert len(sources) == len(queues()) - len(DEAD_LETTERS)
    for name in DEAD_LETTERS:
        allowed = queues()[name]["RedriveAllowPolicy"]
        if name not in sources:  # a rule, a stream or a function sends to it
            assert allowed == {"redrivePermission": "denyAll"}, name
            continue
        (arn,) = allowed["sourceQueueArns"]
        prefix = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:"
        assert allowed["redrivePermission"] == "byQueue", name
        assert arn["Fn::Sub"] == prefix + sources[name]["Fn::Sub"], name


def test_every_queue_is_a_source_or_says_whose_messages_it_takes():
    for name, queue in queues().items():
        assert ("RedrivePolicy" in queue) != ("RedriveAllowPolicy" in queue), name


def test_a_visibility_timeout_is_six_times_the_worker_s_timeout():
    functions = stack.of_type("AWS::Lambda::Function")

    for name, mapping in mappings("queue").items():
        queue = queues()[stack.referenced_id(mapping["EventSourceArn"])]
        worker = functions[stack.referenced_id(mapping["FunctionName"])]
        assert queue["VisibilityTimeout"] >= 6 * worker["Timeout"], name


def test_every_mapping_accepts_partial_batch_failures():
    for name, mapping in {**mappings("queue"), **mappings("stream")}.items():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name


def test_a_stream_consumer_retries_bisects_and_keeps_failures():
    assert mappings("stream")
    for name, mapping in mappings("stream").items():
        assert mapping["BisectBatchOnFunctionError"] is True, name
        assert mapping["MaximumRetryAttempts"] == -1, name  # until the record is too old
        assert mapping["MaximumRecordAgeInSeconds"] == STREAM_SECONDS, name
        assert failure_queue_id(mapping) in DEAD_LETTERS, name
        assert mapping["StartingPosition"] == "TRIM_HORIZON", name


def test_the_relay_receives_only_new_outbox_rows():
    table, pattern = consumed_stream("RelayFunction")

    assert table == "OutboxTable"
    assert pattern == {"eventName": ["INSERT"]}


def test_the_stock_watcher_receives_stock_but_no_levels():
    """The watcher writes levels to the same table. A pattern matches only leaves of a record."""
    table, pattern = consumed_stream("StockWatchFunction")

    assert table == "StockTable"
    stock = {"available": {Stock.available.attr_type: [{"exists": True}]}}
    assert pattern == {"dynamodb": {"NewImage": stock}}
    assert "available" not in StockLevel.get_attributes()


def test_a_rule_retries_and_keeps_what_its_target_refuses():
    for name, rule in stack.of_type("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0, name
            if "EventPattern" in rule:  # a schedule's next run repeats the work
                assert target["RetryPolicy"] == RULE_RETRIES, name
            assert stack.referenced_id(target["DeadLetterConfig"]["Arn"]) in DEAD_LETTERS, name


def test_every_event_with_a_mail_reaches_the_mail_queue():
    rule = stack.of_type("AWS::Events::Rule")["MailRule"]

    assert rule["EventPattern"]["source"] == ["souk"]
    assert set(rule["EventPattern"]["detail-type"]) == MAILED_EVENTS
    assert target_ids(rule) == ["MailQueue"]


@pytest.mark.parametrize("name", CONSUMED_EVENTS)
def test_a_rule_sends_its_events_to_its_own_queue_only(name):
    rule = stack.of_type("AWS::Events::Rule")[name]

    assert rule["EventPattern"]["source"] == ["souk"]
    assert set(rule["EventPattern"]["detail-type"]) == CONSUMED_EVENTS[name]
    assert target_ids(rule) == [name.replace("Rule", "Queue")]


def test_every_rule_matches_only_events_that_the_code_defines():
    defined = {event.model_fields["type"].default for event in get_args(AnyEvent)}

    for name, rule in stack.of_type("AWS::Events::Rule").items():
        matched = set(rule.get("EventPattern", {}).get("detail-type", []))
        assert matched <= defined, name


def test_an_alarm_message_names_the_order_with_payment_trouble():
    rule = stack.of_type("AWS::Events::Rule")["PaymentIncidentRule"]
    (target,) = rule["Targets"]

    assert set(rule["EventPattern"]["detail-type"]) == {
        "order.refund_failed",
        "order.authorization_voided",
        "order.manual_refund_required",
        "order.disputed",
        "order.dispute_closed",
    }
    assert target["Arn"] == {"Ref": "AlarmTopic"}
    assert target["InputTransformer"]["InputPathsMap"]["order"] == "$.detail.data.order_id"
    assert "<order>" in target["InputTransformer"]["InputTemplate"]


@pytest.mark.parametrize(("name", "minutes"), [("Expiry", 1), ("PaymentSweep", 15)])
def test_a_scheduled_run_ends_before_the_next_one_starts(name, minutes):
    rule = stack.of_type("AWS::Events::Rule")[f"{name}Rule"]
    function = stack.of_type("AWS::Lambda::Function")[f"{name}Function"]

    assert rule["ScheduleExpression"] == f"rate({minutes} minute{'s' if minutes > 1 else ''})"
    assert target_ids(rule) == [f"{name}Function"]
    assert function["Timeout"] < 60 * minutes
    assert "EventBusName" not in rule  # only the default bus has schedules


def test_a_schedule_ends_imports_that_no_run_works_on():
    rule = stack.of_type("AWS::Events::Rule")["FileImportRule"]
    function = stack.of_type("AWS::Lambda::Function")["FileImportFunction"]

    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert target_ids(rule) == ["FileImportFunction"]
    assert repository.LEASE.total_seconds() > function["Timeout"]
    assert "EventBusName" not in rule  # only the default bus has schedules


def test_anonymization_starts_after_the_user_s_last_order():
    authorizers = stack.source()["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"]
    cache_seconds = authorizers["TokenAuthorizer"]["Identity"]["ReauthorizeEvery"]
    delay_seconds = queues()["OrderAnonymizationQueue"]["DelaySeconds"]

    assert delay_seconds > cache_seconds + INDEX_LAG_SECONDS_MAX


def test_only_its_rule_may_send_to_a_queue():
    """EventBridge drops what a queue's policy does not allow. The local stack does not check it."""
    for rule_name, rule in stack.of_type("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            arns = [target["Arn"], target["DeadLetterConfig"]["Arn"]]
            for queue in {stack.referenced_id(arn) for arn in arns} & queues().keys():
                (allowed,) = allow_statements(queue)
                assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
                assert allowed["Action"] == "sqs:SendMessage"
                source = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
                assert source == {"Fn::GetAtt": [rule_name, "Arn"]}


def test_a_rule_may_call_its_target_that_is_no_queue():
    arn_by_rule = {
        name: target["Arn"]
        for name, rule in stack.of_type("AWS::Events::Rule").items()
        for target in rule["Targets"]
        if stack.referenced_id(target["Arn"]) not in queues()
    }
    (topic_policy,) = stack.of_type("AWS::SNS::TopicPolicy").values()
    publishing = [
        (statement["Resource"], statement["Condition"])
        for statement in topic_policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
        and statement["Action"] == "sns:Publish"
    ]
    invoking = {
        permission["SourceArn"]["Fn::GetAtt"][0]: stack.referenced_id(permission["FunctionName"])
        for permission in stack.of_type("AWS::Lambda::Permission").values()
        if permission["Principal"] == "events.amazonaws.com"
        and permission["Action"] == "lambda:InvokeFunction"
    }
    topic_arn = arn_by_rule.pop("PaymentIncidentRule")

    assert publishing == [(topic_arn, only_from("PaymentIncidentRule"))]
    assert invoking == {rule: stack.referenced_id(arn) for rule, arn in arn_by_rule.items()}
    assert invoking.keys() == {"ExpiryRule", "FileImportRule", "PaymentSweepRule"}


@pytest.mark.parametrize("environment", ["development", "production"])
def test_every_queue_refuses_requests_without_tls(environment):
    protected = {
        stack.referenced_id(queue)
        for policy in stack.of_type("AWS::SQS::QueuePolicy", environment).values()
        for queue in policy["Queues"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}
    }

    assert protected == stack.of_type("AWS::SQS::Queue", environment).keys()


def test_every_asynchronous_function_keeps_failed_events():
    asynchronous = {
        stack.referenced_id(permission["FunctionName"])
        for permission in stack.of_type("AWS::Lambda::Permission").values()
        if permission["Principal"] != "apigateway.amazonaws.com"
    }
    configs = {
        stack.referenced_id(config["FunctionName"]): config
        for config in stack.of_type("AWS::Lambda::EventInvokeConfig").values()
    }

    assert asynchronous == configs.keys()
    for name, config in configs.items():
        assert failure_queue_id(config) in DEAD_LETTERS, name
        assert config["MaximumRetryAttempts"] > 0, name


def test_a_role_may_send_failures_to_the_dead_letters():
    functions = stack.of_type("AWS::Lambda::Function")
    sources = [
        *mappings("stream").values(),
        *stack.of_type("AWS::Lambda::EventInvokeConfig").values(),
    ]

    for source in sources:
        function = functions[stack.referenced_id(source["FunctionName"])]
        role = stack.referenced_id(function["Role"])
        statements = stack.of_type("AWS::IAM::Role")[role]["Policies"][0]["PolicyDocument"]
        assert {
            "Sid": "SendFailures",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": source["DestinationConfig"]["OnFailure"]["Destination"],
        } in statements["Statement"]


def target_ids(rule):
    return [stack.referenced_id(target["Arn"]) for target in rule["Targets"]]


def consumed_stream(function):
    """The table whose stream the function reads, and the pattern of the records it receives."""
    (mapping,) = [
        mapping
        for mapping in mappings("stream").values()
        if stack.referenced_id(mapping["FunctionName"]) == function
    ]
    (record_filter,) = mapping["FilterCriteria"]["Filters"]
    return stack.referenced_id(mapping["EventSourceArn"]), json.loads(record_filter["Pattern"])


def only_from(rule):
    return {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [rule, "Arn"]}}}


def allow_statements(queue):
    return [
        statement
        for policy in stack.of_type("AWS::SQS::QueuePolicy").values()
        if queue in map(stack.referenced_id, policy["Queues"])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]


def failure_queue_id(source):
    return stack.referenced_id(source["DestinationConfig"]["OnFailure"]["Destination"])


def test_only_new_orders_of_guests_invoke_the_linking_function():
    (mapping,) = [
        mapping
        for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values()
        if stack.referenced_id(mapping["EventSourceArn"]) == "GuestOrderLinkingQueue"
    ]

    patterns = [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]

    of_guest = {"data": {"buyer_id": [{"prefix": f"{GUEST_PREFIX}_"}]}}
    assert patterns == [
        {"body": {"detail-type": [{"prefix": "user."}]}},
        {"body": {"detail-type": ["order.placed"], "detail": of_guest}},
    ]
