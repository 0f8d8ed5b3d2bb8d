"""The tests' faster moto answers each call as moto does, and leaves the same items."""

from contextlib import nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from shared.aws import client
from tests.support import fast_moto
from tests.support.moto_snapshots import REGION

Call = tuple[str, dict[str, Any]]

KEY = {"order": {"S": "o1"}, "line": {"N": "1"}}
LINE = KEY | {
    "state": {"S": "open"},
    "count": {"N": "2"},
    "price": {"M": {"amount": {"N": "1.50"}, "currency": {"S": "EUR"}}},
    "notes": {"L": [{"S": "a"}, {"S": "b"}, {"NULL": True}]},
    "tags": {"SS": ["new", "sale"]},
    "paid": {"BOOL": False},
}
KEY_2 = KEY | {"line": {"N": "2"}}
LINE_2 = KEY_2 | {"state": {"S": "open"}, "count": {"N": "7"}}
ABSENT_KEY = {"order": {"S": "absent"}, "line": {"N": "1"}}
BUYER = {"buyer": {"S": "b1"}, "name": {"S": "Ada"}}
BYTES = KEY | {"photo": {"B": b"\x00\xff"}, "photos": {"BS": [b"\x00", b"\xff"]}}
ALL_OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def on_line(key: dict[str, Any] = KEY, **parameters: Any) -> dict[str, Any]:
    return {"TableName": "lines", "Key": key} | parameters


def values(**named: dict[str, Any]) -> dict[str, Any]:
    return {"ExpressionAttributeValues": {f":{name}": value for name, value in named.items()}}


def put(item: dict[str, Any], table: str = "lines", **parameters: Any) -> dict[str, Any]:
    return {"TableName": table, "Item": item} | parameters


def update(expression: str, parameters: dict[str, Any] | None = None, **more: Any) -> Call:
    wanted = on_line(UpdateExpression=expression, ReturnValues="ALL_NEW")
    return "update_item", wanted | (parameters or {}) | more


def query(condition: str = "#o = :o", **parameters: Any) -> Call:
    names = {"ExpressionAttributeNames": {"#o": "order"}}
    wanted = {"TableName": "lines", "KeyConditionExpression": condition}
    return "query", wanted | names | values(o={"S": "o1"}) | parameters


def transact(*writes: dict[str, Any]) -> Call:
    return "transact_write_items", {"TransactItems": list(writes)}


COUNT = {"Update": on_line(UpdateExpression="ADD hits :one") | values(one={"N": "1"})}
COUNT_ABSENT = {"Update": COUNT["Update"] | {"Key": ABSENT_KEY}}
RENAME = {
    "Put": put(
        BUYER | {"name": {"S": "Eve"}}, "buyers", ConditionExpression="attribute_exists(buyer)"
    )
}
INSERT = {"Put": put({"buyer": {"S": "b2"}}, "buyers")}
DELETE = {"Delete": on_line(KEY_2)}
REFUSED = {"ConditionCheck": on_line(ABSENT_KEY, ConditionExpression="attribute_exists(line)")}
REFUSED_WITH_OLD = {
    "ConditionCheck": {
        "TableName": "buyers",
        "Key": {"buyer": {"S": "b1"}},
        "ConditionExpression": "attribute_not_exists(buyer)",
    }
    | ALL_OLD
}
SHUT = values(shut={"S": "shut"})
LONG_TEXT = {"S": "x" * 190_000}
LONG = values(long=LONG_TEXT)
SAME_NAME = {"#s": "state", "#t": "state"}
STATE = {"ExpressionAttributeNames": {"#s": "state"}}
BUYER_NAME = {"ExpressionAttributeNames": {"#o": "buyer"}}
COUNTED = {"ExpressionAttributeNames": {"#c": "count"}}

