"""schemathesis generates requests from the document, and finds no answer that the document denies.

`make soak` sends many more (SOUK_GENERATED).
"""

import json
import os
from pathlib import Path
from uuid import uuid4

import pytest

from local.account_roles import AccountKeys, confirm_and_grant
from local.stack import Stack
from tests.contract.release import DOCUMENT
from tests.contract.tools import run_python_tool
from tests.e2e.conftest import ROOT, Shop

EXAMPLES = os.environ.get("SOUK_GENERATED", "1")  # of each operation, beside those of the document
PHASES = os.environ.get("SOUK_GENERATED_PHASES", "examples,fuzzing")
CASES_MIN = int(os.environ.get("SOUK_GENERATED_MIN", "100"))
ROLES = {"anonymous": None, "customer": ["customer"], "staff": ["customer", "staff"]}


ACCOUNTS = 6  # for one run: a generated login makes its account wait
LINE_MAX = 2_000  # characters: generated requests have long ones
OUTPUT_MAX = 20_000


@pytest.fixture
def accounts(stack: Stack, visitor: Shop, roles: list[str] | None) -> list[dict[str, str]]:
    """Of users with these roles, whom no other test needs."""
    return [_create_account(stack, visitor, roles) for _ in range(ACCOUNTS)] if roles else []


def _create_account(stack: Stack, visitor: Shop, roles: list[str]) -> dict[str, str]:
    account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
    visitor.post("/auth/register", account | {"name": "Ada Lovelace"})
    user_id = visitor.log_in(**account).get("/me").json()["id"]
    tables = stack.outputs["UsersTableName"], stack.outputs["LoginsTableName"]
    keys = AccountKeys(*tables, user_id, account["email"])
    confirm_and_grant(stack.client("dynamodb"), keys, roles)
    return account


@pytest.mark.usefixtures("restored_rates")
@pytest.mark.parametrize("roles", ROLES.values(), ids=ROLES)
def test_every_answer_is_as_documented(
    stack: Stack, accounts: list[dict[str, str]], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    finished = run_python_tool(
        "schemathesis",
        *("--config-file", "tests/contract/schemathesis.toml", "run", str(DOCUMENT)),
        *("--url", stack.api_url, "--checks", "all", "--phases", PHASES, "--workers", "2"),
        *("--max-examples", EXAMPLES, "--report", "json", "--report-json-path", str(report)),
        PYTHONPATH=str(ROOT),
        SOUK_URL=stack.api_url,
        SOUK_ACCOUNTS=json.dumps(accounts),
    )

    assert finished.returncode == 0, _shorten(finished.stdout)
    assert json.loads(report.read_text())["test_cases"]["generated"] >= CASES_MIN


def _shorten(output: str) -> str:
    """The end of the output, without the rest of long lines."""
    lines = [line[:LINE_MAX] for line in output.splitlines()]
    return "\n".join(lines)[-OUTPUT_MAX:]
