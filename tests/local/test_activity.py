"""The activity's pages and their data, on a stack whose content the test chooses."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from local import dead_letters
from local.activity import pages
from local.activity.pages import Paced
from local.activity.records import events_of_row, line_from_log, message_from_peek
from local.activity.stack_reader import find_layout
from local.payments.provider import Provider
from local.targets import TIME_FORMAT, OperationFailed
from tests.local.activity_stack import (
    EVENT,
    NOON,
    ORDER,
    REQUEST,
    FakeReader,
    event,
    line,
    message,
    order,
)
from tests.local.gateway_client import BASE, Ministack, create_app
from tests.local.payments import provider
from tests.local.test_request_log import ACCESS_TOKEN
from tests.template import stack

PARTS = ("requests", "events", "queues", "lines", "tables")
SENT = {
    "MessageId": "m1",
    "Source": "shop@souk.example",
    "To": ["ada@example.com"],
    "Subject": "Your order",
    "BodyText": "Thank you.",
    "BodyHtml": None,
    "Timestamp": NOON.timestamp(),
}


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


def answer(request: httpx.Request) -> httpx.Response:
    """MiniStack's mailbox, and the API."""
    if request.url.path == "/_ministack/ses/messages":
        return httpx.Response(200, json={"messages": {"000000000000": [SENT]}})
    return httpx.Response(201, json={"id": ORDER}, headers={"x-request-id": REQUEST})


def ask(
    reader: FakeReader,
    *calls: tuple[str, str] | str,
    headers: dict[str, str] | None = None,
    payments: Provider | None = None,
) -> httpx.Response:
    """The answer to the last of these calls."""

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=Ministack(answer)) as ministack:
            app = create_app(ministack, reader=reader, payments=payments)
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                for each in calls:
                    method, path = ("GET", each) if isinstance(each, str) else each
                    response = await client.request(method, path, headers=headers)
                return response

    return asyncio.run(call())


def trace(reader: FakeReader, text: str, *calls: Any, **options: Any) -> dict[str, Any]:
    content: dict[str, Any] = ask(
        reader, *calls, f"/activity/trace.json?id={text}", **options
    ).json()
    return content


def test_the_pages_themselves_read_nothing(reader):
    for path in ("/activity", f"/activity/orders/{ORDER}", "/activity/requests/req-1"):
        assert ask(reader, path).status_code == 200

    assert reader.readings == []


def test_the_address_of_an_order_leads_to_its_page(reader):
    response = ask(reader, f"/activity?order={ORDER}")

    assert (response.status_code, response.headers["location"]) == (
        307,
        f"/activity/orders/{ORDER}",
    )


def test_the_address_of_a_mail_leads_to_its_event(reader):
    mail_id = "c0045b0e-993a@email.amazonses.com"
    reader.lines = [line("mailed", event_id=EVENT, message_id=mail_id)]

    response = ask(reader, f"/activity?mail={mail_id}")

    assert (response.status_code, response.headers["location"]) == (
        307,
        f"/activity/events/{EVENT}",
    )


@pytest.mark.parametrize("mail_id", ["another@email.amazonses.com", "", "%22", "a b@c"])
def test_a_mail_that_no_log_names_is_a_404(reader, mail_id):
    reader.lines = [line("mailed", event_id=EVENT, message_id="m1")]

    assert ask(reader, f"/activity?mail={mail_id}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/activity/unknown.json",
        "/activity/users/usr_1",
        "/activity/orders/<script>",
        "/activity?order=//evil.example",
        "/activity/trace.json",
        "/activity/trace.json?id=a%20b",
    ],
)
def test_what_is_no_part_and_no_id_is_a_404(reader, path):
    assert ask(reader, path).status_code == 404
    assert reader.readings == []


def test_requests_are_listed_with_their_caller(reader):
    listed = ask(reader, ("POST", "/v1/orders"), "/v1/orders/ord_2", "/activity/requests.json")

    requests = listed.json()["requests"]
    assert [request["path"] for request in requests] == ["/v1/orders/ord_2", "/v1/orders"]
    assert requests[0]["request_id"] == REQUEST
    assert listed.headers["cache-control"] == "no-store"


def test_a_user_who_called_is_shown_by_address(reader):
    reader.users = {"usr_ada": {"email": "ada@example.com"}}
    headers = {"authorization": f"Bearer {ACCESS_TOKEN}"}

    [request] = ask(
        reader, "/v1/orders", "/activity/requests.json", "/activity/requests.json", headers=headers
    ).json()["requests"]

    assert (request["who"], request["caller"]) == ("ada@example.com", "usr_ada")
    assert reader.readings == ["users"]


