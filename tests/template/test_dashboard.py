"""The dashboard shows the shop at a glance, and the budget mails somebody."""

import json
import re

from tests.template import stack

SHOWN = {
    ("Souk", "OrdersPlaced"),
    ("Souk", "Revenue"),
    ("AWS/ApiGateway", "5xx"),
    ("AWS/ApiGateway", "Latency"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "IteratorAge"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
}


def body():
    (dashboard,) = stack.of_type("AWS::CloudWatch::Dashboard").values()
    return dashboard["DashboardBody"]["Fn::Sub"]


def metrics():
    """Namespace, name, and the dimensions that follow, of each metric of each chart."""
    for widget in json.loads(body())["widgets"]:
        for metric in widget["properties"]["metrics"]:
            yield [part for part in metric if isinstance(part, str)]


def watched(namespace, name):
    """The logical ids that the dimensions name."""
    return {
        reference
        for metric in metrics()
        if metric[:2] == [namespace, name]
        for reference in re.findall(r"\$\{(\w+)", " ".join(metric[2:]))
    }


def test_the_dashboard_shows_orders_errors_and_delays():
    assert {(metric[0].split("/$")[0], metric[1]) for metric in metrics()} >= SHOWN


def test_the_dashboard_names_only_what_exists():
    known = stack.resources().keys() | stack.source()["Parameters"].keys()

    for name in re.findall(r"\$\{([\w:]+)", body()):
        assert name in known or name.startswith("AWS::"), name


def test_the_dashboard_shows_every_function_queue_and_table():
    dead_letters = {name for name in stack.of_type("AWS::SQS::Queue") if "DeadLetters" in name}
    queues = stack.of_type("AWS::SQS::Queue").keys() - dead_letters
    functions = stack.of_type("AWS::Lambda::Function").keys()

    for metric in ("Errors", "Throttles"):
        assert watched("AWS/Lambda", metric) == functions
    assert watched("AWS/SQS", "ApproximateAgeOfOldestMessage") == queues
    assert watched("AWS/SQS", "ApproximateNumberOfMessagesVisible") == dead_letters
    for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
        assert watched("AWS/DynamoDB", metric) == stack.of_type("AWS::DynamoDB::Table").keys()


def test_charts_do_not_overlap():
    taken = [
        (x, y)
        for widget in json.loads(body())["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23  # CloudWatch's grid has 24 columns


def test_the_budget_mails_the_alarm_address_before_it_is_spent():
    (budget,) = stack.of_type("AWS::Budgets::Budget").values()
    thresholds = {
        notification["Notification"]["NotificationType"]: notification["Notification"]["Threshold"]
        for notification in budget["NotificationsWithSubscribers"]
    }

    assert budget["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"}
    assert thresholds == {"ACTUAL": 80, "FORECASTED": 100}
    for notification in budget["NotificationsWithSubscribers"]:
        (subscriber,) = notification["Subscribers"]
        assert subscriber == {"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}


def test_the_local_stack_has_no_budget():
    types = {resource["Type"] for resource in stack.resources("local").values()}

    assert "AWS::Budgets::Budget" not in types
