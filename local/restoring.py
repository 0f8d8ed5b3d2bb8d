"""What a start does with the state that an earlier run saved."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from local import saved_state

PORT = "ministack.port"  # a file with the port of the run that saved the state


def ministack_log(state: Path) -> Path:
    return state / "logs" / "ministack.log"


def restore_state(state: Path, port: int, say: Callable[[str], None]) -> None:
    """Gives MiniStack the last complete save, adapted to this port. Says what a killed run lost.

    Raises UnreadableState.
    """
    _restore_last_save(state, say)
    repair_saved_state(state, port)


def _restore_last_save(state: Path, say: Callable[[str], None]) -> None:
    has_run = ministack_log(state).exists()
    saved = saved_state.restore(state, state / "aws")
    if saved is None:
        if has_run and not (state / "aws" / "dynamodb.json").exists():
            say("The last run ended before it saved anything. The shop starts empty")
        return
    (state / PORT).write_text(str(saved.port))
    _delete_unused_code(state / "aws")
    if not saved.is_final:
        say(
            f"The last run was killed or crashed. Restored: {describe_state(state / 'aws')}, as "
            f"saved at {saved.local_time()}. What happened after that is lost"
        )


def describe_state(saved: Path) -> str:
    """How many orders, accounts and products it has, for a person."""
    try:
        content = json.loads((saved / "dynamodb.json").read_text())["payload"]
        tables = {key.split("\0")[-1]: table for key, table in content["tables"]["data"].items()}
        return ", ".join(
            f"{_count_items(tables, name)} {name.lower()}"
            for name in ("Orders", "Users", "Products")
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "a state without tables"


def _count_items(tables: dict[str, Any], name: str) -> int:
    """MiniStack keeps items by hash key, and below it by range key."""
    return sum(
        len(by_range)
        for key, table in tables.items()
        if f"-{name}Table-" in key
        for by_range in table["items"].values()
    )


def _delete_unused_code(saved: Path) -> None:
    """Of functions that a later deploy has replaced."""
    with suppress(OSError):
        used = set(re.findall(r'"code_blob_ref": "(\w+)"', (saved / "lambda.json").read_text()))
        for blob in (saved / "lambda-blobs").glob("*.zip"):
            if blob.stem not in used:
                blob.unlink()


def repair_saved_state(state: Path, port: int) -> None:
    """Adapts the saved state to a new start, at another port."""
    saved = state / "aws"
    _rewind_streams(saved / "lambda.json")
    last_port = state / PORT
    if last_port.exists():
        # Queue URLs contain the port, here and in CloudFormation's outputs.
        before = f"http://localhost:{last_port.read_text()}/"
        for path in (saved / "sqs.json", saved / "cloudformation.json"):
            if path.exists():
                path.write_text(path.read_text().replace(before, f"http://localhost:{port}/"))
    last_port.write_text(str(port))


def _rewind_streams(saved: Path) -> None:
    """Deletes the positions in streams. MiniStack saves them, but not the streams.

    The next streams start empty, so old positions would skip their first records.
    """
    try:
        content = json.loads(saved.read_text())
        content["payload"]["dynamodb_stream_positions"]["data"].clear()
    except (OSError, ValueError, KeyError):
        return  # nothing was saved
    saved.write_text(json.dumps(content))
