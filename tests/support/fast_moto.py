"""moto's DynamoDB with less work for each call and the same replies.

moto takes a call as an HTTP request to one of all AWS services, reads it by the shapes of AWS's
model, writes its reply by them, and copies whole tables for a transaction. A call that concerns
items is JSON with a name, so here it goes unsigned and straight to moto's handler, its reply is
written as it is, and a transaction copies the items that it writes. A query sorts the items that
have its keys. Expressions are parsed, and the addresses of AWS listed, once. The sizes of an item's
attributes are added up once.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import RLock
from types import SimpleNamespace
from typing import Any

import jsonpath_ng.ext
import moto.core.responses
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.exceptions import JsonRESTError, _RESTError
from moto.core.models import MockAWS, botocore_stubber, responses_mock
from moto.core.utils import method_names_from_class
from moto.dynamodb import models
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import bytesize
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.responses import DynamoHandler

from tests.support import moto_expressions, moto_queries, moto_transactions
from tests.support.moto_snapshots import REGION

URL = f"https://dynamodb.{REGION}.amazonaws.com/"
TARGET = "DynamoDB_20120810."
ITEM_BYTES_MAX = 405_000  # moto's limit
ITEM_CALLS = frozenset(
    {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"}
    | {"BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"}
)
JSON_TYPE = "application/x-amz-json-1.0"

Reply = tuple[int, dict[str, Any], Any]

_answer_any_call = BotocoreStubber.process_request
_sign = SigV4Auth.add_auth
_write_reply = DynamoHandler.serialized
_list_addresses = MockAWS._enable_patching  # noqa: SLF001
_addresses: dict[str, list[Any]] = {}  # by HTTP method
_cast_any_value = vars(DynamoType)["cast_value"].fget
_one_call = RLock()


class ItemHandler(DynamoHandler):
    """moto's own handler of one call that concerns items."""

    def __init__(self, operation: str, body: dict[str, Any]) -> None:
        super().__init__()
        self.params = body
        self.region, self.current_account = REGION, DEFAULT_ACCOUNT_ID
        self.headers = {"X-Amz-Target": TARGET + operation, "Content-Type": JSON_TYPE}
        self.querystring: dict[str, Any] = {}
        self.response_headers = {"server": "amazon.com"}

    def serialized(self, action_result: Any) -> Reply:
        try:
            return 200, {"Content-Type": JSON_TYPE}, json.dumps(action_result.result)
        except TypeError:  # an error, or binary attributes
            return _write_reply(self, action_result)


def install() -> None:
    """Changes moto for the whole process."""
    for owner, name, changed in _CHANGES:
        setattr(owner, name, changed)


@contextmanager
def plain() -> Iterator[None]:
    """moto as it is, inside the block."""
    for owner, name, original in _ORIGINALS:
        setattr(owner, name, original)
    try:
        yield
    finally:
        install()


def answer_call(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
    """One call at a time: moto changes its tables step by step, so another thread's call could
    meet a state that DynamoDB never shows.
    """
    with _one_call:
        operation = _item_call(request)
        if operation is None:
            return _answer_any_call(stubber, request)
        return ItemHandler(operation, json.loads(request.body)).call_action()


def sign_if_needed(signer: SigV4Auth, request: AWSRequest) -> None:
    """Nobody checks the signature of a call that `answer_call` answers itself."""
    if signer.credentials is None or _item_call(request) is None:
        _sign(signer, request)


def _item_call(request: AWSRequest | AWSPreparedRequest) -> str | None:
    """The operation's name. moto reads binary attributes by AWS's model, so those stay with it."""
    target = request.headers.get("X-Amz-Target", "")
    operation = (target.decode() if isinstance(target, bytes) else target).removeprefix(TARGET)
    if operation not in ITEM_CALLS or request.url != URL:
        return None
    body = request.data if isinstance(request, AWSRequest) else request.body
    return None if b'"B":' in body or b'"BS":' in body else operation


def _make(kind: type, *_: Any, **__: Any) -> Any:
    """Without moto's list of all instances: it would keep each item and each copy of a table."""
    return object.__new__(kind)


def _set_and_add_up(item: LimitedSizeDict, key: str, value: Any) -> None:
    """moto adds up all attributes each time. All that was assigned is at least as large."""
    size = bytesize(key) + _size(value)
    assigned = getattr(item, "bytes_assigned", None if item else 0)
    if assigned is None or assigned + size > ITEM_BYTES_MAX:
        assigned = sum(bytesize(name) + _size(each) for name, each in item.items())
    if assigned + size > ITEM_BYTES_MAX:
        raise ItemSizeTooLarge
    item.bytes_assigned = assigned + size  # type: ignore[attr-defined]
    dict.__setitem__(item, key, value)


def _cast_value(value: DynamoType) -> Any:
    """A text stands for itself. Most keys and most values that are compared are texts."""
    return value.value if value.type == "S" else _cast_any_value(value)


def _size(value: Any) -> int:
    return value.size() if type(value) is DynamoType else bytesize(str(value))


def _start_with_known_addresses(mock: MockAWS, reset: bool = True) -> None:
    if not _addresses or not reset:
        _list_addresses(mock, reset)
        _addresses.update(responses_mock._registry._registered)  # noqa: SLF001
        return
    botocore_stubber.enabled = True
    mock.reset()
    responses_mock.start()
    lists = {method: listed.copy() for method, listed in _addresses.items()}
    responses_mock._registry._registered.update(lists)  # noqa: SLF001


def _describe_error(
    error: JsonRESTError, error_type: str, message: str, *_: Any, **__: Any
) -> None:
    """moto writes each error as XML too. It raises some while it looks for an attribute."""
    super(_RESTError, error).__init__()
    error.error_type, error.message = error_type, message
    error.description = json.dumps({"__type": error_type, "message": message})
    error.content_type = "application/json"


_CHANGES: tuple[tuple[Any, str, Any], ...] = (
    (BotocoreStubber, "process_request", answer_call),
    (SigV4Auth, "add_auth", sign_if_needed),
    (DynamoDBBackend, "transact_write_items", moto_transactions.transact),
    (models, "copy", SimpleNamespace(deepcopy=moto_transactions.copy_original)),
    (UpdateExpressionParser, "make", cache(UpdateExpressionParser.make)),
    (ConditionExpressionParser, "_lex_condition_expression", moto_expressions.tokens_of),
    (validators, "deepcopy", moto_expressions.copy_tree),
    (DepthFirstTraverser, "traverse", moto_expressions.traverse),
    (JsonRESTError, "__init__", _describe_error),
    (Table, "query", moto_queries.query),
    (LimitedSizeDict, "__setitem__", _set_and_add_up),
    (DynamoType, "cast_value", property(_cast_value)),
    (MockAWS, "_enable_patching", _start_with_known_addresses),
    (Item, "__new__", _make),
    (Table, "__new__", _make),
    # moto parses the paths of an EventBridge target for each event, and lists a handler's methods
    # for each call.
    (jsonpath_ng.ext, "parse", cache(jsonpath_ng.ext.parse)),
    (moto.core.responses, "method_names_from_class", cache(method_names_from_class)),
)
_ORIGINALS = [(owner, name, getattr(owner, name)) for owner, name, _ in _CHANGES]
