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


@pytest.fixture
def account(stack: Stack, visitor: Shop, roles: list[str] | None) -> dict[str, str]:
    """Of a user with these roles, whom no other test needs."""
    if roles is None:
        return {}
    account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
    visitor.post("/auth/register", account | {"name": "Ada Lovelace"})
    user_id = visitor.log_in(**account).get("/me").json()["id"]
    tables = stack.outputs["UsersTableName"], stack.outputs["LoginsTableName"]
    keys = AccountKeys(*tables, user_id, account["email"])
    confirm_and_grant(stack.client("dynamodb"), keys, roles)
    return {f"SOUK_{name.upper()}": value for name, value in account.items()}


@pytest.mark.usefixtures("restored_rates")
@pytest.mark.parametrize("roles", ROLES.values(), ids=ROLES)
def test_every_answer_is_as_documented(
    stack: Stack, account: dict[str, str], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    finished = run_python_tool(
        "schemathesis",
        *("--config-file", "tests/contract/schemathesis.toml", "run", str(DOCUMENT)),
        *("--url", stack.api_url, "--checks", "all", "--phases", PHASES, "--workers", "2"),
        *("--max-examples", EXAMPLES, "--report", "json", "--report-json-path", str(report)),
        PYTHONPATH=str(ROOT),
        SOUK_URL=stack.api_url,
        **account,
    )

    assert finished.returncode == 0, finished.stdout[-20_000:]
    assert json.loads(report.read_text())["test_cases"]["generated"] >= CASES_MIN