CALLS: dict[str, list[Call]] = {
    "get": [
        ("get_item", on_line()),
        ("get_item", on_line(ABSENT_KEY)),
        ("get_item", on_line(ProjectionExpression="price.amount, tags", ConsistentRead=True)),
        ("get_item", on_line({"order": {"S": "o1"}})),
        ("get_item", {"TableName": "absent", "Key": KEY}),
    ],
    "put": [
        ("put_item", put(KEY_2 | {"state": {"S": "shut"}})),
        ("put_item", put(KEY, ConditionExpression="attribute_not_exists(line)", **ALL_OLD)),
        ("put_item", put(KEY, ReturnValues="ALL_OLD")),
        ("put_item", put(KEY | {"line": {"S": "one"}})),
        ("put_item", put(KEY | {"state": {"S": ""}})),
        ("put_item", put({"order": {"S": "o1"}})),
    ],
    "update": [
        update("SET #s = :shut", STATE | SHUT),
        update("SET price.amount = :n, paid = :yes", values(n={"N": "2"}, yes={"BOOL": True})),
        update("SET notes = list_append(notes, :l)", values(l={"L": [{"S": "c"}]})),
        update("SET notes[0] = :s REMOVE notes[1], paid", values(s={"S": "z"})),
        update("SET hits = if_not_exists(hits, :n) + :n", values(n={"N": "1"})),
        update("ADD hits :n, tags :t", values(n={"N": "3"}, t={"SS": ["sale", "gift"]})),
        update("DELETE tags :t", values(t={"SS": ["sale"]}), ReturnValues="UPDATED_NEW"),
        update("SET hits = :n", values(n={"N": "1"}), Key=ABSENT_KEY, ReturnValues="ALL_OLD"),
        update(
            "SET #s = :open",
            STATE | values(open={"S": "open"}, shut={"S": "shut"}),
            ConditionExpression="#s = :shut AND (attribute_exists(notes) OR NOT paid = :open)",
        ),
    ],
    "refused updates": [
        update("SET #s = :shut", STATE | SHUT, ConditionExpression="#s = :shut", **ALL_OLD),
        update("SET absent.path = :shut", SHUT),
        update("SET line = :shut", SHUT),
        update("SET notes = :shut, notes[0] = :shut", SHUT),
        update("SET hits = absent + :shut", SHUT),
        update("SET SET", SHUT),
        update("SET hits = :other", SHUT),
        update("SET hits = :shut", SHUT, ConditionExpression="(("),
        ("get_item", on_line()),
    ],
    "refused expressions": [
        update("SET paid = :shut SET hits = :shut", SHUT),
        update("SET hits = :shut REMOVE #s, #s", STATE | SHUT),
        update("SET #s = :shut, #t = :shut", {"ExpressionAttributeNames": SAME_NAME} | SHUT),
        ("get_item", on_line()),
    ],
    "sizes": [
        ("put_item", put(KEY | {"a": {"S": "x" * 200_000}, "b": {"S": "x" * 204_000}})),
        *[update("SET a = :long", LONG) for _ in range(4)],
        update("SET c = :long", LONG),
        update("SET c = :shut", SHUT),
        ("put_item", put(KEY | {"a": {"S": "x" * 200_000}, "b": {"S": "x" * 206_000}})),
        ("put_item", put(KEY | {"l": {"L": [LONG_TEXT]}, "m": {"M": {"n": LONG_TEXT}}})),
        transact(COUNT, {"Put": put(KEY_2 | {"a": LONG_TEXT, "b": LONG_TEXT, "c": LONG_TEXT})}),
    ],
    "delete": [
        ("delete_item", on_line(KEY_2, ReturnValues="ALL_OLD")),
        ("delete_item", on_line(ABSENT_KEY)),
        ("delete_item", on_line(ConditionExpression="paid = :s", **values(s={"S": ""}), **ALL_OLD)),
    ],
    "query and scan": [
        query(),
        query(Limit=1),
        query(ExclusiveStartKey=KEY, ScanIndexForward=False),
        query("#o = :o AND line > :n", **values(o={"S": "o1"}, n={"N": "1"})),
        query(FilterExpression="contains(tags, :t)", **values(o={"S": "o1"}, t={"S": "new"})),
        query(Select="COUNT"),
        query(
            "#s = :o",
            IndexName="by-state",
            **STATE | values(o={"S": "open"}),
            ProjectionExpression="line",
        ),
        query("#s = :o", IndexName="by-state", **STATE | values(o={"S": "absent"})),
        query("#c = :n", IndexName="by-count", **COUNTED | values(n={"N": "2.0"})),
        query(**values(o={"S": "absent"})),
        query(TableName="buyers", **BUYER_NAME | values(o={"S": "b1"})),
        query("hits = :o"),
        ("scan", {"TableName": "lines"}),
        ("scan", {"TableName": "lines", "Limit": 1, "ReturnConsumedCapacity": "TOTAL"}),
        ("scan", {"TableName": "absent"}),
    ],
    "batches": [
        ("batch_get_item", {"RequestItems": {"lines": {"Keys": [KEY, KEY_2, ABSENT_KEY]}}}),
        ("batch_get_item", {"RequestItems": {"lines": {"Keys": [KEY, KEY]}}}),
        (
            "batch_write_item",
            {
                "RequestItems": {
                    "lines": [{"DeleteRequest": {"Key": KEY}}, {"PutRequest": {"Item": LINE_2}}],
                    "buyers": [{"PutRequest": {"Item": {"buyer": {"S": "b3"}}}}],
                }
            },
        ),
    ],
    "transactions": [
        transact(COUNT, RENAME, INSERT, DELETE),
        transact(COUNT, COUNT_ABSENT),
        ("transact_get_items", {"TransactItems": [{"Get": on_line()}, {"Get": on_line(KEY_2)}]}),
    ],
    "cancelled transactions": [
        transact(COUNT, RENAME, INSERT, DELETE, REFUSED),
        transact(COUNT, COUNT_ABSENT, INSERT, REFUSED_WITH_OLD),
        transact(COUNT, COUNT),
        transact(COUNT, {"Update": on_line(KEY_2, UpdateExpression="SET line = line")}),
        ("get_item", on_line()),
    ],
    "cancelled transactions with bytes": [
        transact({"Put": put(BYTES | KEY_2)}, COUNT, RENAME, REFUSED),
        transact(COUNT, {"Put": put(BYTES | KEY_2)}, INSERT, REFUSED_WITH_OLD),
        ("get_item", on_line()),
    ],
    "bytes": [
        ("put_item", put(BYTES)),
        ("get_item", on_line()),
        update("SET copied = photo"),
        transact({"Put": put(BYTES)}, COUNT_ABSENT),
        query(),
    ],
}


