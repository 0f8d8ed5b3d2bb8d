"""botocore and pynamodb, with the fast path and as they are, give the same results.

After an upgrade of either: compare here, then change TESTED_VERSIONS.
"""

import base64
import copy
import io
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import botocore.session
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.context import start_as_current_context
from botocore.exceptions import ParamValidationError
from botocore.parsers import JSONParser
from botocore.serialize import JSONSerializer
from botocore.useragent import register_feature_id
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import aws
from shared import config as shop_config
from shared.storage import dynamo, fast_path
from shared.storage.fast_path import CALLS, SHAPES, Parser, Serializer
from tests.support import logs

ROOT = Path(__file__).parents[2]
MODEL = botocore.session.get_session().get_service_model("dynamodb")
ERRORS = list(MODEL.error_shapes)
OK, HEADERS = 200, {"x-amzn-RequestId": "R1", "X-Amz-Crc32": "7", "Content-Type": "json"}

NAMES = st.one_of(st.sampled_from(["B", "BS", "S", "N", "M", "price"]), st.text(max_size=6))
TEXTS = st.one_of(
    st.text(),
    st.text(st.characters(categories=["Cs", "Lu"])),
    st.sampled_from(['"B": ', "\\u0042"]),
)
BINARY = st.one_of(st.binary(max_size=8), st.binary(max_size=8).map(bytearray))
SCALARS = st.one_of(
    TEXTS.map(lambda text: {"S": text}),
    st.one_of(st.integers(), st.floats()).map(lambda number: {"N": json.dumps(number)}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    BINARY.map(lambda value: {"B": value}),
    TEXTS.map(lambda text: {"B": text.encode(errors="replace").decode()}),
    st.lists(BINARY, min_size=1, max_size=3).map(lambda values: {"BS": values}),
    st.lists(TEXTS, max_size=3).map(lambda values: {"SS": values}),
    st.lists(st.just("1.50"), max_size=3).map(lambda values: {"NS": tuple(values)}),
    st.just({}),
)
VALUES = st.recursive(
    SCALARS,
    lambda children: st.one_of(
        st.lists(children, max_size=4).map(lambda values: {"L": values}),
        st.dictionaries(NAMES, children, max_size=4).map(lambda values: {"M": values}),
    ),
    max_leaves=12,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=5)
CANCELLED = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [
            {"Code": "None"},
            {"Code": "ConditionalCheckFailed", "Message": "failed", "Item": {"raw": {"B": "AAEC"}}},
        ],
    }
).encode()
CAPACITY = {"TableName": "t", "CapacityUnits": 0.5}


def outcome(call: Any, *args: Any) -> tuple[str, Any]:
    """What the call returns, or the class and text of what it raises."""
    try:
        return "returned", call(*args)
    except Exception as error:  # noqa: BLE001 (errors are compared, too)
        return type(error).__name__, str(error)


