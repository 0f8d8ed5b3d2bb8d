"""`make run`, as whoever types it has it: lines to copy, stops, starts, and a second stack."""

import subprocess
import time

import httpx

from local import stack as local_stack
from local.__main__ import introduction
from local.stack import Stack
from tests.e2e.conftest import connected, eventually

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


def test_a_stack_keeps_its_shop_while_it_is_stopped_and_starts_again_in_seconds(tmp_path, stack):
    with local_stack.start(tmp_path) as first, connected(first) as shop:
        assert first.api_url != stack.api_url  # the suite's own stack runs beside it
        customer = shop.logged_in(first.customer.email, first.customer.password)
        order = customer.order(first.product_id).json()
        eventually(lambda: order["id"] in httpx.get(f"{first.mailbox_url}.txt").text)

    began = time.monotonic()
    with local_stack.start(tmp_path) as second, connected(second) as shop:
        took = time.monotonic() - began
        customer = shop.logged_in(first.customer.email, first.customer.password)

        assert took < SECOND_START_SECONDS
        assert customer.get("/orders").json()["items"] == [order]
        assert order["id"] in httpx.get(f"{second.mailbox_url}.txt").text
        assert customer.order(first.product_id).status_code == 201
    assert httpx.get(f"{stack.api_url}/v1/health").status_code == 200
