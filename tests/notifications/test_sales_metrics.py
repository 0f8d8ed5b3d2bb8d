"""The relay counts orders and revenue, for the dashboard."""

import pytest

from notifications.publishing import PUT_ATTEMPTS
from notifications.workers.relay_events import EventsNotRelayed, handler
from shared import retries
from shared.aws import client
from tests.notifications.test_relay_events import streamed
from tests.support import faults, logs
from tests.support.email_fixtures import order_placed_detail
from tests.support.http import CONTEXT

pytestmark = pytest.mark.usefixtures("aws")
NAMESPACE = "Souk/souk-test"


def event(number, event_type, amount_minor=1999, currency="EUR"):
    detail = order_placed_detail() | {"id": f"evt_{number}", "type": event_type}
    total = {"amount_minor": amount_minor, "currency": currency}
    return detail | {"data": detail["data"] | {"total": total}}


def metrics(lines):
    """Name, value and currency of each metric that CloudWatch finds in the lines."""
    found = []
    for line in lines.saying("sales"):
        assert line["_aws"]["Timestamp"] > 1_600_000_000_000  # milliseconds
        (described,) = line["_aws"]["CloudWatchMetrics"]
        assert described["Namespace"] == NAMESPACE
        (metric,) = described["Metrics"]
        (dimensions,) = described["Dimensions"]
        found.append((metric["Name"], line[metric["Name"]], *(line[name] for name in dimensions)))
    return found


def relayed(*events):
    with logs.captured() as lines:
        handler(streamed(*events), CONTEXT)
    return metrics(lines)


def test_placed_orders_are_counted_once_a_batch():
    found = relayed(event(1, "order.placed"), event(2, "order.placed"))

    assert found == [("OrdersPlaced", 2)]


def test_revenue_is_what_was_paid_in_units_of_its_currency():
    found = relayed(
        event(1, "order.paid", 1999, "EUR"),
        event(2, "order.paid", 1, "EUR"),
        event(3, "order.paid", 500, "JPY"),
        event(4, "order.paid", 1250, "KWD"),
    )

    assert found == [("Revenue", 20.0, "EUR"), ("Revenue", 500, "JPY"), ("Revenue", 1.25, "KWD")]


def test_other_events_are_not_counted():
    assert relayed(event(1, "order.cancelled"), event(2, "order.refunded")) == []


def test_a_batch_that_is_delivered_again_is_counted_once(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)
    batch = streamed(event(1, "order.placed"), event(2, "order.paid"))
    one_refused = {
        "FailedEntryCount": 1,
        "Entries": [{"EventId": "1"}, {"ErrorCode": "ThrottlingException"}],
    }
    still_refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    replies = [faults.success_reply(reply) for reply in (one_refused, still_refused, still_refused)]

    with logs.captured() as lines:
        with (
            faults.inject_faults(client("events"), "PutEvents", *replies),
            pytest.raises(EventsNotRelayed),
        ):
            handler(batch, CONTEXT)
        handler(batch, CONTEXT)

    assert len(replies) == PUT_ATTEMPTS
    assert metrics(lines) == [("OrdersPlaced", 1), ("Revenue", 19.99, "EUR")]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"total": 5},
        {"total": {"amount_minor": "5", "currency": "EUR"}},
        {"total": None},
        None,
        [],
    ],
)
def test_an_event_without_a_total_is_relayed_uncounted(data):
    with logs.captured() as lines:
        handler(streamed(event(1, "order.paid") | {"data": data}), CONTEXT)

    assert metrics(lines) == []
    assert lines.saying("relayed")[0]["events"] == 1
    assert lines.saying("revenue not counted")[0]["event_id"] == "evt_1"
