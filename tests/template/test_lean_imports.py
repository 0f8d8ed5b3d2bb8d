"""The layer's packages import less than released ones, offer the same, and answer the same."""

import ast
import importlib
import json
import sys
from pathlib import Path

import pytest

from shared import lean_imports
from tests.support import built_layer
from tests.support.built_layer import FUNCTIONS, ROOT
from tests.template import stack

PACKAGES = [folder.replace("/", ".") for folder in lean_imports.OFFER_TOO_MUCH]
SITE_PACKAGES = [entry for entry in sys.path if entry.endswith("site-packages")]
HTTP_HANDLERS = {route: handler.rpartition(".")[0] for route, handler in stack.handlers().items()}
SAMPLES = {path.stem: json.loads(path.read_text()) for path in (ROOT / "events").glob("*.json")}
REQUESTS = {
    name: (HTTP_HANDLERS[event["routeKey"]], event)
    for name, event in sorted(SAMPLES.items())
    if event.get("routeKey") in HTTP_HANDLERS
}
# What no handler behind the API needs, and what made its cold start slow.
UNNEEDED = {
    "asyncio",
    "aws_lambda_powertools.event_handler.appsync",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.data_classes.kafka_event",
    "botocore.docs.bcdoc.restdoc",
    "botocore.docs.service",
    "html.parser",
}

# Both sides run it. AWS answers each call at once, with nothing.
ANSWER_SAMPLES = """
import importlib, json, sys
from botocore.client import BaseClient

RING = json.dumps({"current": "k1", "k1": "x" * 64})
ANSWERS = {
    "GetSecretValue": {"SecretString": RING, "VersionId": "1"},
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
}
BaseClient._make_api_call = lambda _, operation, request: ANSWERS.get(operation, {})

class Context:
    aws_request_id = "1"
    function_name = "souk"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:souk"
    get_remaining_time_in_millis = staticmethod(lambda: 29000)

answers, output = {}, sys.stdout
sys.stdout = sys.stderr  # the functions log to it
for name, (module, event) in json.load(sys.stdin).items():
    handler = importlib.import_module(module).handler
    response = handler(event, Context())
    body = response.get("body") or ""
    parsed = json.loads(body) if "json" in response["headers"].get("Content-Type", "") else body
    error = parsed.get("error", {}) if isinstance(parsed, dict) else {}
    shape = sorted(parsed) if isinstance(parsed, dict) else type(parsed).__name__
    answers[name] = [response["statusCode"], sorted(response["headers"]), shape,
                     error.get("code"), error.get("details")]
print(json.dumps(answers), file=output)
"""


def run_on_layer(layer, code, *, given=""):
    return built_layer.run([layer, FUNCTIONS], code, given=given)


def run_on_releases(code, *, given=""):
    return built_layer.run([ROOT, FUNCTIONS, *SITE_PACKAGES], code, given=given)


def test_the_layer_answers_requests_as_the_releases_do(layer):
    requests = {name: (handler, event) for name, (handler, event) in REQUESTS.items()}
    for name, (handler, event) in REQUESTS.items():
        if "body" in event:
            requests[f"{name}, empty"] = (handler, event | {"body": "{}"})
            requests[f"{name}, broken"] = (handler, event | {"body": '{"unknown": ['})
    given = json.dumps(requests)

    answers = run_on_layer(layer, ANSWER_SAMPLES, given=given)

    assert answers == run_on_releases(ANSWER_SAMPLES, given=given)
    assert answers.keys() == requests.keys()
    statuses = [status for status, *_ in answers.values()]
    assert {200, 204, 400, 404, 422} <= set(statuses)
    assert statuses.count(500) == 0


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_offers_what_its_release_offers(layer, package):
    code = f"""
import importlib, json, sys
sys.path += {SITE_PACKAGES!r}  # for what only tests have, such as a tracer
package = importlib.import_module({package!r})
offered = {{name: getattr(package, name) for name in package.__all__}}
print(json.dumps({{name: [each.__module__, each.__qualname__] for name, each in offered.items()}}))
"""
    offered = run_on_layer(layer, code)

    assert offered == run_on_releases(code)
    assert len(offered) == len(importlib.import_module(package).__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_that_a_package_lacks_is_refused(layer, package):
    code = f"""
import json, {package} as package
try:
    package.no_such_name
except AttributeError as error:
    print(json.dumps(str(error)))
"""

    assert run_on_layer(layer, code) == run_on_releases(code)


@pytest.mark.parametrize("name", sorted(set(HTTP_HANDLERS.values())))
def test_a_handler_does_not_import_what_it_never_uses(layer, name):
    code = f"""
import json, sys
import {name}
from shared.storage.dynamo import connection
connection().client
print(json.dumps(sorted({UNNEEDED!r} & sys.modules.keys())))
"""

    assert run_on_layer(layer, code) == []
    assert set(run_on_releases(code)) == UNNEEDED


def test_a_client_still_documents_its_operations(layer):
    code = """
import json
from shared.aws import client
print(json.dumps(str(client("dynamodb").get_item.__doc__)))
"""

    assert "**Request Syntax**" in run_on_layer(layer, code)


REWRITTEN = [
    *(f"{folder}/__init__.py" for folder in lean_imports.OFFER_TOO_MUCH),
    *lean_imports.WRITE_DOCUMENTATION,
    lean_imports.DESCRIBES_DICTIONARIES,
]


@pytest.fixture
def released(tmp_path) -> Path:
    """The modules that are rewritten, as they are released."""
    for name in REWRITTEN:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        [source] = [Path(entry) / name for entry in SITE_PACKAGES if (Path(entry) / name).exists()]
        (tmp_path / name).write_text(source.read_text())
    return tmp_path


def lines_of(file: Path) -> list[tuple[str, int]]:
    """Each function and class of a module with its line."""
    return [
        (node.name, node.lineno)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name != "__getattr__"
    ]


def test_a_rewrite_leaves_lines_where_they_were(released):
    before = {name: lines_of(released / name) for name in REWRITTEN}

    lean_imports.main(released)

    assert {name: lines_of(released / name) for name in REWRITTEN} == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (REWRITTEN[0], "from aws_lambda_powertools.", "from elsewhere."),
        (
            REWRITTEN[0],
            "from aws_lambda_powertools.tracing import Tracer",
            "from .tracing import *",
        ),
        (REWRITTEN[2], "from .", "from .."),
        ("botocore/docs/docstring.py", "from botocore.docs.", "from elsewhere."),
        ("botocore/docs/docstring.py", "document_wait_method(*", "write(*"),
        (
            "botocore/docs/docstring.py",
            "class WaiterD",
            "begin = DocumentStructure\n\n\nclass WaiterD",
        ),
        (
            "botocore/docs/docstring.py",
            "        document_wait_method",
            "        if 1: document_wait_method",
        ),
        (lean_imports.DESCRIBES_DICTIONARIES, "(TypedDict", "(dict"),
    ],
    ids=[
        "another package",
        "all names",
        "outside",
        "no documentation",
        "unused",
        "outside a function",
        "a block",
        "no dictionaries",
    ],
)
def test_a_release_that_does_not_fit_fails_the_build(released, name, old, new):
    text = (released / name).read_text()
    assert old in text
    (released / name).write_text(text.replace(old, new))

    with pytest.raises(SystemExit, match="this release does not fit"):
        lean_imports.main(released)


@pytest.mark.parametrize("name", REWRITTEN)
def test_a_module_that_a_release_lacks_fails_the_build(released, name):
    (released / name).unlink()

    with pytest.raises(SystemExit, match="does not exist"):
        lean_imports.main(released)
