"""`make run`, as whoever types it has it: lines to copy, a stop, and a second start."""

import subprocess

from local.__main__ import introduction
from local.stack import Stack
from tests.e2e.conftest import COMMAND_SECONDS, eventually, get


def copied_lines(stack: Stack) -> str:
    lines = [line.strip() for line in introduction(stack).splitlines()]
    return "\n".join(line for line in lines if line.startswith(("TOKEN=", "curl ", "sleep ")))


def test_the_printed_lines_log_in_order_and_show_the_mail(stack):
    script = copied_lines(stack)
    assert script.count("\n") == 2

    def shows_the_mail_of_its_order() -> bool:
        """The newest mail is shown: on a busy machine it can be another one at that moment."""
        ran = subprocess.run(
            ["/bin/bash", "-e"],
            input=script,
            capture_output=True,
            text=True,
            check=True,
            timeout=COMMAND_SECONDS,
        )
        order, _, mail = ran.stdout.partition("\n")
        order_id = order.partition('"id":"')[2].partition('"')[0]
        assert order_id.startswith("ord_")
        return f"To: {stack.customer.email}" in mail and order_id in mail

    eventually(shows_the_mail_of_its_order)


def test_a_stack_that_was_stopped_is_not_built_or_deployed_again(restarted):
    assert restarted.steps == ["Starting MiniStack", "Nothing has changed since the last deploy"]
    assert restarted.second_seconds < restarted.first_seconds


def test_a_stack_keeps_its_shop_while_it_is_stopped(restarted, visitor):
    stack = restarted.stack
    customer = visitor.logged_in(stack.customer.email, stack.customer.password)

    assert customer.get(f"/orders/{restarted.order['id']}").json() == restarted.order
    assert restarted.order["id"] in get(f"{stack.mailbox_url}.json").text
