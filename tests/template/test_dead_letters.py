"""Nothing asynchronous is lost: what fails for good lies in a queue that somebody is told of."""

import json
from pathlib import Path
from typing import get_args

import pytest

from notifications import emails
from shared.events.all_events import AnyEvent, CatalogEvent
from shared.storage.models.catalog import Stock, StockLevel
from tests.template import stack

FOURTEEN_DAYS = 1_209_600
INDEX_LAG_SECONDS = 60  # generously: by_buyer follows its table within a second or so
TEMPLATES = Path(emails.__file__).parent / "templates"
DEAD_LETTERS = {
    "MailDeadLetters",
    "MailRuleDeadLetters",
    "OrderAnonymizationDeadLetters",
    "OrderAnonymizationRuleDeadLetters",
    "GuestOrderLinkingDeadLetters",
    "GuestOrderLinkingRuleDeadLetters",
    "PaymentDeadLetters",
    "PaymentRuleDeadLetters",
    "PaymentTroubleRuleDeadLetters",
    "ExpiryDeadLetters",
    "ExpiryRuleDeadLetters",
    "ExportDeadLetters",
    "ExportRuleDeadLetters",
    "CatalogIndexDeadLetters",
    "CatalogIndexRuleDeadLetters",
    "RelayDeadLetters",
    "StockWatchDeadLetters",
    "FileDeadLetters",
}
# Of what happens in the catalog, all but low stock: there is some, so nothing is found elsewhere.
INDEXED = {event.model_fields["type"].default for event in get_args(CatalogEvent)} - {"stock.low"}
CONSUMERS = {  # which events make which queue's worker do something
    "OrderAnonymizationRule": {"user.deleted"},
    "GuestOrderLinkingRule": {"user.email_verified", "user.email_changed"},
    "PaymentRule": {"order.refund_requested", "order.void_requested", "order.capture_requested"},
    "ExportRule": {"export.requested"},
    "CatalogIndexRule": INDEXED,
}
SENT_AGAIN = {"order.confirmation_requested"}  # the mail of order.placed
MAILED = SENT_AGAIN | {
    path.name.removesuffix(".subject.txt") for path in TEMPLATES.glob("*.subject.txt")
}


def queues():
    return stack.of_type("AWS::SQS::Queue")


def alarmed(metric):
    """The names of the queues whose `metric` has an alarm."""
    return {
        stack.target(dimension["Value"])
        for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()
        if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", metric)
        for dimension in alarm["Dimensions"]
    }


def mappings(kind):
    return {
        name: mapping
        for name, mapping in stack.of_type("AWS::Lambda::EventSourceMapping").items()
        if (stack.target(mapping["EventSourceArn"]) in queues()) == (kind == "queue")
    }


def test_a_queue_hands_on_what_failed_five_times_or_is_itself_for_dead_letters():
    working = {name: it for name, it in queues().items() if "RedrivePolicy" in it}

    assert queues().keys() - working.keys() == DEAD_LETTERS
    for name, queue in working.items():
        assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5, name
        assert stack.target(queue["RedrivePolicy"]["deadLetterTargetArn"]) in DEAD_LETTERS, name


@pytest.mark.parametrize("name", sorted(DEAD_LETTERS))
def test_dead_letters_wait_fourteen_days_and_raise_an_alarm(name):
    assert queues()[name]["MessageRetentionPeriod"] == FOURTEEN_DAYS
    assert name in alarmed("ApproximateNumberOfMessagesVisible")


def test_a_message_that_waits_too_long_raises_an_alarm():
    assert alarmed("ApproximateAgeOfOldestMessage") == queues().keys() - DEAD_LETTERS


def test_queues_are_encrypted():
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues().values())


def test_a_message_stays_hidden_for_six_times_as_long_as_its_worker_may_take():
    functions = stack.of_type("AWS::Lambda::Function")

    for name, mapping in mappings("queue").items():
        queue = queues()[stack.target(mapping["EventSourceArn"])]
        worker = functions[stack.target(mapping["FunctionName"])]
        assert queue["VisibilityTimeout"] >= 6 * worker["Timeout"], name


def test_one_bad_item_does_not_make_its_whole_batch_fail():
    for name, mapping in {**mappings("queue"), **mappings("stream")}.items():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name


