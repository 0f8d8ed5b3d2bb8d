"""The whole shop as one object: what `make run` shows and what tests/e2e test against.

    with stack.start(state_dir) as shop:
        httpx.get(f"{shop.api_url}/v1/health")
        shop.client("dynamodb").scan(TableName=shop.outputs["OrdersTableName"])

`state_dir` keeps everything: rows, objects, mail, passwords, logs. Started again with the same
folder, the shop is as it was left; unless its sources have changed, nothing is built or deployed.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from local import (
    addresses,
    deployment,
    emulator,
    gateway,
    http_api_setup,
    instances,
    paths,
    payment_keys,
    seeding,
)
from local.deployment import Deployed
from local.emulator import Emulator
from local.errors import StackError
from local.parameters import local_parameters
from local.reindexing import reindex
from local.seeding import Account
from local.targets import Target

MAILS, PAYMENTS = "mails.json", "payments.json"
START_SECONDS = 120  # ends a wait for what never comes, on a machine that is busy
STOP_SECONDS = 30

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """A shop that is running. `api_url` has no /v1 at its end.

    `outputs` are the template's; `physical_ids` maps its logical ids to what was made of them.
    """

    api_url: str
    aws_endpoint_url: str
    staff: Account
    customer: Account
    product_id: str  # of a product that is seeded, with stock
    outputs: Mapping[str, str]
    physical_ids: Mapping[str, str]
    log_dir: Path
    _aws: Emulator
    _front: "subprocess.Popen[bytes]"

    @property
    def mailbox_url(self) -> str:
        return f"{self.api_url}/mailbox"

    @property
    def payments_url(self) -> str:
        return f"{self.api_url}/payments"

    def client(self, service: str) -> Any:
        """A boto3 client for MiniStack, as the account's root."""
        return self._aws.client(service)

    def check(self) -> None:
        """Raises StackError when a part of the stack has ended on its own."""
        for name, ended in (
            ("MiniStack", not self._aws.is_running()),
            ("the front server", self._front.poll() is not None),
        ):
            if ended:
                raise StackError(f"{name} ended unexpectedly (logs: {self.log_dir})")

    def facts(self) -> dict[str, Any]:
        """What scripts need to know: the content of stack.json."""
        return {
            "api_url": self.api_url,
            "mailbox_url": self.mailbox_url,
            "payments_url": self.payments_url,
            "aws_endpoint_url": self.aws_endpoint_url,
            "stack_name": deployment.STACK_NAME,
            "staff": asdict(self.staff),
            "customer": asdict(self.customer),
        }


def _silent(_: str) -> None:
    pass


@contextmanager
def start(state_dir: Path, port: int = 0, say: Say = _silent) -> Iterator[Stack]:
    """Serves until the block ends; port 0 takes a free one; `say` hears what is being done.

    Raises StackError, leaving no process behind, when the stack cannot start.
    """
    state = state_dir.resolve()
    with _reserved(port) as sockets:
        state.mkdir(parents=True, exist_ok=True)
        staff, customer = _accounts(state)
        say("Starting MiniStack")
        with emulator.running(state, _free_port()) as aws:
            base_url = f"http://localhost:{sockets[0].getsockname()[1]}"
            deployed, product_id = _deployed(aws, state, (staff, customer), base_url, say)
            with (
                _front(base_url, sockets, aws, deployed, state) as process,
                instances.starting_ahead(_behind_the_api(deployed), aws.client("lambda")),
            ):
                yield Stack(
                    api_url=base_url,
                    aws_endpoint_url=aws.endpoint_url,
                    staff=staff,
                    customer=customer,
                    product_id=product_id,
                    outputs=deployed.outputs,
                    physical_ids=deployed.physical,
                    log_dir=state / "logs",
                    _aws=aws,
                    _front=process,
                )


@contextmanager
def _reserved(port: int) -> Iterator[list[socket.socket]]:
    """Held until all else has ended, so that a second start of one state is refused meanwhile."""
    sockets = gateway.reserve(port)
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accounts(state: Path) -> tuple[Account, Account]:
    """Written before they are used: a run that is killed leaves no account without its password."""
    path = state / "accounts.json"
    if not path.exists():
        made = [seeding.new_account(f"{who}@souk.example") for who in ("staff", "customer")]
        path.touch(mode=0o600)
        path.write_text(json.dumps([asdict(account) for account in made]))
    staff, customer = (Account(**one) for one in json.loads(path.read_text()))
    return staff, customer