def test_a_request_that_the_guard_refuses_is_listed(reader):
    async def call() -> Any:
        async with httpx.AsyncClient(transport=Ministack(answer)) as ministack:
            transport = httpx.ASGITransport(create_app(ministack, reader=reader))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                await client.get("/v1/orders", headers={"origin": "https://evil.example"})
                return (await client.get("/activity/requests.json")).json()

    [request] = asyncio.run(call())["requests"]
    assert (request["status"], request["request_id"]) == (403, None)


def test_events_say_whether_the_bus_has_them(reader):
    reader.events = [event(), event(id="evt_2", relayed_at=None)]

    events = ask(reader, "/activity/events.json").json()["events"]

    assert (events["stored"], events["waiting"]) == (2, 1)
    assert {each["id"] for each in events["newest"]} == {EVENT, "evt_2"}


def test_each_queue_has_its_messages_and_where_they_go_back(reader):
    reader.messages = [message(), message(id="msg-2", queue="MailDeadLetters")]

    queues = {
        queue["name"]: queue for queue in ask(reader, "/activity/queues.json").json()["queues"]
    }

    assert queues["MailQueue"]["redrives_to"] is None
    assert queues["MailDeadLetters"]["redrives_to"] == "MailQueue"
    assert [each["id"] for each in queues["MailDeadLetters"]["messages"]] == ["msg-2"]
    assert queues["MailQueue"]["messages"][0]["label"] == f"order.placed {EVENT}"


def test_lines_and_tables_are_listed(reader):
    reader.lines, reader.orders = [line("first"), line("second")], {ORDER: order()}

    lines = ask(reader, "/activity/lines.json").json()["lines"]
    tables = ask(reader, "/activity/tables.json").json()["tables"]

    assert [each["message"] for each in lines] == ["second", "first"]
    assert tables == [{"name": "OrdersTable", "items": 1}]


def test_many_pages_share_one_reading(reader):
    ask(reader, *["/activity/events.json"] * 5)

    assert reader.readings == ["events"]


def test_a_slow_reading_is_repeated_less_often(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(pages.time, "monotonic", lambda: now[0])
    taken: list[float] = []

    def read() -> int:
        taken.append(now[0])
        now[0] += 4
        return len(taken)

    async def use() -> None:
        reading = Paced(read)
        for at in (0, 5, 20, 24, 30):
            now[0] = max(now[0], float(at))
            await reading.get()

    asyncio.run(use())

    assert taken == [0.0, 24.0]


def test_an_order_shows_all_that_has_to_do_with_it(reader):
    reader.orders, reader.users = {ORDER: order()}, {"usr_1": {"email": "ada@example.com"}}
    reader.events = [event(), event(id="evt_2", type="product.updated", data={})]
    reader.lines = [
        line("mailed", event_id=EVENT, message_id="m1"),
        line("request", function="OrdersFunction"),
        line("request", correlation_id="req-2", function="OrdersFunction"),
    ]
    payments = provider()
    payments.ledger.create_payment(ORDER, 1999, "EUR", "automatic")
    payments.ledger.create_payment("ord_2", 100, "EUR", "automatic")

    found = trace(reader, ORDER, ("POST", "/v1/orders"), payments=payments)

    [shown] = found["orders"]
    assert (shown["buyer"], shown["total"]) == ("ada@example.com", "EUR 19.99")
    assert [request["path"] for request in found["requests"]] == ["/v1/orders"]
    assert [(each["id"], each["mail"]["state"]) for each in found["events"]] == [(EVENT, "sent")]
    assert [mail["subject"] for mail in found["mails"]] == ["Your order"]
    assert [payment["amount"] for payment in found["payments"]] == ["EUR 19.99"]
    assert len(found["lines"]) == 2


def test_an_order_shows_its_messages_in_every_queue(reader):
    reader.orders, reader.events = {ORDER: order()}, [event()]
    reader.messages = [
        message(queue="PaymentDeadLetters"),
        message(id="msg-2", event_id="evt_2"),
        message(id="msg-3", event_id=None),
    ]

    assert [each["queue"] for each in trace(reader, ORDER)["messages"]] == ["PaymentDeadLetters"]


def test_pages_of_the_same_order_share_one_reading(reader):
    reader.events = [event()]

    ask(reader, *[f"/activity/trace.json?id={ORDER}"] * 3)

    assert reader.readings.count("events") == 1


def test_an_order_shows_no_name_and_no_delivery_address(reader):
    reader.orders = {ORDER: order()}

    text = json.dumps(trace(reader, ORDER))

    assert "Ada Lovelace" not in text
    assert "Market Street" not in text


def test_the_request_that_an_order_names_is_shown(reader):
    reader.orders = {ORDER: order(request_id=REQUEST)}

    assert len(trace(reader, ORDER, ("POST", "/v1/orders"))["requests"]) == 1


def test_a_request_leads_to_its_order_and_lines(reader):
    reader.orders, reader.events = {ORDER: order()}, [event()]
    reader.lines = [line("request"), line("request", correlation_id="req-2")]

    found = trace(reader, REQUEST)

    assert [shown["id"] for shown in found["orders"]] == [ORDER]
    assert [each["id"] for each in found["events"]] == [EVENT]
    assert len(found["lines"]) == 1


def test_an_unknown_id_has_nothing(reader):
    found = trace(reader, "ord_unknown")

    assert not any(found[name] for name in ("orders", "requests", "events", "mails", "lines"))


def redrive(
    reader: FakeReader, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Any], **options: Any
) -> httpx.Response:
    monkeypatch.setattr(dead_letters, "run", run)
    queue = options.pop("queue", "MailDeadLetters")
    return ask(reader, ("POST", f"/activity/queues/{queue}/redrive"), **options)


