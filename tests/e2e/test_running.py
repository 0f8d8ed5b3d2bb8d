"""`make run`, as whoever types it has it: lines to copy, a stop, and a second start."""

import subprocess

import httpx

from local.__main__ import introduction
from local.stack import Stack

SECOND_START_SECONDS = 15  # 4 to 6 on a quiet machine; the first takes three times that


def copied_lines(stack: Stack) -> str:
    lines = [line.strip() for line in introduction(stack).splitlines()]
    return "\n".join(line for line in lines if line.startswith(("TOKEN=", "curl ", "sleep ")))


def test_the_printed_lines_log_in_order_and_show_the_mail(stack):
    script = copied_lines(stack)

    ran = subprocess.run(
        ["/bin/bash", "-e"], input=script, capture_output=True, text=True, check=True
    )

    order, _, mail = ran.stdout.partition("\n")
    assert script.count("\n") == 2
    order_id = order.partition('"id":"')[2].partition('"')[0]
    assert order_id.startswith("ord_")
    assert f"To: {stack.customer.email}" in mail
    assert order_id in mail


def test_a_stack_that_was_stopped_starts_again_in_seconds(restarted):
    assert restarted.start_seconds < SECOND_START_SECONDS


def test_a_stack_keeps_its_shop_while_it_is_stopped(restarted, visitor):
    stack = restarted.stack
    customer = visitor.logged_in(stack.customer.email, stack.customer.password)

    assert customer.get(f"/orders/{restarted.order['id']}").json() == restarted.order
    assert restarted.order["id"] in httpx.get(f"{stack.mailbox_url}.json").text
