"""One hostile input, and what must come of it.

A kind of attack is a module of this folder. Its `ATTACKS` is a list of `Attack`; the unit tests
beside the code import it, and tests/e2e/test_attacks.py sends every module's to the local stack.
There each answer has its status in the envelope, is under 1 MB, and is never a 5xx. An input that
needs more than one request has its test beside the code.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Caller = Literal["visitor", "customer", "staff"]

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Attack:
    """`name` is unique in its module: a few words that a test run prints.

    `path` starts with /v1. It is sent as it is, with these replaced: `{product_id}` of a product
    with stock, `{order_id}` of the customer's order that is not paid, `{unique}` of each run. They
    are replaced in the body and the headers too.

    `status` is the expected one, or several where a choice is left. `code` is the error's code;
    None compares only the status. A success (a status under 400) has no envelope and no code.

    A caller other than the visitor is logged in. Without a Content-Type in `headers`, a body goes
    out as JSON; a header of None is not sent.
    """

    name: str
    method: str
    path: str
    status: int | tuple[int, ...]
    code: str | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes | None = None
    caller: Caller = "visitor"

    @property
    def statuses(self) -> tuple[int, ...]:
        return self.status if isinstance(self.status, tuple) else (self.status,)

    @property
    def all_headers(self) -> dict[str, str]:
        default = {"content-type": JSON_TYPE} if self.body is not None else {}
        given = {name.lower(): value for name, value in self.headers.items()}
        return {name: value for name, value in (default | given).items() if value is not None}


def json_body(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def nested(depth: int, innermost: bytes = b"1", key: bytes = b"a") -> bytes:
    """Objects in objects. `json.dumps` cannot write as deep as a client can."""
    return b'{"%s":' % key * depth + innermost + b"}" * depth