def test_a_redrive_sends_the_messages_back(reader, monkeypatch):
    commands: list[dead_letters.Command] = []

    def run(_: Any, command: dead_letters.Command) -> dead_letters.Answer:
        commands.append(command)
        return dead_letters.Answer(["1 messages were sent to MailQueue"])

    response = redrive(reader, monkeypatch, run)

    assert response.json() == {"text": "1 messages were sent to MailQueue", "is_ok": True}
    assert commands == [dead_letters.Command("redrive", "MailDeadLetters", applies=True)]


def test_a_redrive_that_fails_says_why(reader, monkeypatch):
    def run(*_: Any) -> dead_letters.Answer:
        raise OperationFailed("The stack is gone.")

    assert redrive(reader, monkeypatch, run).json() == {
        "text": "The stack is gone.",
        "is_ok": False,
    }


@pytest.mark.parametrize("queue", ["MailQueue", "Unknown", "MailDeadLetters/x"])
def test_only_a_dead_letter_queue_can_be_redriven(reader, monkeypatch, queue):
    def run(*_: Any) -> None:
        pytest.fail("it was redriven")

    assert redrive(reader, monkeypatch, run, queue=queue).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
    ],
)
def test_a_foreign_page_redrives_nothing(reader, monkeypatch, headers):
    def run(*_: Any) -> None:
        pytest.fail("it was redriven")

    assert redrive(reader, monkeypatch, run, headers=headers).status_code in (400, 403)


def test_a_redrive_needs_post(reader):
    assert ask(reader, "/activity/queues/MailDeadLetters/redrive").status_code == 405


def test_a_row_of_several_events_shows_each():
    documents = [
        {"id": "evt_1", "type": "product.created", "data": {"product_id": "prd_1"}},
        {"id": "evt_2", "type": "product.updated", "data": {"product_id": "prd_2"}},
    ]
    row = {
        "event_id": "evt_1",
        "type": "several",
        "payload": json.dumps(documents),
        "occurred_at": "2026-11-27T12:00:00Z",
        "correlation_id": REQUEST,
        "relayed_at": NOON.strftime(TIME_FORMAT),
    }

    events = list(events_of_row(row))

    assert [(each.id, each.type) for each in events] == [
        ("evt_1", "product.created"),
        ("evt_2", "product.updated"),
    ]
    assert all(each.relayed_at == NOON.isoformat() for each in events)


def test_a_row_that_holds_no_event_is_shown_as_it_is():
    row = {"event_id": "evt_1", "type": "order.placed", "payload": "broken"}
    [shown] = events_of_row({**row, "occurred_at": "now", "correlation_id": "none"})

    assert (shown.id, shown.type, shown.relayed_at) == ("evt_1", "order.placed", None)


@pytest.mark.parametrize(
    "text", ["START RequestId: 1", "END RequestId: 1", "REPORT RequestId: 1", ""]
)
def test_what_lambda_says_of_each_call_is_left_out(text):
    assert line_from_log("MailFunction", {"message": text, "timestamp": 0}) is None


def test_a_crash_before_the_logger_is_shown():
    crash = "ImportModuleError: no module named orders"

    shown = line_from_log("MailFunction", {"message": crash, "timestamp": 0})

    assert shown is not None
    assert (shown.level, shown.message) == ("ERROR", crash)


def test_a_message_that_is_no_event_has_a_label_all_the_same():
    peeked = {
        "MessageId": "msg-1",
        "Body": "not JSON",
        "SentTimestamp": 0,
        "VisibleAt": 0,
        "ReceiveCount": 3,
    }

    shown = message_from_peek("MailQueue", peeked)

    assert (shown.label, shown.event_id, shown.receive_count) == ("unreadable", None, 3)


def test_the_template_says_where_everything_is():
    resources = stack.resources("local")

    layout = find_layout(resources, {name: name for name in resources})

    assert layout.log_groups["MailFunction"] == "MailLogs"
    assert {"OrdersTable", "OutboxTable"} <= layout.tables.keys()
    assert layout.redrives["MailDeadLetters"] == "MailQueue"
    assert layout.redrives.keys() <= layout.queues.keys()
    assert "order.placed" in layout.mailed_types
