"""Starts and stops the gateway (`local.gateway`) as a process of its own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from local import gateway, http_api_setup, paths, payment_keys
from local.deployment import Deployed
from local.emulator import Emulator, StackError
from local.parameters import ORIGINS

MAILS_FILE, PAYMENTS_FILE = "mails.json", "payments.json"
START_TIMEOUT_SECONDS = 120  # generous: only a start that never ends reaches it
STOP_TIMEOUT_SECONDS = 30


@contextmanager
def run_gateway(
    base_url: str, sockets: list[socket.socket], aws: Emulator, deployed: Deployed, state: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Serves on these sockets until the block ends. Raises StackError if it does not start."""
    descriptors = [reserved.fileno() for reserved in sockets]
    log = state / "logs" / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(base_url, descriptors, aws, deployed, state),
            cwd=paths.ROOT,
            env=os.environ | {gateway.PAYMENT_KEYS_VARIABLE: _payment_keys(aws, deployed)},
            pass_fds=descriptors,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only the parent, which stops its children
        )
    try:
        _wait_until_ready(base_url, process, log)
        yield process
    finally:
        if process.stdin:
            process.stdin.close()  # the gateway stops when its standard input closes
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def api_gateway_url(aws: Emulator, deployed: Deployed) -> str:
    """The address of the HTTP API inside MiniStack."""
    return f"{aws.endpoint_url}/_aws/execute-api/{deployed.outputs['ApiId']}/$default"


def _command(
    base_url: str, descriptors: list[int], aws: Emulator, deployed: Deployed, state: Path
) -> list[str]:
    setup = http_api_setup.plan_setup(deployed.template, deployed.parameters)
    routes = state / "routes.json"
    routes.write_text(json.dumps({route.key: route.alias for route in setup.routes}))
    command = [sys.executable, "-m", "local.gateway", "--base-url", base_url]
    command += ["--descriptors", ",".join(map(str, descriptors))]
    command += ["--emulator-url", aws.endpoint_url]
    command += ["--gateway-url", api_gateway_url(aws, deployed), "--routes", str(routes)]
    origins = deployed.parameters[ORIGINS].lower().replace(" ", "")
    command += ["--shop-origins", origins]
    command += ["--mails", str(state / MAILS_FILE), "--payments", str(state / PAYMENTS_FILE)]
    return command


def _payment_keys(aws: Emulator, deployed: Deployed) -> str:
    secret_id = deployed.physical[payment_keys.SECRET]
    return payment_keys.create_local_keys(secret_id, aws.client("secretsmanager"))


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, trust_env=False, timeout=5)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise StackError(f"the gateway did not start (log: {log})")