def _deployed(
    aws: Emulator, state: Path, accounts: tuple[Account, Account], base_url: str, say: Say
) -> tuple[Deployed, str]:
    """The stack, as an earlier run left it when that will do; and a product to order."""
    staff, customer = accounts
    parameters = local_parameters(paths.ROOT)
    source = deployment.fingerprint(paths.ROOT, parameters)
    if deployment.is_current(aws, source):
        say("Nothing has changed since the last deploy")
        deployed = deployment.describe(aws)
        addresses.tell(base_url, deployed.physical, aws.client("lambda"))
        try:
            return deployed, seeding.get_product_to_order(_gateway_url(aws, deployed))
        except StackError:
            say("What the last run left does not answer: all that was stored is forgotten")
            _forget(aws, state)
    is_update = deployment.is_whole(aws)
    if not is_update:
        _forget(aws, state)
    say("Building the functions and their layer (sam build)")
    built = deployment.build(state, source)
    deployed = _deploy(aws, state, built, parameters | addresses.parameters(base_url), say)
    # Before anything is done that is mailed about.
    addresses.tell(base_url, deployed.physical, aws.client("lambda"))
    say("Seeding two accounts and a small catalog through the API")
    api_url = _gateway_url(aws, deployed)
    if is_update:  # other code than this may have made its listings
        reindex(Target(deployment.STACK_NAME, emulator.root_session(), aws.endpoint_url))
    seeding.seed(api_url, aws, deployed.outputs, staff, customer)
    product_id = seeding.get_product_to_order(api_url)
    deployment.mark_current(aws, source)
    return deployed, product_id


def _deploy(
    aws: Emulator, state: Path, built: Path, parameters: Mapping[str, str], say: Say
) -> Deployed:
    say("Deploying template.yaml to MiniStack (sam deploy)")
    deployment.deploy(aws, state, built, parameters)
    deployed = deployment.describe(aws)
    say("Adding the routes of the HTTP API")
    aim = http_api_setup.plan(deployed.template, deployed.parameters)
    http_api_setup.wire(aim, deployed.physical, aws.client("apigatewayv2"), aws.client("dynamodb"))
    instances.limit_consumers(aws.client("lambda"))
    return deployed


def _forget(aws: Emulator, state: Path) -> None:
    aws.reset()
    for name in (MAILS, PAYMENTS):
        (state / name).unlink(missing_ok=True)


def _behind_the_api(deployed: Deployed) -> list[str]:
    """The names of the functions that requests meet, in the order in which they meet them."""
    aim = http_api_setup.plan(deployed.template, deployed.parameters)
    authorizers = sorted(authorizer.function for authorizer in aim.authorizers)
    routed = sorted({route.function for route in aim.routes})
    return [deployed.physical[function] for function in (*authorizers, *routed)]


def _gateway_url(aws: Emulator, deployed: Deployed) -> str:
    return f"{aws.endpoint_url}/_aws/execute-api/{deployed.outputs['ApiId']}/$default"


@contextmanager
def _front(
    base_url: str, sockets: list[socket.socket], aws: Emulator, deployed: Deployed, state: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    aim = http_api_setup.plan(deployed.template, deployed.parameters)
    routes = state / "routes.json"
    routes.write_text(json.dumps({route.key: route.function for route in aim.routes}))
    numbers = [one.fileno() for one in sockets]
    command = [sys.executable, "-m", "local.gateway", "--base-url", base_url]
    command += ["--descriptors", ",".join(map(str, numbers)), "--emulator-url", aws.endpoint_url]
    command += ["--gateway-url", _gateway_url(aws, deployed), "--mails", str(state / MAILS)]
    command += ["--payments", str(state / PAYMENTS), "--routes", str(routes)]
    secret_id = deployed.physical[payment_keys.SECRET]
    keys = payment_keys.create_local_keys(secret_id, aws.client("secretsmanager"))
    with (state / "logs" / "front.log").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=paths.ROOT,
            env=os.environ | {gateway.PAYMENT_KEYS: keys},
            pass_fds=numbers,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for this process, which stops the others in order
        )
    try:
        _wait_until_it_answers(base_url, process, output.name)
        yield process
    finally:
        if process.stdin:
            process.stdin.close()  # this is how it is told to stop
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]", log: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, trust_env=False, timeout=5)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise StackError(f"the front server did not start (log: {log})")
