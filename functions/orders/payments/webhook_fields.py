"""What a signed webhook must be before the shop reads it: strict JSON, and strict fields. Pure.

Both providers use it. Where JSON or pydantic would be lenient (duplicate keys, NaN, "500" for an
amount), two readers could understand two things; such an event is refused.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.http import strict_json
from shared.http.strict_json import InvalidJson, TooComplex

EVENT_VALUES_MAX = 50_000  # a signed event may be large: it contains a whole object of the provider
ID_LENGTH_MAX = 255  # Stripe's limit; DynamoDB's is 2,048 bytes for a key
PROBLEM_LENGTH_MAX = 200

# Of an order, a payment, a refund, a dispute or an event: printable ASCII without spaces.
Id = Annotated[str, Field(min_length=1, max_length=ID_LENGTH_MAX, pattern=r"^[!-~]+$")]
# A status or a reason in the provider's words: a new one must not break the shop.
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
PositiveAmount = Annotated[int, Field(gt=0)]  # Money has the upper limit
UnixSeconds = Annotated[int, Field(ge=0, le=253_402_300_799)]  # until the year 9999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MalformedEvent(Exception):
    """Sending the event again cannot mend it. The message names fields and has no content."""


class StrictModel(BaseModel):
    model_config = ConfigDict(strict=True, hide_input_in_errors=True)


class ReferencedOrder(StrictModel):
    order_id: Id


def parse_object(body: bytes) -> dict[str, Any]:
    """Raises MalformedEvent."""
    try:
        return strict_json.parse_object(body.decode(), values_max=EVENT_VALUES_MAX)
    except (UnicodeDecodeError, InvalidJson, TooComplex) as error:
        raise MalformedEvent("the body is no strict JSON object in UTF-8") from error


def is_unused(event: dict[str, Any], used_types: Collection[str]) -> bool:
    """Whether the event's type is none of these. The rest of such an event is not read."""
    type_ = event.get("type")
    return isinstance(type_, str) and type_ not in used_types


@contextmanager
def strict_fields() -> Iterator[None]:
    """Raises MalformedEvent for what pydantic or a conversion refuses."""
    try:
        yield
    except ValidationError as error:
        problems = [f"{_path(fault['loc'])}: {fault['type']}" for fault in error.errors()]
        raise MalformedEvent("; ".join(problems)[:PROBLEM_LENGTH_MAX]) from error
    except ValueError as error:
        raise MalformedEvent("a value is out of range") from error


def to_time(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def _path(location: tuple[int | str, ...]) -> str:
    """The field alone: what follows it may be a key that the sender chose."""
    return str(location[0]) if location else "body"
