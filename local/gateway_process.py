"""Starts and stops the gateway (`local.gateway`) as a process of its own."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

import httpx

from local import gateway, http_api_setup, paths, payment_keys
from local.deployment import STACK_NAME, Deployed
from local.emulator import Emulator, StackError
from local.parameters import ORIGINS
from local.shop_facts import ShopFacts

MAILS_FILE, PAYMENTS_FILE = "mails.json", "payments.json"
START_TIMEOUT_SECONDS = 120  # generous: only a start that never ends reaches it
STOP_TIMEOUT_SECONDS = 30

Gateway: TypeAlias = "subprocess.Popen[bytes]"


@contextmanager
def launch_gateway(sockets: list[socket.socket], state: Path) -> Iterator[Gateway]:
    """Starts the process before it is needed: its imports take as long as MiniStack's start."""
    log = state / "logs" / "gateway.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.gateway"],
            cwd=paths.ROOT,
            pass_fds=[reserved.fileno() for reserved in sockets],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only the parent, which stops its children
        )
    try:
        yield process
    finally:
        _stop(process)


@contextmanager
def run_gateway(
    process: Gateway,
    facts: ShopFacts,
    sockets: list[socket.socket],
    shop: tuple[Emulator, Deployed],
    state: Path,
) -> Iterator[None]:
    """Serves on these sockets until the block ends. Raises StackError if it does not start."""
    options = _create_options(facts, sockets, *shop, state)
    try:
        _send(process, options)
        _wait_until_ready(facts.api_url, process, state / "logs" / "gateway.log")
        yield
    finally:
        _stop(process)  # before MiniStack, whose mails it saves


def _send(process: Gateway, options: gateway.Options) -> None:
    assert process.stdin is not None  # noqa: S101 (it is a pipe)
    with suppress(BrokenPipeError):  # it has crashed, and its log says why
        process.stdin.write(json.dumps(asdict(options)).encode() + b"\n")
        process.stdin.flush()


def _stop(process: Gateway) -> None:
    """Does nothing to a process that has ended."""
    if process.stdin:
        with suppress(BrokenPipeError):
            process.stdin.close()  # the gateway stops when its standard input closes
    try:
        process.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def api_gateway_url(aws: Emulator, deployed: Deployed) -> str:
    """The address of the HTTP API inside MiniStack."""
    return f"{aws.endpoint_url}/_aws/execute-api/{deployed.outputs['ApiId']}/$default"


def _create_options(
    facts: ShopFacts, sockets: list[socket.socket], aws: Emulator, deployed: Deployed, state: Path
) -> gateway.Options:
    setup = http_api_setup.plan_setup(deployed.template, deployed.parameters)
    keys = payment_keys.create_local_keys(
        deployed.physical[payment_keys.SECRET], aws.client("secretsmanager")
    )
    return gateway.Options(
        descriptors=[reserved.fileno() for reserved in sockets],
        shop=facts.to_json(),
        gateway_url=api_gateway_url(aws, deployed),
        shop_origins=deployed.parameters[ORIGINS].lower().replace(" ", "").split(","),
        routes={route.key: route.alias for route in setup.routes},
        emulator_url=aws.endpoint_url,
        stack_name=STACK_NAME,
        mails=str(state / MAILS_FILE),
        payments=str(state / PAYMENTS_FILE),
        payment_keys=json.loads(keys),
    )


def _wait_until_ready(url: str, process: Gateway, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                client.get(url)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
    raise StackError(f"the gateway did not start (log: {log})")
