"""Cold starts: the instructions of a new process that imports a handler and makes its first client.

Valgrind counts them, on the Python that Lambda runs where it is installed: the count hardly differs
from run to run, whatever else the machine does. Without valgrind, the least CPU time decides, and
the table says so.

The handlers run on the built layer, and on functions that are compiled as `make build` compiles
them. The baseline runs on botocore as pip installs it, compiled too. No process sees another
package or writes bytecode.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks import instructions, layers, subprocesses
from benchmarks.environment import REFERENCE_PYTHON, ROOT, environment
from benchmarks.minima import least_in_turns
from benchmarks.report import Budget, Row
from local import bundle

TURNS = 7
HANDLER = Budget(1.5, unit=" x")
AUTHORIZER = Budget(0.95, unit=" x")

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


Subject = tuple[list[str], str]  # Python's arguments, and the path where it finds packages


def rows() -> list[Row]:
    python = instructions.find_python()
    with tempfile.TemporaryDirectory() as scratch:
        functions = _compiled_functions(Path(scratch), python)
        subjects = _subjects(functions, python)
        seconds = _least_seconds(subjects, python)
        counts = _counts(subjects, python) if instructions.can_count() else {}
    costs: dict[str, float] = {**seconds, **counts}
    baseline = costs.pop(BASELINE)
    least = seconds.pop(BASELINE)
    measure = "instructions" if counts else "CPU minima, since valgrind is not installed"
    about = f"{measure}; {subprocesses.version(python)}"
    rows = [
        Row(f"cold start baseline: {BASELINE}", None, least * 1000, f"least CPU; {about}", " ms")
    ]
    for name, cost in sorted(costs.items(), key=lambda item: -item[1]):
        detail = f"least CPU {seconds[name] * 1000:.0f} ms, {seconds[name] / least:.2f} x"
        budget = BUDGETS.get(name, HANDLER)
        rows.append(Row(f"cold start: {name}", budget, cost / baseline, detail))
    return rows


def _compiled_functions(scratch: Path, python: str) -> Path:
    host = {"SOUK_LAYER": "host", "SOUK_LAYER_PYTHON": python}
    bundle.copy_compiled(scratch / "functions", os.environ | host)
    return scratch / "functions"


def _subjects(functions: Path, python: str) -> dict[str, Subject]:
    path = f"{layers.build_layer('host', python=python)}{os.pathsep}{functions}"
    subjects: dict[str, Subject] = {
        BASELINE: ([str(ROOT / "benchmarks" / "baseline.py")], _pip_packages())
    }
    for handler in sorted(functions.rglob("handler.py")):
        name = ".".join(handler.parent.relative_to(functions).parts)
        code = f"import {name}.handler\n{FIRST_CLIENTS.get(name, DYNAMODB)}"
        subjects[name] = (["-c", code], path)
    both = f"{path}{os.pathsep}{layers.build_layer('host', 'Payments', python)}"
    subjects[STRIPE] = (["-c", FIRST_CLIENT_OF_STRIPE], both)
    return subjects


def _command(subject: Subject, python: str) -> tuple[list[str], dict[str, str]]:
    # -S: no site-packages. -P: neither the script's folder nor the current one.
    arguments, path = subject
    env = environment() | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return [python, "-S", "-P", *arguments], env


def _least_seconds(subjects: dict[str, Subject], python: str) -> dict[str, float]:
    _compile_packages_of_pip(subjects[BASELINE], python)
    measures = {name: partial(_cpu_seconds, subject, python) for name, subject in subjects.items()}
    return least_in_turns(measures, TURNS)


def _compile_packages_of_pip(baseline: Subject, python: str) -> None:
    command, env = _command(baseline, python)
    subprocesses.run(command, env | {"PYTHONDONTWRITEBYTECODE": ""})


def _cpu_seconds(subject: Subject, python: str) -> float:
    return subprocesses.run(*_command(subject, python)).cpu_seconds


def _counts(subjects: dict[str, Subject], python: str) -> dict[str, int]:
    """The instructions of each. Two processes run at once: they do not affect each other."""

    def count(subject: Subject) -> int:
        return instructions.count(*_command(subject, python))

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(subjects, pool.map(count, subjects.values()), strict=True))


def _pip_packages() -> str:
    [packages] = (REFERENCE_PYTHON.parents[1] / "lib").glob("python3.*/site-packages")
    return str(packages)
