"""The queue of imports, which moto cannot copy from test to test."""

import pytest

from shared.aws import client


@pytest.fixture(autouse=True)
def _import_queue(request: pytest.FixtureRequest) -> None:
    if "aws" in request.fixturenames:
        request.getfixturevalue("aws")
        create_queues()


def create_queues() -> None:
    for name in ("souk-imports", "souk-pictures"):
        client("sqs").create_queue(QueueName=name)
