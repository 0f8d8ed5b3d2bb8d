"""The gate: what breaks clients of the last release is found and named, and nothing else is."""

from copy import deepcopy

import pytest

from docs.contract.schemas import VISIBLE
from shared.characters import ONE_LINE
from tests.contract import release
from tests.contract.document_breaks import find_breaks

BEARER = [{"bearer": []}]
BEARER_OR_SCRIPT = [*BEARER, {"script": []}]
JSON = "application/json"
ROUTE = "/v1/gifts"


def error(code, **details):
    fields = {"code": {"const": code}, "details": {"type": "object", "properties": details}}
    return {"type": "object", "properties": fields, "required": ["code", "details"]}


def refusal(*forms):
    """The shop's refusal or the gateway's own."""
    ours = {"type": "object", "properties": {"error": {"oneOf": list(forms)}}}
    of_gateway = {"type": "object", "properties": {"message": {"type": "string"}}}
    return {
        "description": "Refused.",
        "content": {JSON: {"schema": {"oneOf": [ours, of_gateway]}}},
    }


def released():
    """A document with one of each thing that can change."""
    wrap = {
        "oneOf": [
            {
                "type": "object",
                "required": ["kind", "sheets"],
                "properties": {
                    "kind": {"const": "paper"},
                    "sheets": {"type": "integer", "minimum": 1, "maximum": 9},
                },
            },
            {
                "type": "object",
                "required": ["kind"],
                "properties": {"kind": {"const": "box"}, "lid": {"type": "boolean"}},
            },
        ]
    }
    gift = {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 50},
            "size": {"enum": ["small", "large"]},
            "note": {"type": ["string", "null"]},
            "weight": {"type": "number"},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
            "wrap": {"$ref": "#/components/schemas/Wrap"},
        },
    }
    view = {
        "type": "object",
        "required": ["id", "state"],
        "properties": {
            "id": {"type": "string"},
            "state": {"enum": ["new", "sent"]},
            "count": {"type": "integer"},
            "sent_at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
        },
    }
    part = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}
    creating = {
        "operationId": "create_gift",
        "security": deepcopy(BEARER_OR_SCRIPT),
        "x-permission": "gifts:write",
        "parameters": [
            {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {}},
            {"name": "dry", "in": "query", "schema": {"type": "boolean"}},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}},
        ],
        "requestBody": {
            "content": {
                JSON: {"schema": {"$ref": "#/components/schemas/Gift"}},
                "application/merge-patch+json": {"schema": {"$ref": "#/components/schemas/Gift"}},
            },
        },
        "responses": {
            "201": {
                "description": "Created.",
                "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                "content": {
                    JSON: {"schema": {"$ref": "#/components/schemas/GiftView"}},
                    "text/csv": {"schema": {"type": "string"}},
                },
            },
            "409": refusal(
                error("out_of_stock", available={"type": "integer"}), error("gift_exists")
            ),
        },
    }
    listing = {"operationId": "list_gifts", "responses": {"200": {"description": "All."}}}
    return {
        "openapi": "3.1.0",
        "paths": {ROUTE: {"get": listing, "post": creating}},
        "components": {
            "schemas": {"Gift": gift, "GiftView": view, "Part": part, "Wrap": wrap},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "script": {"type": "http", "scheme": "bearer", "bearerFormat": "API key"},
                "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            },
        },
    }


def schema(document, name):
    return document["components"]["schemas"][name]


def operation(document, method="post"):
    return document["paths"][ROUTE][method]


def in_request(change):
    """A change of the fields of the request's schema."""
    return lambda document: change(schema(document, "Gift")["properties"])


def in_answer(change):
    return lambda document: change(schema(document, "GiftView")["properties"])


def at(change):
    """A change of the operation that creates."""
    return lambda document: change(operation(document))


def answer(document, status="201"):
    return operation(document)["responses"][status]


def errors(document):
    ours, _ = answer(document, "409")["content"][JSON]["schema"]["oneOf"]
    return ours["properties"]["error"]["oneOf"]


