"""`make smoke` on the local stack."""

import os
import re
import subprocess
import sys

from local import aliases, smoke
from tests.e2e.conftest import COMMAND_SECONDS_MAX, ROOT, run_operation

FIND_RECORD = """
import sys
from local import emulator, smoke_access
from local.account_roles import AccountKeys
from local.targets import Target
shop = Target("souk-local", emulator.root_session(), sys.argv[1])  # as on AWS, without a mailbox
records = smoke_access.SesRecords(shop)
print(records.wait_for_registration(AccountKeys("", "", sys.argv[2], ""), 180)[0])
"""


def test_every_step_passes_and_little_is_left(stack, staff, visitor, tmp_path):
    finished = run_operation(stack, tmp_path, "smoke")

    lines = finished.stdout.splitlines()
    assert finished.returncode == 0, finished.stdout
    assert lines[0] == f"{stack.api_url}/v1/ (souk-local)"
    for step, line in zip(smoke.STEPS, lines[1:], strict=False):
        assert re.match(rf"ok +\d+\.\d\d s  {step.name}: \S", line)
    assert lines[-1] == f"All {len(smoke.STEPS)} steps passed."
    (product_id,) = set(re.findall(r"prd_\w+", finished.stdout))
    assert visitor.get(f"/products/{product_id}").status_code == 404
    assert staff.get_available(product_id) == 2  # the order was cancelled
    assert "1 Market Street" not in finished.stdout


def test_a_fault_is_named_with_where_to_look(stack, tmp_path):
    """The function behind the payments cannot start."""
    functions, name = stack.client("lambda"), stack.physical_ids["PaymentsFunction"]
    serving = functions.get_function_configuration(FunctionName=name, Qualifier=aliases.ALIAS)
    provider = serving["Environment"]["Variables"]["PAYMENT_PROVIDER"]
    aliases.set_variable(name, "PAYMENT_PROVIDER", "nobody", functions)
    try:
        finished = run_operation(stack, tmp_path, "smoke")
    finally:
        aliases.set_variable(name, "PAYMENT_PROVIDER", provider, functions)

    assert finished.returncode == 1
    assert re.search(r"FAILED +\d+\.\d\d s  payment: .* answered 5", finished.stdout)
    assert "make payment-keys" in finished.stdout
    assert "skipped           webhook: needs payment" in finished.stdout
    assert finished.stdout.splitlines()[-1] == "Failed: payment. Skipped: webhook."


def test_the_mail_worker_has_a_record_of_each_mail(stack, buyer):
    """The smoke test reads it on AWS."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_TABLE")}

    finished = subprocess.run(  # noqa: S603 (our own modules)
        [sys.executable, "-c", FIND_RECORD, stack.aws_endpoint_url, buyer.get("/me").json()["id"]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS_MAX,
    )

    assert finished.stdout == "SES accepted it; nobody has read it or opened its link\n", finished