def test_a_stream_retries_splits_and_at_last_sets_aside_what_fails():
    assert mappings("stream")
    for name, mapping in mappings("stream").items():
        assert mapping["BisectBatchOnFunctionError"] is True, name
        assert mapping["MaximumRetryAttempts"] == -1, name  # for as long as the record may age
        assert 0 < mapping["MaximumRecordAgeInSeconds"] < 24 * 3600, name  # what a stream keeps
        assert set_aside(mapping) in DEAD_LETTERS, name
        assert mapping["StartingPosition"] == "TRIM_HORIZON", name


def test_the_relay_sees_new_outbox_rows_only():
    table, pattern = followed_by("RelayFunction")

    assert table == "OutboxTable"
    assert pattern == {"eventName": ["INSERT"]}


def test_the_watcher_sees_stock_that_was_written_and_not_what_it_writes_there_itself():
    """A pattern matches leaves alone: of a number, the text below its type."""
    table, pattern = followed_by("StockWatchFunction")

    assert table == "StockTable"
    written = {"available": {Stock.available.attr_type: [{"exists": True}]}}
    assert pattern == {"dynamodb": {"NewImage": written}}
    assert "available" not in StockLevel.get_attributes()


def test_a_rule_retries_and_sets_aside_what_its_target_refuses():
    for name, rule in stack.of_type("AWS::Events::Rule").items():
        for it in rule["Targets"]:
            assert it["RetryPolicy"]["MaximumRetryAttempts"] > 0, name
            assert stack.target(it["DeadLetterConfig"]["Arn"]) in DEAD_LETTERS, name


def test_each_event_that_there_is_a_mail_for_reaches_the_mail_queue():
    rule = stack.of_type("AWS::Events::Rule")["MailRule"]

    assert rule["EventPattern"]["source"] == ["souk"]
    assert set(rule["EventPattern"]["detail-type"]) == MAILED
    assert [stack.target(it["Arn"]) for it in rule["Targets"]] == ["MailQueue"]


@pytest.mark.parametrize("name", CONSUMERS)
def test_what_a_worker_hears_of_reaches_its_queue_alone(name):
    rule = stack.of_type("AWS::Events::Rule")[name]

    assert rule["EventPattern"]["source"] == ["souk"]
    assert set(rule["EventPattern"]["detail-type"]) == CONSUMERS[name]
    assert [stack.target(it["Arn"]) for it in rule["Targets"]] == [name.replace("Rule", "Queue")]


def test_every_event_that_a_rule_waits_for_is_one_that_happens():
    happening = {it.model_fields["type"].default for it in get_args(AnyEvent)}

    for name, rule in stack.of_type("AWS::Events::Rule").items():
        waited_for = set(rule.get("EventPattern", {}).get("detail-type", []))
        assert waited_for <= happening, name


def test_a_payment_that_needs_a_person_is_told_of_with_its_order():
    rule = stack.of_type("AWS::Events::Rule")["PaymentTroubleRule"]
    (told,) = rule["Targets"]

    assert set(rule["EventPattern"]["detail-type"]) == {
        "order.refund_failed",
        "order.authorization_voided",
        "order.manual_refund_required",
    }
    assert told["Arn"] == {"Ref": "AlarmTopic"}
    assert told["InputTransformer"]["InputPathsMap"]["order"] == "$.detail.data.order_id"
    assert "<order>" in told["InputTransformer"]["InputTemplate"]


def test_unpaid_orders_are_looked_for_each_minute_and_no_run_outlasts_it():
    rule = stack.of_type("AWS::Events::Rule")["ExpiryRule"]
    function = stack.of_type("AWS::Lambda::Function")["ExpiryFunction"]

    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert [stack.target(it["Arn"]) for it in rule["Targets"]] == ["ExpiryFunction"]
    assert function["Timeout"] < 60
    assert "EventBusName" not in rule  # a bus of one's own knows no schedules


def test_a_deleted_user_s_orders_are_cleared_once_nobody_can_place_another():
    identity = stack.source()["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"]
    cached = identity["TokenAuthorizer"]["Identity"]["ReauthorizeEvery"]

    assert queues()["OrderAnonymizationQueue"]["DelaySeconds"] > cached + INDEX_LAG_SECONDS


