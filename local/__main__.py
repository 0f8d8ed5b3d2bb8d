"""`make run`: starts the shop, prints its addresses and first requests, serves until Ctrl-C."""

import argparse
import json
import os
import signal
import sys
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local import paths, stack
from local.emulator import StackError
from local.shop_facts import ShopFacts
from local.stack import Stack

CHECK_SECONDS = 0.5
PORT_MAX = 65535


class _Stopped(Exception):
    """A signal asks the stack to stop. This is no error."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make run")
    parser.add_argument("--port", required=True)
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        _run(parse_port(options.port))
    except _Stopped:
        _say("Stopped. The next `make run` continues with the same state; `make clean` deletes it.")
    except (StackError, ClientError, BotoCoreError, OSError) as error:
        print(f"make run: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def _run(port: int) -> None:
    began = time.monotonic()
    state = paths.stack_state(port)
    with stack.start(state, port, _say) as shop:
        own, latest = state / "stack.json", paths.STATE / "stack.json"
        try:
            for path in (own, latest):
                write_facts(path, shop.facts())
            _say(f"Ready after {time.monotonic() - began:.0f} s\n\n{introduction(shop)}")
            while True:
                shop.check()
                time.sleep(CHECK_SECONDS)
        finally:
            own.unlink(missing_ok=True)
            withdraw_facts(latest, shop.facts(), others=state.parent.glob("*/stack.json"))


def introduction(shop: Stack) -> str:
    """Addresses, accounts, and three lines for a shell that has curl and sed."""
    url = shop.api_url
    facts = ShopFacts(url, shop.aws_endpoint_url, shop.staff, shop.customer, shop.product_id)
    text = f"""\
        API        {url}/v1
        Start      {url}/
        Reference  {url}/docs
        Mailbox    {shop.mailbox_url}
        Payments   {shop.payments_url}
        Activity   {url}/activity
        AWS        {shop.aws_endpoint_url}  (MiniStack)

        Staff      {shop.staff.email}  {shop.staff.password}
        Customer   {shop.customer.email}  {shop.customer.password}

        Log in, order, see the mail:

        {facts.login_command()}
        {facts.order_command()}; echo
        sleep 5; curl -s {url}/mailbox.txt

        Ctrl-C stops the shop. Scripts find its addresses and accounts in local/.state/stack.json.
        With several stacks, that file describes the latest; this one has its own in
        {shop.log_dir.parent}. Logs: {shop.log_dir}
        """
    return textwrap.dedent(text)


def parse_port(text: str) -> int:
    """Raises StackError."""
    if text.isascii() and text.isdecimal() and 0 < int(text) <= PORT_MAX:
        return int(text)
    raise StackError(f"PORT must be a number from 1 to {PORT_MAX}, not {text!r}")


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # as in `make run | head`: nobody reads any more, the shop goes on
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115


def _stop(_: int, __: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the stopping
    _say("\nStopping")
    raise _Stopped


def write_facts(path: Path, facts: dict[str, Any]) -> None:
    """Writes atomically, and for this user only: the file contains passwords."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(facts, indent=2) + "\n")
    draft.replace(path)


def withdraw_facts(path: Path, facts: dict[str, Any], others: Iterable[Path]) -> None:
    """Replaces these facts by those of another running stack, or deletes the file.

    Does nothing when the file has the facts of another stack that has started since.
    """
    if _read_facts(path) != facts:
        return
    running = [other for other in map(_read_facts, others) if other and _is_running(other)]
    if running:
        write_facts(path, running[0])
    else:
        path.unlink(missing_ok=True)


def _read_facts(path: Path) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None  # another stack has just deleted it
    return facts


def _is_running(facts: dict[str, Any]) -> bool:
    """A killed stack leaves its file behind, so the file alone proves nothing."""
    try:
        httpx.get(facts["api_url"], timeout=1, trust_env=False)
    except httpx.HTTPError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