def require(name, *fields):
    return lambda document: schema(document, name).update(required=list(fields))


def add_parameter(**parameter):
    return at(lambda post: post["parameters"].append({"name": "mode", "in": "query"} | parameter))


def secure(document, ways, method="post"):
    operation(document, method)["security"] = ways


def add_required_field(document):
    schema(document, "Gift")["properties"]["colour"] = {"type": "string"}
    schema(document, "Gift")["required"].append("colour")


def reference_to_any(document):
    """The same schema, written with other words."""
    gift = schema(document, "Gift")
    gift["properties"]["note"] = {"oneOf": [{"type": "null"}, {"type": "string"}]}
    gift["properties"]["size"] = {"allOf": [{"$ref": "#/components/schemas/Size"}]}
    document["components"]["schemas"]["Size"] = {"type": "string", "enum": ["large", "small"]}
    document["components"]["schemas"]["Present"] = document["components"]["schemas"].pop("Gift")
    for content in operation(document)["requestBody"]["content"].values():
        content["schema"] = {"$ref": "#/components/schemas/Present"}


def rename_scheme(document):
    schemes = document["components"]["securitySchemes"]
    schemes["access_token"] = schemes.pop("bearer")
    secure(document, [{"script": []}, {"access_token": []}])


def list_codes_as_enum(document):
    """Two codes with the details of one form. Both forms have both codes of before."""
    code = {"enum": ["out_of_stock", "gift_exists", "gift_spoiled"]}
    details = {"type": "object", "properties": {"available": {"type": "integer"}}}
    both = {"type": "object", "properties": {"code": code, "details": details}}
    errors(document)[:] = [both | {"required": ["code", "details"]}]


