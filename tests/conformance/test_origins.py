"""Web pages cannot use DynamoDB Local while `make conformance` runs."""

import os

import pytest

from tests.attacks.origins import OWN_HOST, PREFLIGHT, SENDERS, SIGNED, Target
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


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.name)
def test_dynamodb_local_is_closed_to_foreign_pages(sender):
    port = int(URL.rpartition(":")[2])
    for target in TARGETS:
        lines = (*sender.lines, *target.lines)
        path = sender.target_prefix + target.path
        answer = exchange(port, request(target.method, path, lines, port=port, body=target.body))

        assert 400 <= answer.status < 500
        assert b"access-control-allow" not in answer.head


def test_dynamodb_local_answers_programs():
    port = int(URL.rpartition(":")[2])

    answer = exchange(port, request("POST", "/", (OWN_HOST, *LIST_TABLES), port=port, body="{}"))

    assert answer.status == 200
