"""A save replaces the one before as a whole, whenever the process dies."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local import restoring, saved_state
from local.saved_state import FOLDER, MANIFEST, UnreadableState

ROOT = Path(__file__).parents[2]
SERVICES = ("dynamodb", "sqs", "lambda")
# Saves numbers without end: all services of one save have the same number.
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from local import saved_state
for number in range(1_000_000):
    text = str(number) * 20_000
    services = {name: text for name in ("dynamodb", "sqs", "lambda")}
    now = datetime.now(UTC)
    saved_state.write(Path(sys.argv[1]), services, port=5001, is_final=False, taken_at=now)
"""


def save(state: Path, *, is_final: bool = False, port: int = 5001, **services: str) -> None:
    now = datetime.now(UTC)
    saved_state.write(state, services, port=port, is_final=is_final, taken_at=now)


def restored(state: Path) -> dict[str, str]:
    saved_state.restore(state, state / "aws")
    return {path.stem: path.read_text() for path in (state / "aws").glob("*.json")}


def restore_saying(state: Path, port: int = 5002) -> list[str]:
    said: list[str] = []
    restoring.restore_state(state, port, said.append)
    return said


def test_a_save_is_restored(tmp_path: Path) -> None:
    save(tmp_path, dynamodb='{"a": 1}', sqs='{"b": 2}')

    assert restored(tmp_path) == {"dynamodb": '{"a": 1}', "sqs": '{"b": 2}'}


def test_the_last_save_counts(tmp_path: Path) -> None:
    save(tmp_path, dynamodb="1", sqs="1")
    save(tmp_path, dynamodb="2", sqs="1")

    assert restored(tmp_path) == {"dynamodb": "2", "sqs": "1"}
    assert len(list((tmp_path / FOLDER).iterdir())) == 3  # two services and the manifest


def test_what_is_not_in_the_save_is_not_restored(tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "ses.json").write_text("of an older run")
    save(tmp_path, dynamodb="1")

    assert restored(tmp_path) == {"dynamodb": "1"}


def test_a_save_that_is_forgotten_is_not_restored(tmp_path: Path) -> None:
    save(tmp_path, dynamodb="1")

    saved_state.forget(tmp_path)

    assert saved_state.restore(tmp_path, tmp_path / "aws") is None


def test_a_manifest_that_cannot_be_read_is_not_ignored(tmp_path: Path) -> None:
    save(tmp_path, dynamodb="1")
    (tmp_path / FOLDER / MANIFEST).write_text("{")

    with pytest.raises(UnreadableState, match="to start with an empty shop"):
        saved_state.restore(tmp_path, tmp_path / "aws")


def test_a_missing_file_is_not_ignored(tmp_path: Path) -> None:
    save(tmp_path, dynamodb="1")
    next((tmp_path / FOLDER).glob("dynamodb-*")).unlink()

    with pytest.raises(UnreadableState, match="dynamodb-"):
        saved_state.restore(tmp_path, tmp_path / "aws")


@pytest.mark.parametrize("step", range(6))
def test_a_save_that_stops_midway_leaves_the_one_before(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step replaces a file; the manifest is the last of four."""
    save(tmp_path, **dict.fromkeys(SERVICES, "before"))
    steps, replace = iter(range(6)), Path.replace

    def die_at_step(path: Path, target: Path) -> Path:
        if next(steps) == step:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", die_at_step)
    try:
        save(tmp_path, **dict.fromkeys(SERVICES, "after"))
    except KeyboardInterrupt:
        is_complete = False
    else:
        is_complete = True
    monkeypatch.undo()

    expected = "after" if is_complete else "before"
    assert is_complete is (step >= 4)
    assert restored(tmp_path) == dict.fromkeys(SERVICES, expected)


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_moment_leaves_one_complete_save(seed: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, tmp_path]
    writer = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 (this interpreter)
    deadline = time.monotonic() + 60
    while saved_state.read(tmp_path) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(random.Random(seed).uniform(0, 0.3))  # noqa: S311 (no secret)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()

    found = restored(tmp_path)

    assert found.keys() == set(SERVICES)
    (text,) = set(found.values())
    assert len(text) % 20_000 == 0


def test_a_start_after_a_kill_says_what_it_found_and_lost(tmp_path: Path) -> None:
    tables = {
        "000000000000\0us-east-1\0'souk-OrdersTable-1'": {
            "items": {"o1": {"": {}}, "o2": {"": {}}}
        },
        "000000000000\0us-east-1\0'souk-UsersTable-1'": {"items": {"u1": {"": {}}}},
        "000000000000\0us-east-1\0'souk-ProductsTable-1'": {"items": {}},
    }
    save(tmp_path, dynamodb=json.dumps({"payload": {"tables": {"data": tables}}}))
    at = datetime.now(UTC).astimezone()

    (said,) = restore_saying(tmp_path)

    assert "was killed or crashed" in said
    assert "2 orders, 1 users, 0 products" in said
    assert any(f"{at:%H:%M:}" in said for at in (at, datetime.now(UTC).astimezone()))
    assert "What happened after that is lost" in said


def test_a_start_after_a_regular_stop_says_nothing(tmp_path: Path) -> None:
    save(tmp_path, is_final=True, dynamodb="{}")

    assert restore_saying(tmp_path) == []


def test_a_first_start_says_nothing(tmp_path: Path) -> None:
    assert restore_saying(tmp_path) == []


def test_a_start_after_a_run_that_saved_nothing_says_so(tmp_path: Path) -> None:
    log = restoring.ministack_log(tmp_path)
    log.parent.mkdir()
    log.touch()

    assert restore_saying(tmp_path) == [
        "The last run ended before it saved anything. The shop starts empty"
    ]


def test_queue_urls_get_the_port_of_the_start(tmp_path: Path) -> None:
    """Also when a run in between was killed before it saved anything."""
    save(tmp_path, port=5001, sqs='{"url": "http://localhost:5001/0/mail"}')

    for port in (5002, 5003):
        restore_saying(tmp_path, port)

    assert restored_queue(tmp_path) == '{"url": "http://localhost:5003/0/mail"}'


def restored_queue(state: Path) -> str:
    return (state / "aws" / "sqs.json").read_text()


def test_code_that_no_function_uses_is_deleted(tmp_path: Path) -> None:
    blobs = tmp_path / "aws" / "lambda-blobs"
    blobs.mkdir(parents=True)
    for name in ("aa11", "bb22"):
        (blobs / f"{name}.zip").touch()
    save(tmp_path, **{"lambda": '{"f": {"code_blob_ref": "bb22"}}'})

    restore_saying(tmp_path)

    assert [path.stem for path in blobs.iterdir()] == ["bb22"]
