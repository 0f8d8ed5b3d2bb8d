"""Writes functions/reference/asyncapi.json, and the catalogue in docs/events.md, from the events.

`python docs/asyncapi.py` writes them; `--check` only reports whether they are up to date.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

ROOT = Path(__file__).parent.parent
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from pydantic.json_schema import models_json_schema  # noqa: E402 (found through sys.path)

from docs.event_fields import EXAMPLES, EXAMPLES_OF, FIELDS, OCCURRED_AT, REQUEST_ID  # noqa: E402
from shared import ids  # noqa: E402
from shared.events.all_events import AnyEvent  # noqa: E402
from shared.events.base import DomainEvent  # noqa: E402

DOCUMENT = ROOT / "functions" / "reference" / "asyncapi.json"
PAGE = ROOT / "docs" / "events.md"
CATALOGUE = re.compile(r"(?<=<!-- catalogue -->\n).*(?=<!-- end -->)", re.DOTALL)
SOURCE = "souk"
BUS_ID = "7bf73129-1428-4cd3-a780-95db273d1602"  # EventBridge's own id of a message
Schema = dict[str, Any]

DESCRIPTION = """Everything that happens in the shop is an event on an EventBridge bus.
Subscribe with a rule: docs/events.md has one to copy.

- **Repeats.** A message can arrive more than once. `detail.id` is the same each time: drop repeats.
- **Order.** None is promised. Compare `detail.occurred_at`, or read the current state from the API.
- **Changes.** Events and fields are added, never removed or renamed. Ignore what you do not know.
- **People.** An event names people by id only. It has no e-mail address, postal address or token.