def requests(item: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Requests that contain the item, in each place where a request has one."""
    key = {"TableName": "t", "Key": item}
    condition = {"ConditionExpression": "#0 = :0", "ExpressionAttributeNames": {"#0": "é"}}
    update = (
        key | condition | {"UpdateExpression": "SET #0 = :0", "ExpressionAttributeValues": item}
    )
    put = {"TableName": "t", "Item": item}
    check = key | condition
    actions = [{"Put": put}, {"Update": update}, {"Delete": key}, {"ConditionCheck": check}]
    return [
        ("GetItem", key | {"ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}),
        ("PutItem", put),
        ("UpdateItem", update),
        ("DeleteItem", key),
        ("Query", {"TableName": "t", "Limit": 7, "ExclusiveStartKey": item}),
        ("Scan", {"TableName": "t", "Segment": 1, "TotalSegments": 2}),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [item, item], "ConsistentRead": True}}}),
        ("BatchWriteItem", {"RequestItems": {"t": [{"PutRequest": {"Item": item}}]}}),
        ("TransactGetItems", {"TransactItems": [{"Get": key}]}),
        ("TransactWriteItems", {"TransactItems": actions, "ClientRequestToken": "token"}),
    ]


def replies(item: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    rest = {"t": {"Keys": [item], "ConsistentRead": True}}
    return [
        ("GetItem", {"Item": item, "ConsumedCapacity": CAPACITY}),
        ("PutItem", {"Attributes": item}),
        (
            "UpdateItem",
            {"Attributes": item, "ItemCollectionMetrics": {"SizeEstimateRangeGB": [0.5]}},
        ),
        ("DeleteItem", {"Attributes": item}),
        ("Query", {"Items": [item], "Count": 1, "ScannedCount": 2, "LastEvaluatedKey": item}),
        ("Scan", {"Items": [item, item], "Count": 2, "ScannedCount": 2}),
        ("BatchGetItem", {"Responses": {"t": [item]}, "UnprocessedKeys": rest}),
        ("BatchWriteItem", {"UnprocessedItems": {"t": [{"PutRequest": {"Item": item}}]}}),
        ("TransactGetItems", {"Responses": [{"Item": item}, {}], "ConsumedCapacity": [CAPACITY]}),
        ("TransactWriteItems", {"ConsumedCapacity": [CAPACITY]}),
    ]


def as_json(value: Any) -> Any:
    """The reply's value as DynamoDB writes it: bytes in base64."""
    return json.loads(json.dumps(value, default=lambda raw: base64.b64encode(raw).decode()))


def parse(parser: Any, call: str, body: bytes, *, status: int = OK) -> Any:
    response = {"body": body, "status_code": status, "headers": HEADERS, "context": {}}
    return outcome(parser.parse, response, MODEL.operation_model(call).output_shape)


def both_parse(call: str, body: bytes, *, status: int = OK) -> Any:
    mine = parse(Parser(), call, body, status=status)
    assert mine == parse(JSONParser(), call, body, status=status)
    return mine


class TestRequests:
    @settings(deadline=None)
    @given(ITEMS)
    def test_every_call_is_written_as_botocore_writes_it(self, item):
        for call, parameters in requests(item):
            model = MODEL.operation_model(call)

            mine = outcome(Serializer().serialize_to_request, parameters, model)

            assert mine == outcome(JSONSerializer().serialize_to_request, parameters, model), call

    @pytest.mark.parametrize(
        "parameters",
        [
            {"TableName": "t", "Unknown": 1},
            {"TableName": "t", "Key": {"id": {"S": {"a set"}}}},
            {"TableName": "t", "Key": {"id": {"S": float("nan")}}},
            {"TableName": "t", "Key": {1: {"S": "x"}}},
            {},
        ],
    )
    def test_odd_parameters_have_the_same_outcome(self, parameters):
        model = MODEL.operation_model("GetItem")

        mine = outcome(Serializer().serialize_to_request, parameters, model)

        assert mine == outcome(JSONSerializer().serialize_to_request, parameters, model)

    @pytest.mark.parametrize("call", ["CreateTable", "DescribeTable", "RestoreTableToPointInTime"])
    def test_other_calls_are_left_to_botocore(self, call):
        model = MODEL.operation_model(call)
        parameters = {
            "CreateTable": {"TableName": "t"},
            "DescribeTable": {"TableName": "t"},
            "RestoreTableToPointInTime": {"RestoreDateTime": datetime(2026, 11, 27, tzinfo=UTC)},
        }[call]

        mine = Serializer().serialize_to_request(parameters, model)

        assert mine == JSONSerializer().serialize_to_request(parameters, model)

    def test_a_caller_may_change_the_headers_of_one_request(self):
        model, parameters = MODEL.operation_model("GetItem"), {"TableName": "t"}
        serializer = Serializer()

        serializer.serialize_to_request(parameters, model)["headers"]["X-Extra"] = "1"

        assert "X-Extra" not in serializer.serialize_to_request(parameters, model)["headers"]


class TestReplies:
    @settings(deadline=None)
    @given(ITEMS)
    def test_every_reply_is_read_as_botocore_reads_it(self, item):
        for call, reply in replies(as_json(item)):
            for body in (json.dumps(reply), json.dumps(reply, ensure_ascii=False)):
                both_parse(call, body.encode(errors="surrogatepass"))

    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"null",
            b"[]",
            b"7",
            b'"text"',
            b"<html>busy</html>",
            b"\xff\xfe",
            b'{"Item": null, "Responses": null, "Count": null, "ConsumedCapacity": null}',
            b'{"message": "not a member", "__type": "x"}',
            b'{"Item": {"id": {"S": "1"}}, "Unknown": {"S": "2"}}',
            b'{"Item": {"id": {"\\u0042": "AAEC"}}}',
            b'{"Item": {"id": {"B": "AAEC"}}}',
            b'{"Item": {"id": {"B" : "not base64"}}}',
            b'{"Item": {"id": {"M": {"B": {"BS": ["AAEC"]}}}}}',
            b'{"Item": {"id": {"S": "a"}, "id": {"S": "b"}}}',
        ],
    )
    def test_odd_bodies_have_the_same_outcome(self, call, body):
        both_parse(call, body)

    @pytest.mark.parametrize("status", [301, 400, 404, 413, 500, 503])
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>busy</html>",
            b'{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no"}',
            b'{"__type":"ProvisionedThroughputExceededException","Message":"slow down"}',
            CANCELLED,
            b'{"__type":"x#ConditionalCheckFailedException","message":"m","Item":{"id":{"S":"1"}}}',
            b"not JSON",
        ],
    )
    def test_errors_are_read_as_botocore_reads_them(self, status, body):
        both_parse("TransactWriteItems", body, status=status)
        for shape in ERRORS:
            response = {"body": body, "status_code": status, "headers": HEADERS, "context": {}}
            mine = outcome(Parser().parse, response, shape)
            assert mine == outcome(JSONParser().parse, response, shape), shape.name

    def test_times_are_still_read_as_times(self):
        body = b'{"Table": {"TableName": "t", "CreationDateTime": 1.5}}'

        _, reply = both_parse("DescribeTable", body)

        assert reply["Table"]["CreationDateTime"].year == 1970

    def test_a_type_that_this_release_does_not_know_is_kept(self):
        """botocore drops it, and whoever writes the item back would lose it."""
        _, reply = parse(Parser(), "GetItem", b'{"Item": {"id": {"V": [1]}}}')

        assert reply["Item"] == {"id": {"V": [1]}}


