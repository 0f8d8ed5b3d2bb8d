import json
from pathlib import Path
from typing import Any

import pytest

from local import restoring


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state that MiniStack saved when it ran at port 5001."""
    restoring.repair_saved_state(tmp_path, port=5001)
    (tmp_path / "aws").mkdir()
    return tmp_path


def save(state: Path, service: str, payload: dict[str, Any]) -> None:
    content = {"__ministack_format__": 2, "payload": payload}
    (state / "aws" / f"{service}.json").write_text(json.dumps(content))


def saved(state: Path, service: str) -> Any:
    return json.loads((state / "aws" / f"{service}.json").read_text())["payload"]


def test_a_stream_is_read_from_its_start_after_a_restart(state: Path) -> None:
    positions = {"__account_region_scoped__": True, "data": {"mapping": 3}}
    save(state, "lambda", {"functions": {"f": 1}, "dynamodb_stream_positions": positions})

    restoring.repair_saved_state(state, port=5002)

    assert saved(state, "lambda") == {
        "functions": {"f": 1},
        "dynamodb_stream_positions": {"__account_region_scoped__": True, "data": {}},
    }


def test_queue_urls_get_the_new_port(state: Path) -> None:
    save(state, "sqs", {"http://localhost:5001/0/mail": {"name": "mail"}})
    save(state, "cloudformation", {"MailQueueUrl": "http://localhost:5001/0/mail"})

    restoring.repair_saved_state(state, port=5002)
    restoring.repair_saved_state(state, port=5003)

    assert saved(state, "sqs") == {"http://localhost:5003/0/mail": {"name": "mail"}}
    assert saved(state, "cloudformation") == {"MailQueueUrl": "http://localhost:5003/0/mail"}


def test_an_unreadable_state_is_not_changed(state: Path) -> None:
    (state / "aws" / "lambda.json").write_text("not JSON")

    restoring.repair_saved_state(state, port=5002)

    assert (state / "aws" / "lambda.json").read_text() == "not JSON"
