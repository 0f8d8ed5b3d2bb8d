"""Cold starts: the CPU time of a new process that imports a handler and makes its first client.

The handlers run on the built layer and on plain sources, as `sam build` leaves the functions:
Lambda compiles those at each cold start. The baseline runs on botocore as pip installs it. No
process sees another package or writes bytecode. CPU time does not depend on other processes.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import layers, subprocesses
from benchmarks.environment import FUNCTIONS, REFERENCE_PYTHON, ROOT, environment
from benchmarks.report import Budget, Row

RUNS = 11
HANDLER = Budget(1.6, unit=" x")
AUTHORIZER = Budget(1.3, unit=" x")

BASELINE = "a bare script with one botocore DynamoDB client"
DYNAMODB = "from shared.storage.dynamo import connection; connection().client"
# The clients of the first request, where it needs others than DynamoDB's.
FIRST_CLIENTS = {
    "authorizer": f"from shared.aws import client; client('secretsmanager'); {DYNAMODB}",
    "reference": "",  # it reads files
}
STRIPE = "orders.payments, with Stripe"
FIRST_CLIENT_OF_STRIPE = f"""
import os
os.environ["PAYMENT_PROVIDER"] = "stripe"
import orders.payments.handler
from orders.payments.credentials import Credentials
from orders.payments.stripe_provider import StripeProvider
StripeProvider(Credentials("sk_test", ()), "", is_manual=False)
{DYNAMODB}
"""
# Stripe's library has no budget. The row of `orders.payments` shows what it costs without Stripe.
BUDGETS = {"authorizer": AUTHORIZER, STRIPE: None}


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        functions = shutil.copytree(
            FUNCTIONS, Path(scratch) / "functions", ignore=shutil.ignore_patterns("__pycache__")
        )
        seconds = _measure(_subjects(functions))
    baseline = seconds.pop(BASELINE)
    rows = [Row(f"cold start baseline: {BASELINE}", None, baseline * 1000, unit=" ms")]
    for name, took in sorted(seconds.items(), key=lambda item: -item[1]):
        budget = BUDGETS.get(name, HANDLER)
        ratio, detail = took / baseline, f"{took * 1000:.0f} ms"
        rows.append(Row(f"cold start: {name}", budget, ratio, detail))
    return rows


def _subjects(functions: Path) -> dict[str, tuple[list[str], str]]:
    """By name: Python's arguments, and the path where it finds packages."""
    path = f"{layers.build_layer('host')}{os.pathsep}{functions}"
    subjects = {BASELINE: ([str(ROOT / "benchmarks" / "baseline.py")], _pip_packages())}
    for handler in sorted(functions.rglob("handler.py")):
        name = ".".join(handler.parent.relative_to(functions).parts)
        code = f"import {name}.handler\n{FIRST_CLIENTS.get(name, DYNAMODB)}"
        subjects[name] = (["-c", code], path)
    both = f"{path}{os.pathsep}{layers.build_layer('host', 'Payments')}"
    subjects[STRIPE] = (["-c", FIRST_CLIENT_OF_STRIPE], both)
    return subjects


def _measure(subjects: dict[str, tuple[list[str], str]]) -> dict[str, float]:
    """Median CPU seconds of each. They take turns, so that a slow moment affects all."""
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for turn in range(RUNS + 1):
        for name, (code, path) in subjects.items():
            # -S: no site-packages. -P: neither the script's folder nor the current one.
            command = [sys.executable, "-S", "-P", *code]
            env = environment() | {"PYTHONPATH": path}
            if turn:  # the first turn reads files from disk and compiles pip's packages
                env["PYTHONDONTWRITEBYTECODE"] = "1"
            took = subprocesses.run(command, env).cpu_seconds
            seconds[name] += [took] if turn else []
    return {name: median(each) for name, each in seconds.items()}


def _pip_packages() -> str:
    major, minor = sys.version_info[:2]
    return str(REFERENCE_PYTHON.parents[1] / "lib" / f"python{major}.{minor}" / "site-packages")