def kinds_in(shape: Any, member: str, seen: set[str]) -> Iterator[tuple[str, str]]:
    """Each part of a shape: its kind, and the name of the member that has it."""
    if shape.serialization:
        yield "renamed", member
    if shape.type_name == "structure" and (shape.is_document_type or shape.is_tagged_union):
        yield "open", member
    yield shape.type_name, member
    if shape.type_name == "structure" and shape.name not in seen:
        seen.add(shape.name)
        for name, part in shape.members.items():
            yield from kinds_in(part, name, seen)
    elif shape.type_name == "map":
        yield from kinds_in(shape.key, member, seen)
        yield from kinds_in(shape.value, member, seen)
    elif shape.type_name == "list":
        yield from kinds_in(shape.member, member, seen)


class TestModel:
    """The calls of the path are JSON as it is. A float in a request could be NaN: none has one."""

    PLAIN: ClassVar = {"structure", "list", "map", "string", "boolean", "integer", "long"}

    @pytest.mark.parametrize("call", CALLS)
    def test_calls_have_only_plain_members_and_bytes(self, call):
        model = MODEL.operation_model(call)

        asked = set(kinds_in(model.input_shape, "", set()))
        replied = set(kinds_in(model.output_shape, "", set()))

        assert {kind for kind, _ in asked} <= self.PLAIN | {"blob"}
        assert {kind for kind, _ in replied} <= self.PLAIN | {"blob", "double"}
        assert {member for kind, member in asked | replied if kind == "blob"} <= {"B", "BS"}

    def test_the_path_takes_these_calls_and_no_others(self):
        shapes = {
            shape.name
            for call in CALLS
            for shape in (
                MODEL.operation_model(call).input_shape,
                MODEL.operation_model(call).output_shape,
            )
        }

        assert shapes == SHAPES


@cache
def session(*, is_fast: bool) -> botocore.session.Session:
    made = botocore.session.Session()
    made.set_credentials("key", "secret", account_id="123456789012")
    if is_fast:
        made.register("creating-client-class.dynamodb", fast_path.add_base_class)
    return made


def client(*, is_fast: bool, **options: Any) -> Any:
    """A client of DynamoDB as pynamodb makes it."""
    config = Config(**{"parameter_validation": False, **options})
    return session(is_fast=is_fast).create_client("dynamodb", "eu-central-1", config=config)