BREAKING = {
    "operation removed": [lambda document: document["paths"][ROUTE].pop("get")],
    "operation renamed": [at(lambda post: post.update(operationId="add_gift"))],
    "status removed": [
        at(lambda post: post["responses"].pop("201")),
        at(lambda post: post["responses"].pop("409")),
    ],
    "error code removed": [
        lambda document: errors(document).pop(),
        lambda document: errors(document)[0]["properties"].update(code={"const": "sold_out"}),
    ],
    "made required": [
        require("Gift", "name", "size"),
        lambda document: schema(document, "Wrap")["oneOf"][1]["required"].append("lid"),
    ],
    "required field added": [
        add_required_field,
        lambda document: schema(document, "Wrap").update(required=["length"]),
    ],
    "type narrowed": [
        in_request(lambda fields: fields.update(weight={"type": "integer"})),
        in_request(lambda fields: fields.update(note={"type": "string"})),
        in_request(lambda fields: fields["tags"].update(items={"type": "integer"})),
        at(lambda post: post["parameters"][2]["schema"].update(type="string")),
        at(lambda post: post["parameters"][0].update(schema={"type": "string"})),
    ],
    "enum value removed": [
        in_request(lambda fields: fields["size"].update(enum=["small"])),
        lambda document: schema(document, "Wrap")["oneOf"].pop(),
    ],
    "enum added": [in_request(lambda fields: fields["name"].update(enum=["doll"]))],
    "field removed": [
        in_request(lambda fields: fields.pop("note")),
        in_answer(lambda fields: fields.pop("count")),
        in_answer(lambda fields: fields.pop("id")),
        lambda document: schema(document, "Part")["properties"].clear(),
        lambda document: errors(document)[0]["properties"]["details"]["properties"].clear(),
    ],
    "made nullable": [
        in_answer(lambda fields: fields.update(count={"type": ["integer", "null"]})),
        in_answer(
            lambda fields: fields["parts"].update(
                items={"anyOf": [{"$ref": "#/components/schemas/Part"}, {"type": "null"}]}
            )
        ),
    ],
    "made optional": [require("GiftView", "id"), require("Part")],
    "type widened": [
        in_answer(lambda fields: fields.update(count={"type": "number"})),
        in_answer(lambda fields: fields.update(id={})),
    ],
    "enum value added": [in_answer(lambda fields: fields["state"]["enum"].append("lost"))],
    "enum removed": [in_answer(lambda fields: fields.update(state={"type": "string"}))],
    "format changed": [
        in_answer(lambda fields: fields["sent_at"]["anyOf"][0].update(format="date")),
    ],
    "parameter removed": [at(lambda post: post["parameters"].pop())],
    "parameter added as required": [add_parameter(required=True, schema={"type": "string"})],
    "parameter made required": [at(lambda post: post["parameters"][1].update(required=True))],
    "constraint tightened": [
        in_request(lambda fields: fields["name"].update(maxLength=40)),
        in_request(lambda fields: fields["name"].update(minLength=2)),
        in_request(lambda fields: fields["name"].update(pattern="^[a-z]+$")),
        in_request(lambda fields: fields["name"].update(format="email")),
        in_request(lambda fields: fields["weight"].update(exclusiveMinimum=0)),
        in_request(lambda fields: fields["weight"].update(multipleOf=0.5)),
        in_request(lambda fields: fields["tags"].update(maxItems=4)),
        in_request(lambda fields: fields["tags"].update(uniqueItems=True)),
        lambda document: schema(document, "Gift").update(minProperties=2),
        lambda document: schema(document, "Gift").update(dependentRequired={"size": ["note"]}),
        lambda document: schema(document, "Wrap")["oneOf"][0].update(additionalProperties=False),
        at(lambda post: post["parameters"][2]["schema"].update(maximum=20)),
    ],
    "security added": [
        lambda document: secure(document, BEARER, "get"),
        lambda document: secure(document, [{"bearer": [], "key": []}]),
        lambda document: secure(document, [{"key": []}]),
        lambda document: document.update(security=BEARER),
        lambda document: operation(document)["security"].remove({"script": []}),
    ],
    "permission changed": [at(lambda post: post.update({"x-permission": "gifts:admin"}))],
    "request body removed": [at(lambda post: post.pop("requestBody"))],
    "request body made required": [at(lambda post: post["requestBody"].update(required=True))],
    "media type removed": [
        at(lambda post: post["requestBody"]["content"].popitem()),
        lambda document: answer(document)["content"].pop("text/csv"),
    ],
    "header removed": [lambda document: answer(document).pop("headers")],
    "header made optional": [
        lambda document: answer(document)["headers"]["ETag"].update(required=False)
    ],
}
CASES = [(kind, change) for kind, changes in BREAKING.items() for change in changes]

HARMLESS = {
    "nothing": lambda _: None,
    "an operation added": lambda document: document["paths"].update({"/v1/toys": {}}),
    "an optional field of the request": in_request(lambda fields: fields.update(colour={})),
    "a field of the request made optional": require("Gift"),
    "a field of the answer": in_answer(lambda fields: fields.update(colour={"type": "string"})),
    "a field of the answer made required": require("GiftView", "id", "state", "count"),
    "a field of the answer never null": in_answer(
        lambda fields: fields.update(sent_at={"type": "string", "format": "date-time"})
    ),
    "a number of the answer made an integer": in_answer(
        lambda fields: fields["count"].update(minimum=0, format="int64")
    ),
    "a value of a request's enum": in_request(lambda fields: fields["size"]["enum"].append("xl")),
    "a value gone from an answer's enum": in_answer(lambda fields: fields["state"]["enum"].pop()),
    "an enum of the answer, for a text": in_answer(lambda fields: fields["id"].update(enum=["a"])),
    "another way of wrapping": lambda document: schema(document, "Wrap")["oneOf"].append(
        {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "bag"}}}
    ),
    "a wider limit": in_request(lambda fields: fields["name"].update(maxLength=60, minLength=0)),
    "a limit removed": in_request(lambda fields: fields["tags"].pop("maxItems")),
    "the same limit as another number": at(
        lambda post: post["parameters"][2]["schema"].update(maximum=50.0)
    ),
    "an integer that can be a number": at(
        lambda post: post["parameters"][2]["schema"].update(type="number")
    ),
    "null accepted": in_request(lambda fields: fields["tags"].update(type=["array", "null"])),
    "an optional parameter": add_parameter(schema={"type": "string"}),
    "a parameter made optional": at(lambda post: post["parameters"][0].update(required=False)),
    "a header in other letters": at(
        lambda post: post["parameters"][0].update(name="idempotency-key")
    ),
    "a status": lambda document: operation(document)["responses"].update({"404": {}}),
    "an error code": lambda document: errors(document).append(error("gift_spoiled")),
    "an error code in an enum": list_codes_as_enum,
    "a fact of an error": lambda document: errors(document)[1]["properties"]["details"].update(
        properties={"id": {"type": "string"}}
    ),
    "a header": lambda document: answer(document)["headers"].update(Location={"schema": {}}),
    "a media type": lambda document: answer(document)["content"].update({"text/xml": {}}),
    "another way to authenticate": lambda document: secure(
        document, [{"key": []}, *BEARER_OR_SCRIPT]
    ),
    "no authentication": lambda document: secure(document, []),
    "no permission": at(lambda post: post.pop("x-permission")),
    "a scheme with another name": rename_scheme,
    "the same in other words": reference_to_any,
    "texts and examples": lambda document: schema(document, "Gift").update(
        title="Present", description="A present.", examples=[{"name": "doll"}]
    ),
}


