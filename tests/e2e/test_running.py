"""What `make run` prints and keeps: lines to copy, a stop, and a second start."""

import subprocess
import time
from pathlib import Path

import httpx
import pytest

from local import stack as local_stack
from local.__main__ import introduction
from local.emulator import StackError
from local.stack import Stack
from tests.e2e.conftest import COMMAND_SECONDS_MAX, fetch_url, wait_until


def list_printed_commands(stack: Stack) -> str:
    lines = [line.strip() for line in introduction(stack).splitlines()]
    return "\n".join(line for line in lines if line.startswith(("TOKEN=", "curl ", "sleep ")))


def test_the_printed_commands_log_in_order_and_show_mail(stack):
    script = list_printed_commands(stack)
    assert script.count("\n") == 2

    def shows_mail_of_own_order() -> bool:
        """The commands show the newest mail, which can be another one on a busy machine."""
        finished = subprocess.run(
            ["/bin/bash", "-e"],
            input=script,
            capture_output=True,
            text=True,
            check=True,
            timeout=COMMAND_SECONDS_MAX,
        )
        order, _, mail = finished.stdout.partition("\n")
        order_id = order.partition('"id":"')[2].partition('"')[0]
        assert order_id.startswith("ord_")
        return f"To: {stack.customer.email}" in mail and order_id in mail

    wait_until(shows_mail_of_own_order)


def test_a_second_start_at_the_same_port_is_refused_at_once(stack, tmp_path: Path):
    began = time.monotonic()

    with (
        pytest.raises(StackError, match="is in use"),
        local_stack.start(tmp_path, httpx.URL(stack.api_url).port or 0),
    ):
        pytest.fail("two shops run at one port")

    assert time.monotonic() - began < 10


def test_a_second_start_with_the_same_state_is_refused_at_once(stack):
    began = time.monotonic()

    with (
        pytest.raises(StackError, match=r"another shop .* runs or starts in"),
        local_stack.start(stack.log_dir.parent),
    ):
        pytest.fail("two shops share a state")

    assert time.monotonic() - began < 10


def test_a_second_start_builds_and_deploys_nothing(restarted_stack):
    assert restarted_stack.steps == [
        "Starting MiniStack",
        "The last deploy is current; nothing to build",
    ]
    assert restarted_stack.second_start_seconds < restarted_stack.first_start_seconds


def test_a_stopped_stack_keeps_its_orders_and_mails(restarted_stack, visitor):
    stack = restarted_stack.stack
    customer = visitor.log_in(stack.customer.email, stack.customer.password)

    assert customer.get(f"/orders/{restarted_stack.order['id']}").json() == restarted_stack.order
    assert restarted_stack.order["id"] in fetch_url(f"{stack.mailbox_url}.json").text
