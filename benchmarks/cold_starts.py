"""Cold starts: the CPU that a fresh process takes to import a handler and make its first client.

The handlers run on the built layer and on plain sources, which is what `sam build` leaves of the
functions: Lambda compiles those at each cold start. The floor runs on botocore as pip installs it.
Neither sees another package, nor writes bytecode. CPU and not time: other processes do not count.
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

FLOOR = "a bare script with one botocore DynamoDB client"
DYNAMODB = "from shared.storage.dynamo import connection; connection().client"
# What the first request needs, where that is not DynamoDB alone.
FIRST_CLIENTS = {
    "authorizer": f"from shared.aws import client; client('secretsmanager'); {DYNAMODB}",
    "reference": "",  # answers from files
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
# Stripe's library is what it is; that it slows nobody else is the row above it.
BUDGETS = {"authorizer": AUTHORIZER, STRIPE: None}


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        functions = shutil.copytree(
            FUNCTIONS, Path(scratch) / "functions", ignore=shutil.ignore_patterns("__pycache__")
        )
        seconds = _measure(_subjects(functions))
    floor = seconds.pop(FLOOR)
    shown = [Row(f"cold start: {FLOOR}", None, floor * 1000, unit=" ms")]
    for name, took in sorted(seconds.items(), key=lambda item: -item[1]):
        budget = BUDGETS.get(name, HANDLER)
        shown.append(Row(f"cold start: {name}", budget, took / floor, f"{took * 1000:.0f} ms"))
    return shown


def _subjects(functions: Path) -> dict[str, tuple[list[str], str]]:
    """By name: what Python runs, and the path on which it finds its packages."""
    path = f"{layers.built('host')}{os.pathsep}{functions}"
    subjects = {FLOOR: ([str(ROOT / "benchmarks" / "floor.py")], _stock_packages())}
    for handler in sorted(functions.rglob("handler.py")):
        name = ".".join(handler.parent.relative_to(functions).parts)
        code = f"import {name}.handler\n{FIRST_CLIENTS.get(name, DYNAMODB)}"
        subjects[name] = (["-c", code], path)
    both = f"{path}{os.pathsep}{layers.built('host', 'Payments')}"
    subjects[STRIPE] = (["-c", FIRST_CLIENT_OF_STRIPE], both)
    return subjects


def _measure(subjects: dict[str, tuple[list[str], str]]) -> dict[str, float]:
    """Median CPU seconds of each; they take turns, so that what slows one slows all."""
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for turn in range(RUNS + 1):
        for name, (code, path) in subjects.items():
            # -S: no site-packages; -P: no script's or current folder.
            command = [sys.executable, "-S", "-P", *code]
            env = environment() | {"PYTHONPATH": path}
            if turn:  # in the first, files come from disk, and pip's packages get their bytecode
                env["PYTHONDONTWRITEBYTECODE"] = "1"
            took = subprocesses.use(command, env).cpu_seconds
            seconds[name] += [took] if turn else []
    return {name: median(each) for name, each in seconds.items()}


def _stock_packages() -> str:
    major, minor = sys.version_info[:2]
    return str(REFERENCE_PYTHON.parents[1] / "lib" / f"python{major}.{minor}" / "site-packages")