def breaks_of(change):
    after = released()
    change(after)
    return find_breaks(released(), after)


@pytest.mark.parametrize(
    ("kind", "change"), CASES, ids=[f"{kind} {n}" for n, (kind, _) in enumerate(CASES)]
)
def test_a_breaking_change_is_named(kind, change):
    found = breaks_of(change)

    assert {each.kind for each in found} == {kind}
    assert all(each.where.startswith(("POST /v1/gifts", "GET /v1/gifts")) for each in found)


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_a_change_that_breaks_no_client_passes(change):
    assert breaks_of(change) == []


def test_a_break_names_the_place_and_the_change():
    def change(document):
        schema(document, "Gift")["properties"]["name"]["maxLength"] = 40
        schema(document, "Part")["properties"].clear()

    assert [str(each) for each in breaks_of(change)] == [
        "POST /v1/gifts request.name: constraint tightened (maxLength 50, now 40)",
        "POST /v1/gifts 201.parts[].sku: field removed",
    ]


def test_a_schema_that_contains_itself_is_compared():
    before = released()
    schema(before, "Part")["properties"]["parts"] = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Part"},
    }
    after = deepcopy(before)
    schema(after, "Part")["properties"]["sku"]["type"] = "integer"

    assert {each.kind for each in find_breaks(before, after)} == {"type widened"}


def test_a_text_may_become_blank_but_not_visible():
    visible = in_request(lambda fields: fields["name"].update(pattern=VISIBLE[ONE_LINE]))
    blank = in_request(lambda fields: fields["name"].update(pattern=ONE_LINE))
    strict, loose = released(), released()
    visible(strict), blank(loose)

    assert find_breaks(strict, loose) == []
    assert [each.kind for each in find_breaks(loose, strict)] == ["constraint tightened"]


@pytest.mark.parametrize(
    ("needed", "kinds"),
    [
        ({"required": ["wrapping"]}, []),
        ({"required": ["name"]}, ["constraint tightened"]),
        ({}, ["constraint tightened"]),
    ],
)
def test_a_rule_about_a_new_field_breaks_no_client(needed, kinds):
    before, after = released(), released()
    schema(after, "Gift")["properties"]["wrapping"] = {"type": "string"}
    schema(after, "Gift")["not"] = {"properties": {"wrapping": {"const": "paper"}}} | needed

    assert [each.kind for each in find_breaks(before, after)] == kinds


def test_the_document_breaks_no_client_of_the_last_release():
    assert sorted(release.find_breaks_since_release() - release.GIVEN_UP) == []


def test_what_is_given_up_breaks_clients_today():
    assert release.find_breaks_since_release() >= release.GIVEN_UP
