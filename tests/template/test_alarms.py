"""Every failure raises an alarm that says what to do."""

import re

import pytest

from tests.template import stack

# By table: those that DynamoDB reports for the table alone. Indexes report their own.
TABLE_METRICS = {"ReadThrottleEvents", "WriteThrottleEvents"}
METRICS_MAX = 10  # CloudWatch's limit for one alarm
# By the schedule's function, which nothing else invokes each minute.
ALARMS_FOR_MISSING_CALLS = {
    "ExpirySilenceAlarm": "ExpiryFunction",
    "PaymentSweepSilenceAlarm": "PaymentSweepFunction",
    "FileImportSilenceAlarm": "FileImportFunction",
}
OF_ONE_VERSION = {"Resource", "ExecutedVersion"}  # dimensions beside FunctionName
TWO_SENTENCES = re.compile(r"\. [A-Z`].*\.$")  # what happened, and what to do


def alarms():
    return stack.of_type("AWS::CloudWatch::Alarm")


def watched_by_alarms(namespace, metric):
    """The logical ids of what the alarms for the metric watch."""
    return {
        stack.referenced_id(dimension["Value"])
        for alarm in alarms().values()
        if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric)
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] not in OF_ONE_VERSION
    }


def table_metrics(metric):
    """Each table, or index of a table, that an alarm watches, with the alarm's name."""
    for name, alarm in alarms().items():
        for query in alarm.get("Metrics", []):
            watched = query.get("MetricStat", {}).get("Metric", {})
            if (watched.get("Namespace"), watched.get("MetricName")) == ("AWS/DynamoDB", metric):
                dimensions = {each["Name"]: each["Value"] for each in watched["Dimensions"]}
                table = stack.referenced_id(dimensions.pop("TableName"))
                yield (table, *dimensions.values()), name


@pytest.mark.parametrize("metric", ["Errors", "Throttles", "Duration"])
def test_every_function_has_an_alarm_for_the_metric(metric):
    assert watched_by_alarms("AWS/Lambda", metric) == stack.of_type("AWS::Lambda::Function").keys()


def test_a_duration_alarm_warns_at_80_percent_of_the_timeout():
    functions = stack.of_type("AWS::Lambda::Function")

    for name, alarm in alarms().items():
        if alarm.get("MetricName") != "Duration":
            continue
        (dimension,) = alarm["Dimensions"]
        watched = stack.referenced_id(dimension["Value"])
        seconds = functions[watched]["Timeout"]
        assert alarm["Threshold"] == seconds * 1000 * 0.8, name
        assert alarm["ExtendedStatistic"] == "p99", name
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold", name


def test_every_stream_consumer_has_an_alarm_for_its_lag():
    consumers = {
        stack.referenced_id(mapping["FunctionName"])
        for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values()
        if "StartingPosition" in mapping
    }

    assert consumers == {"RelayFunction", "StockWatchFunction"}
    assert watched_by_alarms("AWS/Lambda", "IteratorAge") == consumers


@pytest.mark.parametrize("metric", ["5xx", "Latency"])
def test_the_api_has_an_alarm_for_the_metric(metric):
    assert watched_by_alarms("AWS/ApiGateway", metric) == {"Api"}


@pytest.mark.parametrize(
    ("metric", "limit"), [("Reputation.BounceRate", 0.05), ("Reputation.ComplaintRate", 0.001)]
)
def test_an_alarm_goes_off_before_ses_suspends_sending(metric, limit):
    (alarm,) = [alarm for alarm in alarms().values() if alarm.get("MetricName") == metric]

    assert alarm["Namespace"] == "AWS/SES"
    assert alarm["Threshold"] <= limit


@pytest.mark.parametrize("metric", sorted(TABLE_METRICS))
def test_every_table_has_one_alarm_for_throttles(metric):
    watching = [watched for watched, _ in table_metrics(metric) if len(watched) == 1]

    assert sorted(watching) == sorted((name,) for name in stack.of_type("AWS::DynamoDB::Table"))


