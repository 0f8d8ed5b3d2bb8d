"""The metrics that CloudWatch counts in log lines."""

import json

import pytest

from shared import observability
from tests.template import stack


def filters():
    return stack.of_type("AWS::Logs::MetricFilter")


NEEDS_REVIEW = '$.message = "payment needs review"'


def test_a_metric_filter_reads_the_log_of_the_function_it_counts():
    counted = {
        (
            transformation["MetricName"],
            stack.referenced_id(metric_filter["LogGroupName"]),
            metric_filter["FilterPattern"],
        )
        for name, metric_filter in filters().items()
        for transformation in metric_filter["MetricTransformations"]
        if not name.endswith("SecretsNotReadMetric")
    }

    assert counted == {
        ("CacheHits", "ProductsLogs", '{ $.cache = "hit" }'),
        ("CacheMisses", "ProductsLogs", '{ $.cache = "miss" }'),
        (
            "PaymentMismatches",
            "PaymentsLogs",
            f'{{ ($.message = "webhook refused") || ({NEEDS_REVIEW}) }}',
        ),
        ("EventsSetAside", "RelayLogs", '{ $.message = "event set aside" }'),
        ("MailsInDoubt", "MailLogs", '{ $.message = "mail may have been sent" }'),
        ("PaymentMismatches", "PaymentWorkerLogs", f"{{ {NEEDS_REVIEW} }}"),
        ("PaymentMismatches", "PaymentSweepLogs", f"{{ {NEEDS_REVIEW} }}"),
    }


def test_every_function_with_secrets_counts_the_failed_reads():
    functions = stack.of_type("AWS::Lambda::Function")
    with_secrets = {
        function["LoggingConfig"]["LogGroup"]["Ref"]
        for function in functions.values()
        if any(name.endswith("_SECRET_ARN") for name in function["Environment"]["Variables"])
    }
    counted = {
        stack.referenced_id(metric_filter["LogGroupName"])
        for metric_filter in filters().values()
        if metric_filter["FilterPattern"] == '{ $.message = "secret not read" }'
        and metric_filter["MetricTransformations"][0]["MetricName"] == "SecretsNotRead"
    }

    assert with_secrets == counted
    assert counted


@pytest.mark.parametrize("metric", ["MailsInDoubt", "SecretsNotRead"])
def test_a_count_of_errors_has_an_alarm(metric):
    (alarm,) = [
        alarm
        for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == metric
    ]

    assert alarm["Namespace"] == {"Fn::Sub": "Souk/${AWS::StackName}"}
    assert alarm["Statistic"] == "Sum"
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


def test_a_line_counts_once_in_the_stack_s_own_namespace():
    for name, metric_filter in filters().items():
        (transformation,) = metric_filter["MetricTransformations"]
        assert transformation["MetricNamespace"] == {"Fn::Sub": "Souk/${AWS::StackName}"}, name
        assert transformation["MetricValue"] == "1", name
        assert "Dimensions" not in transformation, name  # each value costs a metric


def test_the_cache_filters_match_the_lines_that_the_code_logs():
    patterns = {metric_filter["FilterPattern"] for metric_filter in filters().values()}

    for is_hit in (True, False):
        observability.set_log_context("a request")
        observability.record_cache_lookup(is_hit)
        ((key, value),) = observability.log_fields().items()
        assert f"{{ $.{key} = {json.dumps(value)} }}" in patterns
