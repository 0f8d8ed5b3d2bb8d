"""DynamoDB's calls with less work inside botocore, and the same results. `fast_models` has items.

botocore walks requests and replies by AWS's model, builds the user agent three times a call and
searches batches for ARNs. Plain JSON needs none of that. botocore calls these hooks private:
docs/decisions/0047 says why this is safe and what it saves.
"""

import json
from functools import cache
from types import SimpleNamespace
from typing import Any

import botocore
import pynamodb
from botocore.context import get_context
from botocore.parsers import JSONParser
from botocore.serialize import JSONSerializer

from shared import observability
from shared.config import FastPathSettings, settings

TESTED_VERSIONS = {"botocore": "1.44.5", "pynamodb": "6.1.0"}  # to upgrade: run the tests first
_ITEM_CALLS = "GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem"
CALLS = [*_ITEM_CALLS.split(), "TransactGetItems", "TransactWriteItems"]
# Their shapes are plain JSON but for bytes, named B and BS. In a reply an escape may spell a name.
SHAPES = frozenset(f"{call}{end}" for call in CALLS for end in ("Input", "Output"))
BYTES, ESCAPE = (b'"B"', b'"BS"'), b"\\u00"


@cache
def is_on() -> bool:
    is_wanted = settings(FastPathSettings).fast_aws_calls
    installed = {"botocore": botocore.__version__, "pynamodb": pynamodb.__version__}
    if is_wanted and installed != TESTED_VERSIONS:
        observability.logger.warning("no fast AWS calls: untested versions", extra=installed)
    return is_wanted and installed == TESTED_VERSIONS


def add_base_class(base_classes: list[type], **_: Any) -> None:
    base_classes.insert(0, FastClient)  # botocore's event `creating-client-class` calls this


class FastClient:
    def __init__(self, serializer: Any, endpoint: Any, *args: Any, **parts: Any) -> None:
        if serializer.__class__ is JSONSerializer:  # a client that checks parameters stays as it is
            serializer.__class__ = Serializer
            factory = SimpleNamespace(create_parser=cache(lambda _: Parser()))
            endpoint._response_parser_factory = factory  # noqa: SLF001
            _remember_user_agents(parts["user_agent_creator"])
            _search_tables_for_arns(parts["endpoint_ruleset_resolver"])
        super().__init__(serializer, endpoint, *args, **parts)  # type: ignore[call-arg]


class Serializer(JSONSerializer):
    def serialize_to_request(self, parameters: Any, operation_model: Any) -> Any:
        shape, body = operation_model.input_shape, BYTES[0]
        if shape.name in SHAPES and parameters.keys() <= shape.members.keys():
            # What pynamodb builds has no cycle: to look for one takes a quarter of the time.
            body = json.dumps(
                parameters, default=lambda _: {"B": ""}, check_circular=False
            ).encode()
        if any(name in body for name in BYTES):
            return super().serialize_to_request(parameters, operation_model)
        return super().serialize_to_request({}, operation_model) | {"body": body}


class Parser(JSONParser):
    def _handle_json_body(self: Any, raw_body: bytes, shape: Any) -> Any:
        if shape.name not in SHAPES or any(mark in raw_body for mark in (*BYTES, ESCAPE)):
            return super()._handle_json_body(raw_body, shape)  # type: ignore[misc]
        reply, known = self._parse_body_as_json(raw_body), shape.members.keys()
        if not isinstance(reply, dict):
            return self._parse_shape(shape, reply)
        return {name: reply[name] for name in reply if name in known and reply[name] is not None}


def _remember_user_agents(creator: Any) -> None:
    """The text depends on the client, and on the features that the call has used so far."""
    build: Any = cache(lambda _: type(creator).to_string(creator))

    def to_string() -> Any:
        context = get_context()
        return build(frozenset(context.features if context else ()))

    creator.to_string = to_string


def _search_tables_for_arns(resolver: Any) -> None:
    """An endpoint can depend on the account in a table's ARN. A name has none."""
    search = resolver._resolve_param_as_operation_context_param  # noqa: SLF001

    def find(name: str, operation: Any, call: Any) -> Any:
        if name not in operation.operation_context_parameters:
            return None  # of an endpoint's ten parameters, one depends on tables
        actions = [action for item in call.get("TransactItems", ()) for action in item.values()]
        tables = [*call.get("RequestItems", ()), *(action["TableName"] for action in actions)]
        has_arn = any(table.startswith("arn:") for table in tables)
        return search(name, operation, call) if has_arn else None

    resolver._resolve_param_as_operation_context_param = find  # noqa: SLF001
