import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from local import __main__ as command
from local import seeding
from local.emulator import StackError
from local.seeding import Account
from local.stack import Stack


def shop(**changes: Any) -> Stack:
    values: dict[str, Any] = {
        "api_url": "http://localhost:8000",
        "aws_endpoint_url": "http://127.0.0.1:4566",
        "staff": Account("staff@souk.example", "amber-basil-birch-1000"),
        "customer": Account("customer@souk.example", "cedar-clove-coral-2000"),
        "product_id": "prd_tea",
        "outputs": {},
        "physical_ids": {},
        "log_dir": Path("logs"),
        "_aws": None,
        "_gateway": None,
    }
    return Stack(**(values | changes))


def printed_requests(shop: Stack) -> tuple[str, str, str]:
    lines = command.introduction(shop).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("TOKEN="))
    log_in, order, read = lines[start : start + 3]
    return log_in, order, read


def curl_body(line: str) -> Any:
    """The JSON that the line passes to curl, parsed as a shell parses it."""
    words = shlex.split(line)
    return json.loads(words[words.index("-d") + 1])


def test_the_first_printed_request_logs_in() -> None:
    log_in, _, _ = printed_requests(shop())

    assert curl_body(log_in.removeprefix("TOKEN=$(")) == {
        "email": "customer@souk.example",
        "password": "cedar-clove-coral-2000",
    }


def test_the_second_printed_request_orders_a_product() -> None:
    _, order, _ = printed_requests(shop())

    assert curl_body(order.removesuffix("; echo"))["lines"] == [
        {"product_id": "prd_tea", "quantity": 1}
    ]
    assert '"Authorization: Bearer $TOKEN"' in order
    assert '"Idempotency-Key: $(' in order


def test_the_third_printed_request_reads_the_mail() -> None:
    _, _, read = printed_requests(shop())

    assert read.endswith("curl -s http://localhost:8000/mailbox.txt")


def test_stack_json_has_addresses_and_accounts() -> None:
    assert shop().facts() == {
        "api_url": "http://localhost:8000",
        "mailbox_url": "http://localhost:8000/mailbox",
        "payments_url": "http://localhost:8000/payments",
        "aws_endpoint_url": "http://127.0.0.1:4566",
        "stack_name": "souk-local",
        "staff": {"email": "staff@souk.example", "password": "amber-basil-birch-1000"},
        "customer": {"email": "customer@souk.example", "password": "cedar-clove-coral-2000"},
    }


def test_only_this_user_can_read_stack_json(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"

    command.write_facts(path, {"api_url": "a"})

    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir()] == ["stack.json"]


def test_a_stopping_stack_deletes_its_stack_json(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    command.write_facts(path, {"api_url": "a"})

    command.withdraw_facts(path, {"api_url": "a"}, others=[])

    assert not path.exists()


def test_a_stopping_stack_keeps_another_stack_s_json(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    command.write_facts(path, {"api_url": "b"})

    command.withdraw_facts(path, {"api_url": "a"}, others=[])

    assert json.loads(path.read_text()) == {"api_url": "b"}


@pytest.mark.parametrize(("runs", "left"), [(True, {"api_url": "b"}), (False, None)])
def test_a_stopping_stack_writes_a_running_stack_s_json(
    runs: bool, left: dict[str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "stack.json", tmp_path / "other.json"
    command.write_facts(path, {"api_url": "a"})
    command.write_facts(other, {"api_url": "b"})
    monkeypatch.setattr(command, "_is_running", lambda _: runs)

    command.withdraw_facts(path, {"api_url": "a"}, others=[other, tmp_path / "gone.json"])

    assert (json.loads(path.read_text()) if path.exists() else None) == left


@pytest.mark.parametrize("text", ["0", "65536", "-1", "abc", "", "80.5", "²"])
def test_an_invalid_port_is_refused(text: str) -> None:
    with pytest.raises(StackError, match="PORT must be a number from 1 to 65535"):
        command.parse_port(text)


def test_each_stack_has_its_own_passwords() -> None:
    passwords = {seeding.new_account("staff@souk.example").password for _ in range(20)}

    assert len(passwords) > 1
    assert min(map(len, passwords)) >= 15  # the minimum of the strictest policy