def sent(made: Any, call: str, parameters: dict[str, Any]) -> Any:
    """The URL, the headers and the body of the call, without what changes from call to call."""
    requests_sent: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        requests_sent.append(request)
        return AWSResponse(request.url, OK, {}, RawReply(b"{}"))

    made.meta.events.register("before-send.dynamodb", answer)
    getattr(made, xform_name(call))(**copy.deepcopy(parameters))
    made.meta.events.unregister("before-send.dynamodb", answer)
    (request,) = requests_sent
    headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower() not in ("authorization", "x-amz-date", "amz-sdk-invocation-id")
    }
    agent = headers.pop("User-Agent").decode()
    parts, features = re.subn(r" m/([A-Za-z0-9,]+)", "", agent), re.findall(r" m/(\S+)", agent)
    return request.url, headers, request.body, parts, [set(each.split(",")) for each in features]


class RawReply(io.BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


TABLES = ["souk-orders", "arn:aws:dynamodb:eu-central-1:210987654321:table/souk-orders"]


class TestClient:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"account_id_endpoint_mode": "preferred"},
            {"account_id_endpoint_mode": "disabled"},
            {"use_fips_endpoint": True},
            {"use_dualstack_endpoint": True},
            {"retries": {"total_max_attempts": 3, "mode": "standard"}},
            {"user_agent": "mine/1", "user_agent_extra": "more"},
        ],
    )
    def test_calls_go_to_the_same_place_with_the_same_text(self, options):
        fast, plain = client(is_fast=True, **options), client(is_fast=False, **options)

        for table, (call, parameters) in product(TABLES, requests({"id": {"S": "1"}})):
            renamed = json.loads(json.dumps(parameters).replace('"t"', json.dumps(table)))
            for _ in range(2):  # the second time from what the first has stored
                assert sent(fast, call, renamed) == sent(plain, call, renamed), call

    def test_a_client_that_checks_parameters_is_left_as_it_is(self):
        checking = client(is_fast=True, parameter_validation=True)

        with pytest.raises(ParamValidationError):
            checking.get_item(TableName="t", Key="no map")

    def test_the_shop_s_own_client_follows_the_switch(self):
        own = dynamo.connection().client

        assert isinstance(own, fast_path.FastClient) is fast_path.is_on()

    def test_a_user_agent_names_the_features_of_its_call(self):
        fast = client(is_fast=True)
        parameters = {"TableName": "t", "Key": {"id": {"S": "1"}}}
        with start_as_current_context():
            register_feature_id("PAGINATOR")
            *_, paged = sent(fast, "GetItem", parameters)

        *_, later = sent(client(is_fast=True), "GetItem", parameters)

        assert paged[0] - later[0] == {"C"}


def forget_settings() -> None:
    shop_config._loaded.cache_clear()  # noqa: SLF001 (settings last as long as the process)
    fast_path.is_on.cache_clear()


class TestSwitch:
    def set_switch(self, monkeypatch, value):
        monkeypatch.setenv("FAST_AWS_CALLS", value)
        forget_settings()

    @pytest.fixture(autouse=True)
    def read_again(self):
        yield
        forget_settings()

    def test_the_setting_turns_the_path_off(self, monkeypatch):
        self.set_switch(monkeypatch, "false")

        assert not fast_path.is_on()
        events: list[str] = []
        monkeypatch.setattr(aws.session(), "register", lambda event, *_: events.append(event))
        dynamo.connection.__wrapped__()
        assert events == []

    @pytest.mark.parametrize("library", ["botocore", "pynamodb"])
    def test_an_untested_release_turns_it_off_and_says_so(self, monkeypatch, library):
        self.set_switch(monkeypatch, "true")
        monkeypatch.setattr(getattr(fast_path, library), "__version__", "99.0")

        with logs.captured() as lines:
            assert not fast_path.is_on()

        (line,) = lines.saying("no fast AWS calls: untested versions")
        assert (line["level"], line[library]) == ("WARNING", "99.0")

    def test_the_installed_releases_are_those_that_are_tested(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
        pinned = dict(dependency.split("==") for dependency in project)

        tested = fast_path.TESTED_VERSIONS
        assert {name: pinned[name] for name in tested} == tested