def test_every_index_has_one_alarm_for_throttled_writes():
    indexes = [
        (name, index["IndexName"])
        for name, table in stack.of_type("AWS::DynamoDB::Table").items()
        for index in table.get("GlobalSecondaryIndexes", [])
    ]
    watching = [watched for watched, _ in table_metrics("WriteThrottleEvents") if len(watched) > 1]

    assert sorted(watching) == sorted(indexes)


def test_an_alarm_watches_system_errors_of_what_shoppers_need():
    operations = {watched for watched, _ in table_metrics("SystemErrors")}

    assert operations >= {
        ("OrdersTable", "TransactWriteItems"),
        ("StockTable", "TransactWriteItems"),
        ("ProductsTable", "BatchGetItem"),
        ("ListingsTable", "Query"),
        ("SessionsTable", "BatchGetItem"),
    }


def test_an_alarm_of_tables_adds_up_all_its_metrics():
    for name, alarm in alarms().items():
        if "Metrics" not in alarm:
            continue
        (total,) = [query for query in alarm["Metrics"] if "Expression" in query]
        parts = [query["Id"] for query in alarm["Metrics"] if query is not total]
        assert total["Expression"].split(" + ") == [f"FILL({part}, 0)" for part in parts], name
        assert "ReturnData" not in total, name  # the one that counts
        assert not any(query["ReturnData"] for query in alarm["Metrics"] if query is not total)
        assert 1 < len(parts) <= METRICS_MAX, name
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_every_alarm_notifies_the_topic_and_says_what_to_do():
    for name, alarm in alarms().items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}], name
        assert alarm["OKActions"] == [{"Ref": "AlarmTopic"}], name
        assert len(alarm["AlarmDescription"]) > 20, name
        assert TWO_SENTENCES.search(alarm["AlarmDescription"]), name
        missing = "breaching" if name in ALARMS_FOR_MISSING_CALLS else "notBreaching"
        assert alarm["TreatMissingData"] == missing, name


@pytest.mark.parametrize(("name", "function"), ALARMS_FOR_MISSING_CALLS.items())
def test_an_alarm_goes_off_when_a_schedule_stops(name, function):
    alarm = alarms()[name]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Invocations")
    assert [stack.referenced_id(dimension["Value"]) for dimension in alarm["Dimensions"]] == [
        function
    ]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)


@pytest.mark.parametrize("metric", ["PaymentMismatches", "EventsSetAside"])
def test_one_line_of_the_metric_raises_its_alarm(metric):
    """A payment that matches no order, or an event that can never be published."""
    alarm = alarms()[f"{metric}Alarm"]
    metric_filter = stack.of_type("AWS::Logs::MetricFilter")[f"{metric}Metric"]
    (transformation,) = metric_filter["MetricTransformations"]

    assert alarm["Namespace"] == transformation["MetricNamespace"]
    assert alarm["MetricName"] == transformation["MetricName"] == metric
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_no_alarm_of_the_local_stack_uses_metric_math():
    """MiniStack rolls the whole stack back when an alarm uses metric math."""
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm", "local").items():
        assert "Metrics" not in alarm, name


def test_cloudwatch_may_publish_alarms_to_the_topic():
    (policy,) = stack.of_type("AWS::SNS::TopicPolicy").values()
    statement, _ = policy["PolicyDocument"]["Statement"]  # test_dead_letters checks the other

    assert policy["Topics"] == [{"Ref": "AlarmTopic"}]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_the_alarm_address_is_subscribed_to_the_topic():
    (subscription,) = stack.of_type("AWS::SNS::Subscription").values()

    assert subscription["TopicArn"] == {"Ref": "AlarmTopic"}
    assert subscription["Endpoint"] == {"Ref": "AlarmEmail"}