def create_tables() -> None:
    keys = [
        *(("order", "S", "HASH"), ("line", "N", "RANGE")),
        *(("state", "S", "HASH"), ("count", "N", "HASH")),
    ]
    definitions = [{"AttributeName": name, "AttributeType": kind} for name, kind, _ in keys]
    schema = [{"AttributeName": name, "KeyType": use} for name, _, use in keys]
    indexes = [
        {
            "IndexName": f"by-{key['AttributeName']}",
            "KeySchema": [key],
            "Projection": {"ProjectionType": "ALL"},
        }
        for key in schema[2:]
    ]
    create = client("dynamodb").create_table
    create(
        TableName="lines",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=definitions,
        KeySchema=schema[:2],
        GlobalSecondaryIndexes=indexes,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    create(
        TableName="buyers",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "buyer", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "buyer", "KeyType": "HASH"}],
    )


def reply_to(call: Call) -> Any:
    """Without what is new in each reply: the request's id, the time and the headers."""
    name, parameters = call
    try:
        reply = getattr(client("dynamodb"), name)(**parameters)
    except ClientError as error:
        reply = error.response
    except ValueError as error:  # moto's own, for a condition that it cannot read
        return repr(error)
    return reply | {"ResponseMetadata": reply["ResponseMetadata"]["HTTPStatusCode"]}


def run(calls: list[Call]) -> dict[str, Any]:
    """The replies, and what the tables and the stream hold at the end."""
    with mock_aws():
        create_tables()
        for item, table in ((LINE, "lines"), (LINE_2, "lines"), (BUYER, "buyers")):
            client("dynamodb").put_item(TableName=table, Item=item)
        replies = [reply_to(call) for call in calls]
        tables = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables
        items = {
            name: [each.to_json() for each in table.all_items()] for name, table in tables.items()
        }
        records = [each.to_json()["dynamodb"] for each in tables["lines"].stream_shard.items]
    images = [[each.get(name) for name in ("Keys", "OldImage", "NewImage")] for each in records]
    return {"replies": replies, "items": repr(items), "changes": repr(images)}


@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS)
def test_each_call_is_answered_as_moto_does(calls):
    with fast_moto.plain():
        expected = run(calls)

    assert run(calls) == expected


@pytest.mark.parametrize("how", [fast_moto.plain, nullcontext])
@pytest.mark.parametrize("calls", [name for name in CALLS if name.startswith("cancelled")])
def test_a_cancelled_transaction_changes_nothing(calls, how):
    with how():
        after, before = run(CALLS[calls]), run([])

    codes = [reply.get("Error", {}).get("Code") for reply in after["replies"]]
    assert codes.count("TransactionCanceledException") == 2
    assert (after["items"], after["changes"]) == (before["items"], before["changes"])


def test_calls_to_items_take_the_short_way(monkeypatch):
    answered: list[str] = []
    answer = fast_moto.ItemHandler.call_action

    def note(handler: fast_moto.ItemHandler) -> Any:
        answered.append(handler.headers["X-Amz-Target"].partition(".")[2])
        return answer(handler)

    monkeypatch.setattr(fast_moto.ItemHandler, "call_action", note)
    run([call for calls in CALLS.values() for call in calls])

    assert set(answered) == fast_moto.ITEM_CALLS
