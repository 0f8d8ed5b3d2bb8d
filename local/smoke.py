"""`make smoke`: uses a deployed shop as its customers and its staff do, and says what works.

It runs after a deploy, on the local stack or on AWS. It creates an account, two products and an
order, so it refuses a production stack. What it cannot read on AWS, it checks in another way: see
docs/deploying.md.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local.smoke_journey import Journey
from local.targets import OperationFailed, Target

Say = Callable[[str], None]
REASON_LENGTH_MAX = 300


@dataclass(frozen=True)
class Step:
    """`run` returns what it saw, and raises what FAILURES names. `hint` says where to look."""

    name: str
    run: Callable[[Journey], str]
    hint: str
    needs: tuple[str, ...] = ()


STEPS = (
    Step(
        "health",
        Journey.check_health,
        "Read the logs of ReferenceFunction. Does the address lead to this stack?",
    ),
    Step("preflight", Journey.check_preflight, "Compare the parameter AllowedOrigins."),
    Step("register", Journey.register, "Read the logs of AuthFunction.", ("health",)),
    Step(
        "mail",
        Journey.check_mail,
        "Run `make dead-letters`; read the logs of RelayFunction and MailFunction. In SES: is the "
        "sender verified, and is the account in the sandbox?",
        ("register",),
    ),
    Step("log in", Journey.log_in, "Read the logs of AuthFunction.", ("register",)),
    Step("product", Journey.create_product, "Read the logs of ProductsFunction.", ("log in",)),
    Step("order", Journey.place_order, "Read the logs of OrdersFunction.", ("product",)),
    Step(
        "payment",
        Journey.pay,
        "Were the provider's keys stored with `make payment-keys`? Read the logs of "
        "PaymentsFunction.",
        ("order",),
    ),
    Step(
        "webhook",
        Journey.wait_for_webhook,
        "Does the provider send to the output PaymentWebhookUrl, and did `make payment-keys` store "
        "its signing secret? The provider's dashboard shows each attempt.",
        ("payment",),
    ),
    Step(
        "import",
        Journey.import_file,
        "Run `make dead-letters`; read the logs of UploadsFunction and FileImportFunction.",
        ("log in",),
    ),
    Step(
        "clean up",
        Journey.clean_up,
        "Delete what is left by the ids above: products in the API, the account as an admin.",
        ("register",),
    ),
)
FAILURES = (OperationFailed, httpx.HTTPError, ClientError, BotoCoreError, KeyError, ValueError)


@dataclass
class SmokeReport:
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def is_ok(self) -> bool:
        return not self.failed

    def to_text(self) -> str:
        if self.is_ok:
            return f"All {len(STEPS)} steps passed."
        skipped = f" Skipped: {', '.join(self.skipped)}." if self.skipped else ""
        return f"Failed: {', '.join(self.failed)}.{skipped}"


def run_smoke(shop: Target, say: Say = print) -> SmokeReport:
    """Prints each step as it ends. Raises OperationFailed for a production stack."""
    parameters = shop.parameters()
    if parameters["Environment"] == "production":
        raise OperationFailed(
            "This stack is in production, and the smoke test would create an account, products and "
            "an order there. Run it on a development stack of the same version."
        )
    report = SmokeReport()
    with Journey.open(shop, parameters) as journey:
        say(f"{journey.url} ({shop.stack_name})")
        for step in STEPS:
            _run_step(step, journey, report, say)
    return report


def _run_step(step: Step, journey: Journey, report: SmokeReport, say: Say) -> None:
    missing = [name for name in step.needs if name in (*report.failed, *report.skipped)]
    if missing:
        report.skipped.append(step.name)
        say(f"skipped           {step.name}: needs {missing[0]}")
        return
    began = time.monotonic()
    try:
        seen = step.run(journey)
    except FAILURES as error:
        report.failed.append(step.name)
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:REASON_LENGTH_MAX]
        say(f"FAILED  {time.monotonic() - began:6.2f} s  {step.name}: {reason}")
        say(f"                  {step.hint}")
    else:
        say(f"ok      {time.monotonic() - began:6.2f} s  {step.name}: {seen}")
