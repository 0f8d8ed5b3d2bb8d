"""One shop at a time in a state folder."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import gateway, state_lock
from local.emulator import StackError
from local.stack import start

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]
# Holds the lock in a child that outlives its parent for a moment, as MiniStack does.
HOLDER = """
import subprocess, sys
from pathlib import Path
from local import state_lock
with state_lock.hold_lock(Path(sys.argv[1]), print) as lock:
    subprocess.Popen(["sleep", sys.argv[2]], pass_fds=[lock], stdout=subprocess.DEVNULL)
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(state: Path, child_seconds: float) -> "subprocess.Popen[str]":
    holder = subprocess.Popen(  # noqa: S603 (this interpreter)
        [sys.executable, "-c", HOLDER, state, str(child_seconds)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    process = hold(tmp_path, 0)
    yield process
    process.kill()
    process.communicate()


def test_a_second_start_in_a_folder_is_refused_at_once(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    began = time.monotonic()

    with (
        pytest.raises(StackError, match=rf"process {holder.pid}\) runs or starts"),
        start(tmp_path),
    ):
        pytest.fail("both have started")

    assert time.monotonic() - began < 5


def test_a_start_waits_for_the_end_of_a_killed_run(tmp_path: Path) -> None:
    killed = hold(tmp_path, child_seconds=1)
    killed.kill()
    killed.communicate()
    said: list[str] = []

    with state_lock.hold_lock(tmp_path, said.append):
        pass

    assert said == ["Waiting for MiniStack of the last run, which saves its state"]


def test_a_free_folder_is_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        with state_lock.hold_lock(tmp_path, pytest.fail):
            assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_two_starts_cannot_have_one_port() -> None:
    first = gateway.reserve_port(0)
    port = first[0].getsockname()[1]
    try:
        with pytest.raises(StackError, match=f"port {port} is in use"):
            gateway.reserve_port(port)
    finally:
        for reserved in first:
            reserved.close()


def test_a_start_that_binds_at_the_same_moment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked whether the port is free before either listens."""
    monkeypatch.setattr(gateway, "_is_in_use", lambda _: False)
    first = gateway.reserve_port(0)
    try:
        with pytest.raises(StackError, match="is in use"):
            gateway.reserve_port(first[0].getsockname()[1])
    finally:
        for reserved in first:
            reserved.close()


def test_a_reserved_port_listens() -> None:
    (first, *others) = gateway.reserve_port(0)

    with socket.create_connection(first.getsockname(), timeout=5):
        pass
    for reserved in (first, *others):
        reserved.close()


@pytest.mark.parametrize("deleted", ["lock", "logs", "tmp"])
def test_a_deleted_part_of_the_folder_is_found(tmp_path: Path, deleted: str) -> None:
    for name in ("logs", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "lock").touch()
    assert state_lock.find_missing(tmp_path) is None

    (tmp_path / deleted).rename(tmp_path / "gone")

    assert state_lock.find_missing(tmp_path) == tmp_path / deleted
