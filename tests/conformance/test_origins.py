"""Web pages cannot use DynamoDB Local while `make conformance` runs."""

import os

import pytest

from tests.attacks.origins import OWN_HOST, PREFLIGHT, SIGNED, Target
from tests.support.origin_attacks import list_breaches
from tests.support.raw_http import exchange, request

URL = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB", "")
LIST_TABLES = (
    "X-Amz-Target: DynamoDB_20120810.ListTables",
    "Content-Type: application/x-amz-json-1.0",
    SIGNED.replace("{service}", "dynamodb") + ", SignedHeaders=host, Signature=0",
)
TARGETS = [
    Target("POST", "/", LIST_TABLES, "{}"),
    Target("OPTIONS", "/", PREFLIGHT),
    Target("GET", "/shell/"),
]

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(
        not URL, reason="`make conformance` starts the server that this test attacks"
    ),
]


def test_dynamodb_local_is_closed_to_foreign_pages():
    assert list_breaches(int(URL.rpartition(":")[2]), TARGETS) == []


def test_dynamodb_local_answers_programs():
    port = int(URL.rpartition(":")[2])

    answer = exchange(port, request("POST", "/", (OWN_HOST, *LIST_TABLES), port=port, body="{}"))

    assert answer.status == 200
