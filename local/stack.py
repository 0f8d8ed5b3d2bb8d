"""The whole shop on this machine: `make run` serves it, and tests/e2e test it.

    with stack.start(state_dir) as shop:
        httpx.get(f"{shop.api_url}/v1/health")
        shop.client("dynamodb").scan(TableName=shop.outputs["OrdersTableName"])

`state_dir` keeps everything: rows, objects, mail, passwords, logs. A start with the same folder
continues where the last one stopped. It builds and deploys only what has changed since.
"""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local import (
    aliases,
    deployment,
    emulator,
    gateway,
    http_api_setup,
    instances,
    paths,
    seed_process,
    seeding,
    state_lock,
)
from local.base_url import base_url_parameters, update_functions
from local.deployment import Build, Deployed
from local.emulator import Emulator, StackError
from local.gateway_process import (
    MAILS_FILE,
    PAYMENTS_FILE,
    api_gateway_url,
    launch_gateway,
    run_gateway,
)
from local.parameters import local_parameters, shop_origins
from local.reindexing import reindex
from local.seeding import Account
from local.shop_facts import ShopFacts
from local.targets import Target

Say = Callable[[str], None]
CATALOG = "GET /v1/products"  # as API Gateway names the route


@dataclass(frozen=True)
class Stack:
    """A running shop. `api_url` does not end with /v1.

    `outputs` are the template's. `physical_ids` maps its logical ids to physical ones.
    """

    api_url: str
    aws_endpoint_url: str
    staff: Account
    customer: Account
    product_id: str  # of a sample product with stock
    outputs: Mapping[str, str]
    physical_ids: Mapping[str, str]
    log_dir: Path
    _aws: Emulator
    _gateway: "subprocess.Popen[bytes]"

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
        """Raises StackError when a part of the stack has ended, or its folder was deleted."""
        state = self.log_dir.parent
        missing = state_lock.find_missing(state)
        if missing:
            raise StackError(
                f"{missing} was deleted while the shop ran, so the shop has stopped. `make run` "
                "starts it again"
            )
        for name, ended in (
            ("MiniStack", not self._aws.is_running()),
            ("the gateway", self._gateway.poll() is not None),
        ):
            if ended:
                raise StackError(
                    f"{name} ended unexpectedly (logs: {self.log_dir}). The next `make run` "
                    "continues with what was saved last"
                )

    def facts(self) -> dict[str, Any]:
        """The content of stack.json, for scripts."""
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
    """Serves until the block ends. Port 0 picks a free port. `say` receives each step.

    Raises StackError, and leaves no process behind, when the stack cannot start.
    """
    state = state_dir.resolve()
    parameters = local_parameters(paths.ROOT)
    state.mkdir(parents=True, exist_ok=True)
    with _reserve_sockets(port) as sockets, state_lock.hold_lock(state, say) as lock:
        staff, customer = _load_accounts(state)
        say("Starting MiniStack")
        origins = shop_origins(paths.ROOT, parameters)
        base_url = f"http://localhost:{sockets[0].getsockname()[1]}"
        with (
            deployment.building(state, parameters) as build,
            launch_gateway(sockets, state) as process,
            emulator.run_emulator(state, _free_port(), origins, lock, say) as aws,
        ):
            settings = {**parameters, **base_url_parameters(base_url)}
            deployed, product_id = _deploy_if_needed(aws, state, build, settings, say)
            facts = ShopFacts(base_url, aws.endpoint_url, staff, customer, product_id)
            with (
                run_gateway(process, facts, sockets, (aws, deployed), state),
                instances.warm_up(_list_aliases(deployed), aws.client("lambda")),
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
                    _gateway=process,
                )


@contextmanager
def _reserve_sockets(port: int) -> Iterator[list[socket.socket]]:
    """Holds the port until everything has ended, so that a second start is refused until then."""
    sockets = gateway.reserve_port(port)
    try:
        yield sockets
    finally:
        for reserved in sockets:
            reserved.close()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _load_accounts(state: Path) -> tuple[Account, Account]:
    """Creates the passwords at the first start, and saves them before anyone uses them.

    So a run that is killed leaves no account whose password is unknown.
    """
    path = state / "accounts.json"
    if not path.exists():
        created = [seeding.new_account(f"{name}@souk.example") for name in ("staff", "customer")]
        path.touch(mode=0o600)
        path.write_text(json.dumps([asdict(account) for account in created]))
    staff, customer = (Account(**saved) for saved in json.loads(path.read_text()))
    return staff, customer


def _deploy_if_needed(
    aws: Emulator, state: Path, build: Build, settings: Mapping[str, str], say: Say
) -> tuple[Deployed, str]:
    """The stack, from an earlier run if it is current, and a product to order."""
    if deployment.is_current(aws, build.source):
        say("The last deploy is current; nothing to build")
        deployed = deployment.describe_stack(aws)
        update_functions(settings, deployed.physical, aws.client("lambda"))
        try:
            return deployed, seeding.get_product_to_order(api_gateway_url(aws, deployed))
        except StackError:
            say("The shop of the last run does not answer. Deleting its state and starting again")
            _reset(aws, state)
    is_update = deployment.is_updatable(aws)
    if not is_update:
        _reset(aws, state)
    say("Building the functions and their layer (sam build)")
    deployed = _deploy(aws, state, build.folder(), settings, say)
    # Before the first mail: its links need the address.
    update_functions(settings, deployed.physical, aws.client("lambda"))
    say("Creating two accounts and a sample catalog")
    if is_update:  # older code may have written its listings
        reindex(Target(deployment.STACK_NAME, emulator.root_session(), aws.endpoint_url))
    log = state / "logs" / "seeding.log"
    # The function that lists products starts while another process creates them.
    with instances.warm_up(_list_aliases(deployed, CATALOG), aws.client("lambda")):
        seed_process.run(aws.endpoint_url, *_load_accounts(state), log)
    product_id = seeding.get_product_to_order(api_gateway_url(aws, deployed))
    deployment.mark_current(aws, build.source)
    aws.save_soon()
    return deployed, product_id


def _deploy(
    aws: Emulator, state: Path, built: Path, parameters: Mapping[str, str], say: Say
) -> Deployed:
    say("Deploying template.yaml to MiniStack (sam deploy)")
    deployment.deploy(aws, state, built, parameters)
    deployed = deployment.describe_stack(aws)
    say("Adding the routes of the HTTP API to MiniStack")
    setup = http_api_setup.plan_setup(deployed.template, deployed.parameters)
    http_api_setup.apply_setup(
        setup, deployed.physical, aws.client("apigatewayv2"), aws.client("dynamodb")
    )
    functions = aws.client("lambda")
    instances.limit_consumers(functions)
    aliases.delete_others(deployed.functions(), functions)
    return deployed


def _reset(aws: Emulator, state: Path) -> None:
    aws.reset()
    for name in (MAILS_FILE, PAYMENTS_FILE):
        (state / name).unlink(missing_ok=True)


def _list_aliases(deployed: Deployed, route_key: str | None = None) -> list[str]:
    """The functions behind the API or one of its routes, as a request meets them."""
    setup = http_api_setup.plan_setup(deployed.template, deployed.parameters)
    authorizers = sorted(authorizer.alias for authorizer in setup.authorizers)
    routed = sorted({route.alias for route in setup.routes if route_key in (None, route.key)})
    return [deployed.physical[alias] for alias in (*authorizers, *routed)]