def test_a_rule_and_nobody_else_may_send_to_the_queues_it_uses():
    """EventBridge drops what a queue's policy does not let in; the laptop stack does not check."""
    for rule_name, rule in stack.of_type("AWS::Events::Rule").items():
        for it in rule["Targets"]:
            used = {stack.target(it["Arn"]), stack.target(it["DeadLetterConfig"]["Arn"])}
            for queue in used & queues().keys():
                (allowed,) = allowing(queue)
                assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
                assert allowed["Action"] == "sqs:SendMessage"
                source = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
                assert source == {"Fn::GetAtt": [rule_name, "Arn"]}


def test_a_rule_may_do_to_what_is_no_queue_what_it_is_there_for():
    by_rule = {
        name: (stack.target(it["Arn"]), it["Arn"])
        for name, rule in stack.of_type("AWS::Events::Rule").items()
        for it in rule["Targets"]
        if stack.target(it["Arn"]) not in queues()
    }
    (topic_policy,) = stack.of_type("AWS::SNS::TopicPolicy").values()
    published = [
        (it["Resource"], it["Condition"])
        for it in topic_policy["PolicyDocument"]["Statement"]
        if it["Principal"] == {"Service": "events.amazonaws.com"} and it["Action"] == "sns:Publish"
    ]
    called = stack.of_type("AWS::Lambda::Permission")["ExpiryPermission"]

    assert by_rule.keys() == {"ExpiryRule", "PaymentTroubleRule"}
    assert published == [(by_rule["PaymentTroubleRule"][1], only_from("PaymentTroubleRule"))]
    assert (called["Principal"], called["Action"]) == (
        "events.amazonaws.com",
        "lambda:InvokeFunction",
    )
    assert stack.target(called["FunctionName"]) == by_rule["ExpiryRule"][0]
    assert called["SourceArn"] == {"Fn::GetAtt": ["ExpiryRule", "Arn"]}


@pytest.mark.parametrize("environment", ["development", "production"])
def test_every_queue_refuses_whatever_does_not_come_over_tls(environment):
    refusing = {
        stack.target(queue)
        for policy in stack.of_type("AWS::SQS::QueuePolicy", environment).values()
        for queue in policy["Queues"]
        for it in policy["PolicyDocument"]["Statement"]
        if it["Effect"] == "Deny" and it["Condition"] == {"Bool": {"aws:SecureTransport": False}}
    }

    assert refusing == stack.of_type("AWS::SQS::Queue", environment).keys()


def test_a_function_called_without_waiting_sets_aside_what_it_could_not_do():
    without_waiting = {
        stack.target(permission["FunctionName"])
        for permission in stack.of_type("AWS::Lambda::Permission").values()
        if permission["Principal"] != "apigateway.amazonaws.com"
    }
    configured = {
        stack.target(it["FunctionName"]): it
        for it in stack.of_type("AWS::Lambda::EventInvokeConfig").values()
    }

    assert without_waiting == configured.keys()
    for name, it in configured.items():
        assert set_aside(it) in DEAD_LETTERS, name
        assert it["MaximumRetryAttempts"] > 0, name


def test_whoever_sets_aside_may_write_to_the_queue_it_names():
    functions = stack.of_type("AWS::Lambda::Function")
    sources = [
        *mappings("stream").values(),
        *stack.of_type("AWS::Lambda::EventInvokeConfig").values(),
    ]

    for it in sources:
        role = stack.target(functions[stack.target(it["FunctionName"])]["Role"])
        statements = stack.of_type("AWS::IAM::Role")[role]["Policies"][0]["PolicyDocument"]
        assert {
            "Sid": "SetFailuresAside",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": it["DestinationConfig"]["OnFailure"]["Destination"],
        } in statements["Statement"]


def followed_by(function):
    """The table whose stream it reads, and the pattern of the records that it is given."""
    (mapping,) = [
        it for it in mappings("stream").values() if stack.target(it["FunctionName"]) == function
    ]
    (only,) = mapping["FilterCriteria"]["Filters"]
    return stack.target(mapping["EventSourceArn"]), json.loads(only["Pattern"])


def only_from(rule):
    return {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [rule, "Arn"]}}}


def allowing(queue):
    return [
        statement
        for policy in stack.of_type("AWS::SQS::QueuePolicy").values()
        if queue in map(stack.target, policy["Queues"])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]


def set_aside(it):
    return stack.target(it["DestinationConfig"]["OnFailure"]["Destination"])
