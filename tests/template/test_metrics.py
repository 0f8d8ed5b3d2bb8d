"""What CloudWatch counts in the logs."""

import json

from shared import observability
from tests.template import stack


def filters():
    return stack.of_type("AWS::Logs::MetricFilter")


def test_what_is_counted_is_found_in_the_log_of_whoever_notes_it():
    counted = {
        transformation["MetricName"]: (stack.target(it["LogGroupName"]), it["FilterPattern"])
        for it in filters().values()
        for transformation in it["MetricTransformations"]
    }

    assert counted == {
        "CacheHits": ("ProductsLogs", '{ $.cache = "hit" }'),
        "CacheMisses": ("ProductsLogs", '{ $.cache = "miss" }'),
        "PaymentMismatches": (
            "PaymentsLogs",
            '{ $.message = "webhook refused" }',
        ),
    }


def test_a_count_is_one_a_line_in_the_stack_s_own_namespace():
    for name, it in filters().items():
        (transformation,) = it["MetricTransformations"]
        assert transformation["MetricNamespace"] == {"Fn::Sub": "Souk/${AWS::StackName}"}, name
        assert transformation["MetricValue"] == "1", name
        assert "Dimensions" not in transformation, name  # each value of one is a metric to pay


def test_what_is_counted_is_what_the_code_notes():
    patterns = {it["FilterPattern"] for it in filters().values()}

    for is_hit in (True, False):
        observability.set_log_context("a request")
        observability.record_cache_lookup(is_hit)
        ((key, value),) = observability.log_fields().items()
        assert f"{{ $.{key} = {json.dumps(value)} }}" in patterns
