"""Whatever goes wrong tells somebody."""

import pytest

from tests.template import stack

AUTHORIZER_SECONDS = 10  # an HTTP API gives up on an authorizer then, whatever its timeout is
TELL_OF_SILENCE = {"ExpirySilenceAlarm"}  # of functions that nothing calls any more


def alarms():
    return stack.of_type("AWS::CloudWatch::Alarm")


def watching(namespace, metric):
    return {
        stack.target(dimension["Value"])
        for alarm in alarms().values()
        if (alarm["Namespace"], alarm["MetricName"]) == (namespace, metric)
        for dimension in alarm.get("Dimensions", [])
    }


@pytest.mark.parametrize("metric", ["Errors", "Throttles", "Duration"])
def test_every_function_has_an_alarm_for(metric):
    assert watching("AWS/Lambda", metric) == stack.of_type("AWS::Lambda::Function").keys()


def test_a_duration_alarm_warns_at_80_percent_of_the_timeout():
    functions = stack.of_type("AWS::Lambda::Function")

    for name, alarm in alarms().items():
        if alarm["MetricName"] != "Duration":
            continue
        (dimension,) = alarm["Dimensions"]
        watched = stack.target(dimension["Value"])
        seconds = functions[watched]["Timeout"]
        if watched == "AuthorizerFunction":
            seconds = min(seconds, AUTHORIZER_SECONDS)
        assert alarm["Threshold"] == seconds * 1000 * 0.8, name
        assert alarm["ExtendedStatistic"] == "p99", name
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold", name


def test_whoever_follows_a_stream_and_falls_behind_raises_an_alarm():
    followers = {
        stack.target(mapping["FunctionName"])
        for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values()
        if "StartingPosition" in mapping
    }

    assert followers == {"RelayFunction", "StockWatchFunction"}
    assert watching("AWS/Lambda", "IteratorAge") == followers


@pytest.mark.parametrize("metric", ["5xx", "Latency"])
def test_the_api_has_an_alarm_for(metric):
    assert watching("AWS/ApiGateway", metric) == {"Api"}


@pytest.mark.parametrize(
    ("metric", "most"), [("Reputation.BounceRate", 0.05), ("Reputation.ComplaintRate", 0.001)]
)
def test_mail_that_nobody_wants_raises_an_alarm_before_ses_stops_us(metric, most):
    (alarm,) = [it for it in alarms().values() if it["MetricName"] == metric]

    assert alarm["Namespace"] == "AWS/SES"
    assert alarm["Threshold"] <= most


def test_every_alarm_goes_to_the_topic_and_says_what_to_do():
    for name, alarm in alarms().items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}], name
        assert len(alarm["AlarmDescription"]) > 20, name
        missing = "breaching" if name in TELL_OF_SILENCE else "notBreaching"
        assert alarm["TreatMissingData"] == missing, name


def test_a_sweeper_that_is_called_no_more_raises_an_alarm():
    alarm = alarms()["ExpirySilenceAlarm"]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Invocations")
    assert [stack.target(it["Value"]) for it in alarm["Dimensions"]] == ["ExpiryFunction"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)


def test_a_payment_that_fits_no_order_raises_an_alarm():
    alarm = alarms()["PaymentMismatchesAlarm"]
    counted = stack.of_type("AWS::Logs::MetricFilter")["PaymentMismatchesMetric"]
    (transformation,) = counted["MetricTransformations"]

    assert alarm["Namespace"] == transformation["MetricNamespace"]
    assert alarm["MetricName"] == transformation["MetricName"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_the_laptop_stack_can_run_every_alarm_it_is_given():
    """MiniStack rolls the whole stack back when an alarm computes with metrics."""
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm", "local").items():
        assert "Metrics" not in alarm, name


def test_cloudwatch_may_publish_on_the_topic_and_somebody_may_listen():
    (policy,) = stack.of_type("AWS::SNS::TopicPolicy").values()
    statement, _ = policy["PolicyDocument"]["Statement"]  # the other: test_dead_letters
    (subscription,) = stack.of_type("AWS::SNS::Subscription").values()

    assert policy["Topics"] == [{"Ref": "AlarmTopic"}]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    assert subscription["Endpoint"] == {"Ref": "AlarmEmail"}