An amount is an integer of minor units with its currency: `1999` with `EUR` means 19.99 euros."""
ENVELOPE: Schema = {
    "version": {"type": "string", "description": "The version of EventBridge's message."},
    "id": {
        "type": "string",
        "format": "uuid",
        "description": "EventBridge's id of this message. A repetition can have another one, so "
        "use `detail.id`.",
    },
    "detail-type": {"type": "string", "description": "The type of the event. Rules select it."},
    "source": {"type": "string", "const": SOURCE, "description": "The same for every event."},
    "account": {"type": "string", "description": "The AWS account of the shop."},
    "time": {
        "type": "string",
        "format": "date-time",
        "description": "When the bus got the event. `detail.occurred_at` says when it happened.",
    },
    "region": {"type": "string", "description": "The AWS region of the shop."},
    "resources": {"type": "array", "items": {"type": "string"}, "description": "Always empty."},
}


def list_events() -> list[type[DomainEvent]]:
    return sorted(get_args(AnyEvent), key=event_type)


def event_type(kind: type[DomainEvent]) -> str:
    return str(kind.model_fields["type"].default)


def example(kind: type[DomainEvent]) -> dict[str, Any]:
    """An event of this kind, as a subscriber finds it in `detail`."""
    data = kind.model_fields["data"].annotation
    facts = EXAMPLES | EXAMPLES_OF.get(event_type(kind), {})
    event = kind.model_validate(
        {
            "id": ids.derived_id("evt", event_type(kind)),
            "occurred_at": OCCURRED_AT,
            "correlation_id": REQUEST_ID,
            "data": {name: facts[name] for name in data.model_fields},  # type: ignore[union-attr]
        }
    )
    return event.model_dump(mode="json")


def document() -> dict[str, Any]:
    """The AsyncAPI document. Raises ValueError if an event or a field is not described."""
    kinds = list_events()
    address = {"$ref": "#/channels/events"}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Souk events", "version": _version(), "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "eventbridge": {
                "host": "events.{region}.amazonaws.com",
                "protocol": "eventbridge",
                "description": "Amazon EventBridge, in the shop's AWS account.",
                "variables": {"region": {"description": "The AWS region of the shop."}},
            }
        },
        "channels": {
            "events": {
                "address": "{bus}",
                "title": "The event bus",
                "description": "Carries every event of the shop.",
                "parameters": {
                    "bus": {"description": "The template's output `EventBusName`: STACK-events."}
                },
                "messages": {
                    event_type(kind): {"$ref": f"#/components/messages/{event_type(kind)}"}
                    for kind in kinds
                },
            }
        },
        "operations": {
            f"send_{event_type(kind).replace('.', '_')}": {
                "action": "send",
                "channel": address,
                "summary": _summary(kind),
                "messages": [{"$ref": f"#/channels/events/messages/{event_type(kind)}"}],
            }
            for kind in kinds
        },
        "components": {
            "messages": {event_type(kind): _message(kind) for kind in kinds},
            "schemas": _schemas(kinds),
        },
    }


def _version() -> str:
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return version


def _summary(kind: type[DomainEvent]) -> str:
    """Raises ValueError if the class does not say what happened."""
    if not kind.__doc__:
        raise ValueError(f"{kind.__name__} has no docstring")
    return " ".join(kind.__doc__.split())


def _message(kind: type[DomainEvent]) -> dict[str, Any]:
    detail_type = event_type(kind)
    fields = ENVELOPE | {
        "detail-type": ENVELOPE["detail-type"] | {"const": detail_type},
        "detail": {"$ref": f"#/components/schemas/{kind.__name__}"},
    }
    return {
        "name": detail_type,
        "title": detail_type,
        "summary": _summary(kind),
        "contentType": "application/json",
        "correlationId": {"location": "$message.payload#/detail/correlation_id"},
        "payload": {"type": "object", "required": list(fields), "properties": fields},
        "examples": [{"name": detail_type, "payload": to_envelope(example(kind))}],
    }


def to_envelope(detail: dict[str, Any]) -> dict[str, Any]:
    """The message that EventBridge delivers."""
    return {
        "version": "0",
        "id": BUS_ID,
        "detail-type": detail["type"],
        "source": SOURCE,
        "account": "123456789012",
        "time": f"{OCCURRED_AT:%Y-%m-%dT%H:%M:%SZ}",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }


def _schemas(kinds: list[type[DomainEvent]]) -> dict[str, Schema]:
    _, generated = models_json_schema(
        [(kind, "serialization") for kind in kinds], ref_template="#/components/schemas/{model}"
    )
    return {name: _describe(name, shape) for name, shape in sorted(generated["$defs"].items())}


def _describe(model: str, shape: Schema) -> Schema:
    """Every field is in every event: a class has defaults only for events of earlier releases.

    Raises ValueError if a field has no description.
    """
    properties = {
        name: _describe_field(model, name, field) for name, field in shape["properties"].items()
    }
    described = {"type": "object", "required": list(properties), "properties": properties}
    if "description" in shape:
        described["description"] = " ".join(shape["description"].split())
    return described


def _describe_field(model: str, name: str, field: Schema) -> Schema:
    keywords = FIELDS.get(f"{model}.{name}", FIELDS.get(name, {}))
    if "$ref" in field:  # readers of draft 7 ignore what stands beside a reference
        field = {"allOf": [{"$ref": field["$ref"]}]}
    of_the_api = ("title", "default", "x-schema")
    kept = {key: value for key, value in field.items() if key not in of_the_api}
    described = kept | keywords
    if "description" not in described:
        raise ValueError(f"docs/event_fields.py does not describe {name} of {model}")
    return described


def catalogue() -> str:
    """The events as a table for people, with the fields of their data."""
    rows = ["| event | when it is sent | its data |", "|---|---|---|"]
    for kind in list_events():
        names = ", ".join(f"`{name}`" for name in example(kind)["data"])
        rows.append(f"| `{event_type(kind)}` | {_summary(kind)} | {names} |")
    return "\n".join(rows) + "\n"


def outputs() -> Iterator[tuple[Path, str]]:
    """Each file and the text that it should have."""
    yield DOCUMENT, json.dumps(document(), indent=1) + "\n"
    yield PAGE, CATALOGUE.sub(lambda _: catalogue(), PAGE.read_text())


def main() -> int:
    changed = [(path, text) for path, text in outputs() if _read(path) != text]
    if "--check" not in sys.argv:
        for path, text in changed:
            path.write_text(text)
        return 0
    for path, _ in changed:
        print(f"{path.relative_to(ROOT)} is out of date. Run `make openapi`.", file=sys.stderr)
    return bool(changed)


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
